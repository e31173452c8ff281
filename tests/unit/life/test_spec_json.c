#include "core/spec_json.h"

#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "tests/unit/images/suite.h"
#include "tests/unit/life/sample.h"

static char *text_of(const struct spec *spec)
{
	scoped_json *object = spec_to_json(spec);

	return json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
}

static int read_text(const char *text, struct spec *ret, struct error *err)
{
	scoped_json *object = NULL;
	int r = json_parse(text, strlen(text), "spec.json", &object, err);

	return r < 0 ? r : spec_from_json(object, ret, err);
}

static void check_lists(const struct strv *a, const struct strv *b,
			const char *name)
{
	ck_assert_msg(a->n == b->n, "%s: %zu, not %zu", name, b->n, a->n);
	for (size_t i = 0; i < a->n; i++)
		ck_assert_msg(strcmp(a->v[i], b->v[i]) == 0, "%s %zu: %s", name,
			      i, b->v[i]);
}

static void check_maps(const struct idmap *a, const struct idmap *b,
		       const char *name)
{
	ck_assert_msg(a->n == b->n && a->n > 0, "%s: %zu", name, b->n);
	ck_assert_msg(memcmp(a->extents, b->extents,
			     a->n * sizeof(a->extents[0])) == 0,
		      "%s", name);
}

static void check_mounts(const struct spec *a, const struct spec *b)
{
	ck_assert_uint_eq(a->n_mounts, b->n_mounts);
	for (size_t i = 0; i < a->n_mounts; i++) {
		const struct spec_mount *x = &a->mounts[i], *y = &b->mounts[i];
		ck_assert_int_eq(x->kind, y->kind);
		ck_assert_pstr_eq(x->source, y->source);
		ck_assert_str_eq(x->target, y->target);
		ck_assert(x->read_only == y->read_only && x->exec == y->exec &&
			  x->no_recurse == y->no_recurse &&
			  x->symlinks == y->symlinks);
		ck_assert_uint_eq(x->size, y->size);
		ck_assert_uint_eq(x->mode, y->mode);
	}
}

static void check_rlimits(const struct spec *a, const struct spec *b)
{
	ck_assert_uint_eq(a->n_rlimits, b->n_rlimits);
	ck_assert_mem_eq(a->rlimits, b->rlimits,
			 a->n_rlimits * sizeof(a->rlimits[0]));
}

/* each one on its own, so that a field that both directions forget is seen */
static void check_equal(const struct spec *a, const struct spec *b)
{
#define TEXT(field)   ck_assert_pstr_eq(a->field, b->field)
#define NUMBER(field) ck_assert_msg(a->field == b->field, "%s", #field)
#define LIST(field)   check_lists(&a->field, &b->field, #field)
#define MAP(field)    check_maps(&a->field, &b->field, #field)
	TEXT(id);
	TEXT(name);
	TEXT(hostname);
	LIST(labels);
	NUMBER(created_ns);
	NUMBER(remove);
	NUMBER(stop_timeout_ms);
	NUMBER(restart);
	NUMBER(restart_max);
	LIST(argv);
	NUMBER(entrypoint_words);
	LIST(env);
	TEXT(workdir);
	TEXT(user.text);
	LIST(user.groups);
	NUMBER(stop_signal);
	NUMBER(timeout_ms);
	NUMBER(tty);
	NUMBER(interactive);
	NUMBER(stdin_once);
	NUMBER(log.none);
	NUMBER(log.max_size);
	NUMBER(log.max_file);
	NUMBER(pid1);
	NUMBER(keep);
	NUMBER(rootfs);
	NUMBER(driver);
	TEXT(image);
	TEXT(image_digest);
	TEXT(rootfs_dir);
	LIST(layers);
	NUMBER(whiteout_files);
	NUMBER(squash);
	NUMBER(read_only);
	NUMBER(shm_size);
	NUMBER(userns);
	NUMBER(capabilities);
	NUMBER(no_new_privileges);
	NUMBER(seccomp);
	NUMBER(landlock);
	NUMBER(masks);
	LIST(mask);
	LIST(unmask);
	NUMBER(network);
	NUMBER(pids_limit);
	MAP(outer_uids);
	MAP(outer_gids);
	MAP(inner_uids);
	MAP(inner_gids);
	check_mounts(a, b);
	check_rlimits(a, b);
#undef TEXT
#undef NUMBER
#undef LIST
#undef MAP
}

