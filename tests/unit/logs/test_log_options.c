#include "core/log_options.h"

#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "tests/unit/images/suite.h"

static int parse(const char *driver, const char *const *opts,
		 struct log_options *ret, struct error *err)
{
	scoped_strv list = { 0 };

	for (; *opts; opts++)
		strv_add(&list, *opts);
	return log_options_parse(driver, &list, ret, err);
}

/* clang-format off */
static const struct {
	const char *driver;
	const char *opts[4];
	struct log_options expected;
} good[] = {
	{ NULL,        { NULL },             { false, 10 << 20, 2 } },
	{ "k8s-file",  { NULL },             { false, 10 << 20, 2 } },
	{ "json-file", { "max-size=10m" },   { false, 10 << 20, 2 } },
	{ "local",     { "max-file=1" },     { false, 10 << 20, 1 } },
	{ "none",      { NULL },             { true, 10 << 20, 2 } },
	{ NULL,        { "max-size=1k" },    { false, 1024, 2 } },
	{ NULL,        { "max-size=1024" },  { false, 1024, 2 } },
	{ NULL,        { "max-size=2G" },    { false, 2ull << 30, 2 } },
	{ NULL,        { "max-size=-1" },    { false, UINT64_MAX, 2 } },
	{ NULL,        { "max-file=99" },    { false, 10 << 20, 99 } },
	{ NULL,        { "max-size=1m", "max-file=3", "max-size=2m" },
					     { false, 2 << 20, 3 } },
	{ NULL,        { "compress=false", "mode=blocking" },
					     { false, 10 << 20, 2 } },
};

static const struct {
	const char *driver, *opt;
	int code;
	const char *says;
} bad[] = {
	{ "journald", NULL, EOPNOTSUPP, "journald" },
	{ "syslog", NULL, EOPNOTSUPP, "syslog" },
	{ "fluentd", NULL, EOPNOTSUPP, "fluentd" },
	{ "passthrough", NULL, EOPNOTSUPP, "passthrough" },
	{ "k8s-flie", NULL, EINVAL, "k8s-flie" },
	{ "", NULL, EINVAL, "--log-driver" },
	{ "K8S-FILE", NULL, EINVAL, "K8S-FILE" },
	{ NULL, "", EINVAL, "--log-opt" },
	{ NULL, "max-size", EINVAL, "max-size wants a value" },
	{ NULL, "max-size=", EINVAL, "max-size wants a value" },
	{ NULL, "max-size=x", EINVAL, "max-size" },
	{ NULL, "max-size=0", ERANGE, "max-size" },
	{ NULL, "max-size=1023", ERANGE, "max-size" },
	{ NULL, "max-size=-2", EINVAL, "max-size" },
	{ NULL, "max-size=99999999999t", ERANGE, "max-size" },
	{ NULL, "max-file=0", ERANGE, "max-file" },
	{ NULL, "max-file=100", ERANGE, "max-file" },
	{ NULL, "max-file=2.5", EINVAL, "max-file" },
	{ NULL, "max-file=-1", EINVAL, "max-file" },
	{ NULL, "max_size=1m", EINVAL, "max_size" },
	{ NULL, "maxsize=1m", EINVAL, "maxsize" },
	{ NULL, "=1m", EINVAL, "--log-opt" },
	{ NULL, "compress=true", EOPNOTSUPP, "compress" },
	{ NULL, "mode=non-blocking", EOPNOTSUPP, "mode" },
	{ NULL, "tag={{.ID}}", EOPNOTSUPP, "tag" },
	{ NULL, "labels=a,b", EOPNOTSUPP, "labels" },
	{ NULL, "path=/tmp/log", EOPNOTSUPP, "path" },
};
/* clang-format on */

START_TEST(what_was_asked_for_is_understood)
{
	struct log_options options = { .max_file = 77 };
	struct error err = { 0 };

	ck_assert_msg(parse(good[_i].driver, good[_i].opts, &options, &err) ==
			      0,
		      "%s", err.text);
	ck_assert_int_eq(options.none, good[_i].expected.none);
	ck_assert_uint_eq(options.max_size, good[_i].expected.max_size);
	ck_assert_uint_eq(options.max_file, good[_i].expected.max_file);
}
END_TEST

START_TEST(what_cannot_be_had_is_said)
{
	const char *const opts[] = { bad[_i].opt, NULL };
	struct log_options options = { .max_file = 77 };
	struct error err = { 0 };

	int r = parse(bad[_i].driver, opts, &options, &err);
	ck_assert_msg(r == -bad[_i].code, "%s %s: %d", bad[_i].driver,
		      bad[_i].opt, r);
	ck_assert_msg(strstr(err.text, bad[_i].says) != NULL, "%s", err.text);
	ck_assert_uint_eq(options.max_file, 77);
}
END_TEST

START_TEST(a_misspelt_name_is_put_right)
{
	static const char *const opts[] = { "max-sise=1m", NULL };
	struct log_options options;
	struct error err = { 0 };

	ck_assert_int_lt(parse(NULL, opts, &options, &err), 0);
	ck_assert_str_eq(err.hint, "did you mean max-size?");
	ck_assert_int_lt(parse("k8s-flie", opts + 1, &options, &err), 0);
	ck_assert_str_eq(err.hint, "did you mean k8s-file?");
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("log_options");

	tcase_add_loop_test(tests, what_was_asked_for_is_understood, 0,
			    (int)ARRAY_SIZE(good));
	tcase_add_loop_test(tests, what_cannot_be_had_is_said, 0,
			    (int)ARRAY_SIZE(bad));
	tcase_add_test(tests, a_misspelt_name_is_put_right);
	return suite_run("log_options", tests);
}
