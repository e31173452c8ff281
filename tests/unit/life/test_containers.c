#include "core/containers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/path.h"
#include "core/state.h"
#include "tests/unit/images/suite.h"

static char top[] = "/tmp/test_containers.XXXXXX";
static struct store store;

static void open_store(void)
{
	struct error err = { 0 };

	ck_assert_ptr_nonnull(mkdtemp(top));
	scoped(char) *path = xasprintf("%s/store", top);
	ck_assert_msg(store_open(&store, path, &err) == 0, "%s", err.text);
}

static void remove_store(void)
{
	struct error err;

	store_close(&store);
	ck_assert_int_eq(path_remove_tree(AT_FDCWD, top, &err), 0);
}

/* 64 digits that begin with @digits */
static const char *id_of(const char *digits)
{
	static char id[65];

	snprintf(id, sizeof(id), "%s%.*s", digits, (int)(64 - strlen(digits)),
		 "0000000000000000000000000000000000000000000000000000000000"
		 "000000");
	return id;
}

/* one as a launcher makes it: it lives until state_close() */
static struct state create(const char *digits, const char *name,
			   enum phase phase, bool keep)
{
	static uint64_t age;
	struct state state = STATE_NONE;
	struct error err = { 0 };
	struct record record = { .id = xstrdup(id_of(digits)),
				 .name = xstrdup(name),
				 .image = xstrdup(""),
				 .command = xstrdup("sh"),
				 .cause = xstrdup(""),
				 .message = xstrdup(""),
				 .created_ns = ++age,
				 .phase = phase,
				 .exit_code = 3 };

	ck_assert_msg(state_create(&state, &store, record.id, name, &err) == 0,
		      "%s", err.text);
	ck_assert_int_eq(record_write(state.dirfd, &record, &err), 0);
	if (keep)
		ck_assert_int_eq(state_keep(&state, &err), 0);
	record_free(&record);
	return state;
}

static void create_ended(const char *digits, const char *name)
{
	struct state state = create(digits, name, PHASE_EXITED, true);

	state_close(&state);
}

/* the name of what is found, or the error's number */
static const char *find(const char *name)
{
	static char found[256];
	struct container container = { 0 };
	struct error err = { 0 };
	int r = container_find(&store, name, &container, &err);

	if (r < 0)
		snprintf(found, sizeof(found), "%s", strerrorname_np(-r));
	else
		snprintf(found, sizeof(found), "%s", container.record.name);
	container_free(&container);
	return found;
}

START_TEST(a_container_is_found_by_name_id_and_beginning)
{
	create_ended("abc1", "web");
	create_ended("abd2", "db");
	create_ended("1234", "feed");
	ck_assert_str_eq(find("web"), "web");
	ck_assert_str_eq(find(id_of("abd2")), "db");
	ck_assert_str_eq(find("abc"), "web");
	ck_assert_str_eq(find("abd"), "db");
	ck_assert_str_eq(find("1"), "feed");
	ck_assert_str_eq(find("ab"), "ENOTUNIQ");
	ck_assert_str_eq(find("a"), "ENOTUNIQ");
}
END_TEST

START_TEST(a_name_goes_before_the_beginning_of_an_id)
{
	create_ended("feed", "one");
	create_ended("1234", "feed");
	ck_assert_str_eq(find("feed"), "feed");
	ck_assert_str_eq(find("fee"), "one");
	ck_assert_str_eq(find(id_of("feed")), "one");
}
END_TEST

START_TEST(three_that_begin_the_same_are_as_bad_as_two)
{
	create_ended("a1", "one");
	create_ended("a2", "two");
	create_ended("a3", "three");
	ck_assert_str_eq(find("a"), "ENOTUNIQ");
}
END_TEST

static const char *const strange[] = {
	"",
	".",
	"..",
	"/",
	"../containers",
	".guard",
	"A",
	"we",
	"web/",
	"web\n",
	"ABC1",
	"abc1x",
	"*",
	"%s",
	"\xff",
	"abc1/lock",
	"0000000000000000000000000000000000000000000000000000000000000000000",
};

START_TEST(what_nobody_is_called_is_not_found)
{
	create_ended("abc1", "web");
	ck_assert_msg(strcmp(find(strange[_i]), "ENOENT") == 0, "\"%s\": %s",
		      strange[_i], find(strange[_i]));
}
END_TEST

START_TEST(a_similar_name_is_in_the_hint)
{
	struct container container;
	struct error err = { 0 };

	create_ended("abc1", "webserver");
	ck_assert_int_eq(container_find(&store, "webservr", &container, &err),
			 -ENOENT);
	ck_assert_str_eq(err.text, "there is no container \"webservr\"");
	ck_assert_str_eq(err.hint, "did you mean webserver?");
}
END_TEST

