#include "cmd/container_filter.h"

#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "tests/unit/images/suite.h"

#define S     UINT64_C(1000000000)
#define NOW   (1795341600 * S)
#define EVERY ((1u << N_FILTERS) - 1)

static char id[] = "0123456789abcdef", name[] = "web_1", image[] = "debian";

static bool descends(void *context, const char *wanted)
{
	(void)context;
	return strcmp(wanted, "debian") == 0;
}

/* do the filters, with '|' between, pass it? */
static bool pass(const char *filters, enum phase phase, int exit_code)
{
	struct record record = {
		.id = id,
		.name = name,
		.image = image,
		.phase = phase,
		.exit_code = exit_code,
		.created_ns = NOW - 3600 * S,
	};
	scoped_strv texts = { 0 }, paths = { 0 };
	struct container_filters parsed = { 0 };
	scoped(char) *copy = xstrdup(filters);
	char *rest = copy;
	struct error err;

	for (char *one; (one = strsep(&rest, "|"));)
		if (*one)
			strv_add(&texts, one);
	strv_add(&record.labels, "env=prod");
	strv_add(&record.labels, "bare");
	strv_add(&record.labels, "empty=");
	strv_add(&record.mounts, "data");
	strv_add(&record.mounts, "/srv");
	strv_add(&paths, "/var/lib/data");
	const struct filter_facts facts = { &record, &paths, descends, NULL };
	int r = container_filters_parse(&texts, EVERY, NOW, &parsed, &err);
	ck_assert_msg(r == 0, "%s: %s", filters, err.text);
	/* what the verb does: made half an hour ago */
	for (size_t i = 0; i < parsed.n; i++)
		if (parsed.list[i].key == FILTER_BEFORE ||
		    parsed.list[i].key == FILTER_SINCE)
			parsed.list[i].ns = NOW - 1800 * S;
	bool passes = container_filters_pass(&parsed, &facts);
	container_filters_free(&parsed);
	strv_free(&record.labels);
	strv_free(&record.mounts);
	return passes;
}

/* clang-format off */
static const struct {
	const char *filters;
	bool passes;
} cases[] = {
	{ "", true },
	/* names: all of it, a part, an expression, with docker's slash */
	{ "name=web_1", true },
	{ "name=eb_", true },
	{ "name=^web_1$", true },
	{ "name=^/web_1$", true },
	{ "name=/web_1", true },
	{ "name=^we[a-z]_[0-9]+$", true },
	{ "name=^eb", false },
	{ "name=WEB", false },
	{ "name=db|name=web", true },
	{ "id=0123", true },
	{ "id=^abc", false },
	/* labels must all be there */
	{ "label=env", true },
	{ "label=env=prod", true },
	{ "label=env=pro", false },
	{ "label=en", false },
	{ "label=bare", true },
	{ "label=bare=", false },
	{ "label=empty", true },
	{ "label=empty=", true },
	{ "label=env=prod|label=bare", true },
	{ "label=env=prod|label=none", false },
	{ "label!=none", true },
	{ "label!=env=dev", true },
	{ "label!=env", false },
	{ "label!=none|label!=bare", false },
	/* the same key: one will do; another key: that, too */
	{ "status=exited|status=running", true },
	{ "status=exited", false },
	{ "status=dead", false },
	{ "name=web|status=exited", false },
	{ "name=db|status=running", false },
	{ "volume=data", true },
	{ "volume=/srv", true },
	{ "volume=/var/lib/data", true },
	{ "volume=/var", false },
	{ "volume=dat|volume=data", true },
	{ "ancestor=debian", true },
	{ "ancestor=alpine", false },
	{ "ancestor=alpine|ancestor=debian", true },
	{ "before=x", true },
	{ "since=x", false },
	{ "until=30m", true },
	{ "until=2h", false },
	/* it has not ended */
	{ "exited=0", false },
};
/* clang-format on */

START_TEST(filters_choose_as_docker_does)
{
	ck_assert_msg(pass(cases[_i].filters, PHASE_RUNNING, 0) ==
			      cases[_i].passes,
		      "%s", cases[_i].filters);
}
END_TEST

START_TEST(an_exit_status_is_that_of_one_that_has_ended)
{
	ck_assert(pass("exited=3", PHASE_EXITED, 3));
	ck_assert(!pass("exited=3", PHASE_EXITED, 0));
	ck_assert(pass("exited=0|exited=3", PHASE_EXITED, 3));
	/* one that never ran has no exit status */
	ck_assert(!pass("exited=0", PHASE_CREATED, 0));
	ck_assert(pass("status=stopped", PHASE_EXITED, 0));
}
END_TEST

/* clang-format off */
static const char *const bad[] = {
	"", "=", "=x", "name", "nam=x", "NAME=x", " name=x", "names=x",
	"name=(", "name=[", "id=*\\(", "status=", "status=runing",
	"status=Running", "exited=", "exited=-1", "exited=256", "exited=x",
	"exited= 1", "until=", "until=yesterday", "label!", "network=x",
};
/* clang-format on */

START_TEST(a_bad_filter_is_refused_in_words)
{
	scoped_strv texts = { 0 };
	struct container_filters filters = { 0 };
	struct error err = { 0 };

	/* what came before it is freed */
	strv_add(&texts, "name=a");
	strv_add(&texts, bad[_i]);
	ck_assert_int_eq(
		container_filters_parse(&texts, EVERY, NOW, &filters, &err) < 0,
		1);
	ck_assert(err.code > 0 && *err.text);
	ck_assert_uint_eq(filters.n, 0);
}
END_TEST

START_TEST(a_verb_has_the_filters_that_it_says)
{
	scoped_strv texts = { 0 };
	struct container_filters filters = { 0 };
	struct error err = { 0 };

	strv_add(&texts, "name=a");
	ck_assert_int_eq(container_filters_parse(&texts,
						 FILTER_BIT(FILTER_LABEL), NOW,
						 &filters, &err),
			 -EINVAL);
	ck_assert_str_eq(err.hint, "write one of label= and a value");
	ck_assert_int_eq(container_filters_parse(&texts,
						 FILTER_BIT(FILTER_NAME), NOW,
						 &filters, &err),
			 0);
	ck_assert(container_filters_has(&filters, FILTER_BIT(FILTER_NAME)));
	ck_assert(!container_filters_has(&filters, FILTER_BIT(FILTER_ID)));
	container_filters_free(&filters);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("container_filter");

	tcase_add_loop_test(tests, filters_choose_as_docker_does, 0,
			    ARRAY_SIZE(cases));
	tcase_add_test(tests, an_exit_status_is_that_of_one_that_has_ended);
	tcase_add_loop_test(tests, a_bad_filter_is_refused_in_words, 0,
			    ARRAY_SIZE(bad));
	tcase_add_test(tests, a_verb_has_the_filters_that_it_says);
	return suite_run("container_filter", tests);
}
