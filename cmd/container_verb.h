/*
 * cmd/container_verb.h - what all verbs about containers begin with: options,
 * names, and the store
 */
#pragma once

#include "base/error.h"
#include "base/strv.h"
#include "cmd/option_rows.h"
#include "cmd/verbs.h"
#include "core/containers.h"
#include "storage/store.h"

/* The first member of the options of each. */
struct container_options {
	const char *store;
	enum flag help;
};

/* the last rows of their tables */
#define CONTAINER_ROWS                                                         \
	HEADING("About wolffia itself"),                                       \
		VALUE(0, "store", common.store, "DIR",                         \
		      "where images, containers and volumes lie"),             \
		FLAG('h', "help", common.help, "show this"), OPTION_TABLE_END

/* A verb: how it is called, and what it was called with. */
struct container_verb {
	const struct option_entry *table;
	const char *usage;     /* behind "Usage: wolffia " */
	bool options_first;    /* what follows the first name is not ours */
	size_t least, most;    /* names; .most 0: any number */
	const char *missing;   /* what is missing when there are too few */
	bool images;           /* image stores are looked at, too */
	struct strv arguments; /* without the options */
	struct store store;
};

/*
 * container_verb_begin - read the options, open the store
 * @options: begins with a struct container_options; zeroed by the caller
 * Return: 0; 1 help was printed; -errno after the error was printed.
 * container_verb_end() afterwards, in any case.
 */
int container_verb_begin(struct container_verb *verb, const struct call *call,
			 void *options);
void container_verb_end(struct container_verb *verb);

/*
 * container_verb_each - do something to each container that was named
 * @done:  printed for each that it worked for: the name, as docker does it;
 *         false: nothing
 *
 * Errors are printed, each.  Return: the exit status: 0, or 125 when one
 * failed.
 */
int container_verb_each(struct container_verb *verb, bool done,
			int (*action)(struct container_verb *verb,
				      const struct container *container,
				      void *options, struct error *err),
			void *options);