START_TEST(that_it_runs_is_a_lock_and_not_a_word)
{
	struct state live = create("a1", "live", PHASE_CREATED, false);
	struct state dead = create("a2", "dead", PHASE_RUNNING, true);
	struct container container = { 0 };
	struct error err = { 0 };

	state_close(&dead);
	ck_assert_int_eq(container_find(&store, "live", &container, &err), 0);
	ck_assert(container.alive);
	container_free(&container);
	ck_assert_int_eq(container_find(&store, "dead", &container, &err), 0);
	ck_assert(!container.alive);
	/* its launcher could not write down how it ended */
	ck_assert_int_eq(container.record.phase, PHASE_EXITED);
	ck_assert_int_eq(container.record.exit_code, 137);
	ck_assert_int_eq(container.record.signal, 9);
	ck_assert_str_eq(container.record.cause, CAUSE_LAUNCHER);
	container_free(&container);
	state_close(&live);
}
END_TEST

START_TEST(how_it_ended_is_what_was_written)
{
	struct container container = { 0 };
	struct error err = { 0 };

	create_ended("a1", "ended");
	ck_assert_int_eq(container_find(&store, "ended", &container, &err), 0);
	ck_assert_int_eq(container.record.phase, PHASE_EXITED);
	ck_assert_int_eq(container.record.exit_code, 3);
	ck_assert_int_eq(container.record.signal, 0);
	container_free(&container);
}
END_TEST

/* the next command that sweeps removes it */
START_TEST(one_that_is_dead_and_not_kept_is_not_there)
{
	struct state state = create("a1", "gone", PHASE_RUNNING, false);
	struct container *list = NULL;
	struct error err;
	size_t n = 7;

	state_close(&state);
	ck_assert_str_eq(find("gone"), "ENOENT");
	ck_assert_str_eq(find("a1"), "ENOENT");
	ck_assert_int_eq(container_list(&store, &list, &n, &err), 0);
	ck_assert_uint_eq(n, 0);
	containers_free(list, n);
}
END_TEST

START_TEST(all_are_listed_the_newest_first)
{
	struct container *list = NULL;
	struct error err;
	char digits[8], name[8];
	size_t n = 0;

	for (int i = 0; i < 40; i++) {
		snprintf(digits, sizeof(digits), "%x", 0x100 + i);
		snprintf(name, sizeof(name), "n%d", i);
		create_ended(digits, name);
	}
	/* what is none is left out */
	ck_assert_int_eq(mkdirat(store.dirfd, "containers/empty", 0700), 0);
	close(openat(store.dirfd, "containers/file",
		     O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	ck_assert_int_eq(symlinkat(".", store.dirfd, "containers/link"), 0);
	ck_assert_msg(container_list(&store, &list, &n, &err) == 0, "%s",
		      err.text);
	ck_assert_uint_eq(n, 40);
	ck_assert_str_eq(list[0].record.name, "n39");
	ck_assert_str_eq(list[39].record.name, "n0");
	containers_free(list, n);
}
END_TEST

START_TEST(one_whose_record_is_damaged_can_be_seen_and_removed)
{
	struct container container = { 0 };
	struct error err = { 0 };
	struct state state = create("a1", "bad", PHASE_EXITED, true);

	scoped_fd fd __attribute__((unused)) = openat(
		state.dirfd, "status.json", O_WRONLY | O_TRUNC | O_CLOEXEC);
	state_close(&state);
	ck_assert_int_eq(container_find(&store, "bad", &container, &err), 0);
	ck_assert_str_eq(container.record.id, id_of("a1"));
	ck_assert_ptr_nonnull(strstr(container.record.message, "status.json"));
	ck_assert_int_eq(container.record.phase, PHASE_EXITED);
	container_free(&container);
}
END_TEST

START_TEST(its_directory_is_opened_by_its_id_only)
{
	struct error err;

	create_ended("a1", "one");
	scoped_fd fd = container_open(&store, id_of("a1"), &err);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(container_open(&store, id_of("b"), &err), -ENOENT);
	ck_assert_int_eq(symlinkat(id_of("a1"), store.dirfd, "containers/link"),
			 0);
	ck_assert_int_lt(container_open(&store, "link", &err), 0);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("containers");

	tcase_add_checked_fixture(tests, open_store, remove_store);
	tcase_set_timeout(tests, 30);
	tcase_add_test(tests, a_container_is_found_by_name_id_and_beginning);
	tcase_add_test(tests, a_name_goes_before_the_beginning_of_an_id);
	tcase_add_test(tests, three_that_begin_the_same_are_as_bad_as_two);
	tcase_add_loop_test(tests, what_nobody_is_called_is_not_found, 0,
			    (int)ARRAY_SIZE(strange));
	tcase_add_test(tests, a_similar_name_is_in_the_hint);
	tcase_add_test(tests, that_it_runs_is_a_lock_and_not_a_word);
	tcase_add_test(tests, how_it_ended_is_what_was_written);
	tcase_add_test(tests, one_that_is_dead_and_not_kept_is_not_there);
	tcase_add_test(tests, all_are_listed_the_newest_first);
	tcase_add_test(tests,
		       one_whose_record_is_damaged_can_be_seen_and_removed);
	tcase_add_test(tests, its_directory_is_opened_by_its_id_only);
	return suite_run("containers", tests);
}
