#include <check.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cmd/options.h"

/* A small table of its own, so that the grammar is tested apart. */
struct sample {
	enum flag all, bare;
	const char *size;
	struct strv words;
};

/* clang-format off */
static const struct option_entry sample_table[] = {
	{ .kind = OPTION_HEADING, .name = "Sample" },
	{ .kind = OPTION_FLAG, .letter = 'a', .name = "all",
	  .offset = offsetof(struct sample, all), .help = "h" },
	{ .kind = OPTION_FLAG, .letter = 'b', .name = "bare",
	  .offset = offsetof(struct sample, bare), .help = "h" },
	{ .kind = OPTION_STRING, .letter = 's', .name = "size", .alias = "sz",
	  .placeholder = "SIZE", .offset = offsetof(struct sample, size),
	  .help = "h" },
	{ .kind = OPTION_LIST, .letter = 'w', .name = "word",
	  .placeholder = "WORD", .offset = offsetof(struct sample, words),
	  .help = "h" },
	{ .kind = OPTION_REFUSED, .letter = 'r', .name = "refused",
	  .help = "not here", .instead = "do that" },
	OPTION_TABLE_END
};

/* arguments with one space between, '' for an empty one; then all, bare, size,
 * the words with '+' between, and the index of the first positional */
static const struct {
	const char *line;
	const char *result;
} good[] = {
	{ "x", "0 0 - - 1" },
	{ "x y z", "0 0 - - 1" },
	{ "x -a", "1 0 - - 2" },
	{ "x --all y", "1 0 - - 2" },
	{ "x --all=true", "1 0 - - 2" },
	{ "x --all=false", "-1 0 - - 2" },
	{ "x --all=1 --bare=0", "1 -1 - - 3" },
	{ "x --all=T", "1 0 - - 2" },
	{ "x --all --all=false", "-1 0 - - 3" },
	{ "x -ab", "1 1 - - 2" },
	{ "x -ab=false", "1 -1 - - 2" },
	{ "x -s 1", "0 0 1 - 3" },
	{ "x -s1", "0 0 1 - 2" },
	{ "x -s=1", "0 0 1 - 2" },
	{ "x -as1", "1 0 1 - 2" },
	{ "x -as 1 y", "1 0 1 - 3" },
	{ "x --size 1", "0 0 1 - 3" },
	{ "x --size=1", "0 0 1 - 2" },
	{ "x --size=a=b", "0 0 a=b - 2" },
	{ "x --size=", "0 0  - 2" },
	{ "x --size ''", "0 0  - 3" },
	{ "x --sz 1", "0 0 1 - 3" },
	{ "x --size 1 --size 2", "0 0 2 - 5" },
	{ "x --size -a", "0 0 -a - 3" },
	{ "x --size -- y", "0 0 -- - 3" },
	{ "x -w 1 -w 2 -w1", "0 0 - 1+2+1 6" },
	{ "x -wa=b", "0 0 - a=b 2" },
	{ "x -- -a", "0 0 - - 2" },
	{ "x -a -- -b", "1 0 - - 3" },
	{ "x -a --", "1 0 - - 3" },
	{ "x y -a", "0 0 - - 1" },
	{ "x - -a", "0 0 - - 1" },
	{ "x '' -a", "0 0 - - 1" },
};

static const struct {
	const char *line;
	int code;
	const char *message;
	const char *hint;
} bad[] = {
	{ "x --al", EINVAL, "no option --al", "did you mean --all?" },
	{ "x --sise=1", EINVAL, "no option --sise", "did you mean --size?" },
	{ "x --zzzzzzzz", EINVAL, "no option --zzzzzzzz", "--help lists" },
	{ "x --refsed", EINVAL, "no option --refsed", "--help lists" },
	{ "x --=1", EINVAL, "no option --", "--help lists" },
	{ "x ---all", EINVAL, "no option ---all", "--all" },
	{ "x -z", EINVAL, "no option -z (in \"-z\")", "--help lists" },
	{ "x -az", EINVAL, "no option -z (in \"-az\")", "--help lists" },
	{ "x -size=4", EINVAL, "no option -size=4", "did you mean --size=4?" },
	{ "x -word y", EINVAL, "no option -word", "did you mean --word?" },
	{ "x -all", EINVAL, "no option -all", "did you mean --all?" },
	{ "x -refused", EINVAL, "no option -refused", "did you mean --refused?" },
	{ "x --size", EINVAL, "--size wants a value", "write --size SIZE" },
	{ "x -as", EINVAL, "-s wants a value", "write --size SIZE" },
	{ "x --word", EINVAL, "--word wants a value", "write --word WORD" },
	{ "x --all=maybe", EINVAL, "--all takes no value but true or", "" },
	{ "x --all=", EINVAL, "--all takes no value but true or", "" },
	{ "x -a=maybe", EINVAL, "--all takes no value but true or", "" },
	{ "x --refused", EOPNOTSUPP, "--refused: not here", "do that" },
	{ "x --refused=1", EOPNOTSUPP, "--refused: not here", "do that" },
	{ "x -ar", EOPNOTSUPP, "--refused: not here", "do that" },
};
/* clang-format on */

