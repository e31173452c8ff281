/*
 * cmd/prepared.h - from a command line of "run" to a container that can be
 * started or explained
 */
#pragma once

#include "base/error.h"
#include "base/strv.h"
#include "cmd/options.h"
#include "core/spec.h"
#include "storage/image.h"
#include "storage/store.h"
#include "userns/outer.h"

/* What is said besides errors; each level has those before it. */
enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARNING, /* what a container is given that is dangerous */
	LOG_LEVEL_INFO,    /* what could not be had, and what is used instead */
	LOG_LEVEL_DEBUG,   /* the steps of a start, with their times */
};

struct prepared {
	bool may_pull; /* given: an image that is missing is fetched */
	enum log_level log_level;
	struct options options;
	struct outer_ids ids; /* what the user may map */
	struct error ids_why; /* with ids.single: why no more */
	struct store store;
	struct image image;
	int hold_fd; /* keeps the image's layers from being removed; -1: none */
	struct spec spec;
	struct strv notices;
};

/*
 * prepared_make - parse, find the image, fill and resolve the spec
 * @ret: zeroed by the caller but for .options.global and .may_pull;
 *       prepared_free() afterwards in any case
 *
 * With ret->options.help nothing but the options was looked at.
 * Return: 0; any error of the parts; -ECHILD without a text when the image
 * could not be had and that was said already.
 */
int prepared_make(int argc, char **argv, struct prepared *ret,
		  struct error *err);
void prepared_free(struct prepared *prepared);