START_TEST(every_field_comes_back)
{
	struct spec spec, again;
	struct error err = { 0 };

	sample_spec(&spec);
	scoped(char) *text = text_of(&spec);
	ck_assert_msg(read_text(text, &again, &err) == 0, "%s", err.text);
	check_equal(&spec, &again);
	scoped(char) *same = text_of(&again);
	ck_assert_str_eq(text, same);
	spec_free(&spec);
	spec_free(&again);
}
END_TEST

START_TEST(what_is_absent_stays_absent)
{
	struct spec spec, again;
	struct error err = { 0 };

	sample_spec(&spec);
	free(take_ptr(spec.image));
	free(take_ptr(spec.image_digest));
	free(take_ptr(spec.rootfs_dir));
	free(take_ptr(spec.user.text));
	strv_free(&spec.labels);
	strv_free(&spec.env);
	for (size_t i = 0; i < spec.n_mounts; i++) {
		free(spec.mounts[i].source);
		free(spec.mounts[i].target);
	}
	spec.n_mounts = spec.n_rlimits = 0;
	scoped(char) *text = text_of(&spec);
	ck_assert_msg(read_text(text, &again, &err) == 0, "%s", err.text);
	ck_assert_ptr_null(again.image);
	ck_assert_ptr_null(again.user.text);
	ck_assert_uint_eq(again.labels.n, 0);
	ck_assert_uint_eq(again.n_mounts, 0);
	ck_assert_uint_eq(again.n_rlimits, 0);
	spec_free(&spec);
	spec_free(&again);
}
END_TEST

START_TEST(every_name_of_an_enum_comes_back)
{
	struct spec spec, again;
	struct error err = { 0 };

	sample_spec(&spec);
	for (int i = 0; i < 4; i++) {
		spec.restart = (enum restart)i;
		/* of all roots and drivers some do not go together */
		spec.driver = i == 3 ? DRIVER_FUSE_OVERLAYFS : (enum driver)i;
		spec.rootfs = (enum rootfs_kind)i;
		spec.read_only = false;
		spec.userns = (enum userns_mode)(i + 1);
		spec.network = (enum network_mode)(i % 2);
		spec.seccomp = (enum seccomp_mode)(i % 2);
		scoped(char) *text = text_of(&spec);
		ck_assert_msg(read_text(text, &again, &err) == 0, "%s",
			      err.text);
		check_equal(&spec, &again);
		spec_free(&again);
	}
	spec_free(&spec);
}
END_TEST

START_TEST(what_concerns_only_one_start_is_not_kept)
{
	struct spec spec, again;
	struct error err = { 0 };

	sample_spec(&spec);
	spec.status_fd = 9;
	spec.quiet = spec.debug = true;
	scoped(char) *text = text_of(&spec);
	ck_assert_int_eq(read_text(text, &again, &err), 0);
	ck_assert_int_eq(again.status_fd, -1);
	ck_assert(!again.quiet && !again.debug);
	spec_free(&spec);
	spec_free(&again);
}
END_TEST

