/*
 * cmd/cp_options.h - the options of "cp", for it and for the check of its man
 * page
 */
#pragma once

#include "cmd/container_verb.h"
#include "cmd/option_table.h"

struct cp_options {
	struct container_options common;
	enum flag archive, follow, quiet;
};

extern const struct option_entry cp_table[];