static void split(const char *line, struct strv *ret)
{
	scoped(char) *copy = xstrdup(line);
	char *rest = copy, *word = NULL;

	while ((word = strsep(&rest, " ")))
		strv_add(ret, strcmp(word, "''") == 0 ? "" : word);
}

static char *describe(const struct sample *sample, int next)
{
	char words[128] = "-";

	for (size_t i = 0, used = 0; i < sample->words.n; i++)
		used += (size_t)snprintf(words + used, sizeof(words) - used,
					 "%s%s", i ? "+" : "",
					 sample->words.v[i]);
	return xasprintf("%d %d %s %s %d", sample->all, sample->bare,
			 sample->size ? sample->size : "-", words, next);
}

START_TEST(good_arguments_fill_the_fields)
{
	scoped_strv argv = { 0 };
	struct sample sample = { 0 };
	struct error err = { 0 };

	split(good[_i].line, &argv);
	int next = option_table_parse(sample_table, (int)argv.n, argv.v,
				      &sample, &err);
	ck_assert_msg(next >= 0, "%s: %s", good[_i].line, err.text);
	scoped(char) *text = describe(&sample, next);
	ck_assert_str_eq(text, good[_i].result);
	strv_free(&sample.words);
}
END_TEST

START_TEST(bad_arguments_are_refused_with_a_hint)
{
	scoped_strv argv = { 0 };
	struct sample sample = { 0 };
	struct error err = { 0 };

	split(bad[_i].line, &argv);
	int r = option_table_parse(sample_table, (int)argv.n, argv.v, &sample,
				   &err);
	ck_assert_msg(r == -bad[_i].code, "%s: %d %s", bad[_i].line, r,
		      err.text);
	ck_assert_msg(strstr(err.text, bad[_i].message) != NULL, "%s: %s",
		      bad[_i].line, err.text);
	ck_assert_msg(strstr(err.hint, bad[_i].hint) != NULL, "%s: %s",
		      bad[_i].line, err.hint);
	strv_free(&sample.words);
}
END_TEST

START_TEST(what_follows_the_image_belongs_to_the_command)
{
	const char *argv[] = { "run",   "-it",    "--rm",   "-v",
			       "/a:/b", "alpine", "--bind", "-v",
			       "--",    "-e",     "--help", NULL };
	struct options options = { 0 };
	struct error err = { 0 };

	ck_assert_int_eq(options_parse(11, (char *const *)argv, &options, &err),
			 0);
	ck_assert_str_eq(options.image, "alpine");
	ck_assert_ptr_eq(options.command, (char *const *)&argv[6]);
	ck_assert_str_eq(options.command[0], "--bind");
	ck_assert_str_eq(options.command[4], "--help");
	ck_assert_ptr_null(options.command[5]);
	ck_assert_int_eq(options.interactive, FLAG_YES);
	ck_assert_int_eq(options.tty, FLAG_YES);
	ck_assert_int_eq(options.remove, FLAG_YES);
	ck_assert_int_eq(options.help, FLAG_UNSET);
	ck_assert_uint_eq(options.volumes.n, 1);
	ck_assert_uint_eq(options.env.n, 0);
	ck_assert(options_want_image(&options));
	options_free(&options);
}
END_TEST

START_TEST(two_dashes_end_the_options_before_the_image)
{
	const char *argv[] = { "run", "-i", "--", "-strange", "x", NULL };
	struct options options = { 0 };
	struct error err = { 0 };

	ck_assert_int_eq(options_parse(5, (char *const *)argv, &options, &err),
			 0);
	ck_assert_str_eq(options.image, "-strange");
	ck_assert_str_eq(options.command[0], "x");
	options_free(&options);
}
END_TEST

START_TEST(with_rootfs_the_first_argument_is_the_command)
{
	const char *argv[] = { "run", "--rootfs", "/r", "ls", "-l", NULL };
	struct options options = { 0 };
	struct error err = { 0 };

	ck_assert_int_eq(options_parse(5, (char *const *)argv, &options, &err),
			 0);
	ck_assert_ptr_null(options.image);
	ck_assert_str_eq(options.command[0], "ls");
	ck_assert_str_eq(options.command[1], "-l");
	ck_assert(!options_want_image(&options));
	options_free(&options);
}
END_TEST

START_TEST(the_host_is_no_image)
{
	const char *argv[] = { "run", "@host", NULL };
	struct options options = { 0 };
	struct error err = { 0 };

	ck_assert_int_eq(options_parse(2, (char *const *)argv, &options, &err),
			 0);
	ck_assert(!options_want_image(&options));
	ck_assert_ptr_nonnull(options.command);
	ck_assert_ptr_null(options.command[0]);
	options_free(&options);
}
END_TEST