/* clang-format off */
/* a good one with one member changed: what is said of it */
static const struct {
	const char *key, *value; /* NULL: the member is taken away */
	int code;
	const char *message;
} bad[] = {
	{ "format", NULL,       EINVAL,  "\"format\" is missing" },
	{ "format", "0",        EINVAL,  "\"format\" is missing" },
	{ "format", "2",        ENOTSUP, "a newer version of wolffia" },
	{ "format", "9007199254740993", ENOTSUP, "a newer version" },
	{ "format", "-1",       EINVAL,  "format" },
	{ "format", "\"1\"",    EINVAL,  "format" },
	{ "format", "1.0",      EINVAL,  "format" },
	{ "id", NULL,           EINVAL,  "64 hexadecimal digits" },
	{ "id", "\"../../x\"",  EINVAL,  "64 hexadecimal digits" },
	{ "id", "7",            EINVAL,  "id" },
	{ "id", "{\"hex\": \"6\"}",    EINVAL, "id" },
	{ "id", "{\"hex\": \"zz\"}",   EINVAL, "id" },
	{ "id", "{\"hex\": \"6100\"}", EINVAL, "id" },
	{ "id", "{\"hex\": 61}",       EINVAL, "id" },
	{ "id", "[]",           EINVAL,  "id" },
	{ "name", "\"a/b\"",    EINVAL,  "cannot be a container's name" },
	{ "name", NULL,         EINVAL,  "cannot be a container's name" },
	{ "hostname", "\"a b\"", EINVAL, "host name" },
	{ "labels", "[\"x\"]",  EINVAL,  "not KEY=VALUE" },
	{ "labels", "\"a=b\"",  EINVAL,  "labels" },
	{ "labels", "[1]",      EINVAL,  "labels" },
	{ "argv", NULL,         EINVAL,  "no command" },
	{ "argv", "[]",         EINVAL,  "no command" },
	{ "argv", "[\"\"]",     EINVAL,  "empty" },
	{ "argv", "[null]",     EINVAL,  "argv" },
	{ "argv", "{}",         EINVAL,  "argv" },
	{ "entrypoint_words", "99", EINVAL, "99 words" },
	{ "entrypoint_words", "-1", EINVAL, "entrypoint_words" },
	{ "env", "[\"A\"]",     EINVAL,  "not NAME=VALUE" },
	{ "workdir", "\"x\"",   EINVAL,  "working directory" },
	{ "workdir", "\"/a/../b\"", EINVAL, "working directory" },
	{ "workdir", NULL,      EINVAL,  "working directory" },
	{ "user", "\"4294967295\"", ERANGE, "user" },
	{ "groups", "[\"\"]",   EINVAL,  "group" },
	{ "stop_signal", "0",   EINVAL,  "stop signal" },
	{ "stop_signal", "65",  EINVAL,  "stop signal" },
	{ "stop_signal", "4294967311", EINVAL, "stop_signal" },
	{ "stop_timeout_ms", "-2", EINVAL, "stop_timeout_ms" },
	{ "restart", "\"sometimes\"", EINVAL, "sometimes" },
	{ "restart", "2",       EINVAL,  "restart" },
	{ "restart_max", "4294967296", ERANGE, "restart_max" },
	{ "tty", "1",           EINVAL,  "tty" },
	{ "tty", "\"true\"",    EINVAL,  "tty" },
	{ "rootfs", "\"image2\"", EINVAL, "image2" },
	{ "driver", "\"\"",     EINVAL,  "driver" },
	{ "layers", "[]",       EINVAL,  "no layers" },
	{ "layers", "[\"x\"]",  EINVAL,  "layer" },
	{ "shm_size", "0",      EINVAL,  "/dev/shm" },
	{ "shm_size", "-1",     EINVAL,  "/dev/shm" },
	{ "shm_size", "1e3",    EINVAL,  "shm_size" },
	{ "userns", "\"root\"", EINVAL,  "root" },
	{ "seccomp", "\"none\"", EINVAL, "none" },
	{ "network", "\"all\"", EINVAL,  "all" },
	{ "pids_limit", "4194305", EINVAL, "processes" },
	{ "pids_limit", "-1",   EINVAL,  "pids_limit" },
	{ "mask", "[\"x\"]",    EINVAL,  "not absolute" },
	{ "mounts", "{}",       EINVAL,  "mounts" },
	{ "mounts", "[1]",      EINVAL,  "" },
	{ "mounts", "[{}]",     EINVAL,  "" },
	{ "mounts", "[{\"kind\":\"bind\",\"source\":\"/a\",\"target\":\"/proc\"}]", EPERM, "/proc" },
	{ "mounts", "[{\"kind\":\"bind\",\"source\":\"a\",\"target\":\"/a\"}]", EINVAL, "source" },
	{ "mounts", "[{\"kind\":\"disk\",\"source\":\"/a\",\"target\":\"/a\"}]", EINVAL, "disk" },
	{ "mounts", "[{\"kind\":\"tmpfs\",\"target\":\"/a\",\"mode\":4096}]", EINVAL, "mode" },
	{ "mounts", "[{\"kind\":\"tmpfs\",\"target\":\"/a\"},{\"kind\":\"tmpfs\",\"target\":\"/a\"}]", EINVAL, "two mounts" },
	{ "rlimits", "[[7,1]]", EINVAL,  "rlimits" },
	{ "rlimits", "[[7,1,2,3]]", EINVAL, "rlimits" },
	{ "rlimits", "[[99,1,2]]", EINVAL, "resource 99" },
	{ "rlimits", "[[7,2,1]]", EINVAL, "above the hard" },
	{ "rlimits", "[[7,1,2],[7,1,2]]", EINVAL, "twice" },
	{ "rlimits", "[\"7\"]", EINVAL,  "rlimits" },
	{ "outer_uids", "[[0,0]]", EINVAL, "outer_uids" },
	{ "outer_uids", "[[0,0,0]]", EINVAL, "outer_uids" },
	{ "outer_uids", "[[-1,0,1]]", EINVAL, "outer_uids" },
	{ "outer_uids", "[[4294967295,0,1]]", EINVAL, "outer_uids" },
	{ "outer_uids", "[[4294967290,0,100]]", ERANGE, "outer_uids" },
	{ "outer_uids", "[[0,0,10],[5,50,10]]", EEXIST, "outer_uids" },
	{ "inner_gids", "\"x\"", EINVAL, "inner_gids" },
};
/* clang-format on */

