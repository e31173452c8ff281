#include "core/walk.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "tests/unit/images/suite.h"

/* What the three processes share besides the board. */
static struct shared {
	char log[STEPS_MAX]; /* a letter for each step that was done */
	int n;
} *shared;

static pid_t launcher_pid;
static pid_t children[N_ACTORS];
static struct launch l;
static struct spec spec;

static int note(struct launch *launch, struct error *err)
{
	(void)err;
	shared->log[shared->n++] = "LOI"[launch->me];
	return 0;
}

static int refuse(struct launch *launch, struct error *err)
{
	(void)launch;
	error_set(err, ENOENT, "open /x");
	return error_hint(err, "make it");
}

static int die(struct launch *launch, struct error *err)
{
	(void)launch, (void)err;
	raise(SIGKILL);
	return 0;
}

static int become_true(struct launch *launch, struct error *err)
{
	note(launch, err);
	execl("/bin/true", "true", NULL);
	return error_set(err, errno, "/bin/true");
}

_Noreturn static int wait_forever(struct launch *launch, struct error *err)
{
	(void)launch, (void)err;
	for (;;)
		pause();
}

static int interrupt(struct launch *launch, struct error *err)
{
	kill(launcher_pid, SIGTERM);
	return wait_forever(launch, err);
}

static int disturb(struct launch *launch, struct error *err)
{
	kill(launcher_pid, SIGCHLD);
	kill(launcher_pid, SIGWINCH);
	kill(launcher_pid, SIGUSR1);
	return note(launch, err);
}

static bool is_tty(const struct spec *s)
{
	return s->tty;
}

/* clang-format off */
static const struct step usual[] = {
	{ LAUNCHER, "begin",         note, NULL,   false },
	{ OUTER,    "map ids",       note, NULL,   false },
	{ OUTER,    "limit",         note, NULL,   false },
	{ LAUNCHER, "look",          note, NULL,   false },
	{ INIT,     "mount",         note, NULL,   false },
	{ INIT,     "open a tty",    note, is_tty, false },
	{ LAUNCHER, "take the tty",  note, is_tty, false },
	{ OUTER,    "map again",     note, NULL,   false },
	{ INIT,     "confine",       note, NULL,   false },
	{ INIT,     "run",           note, NULL,   true },
	{ LAUNCHER, "note",          note, NULL,   false },
	{ 0 },
};
/* clang-format on */

