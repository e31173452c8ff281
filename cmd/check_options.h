/*
 * cmd/check_options.h - the options of "check", for it and for the check of
 * its man page
 */
#pragma once

#include "cmd/option_table.h"

struct check_options {
	const char *store;
	enum flag quiet, help, repair, quick;
	const char *format;
};

extern const struct option_entry check_table[];
