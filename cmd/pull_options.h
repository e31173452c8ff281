/*
 * cmd/pull_options.h - the options of "pull", for it and for the check of its
 * man page
 */
#pragma once

#include "cmd/image/image_verbs.h"
#include "cmd/option_table.h"
#include "cmd/registry_options.h"

struct pull_options {
	struct image_options common;
	struct registry_options registry;
	const char *platform;
	const char *signature_policy;
	enum flag all_tags;
};

extern const struct option_entry pull_table[];