static void connect_two(int (*peers)[N_ACTORS], int a, int b)
{
	int ends[2];

	ck_assert_int_eq(
		socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	peers[a][b] = ends[0];
	peers[b][a] = ends[1];
}

static void watch_signals(void)
{
	sigset_t mask;

	sigemptyset(&mask);
	const int caught[] = { SIGCHLD, SIGTERM, SIGINT,  SIGHUP,
			       SIGQUIT, SIGUSR1, SIGWINCH };
	for (size_t i = 0; i < ARRAY_SIZE(caught); i++)
		sigaddset(&mask, caught[i]);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	l.signal_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void *share(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(memory, MAP_FAILED);
	return memory;
}

/* three processes that know each other; outer and init walk @plan at once */
static void start(const struct step *plan)
{
	int peers[N_ACTORS][N_ACTORS] = { { -1, -1, -1 },
					  { -1, -1, -1 },
					  { -1, -1, -1 } };

	shared = share(sizeof(*shared));
	l = (struct launch){ .spec = &spec, .parent_fd = -1 };
	l.board = share(sizeof(*l.board));
	launcher_pid = getpid();
	watch_signals();
	connect_two(peers, LAUNCHER, OUTER);
	connect_two(peers, LAUNCHER, INIT);
	connect_two(peers, OUTER, INIT);
	for (int actor = OUTER; actor < N_ACTORS; actor++) {
		children[actor] = fork();
		if (children[actor] > 0)
			continue;
		struct error err;
		l.me = (enum actor)actor;
		memcpy(l.peer, peers[actor], sizeof(l.peer));
		for (int a = 0; a < N_ACTORS; a++)
			for (int b = 0; b < N_ACTORS && a != actor; b++)
				fd_close(&peers[a][b]);
		_exit(walk(plan, &l, &err) < 0 ? 1 : 0);
	}
	l.me = LAUNCHER;
	memcpy(l.peer, peers[LAUNCHER], sizeof(l.peer));
	for (int a = OUTER; a < N_ACTORS; a++)
		for (int b = 0; b < N_ACTORS; b++)
			fd_close(&peers[a][b]);
}

static void end(void)
{
	for (int actor = OUTER; actor < N_ACTORS; actor++) {
		kill(children[actor], SIGKILL);
		waitpid(children[actor], NULL, 0);
	}
}

/* both children have ended, and nobody has reaped them */
static void await_ends(void)
{
	siginfo_t info;

	for (int actor = OUTER; actor < N_ACTORS; actor++)
		ck_assert_int_eq(waitid(P_PID, (id_t)children[actor], &info,
					WEXITED | WNOWAIT),
				 0);
}

static struct step *copy_of(const struct step *plan, size_t n)
{
	struct step *copy = xcalloc(n, sizeof(*copy));

	memcpy(copy, plan, n * sizeof(*copy));
	return copy;
}

START_TEST(steps_are_done_in_the_order_of_the_plan)
{
	struct error err = { 0 };

	start(usual);
	ck_assert_msg(walk(usual, &l, &err) == 0, "%s", err.text);
	ck_assert_str_eq(shared->log, "LOOLIOIIL");
	end();
}
END_TEST

START_TEST(steps_that_are_not_wanted_are_left_out_by_all)
{
	struct error err = { 0 };

	spec.tty = true;
	start(usual);
	ck_assert_msg(walk(usual, &l, &err) == 0, "%s", err.text);
	ck_assert_str_eq(shared->log, "LOOLIILOIIL");
	end();
}
END_TEST

START_TEST(the_board_has_the_time_of_each_step)
{
	struct error err = { 0 };
	uint64_t last = 0;

	start(usual);
	ck_assert_int_eq(walk(usual, &l, &err), 0);
	for (size_t i = 0; usual[i].name; i++) {
		uint64_t time = l.board->finished_ns[i];
		if (usual[i].wanted) {
			ck_assert_uint_eq(time, 0);
			continue;
		}
		ck_assert_uint_gt(time, 0);
		ck_assert_uint_ge(time, last);
		last = time;
	}
	end();
}
END_TEST

START_TEST(a_step_that_fails_is_what_the_launcher_says)
{
	scoped(struct step) *plan = copy_of(usual, ARRAY_SIZE(usual));
	struct error err = { 0 };

	spec.tty = true;
	plan[_i].function = refuse;
	start(plan);
	ck_assert_int_eq(walk(plan, &l, &err), -ENOENT);
	scoped(char) *text = xasprintf(
		"cannot %s: open /x: No such file or directory", plan[_i].name);
	ck_assert_str_eq(err.text, text);
	ck_assert_str_eq(err.hint, "make it");
	/* nothing was done after it */
	ck_assert_int_eq(shared->n, _i);
	end();
}
END_TEST

START_TEST(a_failure_is_not_hidden_by_the_deaths_that_follow_it)
{
	scoped(struct step) *plan = copy_of(usual, ARRAY_SIZE(usual));
	struct error err = { 0 };

	/* init fails, outer, which is next, hears nothing and ends: then we
	 * look for the first time */
	spec.tty = true;
	plan[0].actor = plan[3].actor = INIT;
	plan[4].function = refuse;
	plan[5].actor = OUTER;
	start(plan);
	await_ends();
	ck_assert_int_eq(walk(plan, &l, &err), -ENOENT);
	ck_assert_str_eq(err.text,
			 "cannot mount: open /x: No such file or directory");
	end();
}
END_TEST

START_TEST(a_death_is_noticed_at_each_step)
{
	scoped(struct step) *plan = copy_of(usual, ARRAY_SIZE(usual));
	struct error err = { 0 };

	spec.tty = true;
	plan[_i].function = die;
	if (plan[_i].actor == LAUNCHER || plan[_i].exec)
		return;
	start(plan);
	ck_assert_int_eq(walk(plan, &l, &err), -ECHILD);
	scoped(char) *text =
		xasprintf("the process that should %s has died", plan[_i].name);
	ck_assert_str_eq(err.text, text);
	ck_assert_int_eq(shared->n, _i);
	end();
}
END_TEST

START_TEST(a_death_is_noticed_while_another_process_is_at_work)
{
	scoped(struct step) *plan = copy_of(usual, ARRAY_SIZE(usual));
	struct error err = { 0 };

	plan[1].function = wait_forever; /* of outer */
	start(plan);
	kill(children[INIT], SIGKILL);
	ck_assert_int_eq(walk(plan, &l, &err), -ECHILD);
	ck_assert_str_eq(err.text, "the process that should mount has died");
	end();
}
END_TEST

START_TEST(the_end_of_file_at_the_last_step_is_success)
{
	scoped(struct step) *plan = copy_of(usual, ARRAY_SIZE(usual));
	struct error err = { 0 };

	plan[9].function = become_true;
	start(plan);
	ck_assert_msg(walk(plan, &l, &err) == 0, "%s", err.text);
	ck_assert_str_eq(shared->log, "LOOLIOIIL");
	end();
}
END_TEST

START_TEST(a_signal_ends_the_launch_and_stays_pending)
{
	scoped(struct step) *plan = copy_of(usual, ARRAY_SIZE(usual));
	struct error err = { 0 };
	sigset_t pending;

	plan[1].function = interrupt;
	start(plan);
	ck_assert_int_eq(walk(plan, &l, &err), -EINTR);
	ck_assert_str_eq(err.text, "interrupted by SIGTERM");
	sigpending(&pending);
	ck_assert(sigismember(&pending, SIGTERM));
	end();
}
END_TEST

START_TEST(harmless_signals_do_not_end_the_launch)
{
	scoped(struct step) *plan = copy_of(usual, ARRAY_SIZE(usual));
	struct error err = { 0 };

	plan[1].function = disturb;
	plan[7].function = disturb;
	start(plan);
	ck_assert_msg(walk(plan, &l, &err) == 0, "%s", err.text);
	ck_assert_str_eq(shared->log, "LOOLIOIIL");
	end();
}
END_TEST

START_TEST(the_end_of_the_parent_ends_the_launch)
{
	scoped(struct step) *plan = copy_of(usual, ARRAY_SIZE(usual));
	struct error err = { 0 };
	int ends[2];

	plan[1].function = wait_forever;
	start(plan);
	ck_assert_int_eq(pipe(ends), 0);
	l.parent_fd = ends[0];
	close(ends[1]);
	ck_assert_int_eq(walk(plan, &l, &err), -EINTR);
	ck_assert_str_eq(err.text, "the process that started it is gone");
	end();
}
END_TEST

START_TEST(what_is_no_token_is_refused)
{
	struct error err = { 0 };

	start(usual);
	end(); /* their sockets are gone: speak for them */
	int ends[2];
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
	close(l.peer[OUTER]);
	l.peer[OUTER] = ends[0];
	fd_close(&l.peer[INIT]);
	ck_assert_int_eq(send(ends[1], "x", 1, 0), 1);
	ck_assert_int_eq(walk(usual, &l, &err), -EPROTO);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("walk");

	tcase_set_timeout(tests, 30);
	tcase_add_test(tests, steps_are_done_in_the_order_of_the_plan);
	tcase_add_test(tests, steps_that_are_not_wanted_are_left_out_by_all);
	tcase_add_test(tests, the_board_has_the_time_of_each_step);
	tcase_add_loop_test(tests, a_step_that_fails_is_what_the_launcher_says,
			    0, (int)ARRAY_SIZE(usual) - 1);
	tcase_add_test(tests,
		       a_failure_is_not_hidden_by_the_deaths_that_follow_it);
	tcase_add_loop_test(tests, a_death_is_noticed_at_each_step, 0,
			    (int)ARRAY_SIZE(usual) - 1);
	tcase_add_test(tests,
		       a_death_is_noticed_while_another_process_is_at_work);
	tcase_add_test(tests, the_end_of_file_at_the_last_step_is_success);
	tcase_add_test(tests, a_signal_ends_the_launch_and_stays_pending);
	tcase_add_test(tests, harmless_signals_do_not_end_the_launch);
	tcase_add_test(tests, the_end_of_the_parent_ends_the_launch);
	tcase_add_test(tests, what_is_no_token_is_refused);
	return suite_run("walk", tests);
}
