#include "base/json.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "tests/unit/images/suite.h"

static int parse(const char *text, json_t **ret, struct error *err)
{
	return json_parse(text, strlen(text), "the text", ret, err);
}

static json_t *must_parse(const char *text)
{
	json_t *value = NULL;
	struct error err = { 0 };

	ck_assert_msg(parse(text, &value, &err) == 0, "%s", err.text);
	return value;
}

#define BYTES(text) text, sizeof(text) - 1

/* clang-format off */
static const struct {
	const char *what, *text;
	size_t size;
} invalid[] = {
	{ "nothing",                  BYTES("") },
	{ "white space",              BYTES(" \n") },
	{ "an unfinished object",     BYTES("{") },
	{ "an unfinished string",     BYTES("[\"a") },
	{ "an escape at the end",     BYTES("[\"a\\") },
	{ "trailing text",            BYTES("{} x") },
	{ "two values",               BYTES("{}{}") },
	{ "a trailing NUL",           BYTES("{}\0") },
	{ "a raw NUL in a string",    BYTES("[\"a\0b\"]") },
	{ "an escaped NUL in a string", BYTES("[\"a\\u0000b\"]") },
	{ "an escaped NUL in a key",  BYTES("{\"a\\u0000b\": 1}") },
	{ "a duplicate key",          BYTES("{\"a\": 1, \"a\": 1}") },
	{ "a duplicate, escaped",     BYTES("{\"a\": 1, \"\\u0061\": 2}") },
	{ "a duplicate further down", BYTES("[{\"b\": {\"a\":1,\"a\":2}}]") },
	{ "invalid UTF-8",            BYTES("[\"\xc3\"]") },
	{ "an encoded surrogate",     BYTES("[\"\xed\xa0\x80\"]") },
	{ "half a surrogate pair",    BYTES("[\"\\ud800\"]") },
	{ "a raw control character",  BYTES("[\"\n\"]") },
	{ "a comment",                BYTES("{} // x") },
	{ "a comma at the end",       BYTES("[1,]") },
	{ "a single quote",           BYTES("['a']") },
	{ "a number with a plus",     BYTES("[+1]") },
	{ "a number beyond 64 bits",  BYTES("[18446744073709551616]") },
	{ "not a number",             BYTES("[NaN]") },
	{ "a byte order mark",        BYTES("\xef\xbb\xbf{}") },
	{ "more ends than beginnings", BYTES("]") },
};
/* clang-format on */

START_TEST(what_is_not_json_is_refused)
{
	for (size_t i = 0; i < ARRAY_SIZE(invalid); i++) {
		/* exact size, so that a read behind the end is seen */
		scoped(char) *text = xcalloc(invalid[i].size, 1);
		json_t *value = NULL;
		struct error err;

		memcpy(text, invalid[i].text, invalid[i].size);
		int r = json_parse(text, invalid[i].size, "the text", &value,
				   &err);
		ck_assert_msg(r == -EINVAL, "%s: %d", invalid[i].what, r);
		ck_assert_ptr_null(value);
		ck_assert_int_eq(strncmp(err.text, "the text: ", 10), 0);
	}
}
END_TEST

static char *nested(size_t depth, const char *before)
{
	char *text =
		xasprintf("%s%*s%*s", before, (int)depth, "", (int)depth, "");
	size_t n = strlen(before);

	memset(text + n, '[', depth);
	memset(text + n + depth, ']', depth);
	return text;
}

START_TEST(nesting_ends_at_64)
{
	scoped(char) *deep = nested(64, ""), *deeper = nested(65, "");
	scoped(char) *far_too_deep = nested(1000000, "");
	/* brackets that close nothing do not make room for more */
	scoped(char) *tricky = nested(65, "]]]]");
	scoped_json *good = must_parse(deep);
	json_t *value = NULL;
	struct error err;

	(void)good;
	ck_assert_int_eq(parse(deeper, &value, &err), -EINVAL);
	ck_assert_str_eq(err.text, "the text: nested deeper than 64");
	ck_assert_int_eq(parse(far_too_deep, &value, &err), -EINVAL);
	ck_assert_int_eq(parse(tricky, &value, &err), -EINVAL);
}
END_TEST

START_TEST(brackets_in_strings_are_not_nesting)
{
	scoped(char) *brackets = nested(100, "");
	scoped(char) *text = xasprintf("[\"\\\"%s\\\\\"]", brackets);
	scoped_json *value = must_parse(text);

	ck_assert_uint_eq(json_array_size(value), 1);
}
END_TEST

START_TEST(a_file_is_read_up_to_its_limit)
{
	char path[] = "/tmp/test_json.XXXXXX";
	scoped_fd fd = mkstemp(path);
	scoped_json *value = NULL;
	struct error err = { 0 };

	ck_assert_int_eq(fd_write_all(fd, "{\"a\":1}", 7, &err), 0);
	ck_assert_int_eq(json_read_file(AT_FDCWD, path, 6, &value, &err),
			 -EFBIG);
	ck_assert_ptr_null(value);
	ck_assert_int_eq(json_read_file(AT_FDCWD, path, 7, &value, &err), 0);
	ck_assert_uint_eq(json_object_size(value), 1);
	unlink(path);
	ck_assert_int_eq(json_read_file(AT_FDCWD, path, 7, &value, &err),
			 -ENOENT);
}
END_TEST

