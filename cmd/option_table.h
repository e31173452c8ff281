/*
 * cmd/option_table.h - options described by a table, and parsed by it
 *
 * One table per verb.  From it come the parsing, --help, the suggestion for a
 * misspelt option, the completions of shells, and the check that the man page
 * has every option (tests/lint/man_options.sh).
 *
 * The grammar is that of docker(1), so that fingers need not learn:
 *   --name value, --name=value, -n value, -nvalue, -n=value, bundles like -it;
 *   (a long name behind one dash, -name, is an error that says so);
 *   flags take =true, =false, =1 and =0; "--" ends the options, and so does
 *   the first argument that is none: what follows it belongs to the workload.
 */
#pragma once

#include <stddef.h>
#include <stdio.h>

#include "base/error.h"
#include "base/strv.h"

/* What was typed of an option that takes no value. */
enum flag {
	FLAG_NO = -1,   /* --name=false */
	FLAG_UNSET = 0, /* not a word of it */
	FLAG_YES = 1,   /* --name, --name=true */
};

enum option_kind {
	OPTION_HEADING = 0, /* .name is the title of the group that follows */
	OPTION_FLAG,        /* enum flag */
	OPTION_STRING,  /* const char *, borrowed from argv; the last wins */
	OPTION_LIST,    /* struct strv, all of them in their order */
	OPTION_REFUSED, /* known from elsewhere, and answered by an error */
};

struct option_entry {
	enum option_kind kind;
	char letter;             /* of the short form, or 0 */
	const char *name;        /* of the long form, without "--" */
	const char *alias;       /* another long form, or NULL */
	const char *placeholder; /* what a value is called; NULL for flags */
	size_t offset;           /* of the field in the struct to fill */
	const char *choices;     /* the values, with '|' between; or NULL */
	const char *help;        /* one sentence; of OPTION_REFUSED: why not */
	const char *instead;     /* OPTION_REFUSED: the remedy; else NULL */
};

/* the last row of a table */
#define OPTION_TABLE_END { .name = NULL }

/*
 * option_table_parse - fill the fields of @to with what was typed
 * @argv: argv[0] is the verb and is skipped
 * @to:   the struct that the offsets belong to, zeroed by the caller
 *
 * Return: the index of the first argument that is not an option, 1..@argc;
 * -EINVAL for an unknown option (the hint names the nearest one), a missing
 * value, or a value for a flag that is none; -EOPNOTSUPP for a refused one.
 * After a failure the lists in @to are the caller's to free as after success.
 */
int option_table_parse(const struct option_entry *table, int argc,
		       char *const argv[], void *to, struct error *err);

/*
 * option_table_help - the options by group, in 80 columns
 * Refused options are left out.
 */
void option_table_help(const struct option_entry *table, FILE *to);

/*
 * option_table_dump - one line for each option, for scripts: kind, letter,
 * name, alias, placeholder, choices; with tabs between, "-" for none
 */
void option_table_dump(const struct option_entry *table, FILE *to);

/*
 * option_choice - which of an option's @choices is @value?
 * @choices: "a|b|c"
 * Return: 0, 1, ...; -EINVAL with a message that begins with @option and
 * names them all, and the nearest one in the hint.
 */
int option_choice(const char *option, const char *choices, const char *value,
		  struct error *err);

/*
 * option_suggest - hint at the word of @words (NULL-terminated) nearest @word
 * @prefix: put before the word: "--", or ""
 * Leaves the hint alone when none is near.  Return: -err->code
 */
int option_suggest(const char *word, const char *const *words,
		   const char *prefix, struct error *err);
