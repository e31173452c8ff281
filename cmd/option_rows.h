/*
 * cmd/option_rows.h - the rows of an option table, in few words
 *
 * TO is the struct that they fill: #define it before the table, and #undef it
 * behind.
 */
#pragma once

#include <stddef.h>

#include "cmd/option_table.h"

/* clang-format off */
#define HEADING(title) \
	{ .kind = OPTION_HEADING, .name = title }
#define FLAG(c, option, field, text) \
	{ .kind = OPTION_FLAG, .letter = c, .name = option, \
	  .offset = offsetof(struct TO, field), .help = text }
#define VALUE(c, option, field, what, text) \
	{ .kind = OPTION_STRING, .letter = c, .name = option, \
	  .offset = offsetof(struct TO, field), .placeholder = what, \
	  .help = text }
#define LIST(c, option, field, what, text) \
	{ .kind = OPTION_LIST, .letter = c, .name = option, \
	  .offset = offsetof(struct TO, field), .placeholder = what, \
	  .help = text }
#define CHOICE(option, other, field, what, list, text) \
	{ .kind = OPTION_STRING, .name = option, .alias = other, \
	  .offset = offsetof(struct TO, field), .placeholder = what, \
	  .choices = list, .help = text }
#define REFUSED(c, option, why, remedy) \
	{ .kind = OPTION_REFUSED, .letter = c, .name = option, .help = why, \
	  .instead = remedy }