START_TEST(what_is_damaged_is_refused_with_a_reason)
{
	struct spec spec, again = { .id = (char *)"untouched" };
	struct error err = { 0 };

	sample_spec(&spec);
	scoped_json *object = spec_to_json(&spec);
	if (bad[_i].value)
		json_object_set_new(
			object, bad[_i].key,
			json_loads(bad[_i].value, JSON_DECODE_ANY, NULL));
	else
		json_object_del(object, bad[_i].key);
	int r = spec_from_json(object, &again, &err);
	ck_assert_msg(r == -bad[_i].code, "%s %s: %d %s", bad[_i].key,
		      bad[_i].value, r, err.text);
	ck_assert_int_eq(err.code, bad[_i].code);
	ck_assert_msg(strstr(err.text, bad[_i].message), "%s %s: %s",
		      bad[_i].key, bad[_i].value, err.text);
	ck_assert_str_eq(again.id, "untouched");
	spec_free(&spec);
}
END_TEST

/* one that a crash has cut off, or that somebody edited */
START_TEST(no_part_of_a_good_text_is_taken_for_a_spec)
{
	struct spec spec, again = { 0 };
	struct error err;

	sample_spec(&spec);
	scoped(char) *text = text_of(&spec);
	for (size_t n = strlen(text); n-- > 0;) {
		text[n] = '\0';
		ck_assert_int_eq(read_text(text, &again, &err), -EINVAL);
	}
	spec_free(&spec);
}
END_TEST

START_TEST(any_member_may_be_of_another_type_without_harm)
{
	static const char *const values[] = { "null", "true", "-1",    "[]",
					      "{}",   "\"\"", "[[[]]]" };
	struct spec spec, again;
	struct error err;
	const char *key;
	json_t *old;

	sample_spec(&spec);
	scoped_json *object = spec_to_json(&spec);
	json_object_foreach (object, key, old) {
		scoped_json *changed = json_copy(object);
		json_object_set_new(
			changed, key,
			json_loads(values[_i], JSON_DECODE_ANY, NULL));
		/* taken as missing, or refused: but never both or neither */
		int r = spec_from_json(changed, &again, &err);
		if (r == 0)
			spec_free(&again);
		else
			ck_assert_msg(*err.text, "%s", key);
	}
	spec_free(&spec);
}
END_TEST

START_TEST(what_is_no_object_is_refused)
{
	static const char *const texts[] = {
		"",     "null",  "[]",
		"7",    "\"x\"", "{} x",
		"{",    "{}",    "{\"format\": 1, \"format\": 1}",
		"\xff", "[[[[[["
	};
	struct spec spec = { 0 };
	struct error err;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		ck_assert_msg(read_text(texts[i], &spec, &err) == -EINVAL, "%s",
			      texts[i]);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("spec_json");

	tcase_add_test(tests, every_field_comes_back);
	tcase_add_test(tests, what_is_absent_stays_absent);
	tcase_add_test(tests, every_name_of_an_enum_comes_back);
	tcase_add_test(tests, what_concerns_only_one_start_is_not_kept);
	tcase_add_loop_test(tests, what_is_damaged_is_refused_with_a_reason, 0,
			    (int)ARRAY_SIZE(bad));
	tcase_add_test(tests, no_part_of_a_good_text_is_taken_for_a_spec);
	tcase_add_loop_test(
		tests, any_member_may_be_of_another_type_without_harm, 0, 7);
	tcase_add_test(tests, what_is_no_object_is_refused);
	tcase_set_timeout(tests, 60);
	return suite_run("spec_json", tests);
}
