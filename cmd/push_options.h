/*
 * cmd/push_options.h - the options of "push", for it and for the check of its
 * man page
 */
#pragma once

#include "cmd/image/image_verbs.h"
#include "cmd/option_table.h"
#include "cmd/registry_options.h"

struct push_options {
	struct image_options common;
	struct registry_options registry;
	const char *digest_file;
	enum flag all_tags;
};

extern const struct option_entry push_table[];