static const char members[] =
	"{\"string\": \"text\", \"empty\": \"\", \"number\": 7, \"zero\": 0,"
	" \"largest\": 9223372036854775807, \"negative\": -1, \"real\": 1.0,"
	" \"object\": {}, \"array\": [], \"strings\": [\"a\", \"b\"],"
	" \"mixed\": [\"a\", 1], \"nulls\": [null], \"true\": true,"
	" \"null\": null}";

static int get_string(const json_t *object, const char *key, struct error *err)
{
	const char *value = "default";
	int r = json_get_string(object, key, &value, err);

	ck_assert_int_eq(strcmp(value, "default") != 0, r == 1);
	return r;
}

static int get_u64(const json_t *object, const char *key, struct error *err)
{
	uint64_t value = 4711;
	int r = json_get_u64(object, key, &value, err);

	ck_assert_int_eq(value != 4711, r == 1);
	return r;
}

static int get_object(const json_t *object, const char *key, struct error *err)
{
	json_t *value = NULL;
	int r = json_get_object(object, key, &value, err);

	ck_assert_int_eq(value != NULL, r == 1);
	return r;
}

static int get_array(const json_t *object, const char *key, struct error *err)
{
	json_t *value = NULL;
	int r = json_get_array(object, key, &value, err);

	ck_assert_int_eq(value != NULL, r == 1);
	return r;
}

static int get_strv(const json_t *object, const char *key, struct error *err)
{
	scoped_strv value = { 0 };

	strv_add(&value, "before");
	int r = json_get_strv(object, key, &value, err);
	if (r != 1)
		ck_assert_uint_eq(value.n, 1);
	return r;
}

/* clang-format off */
static const struct {
	const char *what;
	int (*get)(const json_t *, const char *, struct error *);
	const char *present[4]; /* all other members have a wrong type */
} getters[] = {
	{ "a string",           get_string, { "string", "empty" } },
	{ "a number from 0 on", get_u64,    { "number", "zero", "largest" } },
	{ "an object",          get_object, { "object" } },
	{ "an array",           get_array,  { "array", "strings", "mixed",
					      "nulls" } },
	{ "an array",           get_strv,   { "array", "strings" } },
};
/* clang-format on */

static bool is_present(size_t getter, const char *key)
{
	for (size_t i = 0; i < 4 && getters[getter].present[i]; i++)
		if (strcmp(getters[getter].present[i], key) == 0)
			return true;
	return false;
}

START_TEST(a_member_is_there_or_missing_or_of_a_wrong_type)
{
	const size_t i = (size_t)_i;
	scoped_json *object = must_parse(members);
	const char *key;
	json_t *value;

	json_object_foreach (object, key, value) {
		struct error err = { 0 };
		int expected = json_is_null(value)  ? 0
			       : is_present(i, key) ? 1
						    : -EINVAL;
		int r = getters[i].get(object, key, &err);

		ck_assert_msg(r == expected, "%s as %s: %d", key,
			      getters[i].what, r);
		scoped(char) *says =
			xasprintf("\"%s\" is not %s", key, getters[i].what);
		if (r < 0)
			ck_assert_int_eq(strncmp(err.text, says, strlen(says)),
					 0);
	}
	struct error err;
	ck_assert_int_eq(getters[i].get(object, "missing", &err), 0);
}
END_TEST

START_TEST(the_value_of_a_member_is_handed_out)
{
	scoped_json *object = must_parse(members);
	scoped_strv list = { 0 };
	const char *text = NULL;
	uint64_t number = 0;
	struct error err;

	ck_assert_int_eq(json_get_string(object, "string", &text, &err), 1);
	ck_assert_str_eq(text, "text");
	ck_assert_int_eq(json_get_u64(object, "largest", &number, &err), 1);
	ck_assert_uint_eq(number, INT64_MAX);
	strv_add(&list, "before");
	ck_assert_int_eq(json_get_strv(object, "strings", &list, &err), 1);
	ck_assert_uint_eq(list.n, 3);
	ck_assert_str_eq(list.v[2], "b");
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("json");

	tcase_add_test(tests, what_is_not_json_is_refused);
	tcase_add_test(tests, nesting_ends_at_64);
	tcase_add_test(tests, brackets_in_strings_are_not_nesting);
	tcase_add_test(tests, a_file_is_read_up_to_its_limit);
	tcase_add_loop_test(tests,
			    a_member_is_there_or_missing_or_of_a_wrong_type, 0,
			    (int)ARRAY_SIZE(getters));
	tcase_add_test(tests, the_value_of_a_member_is_handed_out);
	return suite_run("json", tests);
}
