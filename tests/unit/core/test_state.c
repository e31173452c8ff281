#include "core/state.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/path.h"
#include "core/names.h"
#include "tests/unit/confine/child.h"
#include "tests/unit/images/suite.h"

static char top[] = "/tmp/test_state.XXXXXX";
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
	struct error err = { 0 };

	store_close(&store);
	ck_assert_msg(path_remove_tree(AT_FDCWD, top, &err) == 0, "%s",
		      err.text);
}

static struct state create(const char *id, const char *name)
{
	struct state state = { .dirfd = -1, .lock_fd = -1 };
	struct error err = { 0 };

	ck_assert_msg(state_create(&state, &store, id, name, &err) == 0, "%s",
		      err.text);
	return state;
}

/* the launcher is gone: what it held open is closed */
static void die(struct state *state)
{
	fd_close(&state->lock_fd);
	fd_close(&state->dirfd);
	free(take_ptr(state->path));
	free(take_ptr(state->id));
	free(take_ptr(state->name));
}

static bool exists(const char *format, const char *part)
{
	scoped(char) *path = xasprintf("%s/%s", format, part);

	return faccessat(store.dirfd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool is_container(const char *id)
{
	return exists("containers", id);
}

/* the id that has @name, or "" */
static const char *holder(const char *name)
{
	static char id[128];
	scoped(char) *path = xasprintf("names/%s", name);
	ssize_t n = readlinkat(store.dirfd, path, id, sizeof(id) - 1);

	id[n < 0 ? 0 : n] = '\0';
	return id;
}

static int sweep(void)
{
	struct error err = { 0 };

	return state_sweep(&store, &err);
}

START_TEST(what_is_created_is_private_and_removed_again)
{
	struct state state = create("aaaa", "web");
	struct error err = { 0 };
	struct stat st;

	ck_assert_int_eq(fstat(state.dirfd, &st), 0);
	ck_assert_int_eq(st.st_mode, S_IFDIR | 0700);
	ck_assert_int_eq(fstatat(state.dirfd, "lock", &st, 0), 0);
	ck_assert_int_eq(st.st_mode, S_IFREG | 0600);
	ck_assert_str_eq(holder("web"), "aaaa");
	ck_assert_int_eq(fcntl(state.dirfd, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(fcntl(state.lock_fd, F_GETFD), FD_CLOEXEC);

	ck_assert_msg(state_remove(&state, -1, &err) == 0, "%s", err.text);
	ck_assert(!is_container("aaaa"));
	ck_assert_str_eq(holder("web"), "");
	ck_assert_int_eq(state.dirfd, -1);
	ck_assert_int_eq(state.lock_fd, -1);
	/* once more is nothing */
	ck_assert_int_eq(state_remove(&state, -1, &err), 0);
}
END_TEST

START_TEST(empty_directories_of_overlayfs_go_as_well)
{
	struct state state = create("aaaa", "of-aaaa");
	struct error err = { 0 };

	ck_assert_int_eq(mkdirat(state.dirfd, "upper", 0700), 0);
	ck_assert_int_eq(mkdirat(state.dirfd, "work", 0700), 0);
	ck_assert_int_eq(mkdirat(state.dirfd, "work/work", 0), 0);
	ck_assert_msg(state_remove(&state, -1, &err) == 0, "%s", err.text);
	ck_assert(!is_container("aaaa"));
}
END_TEST

START_TEST(the_same_id_is_not_created_twice)
{
	struct state state = create("aaaa", "of-aaaa"), other;
	struct error err;

	ck_assert_int_eq(state_create(&other, &store, "aaaa", "other", &err),
			 -EEXIST);
	/* and the first one is unharmed */
	ck_assert(exists("containers/aaaa", "lock"));
	state_remove(&state, -1, &err);
}
END_TEST

START_TEST(a_name_of_a_live_container_is_taken)
{
	struct state live = create("aaaa", "web"), other;
	struct error err;

	ck_assert_int_eq(state_create(&other, &store, "bbbb", "web", &err),
			 -EEXIST);
	ck_assert_str_eq(err.text,
			 "the name web is taken by the container aaaa");
	ck_assert_str_eq(holder("web"), "aaaa");
	ck_assert(!is_container("bbbb"));
	state_remove(&live, -1, &err);
	/* now it is free */
	other = create("bbbb", "web");
	ck_assert_str_eq(holder("web"), "bbbb");
	state_remove(&other, -1, &err);
}
END_TEST

/* clang-format off */
/* what the name was a link to, besides a dead container */
static const char *const strange_holders[] = {
	"gone", "../containers/live", "/tmp", ".", "..", ".guard",
};
/* clang-format on */

START_TEST(a_name_of_a_dead_container_is_taken_over)
{
	struct state dead = create("aaaa", "web");
	struct error err;

	die(&dead);
	struct state next = create("bbbb", "web");
	ck_assert_str_eq(holder("web"), "bbbb");
	state_remove(&next, -1, &err);
}
END_TEST

START_TEST(a_name_that_no_container_has_is_taken_over)
{
	struct error err = { 0 };
	struct state live = create("live", "of-live"), next;

	ck_assert_int_eq(
		symlinkat(strange_holders[_i], store.dirfd, "names/web"), 0);
	int r = state_create(&next, &store, "bbbb", "web", &err);
	/* refused with words, or taken over: never somebody else's */
	if (r == 0) {
		ck_assert_str_eq(holder("web"), "bbbb");
		state_remove(&next, -1, &err);
	} else {
		ck_assert(!is_container("bbbb"));
		ck_assert_str_ne(err.text, "");
	}
	ck_assert(exists("containers/live", "lock"));
	state_remove(&live, -1, &err);
}
END_TEST

START_TEST(a_sweep_removes_the_dead_and_leaves_the_living)
{
	struct state live = create("live", "web");
	struct state dead = create("dead", "db"),
		     more = create("more", "of-more");
	struct error err;

	ck_assert_int_eq(sweep(), 0);
	die(&dead);
	die(&more);
	ck_assert_int_eq(sweep(), 2);
	ck_assert(is_container("live"));
	ck_assert_str_eq(holder("web"), "live");
	ck_assert(!is_container("dead"));
	ck_assert(!is_container("more"));
	ck_assert_str_eq(holder("db"), "");
	ck_assert_int_eq(sweep(), 0);
	state_remove(&live, -1, &err);
}
END_TEST

static int create_and_exit(const void *argument)
{
	struct state state;
	struct error err;

	return state_create(&state, &store, argument, "web", &err) == 0 ? 0 : 1;
}

START_TEST(a_launcher_that_ended_without_a_word_is_dead)
{
	ck_assert_int_eq(child_run(create_and_exit, "aaaa"), 0);
	ck_assert(is_container("aaaa"));
	ck_assert_int_eq(sweep(), 1);
	ck_assert(!is_container("aaaa"));
}
END_TEST

static int try_to_sweep(const void *argument)
{
	(void)argument;
	return sweep();
}

START_TEST(a_container_is_alive_for_other_processes_too)
{
	struct state live = create("live", "of-live");
	struct error err;

	ck_assert_int_eq(child_run(try_to_sweep, NULL), 0);
	ck_assert(is_container("live"));
	/* its end in the child closed nothing here */
	ck_assert_int_eq(sweep(), 0);
	state_remove(&live, -1, &err);
}
END_TEST

START_TEST(a_directory_without_a_lock_goes_when_it_is_empty)
{
	ck_assert_int_eq(mkdirat(store.dirfd, "containers/empty", 0700), 0);
	ck_assert_int_eq(mkdirat(store.dirfd, "containers/full", 0700), 0);
	ck_assert_int_eq(mkdirat(store.dirfd, "containers/full/x", 0700), 0);
	ck_assert_int_eq(sweep(), 0);
	ck_assert(!is_container("empty"));
	ck_assert(is_container("full"));
}
END_TEST

START_TEST(what_is_no_directory_is_left_alone_by_a_sweep)
{
	ck_assert_int_eq(mkdirat(store.dirfd, "outside", 0700), 0);
	ck_assert_int_eq(
		symlinkat("../outside", store.dirfd, "containers/link"), 0);
	close(openat(store.dirfd, "outside/lock", O_CREAT | O_WRONLY, 0600));
	close(openat(store.dirfd, "containers/file", O_CREAT | O_WRONLY, 0600));
	ck_assert_int_eq(sweep(), 0);
	ck_assert(exists("outside", "lock"));
	ck_assert(is_container("link"));
	ck_assert(is_container("file"));
}
END_TEST

START_TEST(what_the_container_wrote_is_removed)
{
	struct state state = create("aaaa", "of-aaaa");
	struct outer_ids ids;
	struct error err = { 0 };

	/* root's containers need subordinate ids: see outer_find_ids() */
	if (outer_find_ids(false, &ids, &err) < 0 &&
	    child_skip("no ids to map")) {
		state_remove(&state, -1, &err);
		return;
	}
	ck_assert_int_eq(mkdirat(state.dirfd, "upper", 0700), 0);
	ck_assert_int_eq(mkdirat(state.dirfd, "upper/etc", 0700), 0);
	close(openat(state.dirfd, "upper/etc/x", O_CREAT | O_WRONLY, 0600));
	ck_assert_msg(state_remove(&state, -1, &err) == 0, "%s", err.text);
	ck_assert(!is_container("aaaa"));
}
END_TEST

START_TEST(what_is_kept_outlives_its_launcher)
{
	struct state kept = create("kept", "web"), gone = create("gone", "db");
	struct error err = { 0 };

	ck_assert_int_eq(state_keep(&kept, &err), 0);
	ck_assert_int_eq(state_keep(&kept, &err), 0); /* once more is nothing */
	die(&kept);
	die(&gone);
	ck_assert_int_eq(sweep(), 1);
	ck_assert(is_container("kept"));
	ck_assert(!is_container("gone"));
	ck_assert_str_eq(holder("web"), "kept");
	/* and so does its name */
	ck_assert_int_eq(state_create(&gone, &store, "bbbb", "web", &err),
			 -EEXIST);
	ck_assert_ptr_nonnull(strstr(err.hint, "wolffia rm web"));
}
END_TEST

START_TEST(one_that_does_not_run_can_be_opened_revived_and_removed)
{
	struct state state = create("aaaa", "web"), again;
	struct error err = { 0 };

	state_keep(&state, &err);
	ck_assert_int_eq(state_open(&again, &store, "aaaa", "web", &err),
			 -EBUSY);
	ck_assert_str_eq(err.text, "the container web is running");
	state_close(&state);
	ck_assert_msg(state_open(&state, &store, "aaaa", "web", &err) == 0,
		      "%s", err.text);
	ck_assert_int_eq(fcntl(state.dirfd, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(state_revive(&state, &err), 0);
	ck_assert_int_eq(state_open(&again, &store, "aaaa", "web", &err),
			 -EBUSY);
	ck_assert_int_eq(sweep(), 0);
	state_close(&state);
	ck_assert_int_eq(state_open(&state, &store, "aaaa", "web", &err), 0);
	ck_assert_int_eq(state_remove(&state, -1, &err), 0);
	ck_assert(!is_container("aaaa"));
	ck_assert_str_eq(holder("web"), "");
	ck_assert_int_eq(state_open(&state, &store, "aaaa", "web", &err),
			 -ENOENT);
	ck_assert_str_eq(err.text, "there is no container \"web\"");
}
END_TEST

/* who is busy with it is waited for, and then it may be gone */
static int wait_for_it(struct state *removed)
{
	struct state state;
	struct error err;

	/* a copy of the descriptor would hold the lock that is waited for */
	state_close(removed);
	return state_open(&state, &store, "aaaa", "web", &err) == -ENOENT ? 0
									  : 1;
}

START_TEST(who_waits_for_one_that_is_removed_hears_that_it_is_gone)
{
	struct state state = create("aaaa", "web");
	struct error err = { 0 };
	int status;

	state_keep(&state, &err);
	state_close(&state);
	ck_assert_int_eq(state_open(&state, &store, "aaaa", "web", &err), 0);
	pid_t pid = fork();
	if (pid == 0)
		_exit(wait_for_it(&state));
	ck_assert_int_eq(state_remove(&state, -1, &err), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(one_that_somebody_is_busy_with_is_not_swept_away)
{
	struct state state = create("aaaa", "web");
	struct error err = { 0 };

	state_keep(&state, &err);
	state_close(&state);
	ck_assert_int_eq(state_open(&state, &store, "aaaa", "web", &err), 0);
	unlinkat(state.dirfd, "keep", 0);
	ck_assert_int_eq(child_run(try_to_sweep, NULL), 0);
	ck_assert(is_container("aaaa"));
	state_remove(&state, -1, &err);
}
END_TEST

static int count_writes;

static int write_name(void *context, const char *name, struct error *err)
{
	count_writes++;
	/* both names are its own while the new one is written down */
	ck_assert_str_eq(holder(name), "aaaa");
	ck_assert_str_eq(holder("old"), "aaaa");
	return context ? error_say(err, ENOSPC, "the disk is full") : 0;
}

START_TEST(a_new_name_takes_the_place_of_the_old_one)
{
	struct state state = create("aaaa", "old");
	struct error err = { 0 };

	ck_assert_int_eq(state_rename(&state, "new", write_name, NULL, &err),
			 0);
	ck_assert_int_eq(count_writes, 1);
	ck_assert_str_eq(holder("new"), "aaaa");
	ck_assert_str_eq(holder("old"), "");
	ck_assert_str_eq(state.name, "new");
	state_remove(&state, -1, &err);
	ck_assert_str_eq(holder("new"), "");
}
END_TEST

START_TEST(a_name_that_another_has_is_refused_and_both_keep_theirs)
{
	struct state one = create("aaaa", "old"), two = create("bbbb", "two");
	struct error err = { 0 };

	ck_assert_int_eq(state_rename(&one, "two", write_name, NULL, &err),
			 -EEXIST);
	ck_assert_int_eq(count_writes, 0);
	ck_assert_str_eq(holder("old"), "aaaa");
	ck_assert_str_eq(holder("two"), "bbbb");
	ck_assert_str_eq(one.name, "old");
	state_remove(&one, -1, &err);
	state_remove(&two, -1, &err);
}
END_TEST

START_TEST(a_name_that_cannot_be_written_down_is_not_taken)
{
	struct state state = create("aaaa", "old");
	struct error err = { 0 };

	ck_assert_int_eq(state_rename(&state, "new", write_name, &err, &err),
			 -ENOSPC);
	ck_assert_str_eq(holder("old"), "aaaa");
	ck_assert_str_eq(holder("new"), "");
	ck_assert_str_eq(state.name, "old");
	state_remove(&state, -1, &err);
}
END_TEST

START_TEST(names_are_found_released_by_their_holder_only_and_swept)
{
	struct state state = create("aaaa", "web");
	struct error err = { 0 };
	char *id = NULL;

	ck_assert_int_eq(names_find(&store, "web", &id, &err), 0);
	ck_assert_str_eq(id, "aaaa");
	free(take_ptr(id));
	ck_assert_int_eq(names_find(&store, "other", &id, &err), -ENOENT);
	ck_assert_int_eq(names_find(&store, "../names/web", &id, &err),
			 -ENOENT);
	ck_assert_int_eq(names_find(&store, "", &id, &err), -ENOENT);
	names_release(&store, "web", "bbbb", &err);
	ck_assert_str_eq(holder("web"), "aaaa");
	/* of one that is not there any more */
	ck_assert_int_eq(symlinkat("gone", store.dirfd, "names/lost"), 0);
	names_sweep(&store);
	ck_assert_str_eq(holder("lost"), "");
	ck_assert_str_eq(holder("web"), "aaaa");
	ck_assert_int_eq(names_release(&store, "web", "aaaa", &err), 0);
	ck_assert_str_eq(holder("web"), "");
	state_remove(&state, -1, &err);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("state");

	tcase_add_checked_fixture(tests, open_store, remove_store);
	tcase_set_timeout(tests, 30);
	tcase_add_test(tests, what_is_created_is_private_and_removed_again);
	tcase_add_test(tests, empty_directories_of_overlayfs_go_as_well);
	tcase_add_test(tests, the_same_id_is_not_created_twice);
	tcase_add_test(tests, a_name_of_a_live_container_is_taken);
	tcase_add_test(tests, a_name_of_a_dead_container_is_taken_over);
	tcase_add_loop_test(tests, a_name_that_no_container_has_is_taken_over,
			    0, (int)ARRAY_SIZE(strange_holders));
	tcase_add_test(tests, a_sweep_removes_the_dead_and_leaves_the_living);
	tcase_add_test(tests, a_launcher_that_ended_without_a_word_is_dead);
	tcase_add_test(tests, a_container_is_alive_for_other_processes_too);
	tcase_add_test(tests, a_directory_without_a_lock_goes_when_it_is_empty);
	tcase_add_test(tests, what_is_no_directory_is_left_alone_by_a_sweep);
	tcase_add_test(tests, what_the_container_wrote_is_removed);
	tcase_add_test(tests, what_is_kept_outlives_its_launcher);
	tcase_add_test(tests,
		       one_that_does_not_run_can_be_opened_revived_and_removed);
	tcase_add_test(tests,
		       who_waits_for_one_that_is_removed_hears_that_it_is_gone);
	tcase_add_test(tests, one_that_somebody_is_busy_with_is_not_swept_away);
	tcase_add_test(tests, a_new_name_takes_the_place_of_the_old_one);
	tcase_add_test(tests,
		       a_name_that_another_has_is_refused_and_both_keep_theirs);
	tcase_add_test(tests, a_name_that_cannot_be_written_down_is_not_taken);
	tcase_add_test(tests,
		       names_are_found_released_by_their_holder_only_and_swept);
	return suite_run("state", tests);
}