START_TEST(global_options_stand_before_the_verb_or_behind_it)
{
	const char *before[] = { "wolffia", "-D", "--store", "/s",
				 "run",     "-i", NULL };
	const char *behind[] = { "run",        "--log-level", "info",
				 "--store=/t", "x",           NULL };
	struct options options = { 0 };
	struct error err = { 0 };

	ck_assert_int_eq(global_options_parse(6, (char *const *)before,
					      &options.global, &err),
			 4);
	ck_assert_int_eq(options.global.debug, FLAG_YES);
	ck_assert_str_eq(options.global.store, "/s");
	ck_assert_int_eq(
		options_parse(5, (char *const *)behind, &options, &err), 0);
	ck_assert_str_eq(options.global.store, "/t");
	ck_assert_str_eq(options.global.log_level, "info");
	ck_assert_int_eq(options.global.debug, FLAG_YES);
	options_free(&options);
}
END_TEST

static char *printed(void (*print)(FILE *))
{
	char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);

	print(to);
	fclose(to);
	return text;
}

START_TEST(the_help_has_every_option_and_fits_80_columns)
{
	scoped(char) *help = printed(options_print_help);

	for (const struct option_entry *e = options_table; e->name; e++) {
		scoped(char) *name = xasprintf("--%s", e->name);
		bool shown = strstr(help, name) != NULL;

		if (e->kind == OPTION_FLAG || e->kind == OPTION_STRING ||
		    e->kind == OPTION_LIST)
			ck_assert_msg(shown, "%s is not in the help", name);
	}
	for (const char *line = help; *line;) {
		size_t length = strcspn(line, "\n");
		ck_assert_msg(length <= 80, "%zu columns: %.*s", length,
			      (int)length, line);
		ck_assert_msg(!length || line[length - 1] != ' ',
			      "blank at the end: %.*s", (int)length, line);
		line += length + 1;
	}
	ck_assert_int_eq(strncmp(help, "Usage: wolffia run", 18), 0);
	ck_assert_ptr_null(strstr(help, "--privileged"));
}
END_TEST

/* every row has what its kind needs, and no name or letter is there twice */
static void check_table(const struct option_entry *table)
{
	for (const struct option_entry *e = table; e->name; e++) {
		bool value = e->kind == OPTION_STRING || e->kind == OPTION_LIST;

		if (e->kind == OPTION_HEADING)
			continue;
		ck_assert_msg(e->help && *e->help, "%s: no help", e->name);
		ck_assert_msg(value == (e->placeholder != NULL),
			      "%s: placeholder", e->name);
		for (const struct option_entry *f = table; f < e; f++) {
			if (f->kind == OPTION_HEADING)
				continue;
			ck_assert_msg(strcmp(e->name, f->name) != 0,
				      "--%s twice", e->name);
			ck_assert_msg(!e->letter || e->letter != f->letter,
				      "-%c twice", e->letter);
			ck_assert_msg(e->kind == OPTION_REFUSED ||
					      f->kind == OPTION_REFUSED ||
					      e->offset != f->offset,
				      "--%s and --%s fill one field", e->name,
				      f->name);
		}
	}
}

START_TEST(the_tables_are_sound)
{
	check_table(options_table);
	check_table(global_options_table);
}
END_TEST

START_TEST(a_choice_is_an_index_or_an_error_that_lists_them)
{
	struct error err = { 0 };

	ck_assert_int_eq(option_choice("--x", "red|green", "green", &err), 1);
	ck_assert_int_eq(option_choice("--x", "red|green", "gren", &err),
			 -EINVAL);
	ck_assert_str_eq(err.text, "--x: \"gren\" is not one of: red, green");
	ck_assert_str_eq(err.hint, "did you mean green?");
	ck_assert_int_eq(option_choice("--x", "red|green", "", &err), -EINVAL);
	ck_assert_int_eq(option_choice("--x", "red|green", "red|green", &err),
			 -EINVAL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("options");
	TCase *tests = tcase_create("options");

	suite_add_tcase(suite, tests);
	tcase_add_loop_test(tests, good_arguments_fill_the_fields, 0,
			    ARRAY_SIZE(good));
	tcase_add_loop_test(tests, bad_arguments_are_refused_with_a_hint, 0,
			    ARRAY_SIZE(bad));
	tcase_add_test(tests, what_follows_the_image_belongs_to_the_command);
	tcase_add_test(tests, two_dashes_end_the_options_before_the_image);
	tcase_add_test(tests, with_rootfs_the_first_argument_is_the_command);
	tcase_add_test(tests, the_host_is_no_image);
	tcase_add_test(tests,
		       global_options_stand_before_the_verb_or_behind_it);
	tcase_add_test(tests, the_help_has_every_option_and_fits_80_columns);
	tcase_add_test(tests, the_tables_are_sound);
	tcase_add_test(tests, a_choice_is_an_index_or_an_error_that_lists_them);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
