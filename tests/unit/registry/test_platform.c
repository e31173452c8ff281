#include "storage/registry/platform.h"

#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "tests/unit/images/suite.h"

/* clang-format off */
static const struct {
	const char *text;
	const char *normal; /* as platform_text() has it; NULL: refused */
} typed[] = {
	{ "linux/amd64",        "linux/amd64" },
	{ "linux/x86_64",       "linux/amd64" },
	{ "linux/amd64/v3",     "linux/amd64" },
	{ "linux/arm64",        "linux/arm64" },
	{ "linux/arm64/v8",     "linux/arm64" },
	{ "linux/aarch64",      "linux/arm64" },
	{ "linux/arm",          "linux/arm/v7" },
	{ "linux/arm/v6",       "linux/arm/v6" },
	{ "linux/armhf",        "linux/arm/v7" },
	{ "linux/armel",        "linux/arm/v6" },
	{ "linux/i686",         "linux/386" },
	{ "linux/riscv64",      "linux/riscv64" },
	{ "linux/ppc64le",      "linux/ppc64le" },
	{ "windows/amd64",      "windows/amd64" },
	{ "",                   NULL },
	{ "linux",              NULL },
	{ "amd64",              NULL },
	{ "linux/",             NULL },
	{ "/amd64",             NULL },
	{ "linux/arm/",         NULL },
	{ "linux/arm/v7/x",     NULL },
	{ "linux//v7",          NULL },
	{ "Linux/amd64",        NULL },
	{ "linux/amd64 ",       NULL },
	{ "linux/aaaaaaaaaaaaaaaa", NULL },
};

/* each index is a list of platforms; the answer is a place in it */
static const struct {
	const char *entries;
	const char *wanted;
	int chosen; /* -1: none */
} choices[] = {
	{ "linux/amd64 linux/arm64",              "linux/arm64", 1 },
	{ "linux/arm64/v8 linux/amd64",           "linux/arm64", 0 },
	{ "linux/amd64 linux/arm64",              "linux/s390x", -1 },
	{ "windows/amd64 linux/amd64",            "linux/amd64", 1 },
	{ "windows/amd64",                        "linux/amd64", -1 },
	{ "unknown/unknown linux/amd64",          "linux/amd64", 1 },
	{ "unknown/unknown",                      "linux/amd64", -1 },
	{ "-",                                    "linux/amd64", 0 },
	{ "- linux/amd64",                        "linux/amd64", 1 },
	{ "linux/amd64 linux/amd64",              "linux/amd64", 0 },
	{ "linux/arm/v5 linux/arm/v7",            "linux/arm/v7", 1 },
	{ "linux/arm/v5 linux/arm/v7",            "linux/arm/v6", 0 },
	{ "linux/arm/v7",                         "linux/arm/v6", -1 },
	{ "linux/arm/v6 linux/arm/v7 linux/arm/v5", "linux/arm/v7", 1 },
	{ "linux/arm",                            "linux/arm/v7", 0 },
	{ "linux/arm linux/arm/v5",               "linux/arm/v7", 1 },
	{ "linux/arm64 linux/arm/v7",             "linux/arm/v8", 1 },
	{ "linux/amd64/v2 linux/amd64",           "linux/amd64/v3", 1 },
	{ "linux/amd64/v3 linux/amd64/v2",        "linux/amd64/v2", 1 },
	{ "linux/amd64/v3 linux/amd64/v2",        "linux/amd64/v4", 1 },
	{ "linux/amd64/v3",                       "linux/amd64/v2", -1 },
	{ "linux/amd64/v2",                       "linux/amd64", -1 },
	{ "linux/arm64/v9 linux/arm64",           "linux/arm64", 1 },
	{ "linux/arm64/v9",                       "linux/arm64", -1 },
	{ "linux/riscv64/rva23 linux/riscv64",    "linux/riscv64/rva23", 0 },
	{ "linux/riscv64",                        "linux/riscv64/rva23", 0 },
};

static const struct {
	const char *machine;
	int level;
	const char *architecture, *variant;
} machines[] = {
	{ "x86_64",  1, "amd64", "v1" },
	{ "x86_64",  3, "amd64", "v3" },
	{ "aarch64", 1, "arm64", "" },
	{ "armv7l",  1, "arm",   "v7" },
	{ "armv6l",  1, "arm",   "v6" },
	{ "armv8l",  1, "arm",   "v8" },
	{ "i686",    1, "386",   "" },
	{ "riscv64", 1, "riscv64", "" },
	{ "s390x",   1, "s390x", "" },
	{ "loongarch64", 1, "loong64", "" },
};
/* clang-format on */

START_TEST(platforms_are_read_as_they_are_typed)
{
	struct platform p;
	struct error err = { 0 };
	int r = platform_parse(typed[_i].text, &p, &err);

	if (!typed[_i].normal) {
		ck_assert_msg(r == -EINVAL, "%s was taken", typed[_i].text);
		ck_assert(err.hint[0]);
		return;
	}
	ck_assert_msg(r == 0, "%s: %s", typed[_i].text, err.text);
	scoped(char) *text = platform_text(&p);
	ck_assert_str_eq(text, typed[_i].normal);
}
END_TEST

static void add_entry(struct image_index *to, char *text)
{
	char *os = strsep(&text, "/"), *architecture = strsep(&text, "/");
	struct descriptor entry = {
		.media_type = (char *)(uintptr_t)MEDIA_MANIFEST,
		.os = strcmp(os, "-") == 0 ? NULL : os,
		.architecture = architecture,
		.variant = text,
	};

	index_append(to, &entry);
}

START_TEST(the_right_image_is_chosen)
{
	scoped_index index = { 0 };
	scoped(char) *entries = xstrdup(choices[_i].entries);
	struct platform wanted;
	struct error err = { 0 };

	for (char *rest = entries, *one; (one = strsep(&rest, " "));)
		add_entry(&index, one);
	ck_assert_int_eq(platform_parse(choices[_i].wanted, &wanted, &err), 0);
	int r = platform_choose(&index, &wanted, &err);
	if (choices[_i].chosen < 0) {
		ck_assert_msg(r == -ENOENT, "%s of %s: %d", choices[_i].wanted,
			      choices[_i].entries, r);
		ck_assert(strstr(err.text, "it has no image for") != NULL);
	} else {
		ck_assert_msg(r == choices[_i].chosen, "%s of %s: %d",
			      choices[_i].wanted, choices[_i].entries, r);
	}
}
END_TEST

START_TEST(machines_have_the_words_of_an_index)
{
	struct platform p;

	platform_from_machine(machines[_i].machine, machines[_i].level, &p);
	ck_assert_str_eq(p.os, "linux");
	ck_assert_str_eq(p.architecture, machines[_i].architecture);
	ck_assert_str_eq(p.variant, machines[_i].variant);
}
END_TEST

START_TEST(this_machine_is_the_one_that_the_store_knows)
{
	struct platform p;

	platform_of_machine(&p);
	ck_assert_str_eq(p.architecture, manifest_architecture());
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("platform");

	tcase_add_loop_test(tests, platforms_are_read_as_they_are_typed, 0,
			    ARRAY_SIZE(typed));
	tcase_add_loop_test(tests, the_right_image_is_chosen, 0,
			    ARRAY_SIZE(choices));
	tcase_add_loop_test(tests, machines_have_the_words_of_an_index, 0,
			    ARRAY_SIZE(machines));
	tcase_add_test(tests, this_machine_is_the_one_that_the_store_knows);
	return suite_run("platform", tests);
}
