#include "core/record.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/path.h"
#include "tests/unit/images/suite.h"
#include "tests/unit/life/sample.h"

static char top[] = "/tmp/test_record.XXXXXX";
static int dir = -1;

static void make_directory(void)
{
	ck_assert_ptr_nonnull(mkdtemp(top));
	dir = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(dir, 0);
}

static void remove_directory(void)
{
	struct error err;

	fd_close(&dir);
	ck_assert_int_eq(path_remove_tree(AT_FDCWD, top, &err), 0);
}

static void sample_record(struct record *ret)
{
	struct spec spec;

	sample_spec(&spec);
	record_of(&spec, ret);
	spec_free(&spec);
	ret->phase = PHASE_PAUSED;
	ret->pid = 4711;
	ret->launcher_pid = 4700;
	ret->started_ns = 1700000001000000001ull;
	ret->finished_ns = 1700000002000000002ull;
	ret->exit_code = 137;
	ret->signal = 9;
	free(ret->cause);
	ret->cause = xstrdup(CAUSE_OOM);
	free(ret->message);
	ret->message = xstrdup("what went wrong: \xff\n");
	ret->restarts = 4000000000u;
}

static void put(const char *name, const char *text, size_t size)
{
	scoped_fd fd = openat(dir, name,
			      O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	struct error err;

	ck_assert_int_eq(fd_write_all(fd, text, size, &err), 0);
}

START_TEST(a_record_is_made_of_the_spec)
{
	struct record record;
	struct spec spec;

	sample_spec(&spec);
	record_of(&spec, &record);
	ck_assert_str_eq(record.id, SAMPLE_ID);
	ck_assert_str_eq(record.name, "web");
	ck_assert_str_eq(record.image, "docker.io/library/x:1");
	ck_assert_str_eq(record.command, "/bin/prog  a b\n\"\\ \xff\x80\xc3 "
					 "\xc3\xa9 \xe2\x82\xac");
	ck_assert_uint_eq(record.labels.n, 2);
	/* a source as it is, of a volume its name; a tmpfs has none */
	ck_assert_uint_eq(record.mounts.n, 2);
	ck_assert_str_eq(record.mounts.v[0], "/src/\xff\xfe");
	ck_assert_str_eq(record.mounts.v[1], "v");
	ck_assert_int_eq(record.phase, PHASE_CREATED);
	ck_assert(record.removes && record.tty);
	ck_assert_str_eq(record.cause, "");
	record_free(&record);
	/* what it is made of, when there is no image */
	free(take_ptr(spec.image));
	record_of(&spec, &record);
	ck_assert_str_eq(record.image, "/dir");
	record_free(&record);
	spec.rootfs = ROOTFS_HOST;
	record_of(&spec, &record);
	ck_assert_str_eq(record.image, "@host");
	record_free(&record);
	spec_free(&spec);
}
END_TEST

START_TEST(a_long_command_is_shown_in_part)
{
	struct spec spec;
	struct record record;

	sample_spec(&spec);
	for (int i = 0; i < 100000; i++)
		strv_add(&spec.argv, "argument");
	record_of(&spec, &record);
	ck_assert_uint_ge(strlen(record.command), 4096);
	ck_assert_uint_le(strlen(record.command), 4096 + 16);
	record_free(&record);
	spec_free(&spec);
}
END_TEST

START_TEST(every_field_comes_back)
{
	struct record record, again;
	struct error err = { 0 };
	struct stat st;

	sample_record(&record);
	ck_assert_msg(record_write(dir, &record, &err) == 0, "%s", err.text);
	ck_assert_msg(record_read(dir, &again, &err) == 0, "%s", err.text);
	ck_assert_str_eq(record.id, again.id);
	ck_assert_str_eq(record.name, again.name);
	ck_assert_str_eq(record.image, again.image);
	ck_assert_str_eq(record.command, again.command);
	ck_assert_str_eq(record.cause, again.cause);
	ck_assert_str_eq(record.message, again.message);
	ck_assert_uint_eq(again.labels.n, 2);
	ck_assert_str_eq(record.labels.v[1], again.labels.v[1]);
	ck_assert_uint_eq(again.mounts.n, 2);
	ck_assert_str_eq(record.mounts.v[0], again.mounts.v[0]);
	ck_assert_uint_eq(record.created_ns, again.created_ns);
	ck_assert_uint_eq(record.started_ns, again.started_ns);
	ck_assert_uint_eq(record.finished_ns, again.finished_ns);
	ck_assert_int_eq(record.phase, again.phase);
	ck_assert_int_eq(record.pid, again.pid);
	ck_assert_int_eq(record.launcher_pid, again.launcher_pid);
	ck_assert_int_eq(record.exit_code, again.exit_code);
	ck_assert_int_eq(record.signal, again.signal);
	ck_assert_uint_eq(record.restarts, again.restarts);
	ck_assert(again.removes && again.tty);
	/* nobody else reads it, and nothing is left of its making */
	ck_assert_int_eq(fstatat(dir, "status.json", &st, 0), 0);
	ck_assert_int_eq(st.st_mode, S_IFREG | 0600);
	ck_assert_int_lt(faccessat(dir, "status.json.new", F_OK, 0), 0);
	record_free(&record);
	record_free(&again);
}
END_TEST

START_TEST(what_was_there_is_replaced_whole)
{
	struct record record, again;
	struct error err = { 0 };

	sample_record(&record);
	/* what a crash left, and a link to somebody else's file */
	put("other", "precious", 8);
	put("status.json.new", "half", 4);
	ck_assert_int_eq(record_write(dir, &record, &err), 0);
	unlinkat(dir, "status.json", 0);
	ck_assert_int_eq(symlinkat("other", dir, "status.json"), 0);
	ck_assert_int_eq(record_write(dir, &record, &err), 0);
	ck_assert_int_eq(record_read(dir, &again, &err), 0);
	record_free(&again);
	ck_assert_int_eq(symlinkat("other", dir, "status.json.new"), 0);
	ck_assert_int_eq(record_write(dir, &record, &err), -ELOOP);
	ck_assert_ptr_nonnull(strstr(err.text, "status.json"));
	scoped(char) *text = NULL;
	ck_assert_int_eq(fd_read_file(dir, "other", 100, &text, &err), 8);
	ck_assert_str_eq(text, "precious");
	record_free(&record);
}
END_TEST

START_TEST(the_spec_and_the_digest_of_its_image_are_files)
{
	struct spec spec, again;
	struct error err = { 0 };
	scoped(char) *digest = NULL;

	sample_spec(&spec);
	ck_assert_int_eq(record_write_spec(NULL, false, dir, &spec, &err), 0);
	ck_assert_int_eq(record_read_spec(dir, &again, &err), 0);
	ck_assert_str_eq(again.id, SAMPLE_ID);
	ck_assert_int_gt(fd_read_file(dir, "image", 100, &digest, &err), 0);
	ck_assert_str_eq(digest, "sha256:abc\n");
	spec_free(&again);
	/* a directory has no image that must not be collected */
	unlinkat(dir, "image", 0);
	free(take_ptr(spec.image_digest));
	ck_assert_int_eq(record_write_spec(NULL, false, dir, &spec, &err), 0);
	ck_assert_int_lt(faccessat(dir, "image", F_OK, 0), 0);
	spec_free(&spec);
}
END_TEST

START_TEST(a_file_that_is_not_there_is_said_so)
{
	struct record record = { .pid = 7 };
	struct spec spec = { .pids_limit = 7 };
	struct error err;

	ck_assert_int_eq(record_read(dir, &record, &err), -ENOENT);
	ck_assert_ptr_nonnull(strstr(err.text, "status.json"));
	ck_assert_int_eq(record.pid, 7);
	ck_assert_int_eq(record_read_spec(dir, &spec, &err), -ENOENT);
	ck_assert_ptr_nonnull(strstr(err.text, "spec.json"));
	ck_assert_uint_eq(spec.pids_limit, 7);
}
END_TEST

/* clang-format off */
static const struct {
	const char *key, *value; /* NULL: the member is taken away */
} bad[] = {
	{ "id", NULL },       { "id", "7" },         { "id", "null" },
	{ "name", NULL },     { "name", "[]" },      { "command", NULL },
	{ "image", NULL },    { "image", "{}" },     { "cause", NULL },
	{ "message", NULL },  { "message", "1" },
	{ "labels", "{}" },   { "labels", "[1]" },   { "mounts", "\"x\"" },
	{ "phase", "-1" },    { "phase", "5" },      { "phase", "\"running\"" },
	{ "phase", "4294967296" },
	{ "pid", "true" },    { "pid", "2147483648" }, { "pid", "1.5" },
	{ "launcher_pid", "\"1\"" },
	{ "created_ns", "-1" }, { "started_ns", "1e9" }, { "finished_ns", "[]" },
	{ "exit_code", "\"0\"" }, { "signal", "{}" }, { "restarts", "-1" },
	{ "removes", "0" },   { "tty", "\"no\"" },
};
/* clang-format on */

START_TEST(what_is_damaged_is_refused_with_a_reason)
{
	struct record record, again = { .pid = 7 };
	struct error err = { 0 };

	sample_record(&record);
	scoped_json *object = record_to_json(&record);
	if (bad[_i].value)
		json_object_set_new(
			object, bad[_i].key,
			json_loads(bad[_i].value, JSON_DECODE_ANY, NULL));
	else
		json_object_del(object, bad[_i].key);
	ck_assert_msg(record_from_json(object, &again, &err) == -EINVAL,
		      "%s %s", bad[_i].key, bad[_i].value);
	ck_assert_msg(strstr(err.text, bad[_i].key), "%s %s: %s", bad[_i].key,
		      bad[_i].value, err.text);
	ck_assert_int_eq(again.pid, 7);
	record_free(&record);
}
END_TEST

START_TEST(no_part_of_a_good_file_is_taken_for_one)
{
	struct record record, again = { 0 };
	struct error err;

	sample_record(&record);
	scoped_json *object = record_to_json(&record);
	scoped(char) *text = json_dumps(object, JSON_COMPACT);
	for (size_t n = 0; n < strlen(text); n++) {
		put("status.json", text, n);
		ck_assert_int_eq(record_read(dir, &again, &err), -EINVAL);
		ck_assert_ptr_nonnull(strstr(err.text, "status.json"));
	}
	record_free(&record);
}
END_TEST

START_TEST(a_file_that_is_too_long_or_no_file_is_refused)
{
	struct record record = { 0 };
	struct error err;
	size_t size = 17 << 20;
	scoped(char) *blanks = xcalloc(size, 1);

	memset(blanks, ' ', size);
	put("status.json", blanks, size);
	ck_assert_int_eq(record_read(dir, &record, &err), -EFBIG);
	unlinkat(dir, "status.json", 0);
	ck_assert_int_eq(mkdirat(dir, "status.json", 0700), 0);
	ck_assert_int_lt(record_read(dir, &record, &err), 0);
}
END_TEST

START_TEST(each_phase_has_the_name_that_docker_gives_it)
{
	static const char *const names[] = { "created", "running", "paused",
					     "restarting", "exited" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		ck_assert_str_eq(phase_name((enum phase)i), names[i]);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("record");

	tcase_add_checked_fixture(tests, make_directory, remove_directory);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, a_record_is_made_of_the_spec);
	tcase_add_test(tests, a_long_command_is_shown_in_part);
	tcase_add_test(tests, every_field_comes_back);
	tcase_add_test(tests, what_was_there_is_replaced_whole);
	tcase_add_test(tests, the_spec_and_the_digest_of_its_image_are_files);
	tcase_add_test(tests, a_file_that_is_not_there_is_said_so);
	tcase_add_loop_test(tests, what_is_damaged_is_refused_with_a_reason, 0,
			    (int)ARRAY_SIZE(bad));
	tcase_add_test(tests, no_part_of_a_good_file_is_taken_for_one);
	tcase_add_test(tests, a_file_that_is_too_long_or_no_file_is_refused);
	tcase_add_test(tests, each_phase_has_the_name_that_docker_gives_it);
	return suite_run("record", tests);
}
