/*
 * core/steps_launcher.c - what the launcher does: it has the user's ids and
 * no privilege
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "core/steps.h"
#include "core/supervise.h"
#include "core/terminal.h"

static int make_pipe(struct stream *stream, bool into_container,
		     struct error *err)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_set(err, errno, "make a pipe");
	stream->inside = ends[into_container ? 0 : 1];
	stream->outside = ends[into_container ? 1 : 0];
	return 0;
}

static int copy_of(int fd, int *ret_fd, struct error *err)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);

	if (copy < 0)
		return error_set(err, errno, "copy a descriptor");
	*ret_fd = copy;
	return 0;
}

/*
 * As it is, so that not a byte too many is read from it.  But a directory is
 * no input, and would be a way out of the container's root.
 */
static int pass_on_input(struct launch *l, struct error *err)
{
	struct stat st;

	if (fstat(STDIN_FILENO, &st) < 0)
		return error_set(err, errno, "standard input");
	if (S_ISDIR(st.st_mode))
		return error_say(err, EISDIR, "standard input is a directory");
	return copy_of(STDIN_FILENO, &l->stream[0].inside, err);
}

static int make_socket(int ret[2], struct error *err)
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret) < 0
		       ? error_set(err, errno, "make a socket")
		       : 0;
}

int step_make_root_socket(struct launch *l, struct error *err)
{
	return make_socket(l->root_socket, err);
}

/*
 * Output goes through pipes, which belong to the container's user: so that
 * /dev/stdout can be opened again (many images log there), and so that no
 * terminal or file of the host can be reached through a descriptor.  Two
 * streams that are one file outside stay one inside, in order.
 */
int step_make_streams(struct launch *l, struct error *err)
{
	int r = step_make_root_socket(l, err);

	if (r == 0 && l->spec->tty)
		r = make_socket(l->terminal_socket, err);
	if (r < 0 || l->spec->tty)
		return r;
	if (!l->spec->interactive) {
		l->stream[0].inside = open("/dev/null", O_RDONLY | O_CLOEXEC);
		if (l->stream[0].inside < 0)
			return error_set(err, errno, "open /dev/null");
	} else if (l->background || isatty(STDIN_FILENO)) {
		r = make_pipe(&l->stream[0], true, err);
	} else {
		r = pass_on_input(l, err);
	}
	if (r == 0)
		r = make_pipe(&l->stream[1], false, err);
	if (r == 0 && !l->background && terminal_outputs_are_one())
		r = copy_of(l->stream[1].inside, &l->stream[2].inside, err);
	else if (r == 0)
		r = make_pipe(&l->stream[2], false, err);
	return r;
}

static void keep_ends(struct launch *l, int outer[2], int init[2], int both[2])
{
	switch (l->me) {
	case LAUNCHER:
		l->peer[OUTER] = take_fd(outer[0]);
		l->peer[INIT] = take_fd(init[0]);
		break;
	default:
		/* the OUTER actor keeps the ends of INIT until that is born */
		l->peer[LAUNCHER] = take_fd(outer[1]);
		l->peer[OUTER] = take_fd(both[1]);
		l->peer[INIT] = take_fd(both[0]);
		l->init_to_launcher = take_fd(init[1]);
		break;
	}
	for (int i = 0; i < 2; i++) {
		fd_close(&outer[i]);
		fd_close(&init[i]);
		fd_close(&both[i]);
	}
}

int step_fork_outer(struct launch *l, struct error *err)
{
	int outer[2] = { -1, -1 }, init[2] = { -1, -1 }, both[2] = { -1, -1 };
	const int type = SOCK_SEQPACKET | SOCK_CLOEXEC;

	if (socketpair(AF_UNIX, type, 0, outer) < 0 ||
	    socketpair(AF_UNIX, type, 0, init) < 0 ||
	    socketpair(AF_UNIX, type, 0, both) < 0)
		return error_set(err, errno, "make a socket");
	l->launcher_pid = getpid();
	int pid = outer_clone(CLONE_NEWUSER | CLONE_NEWNS, err);
	if (pid < 0)
		return pid;
	if (pid == 0)
		l->me = OUTER;
	else
		l->outer_pid = pid;
	keep_ends(l, outer, init, both);
	return 0;
}

int step_begin_mapping(struct launch *l, struct error *err)
{
	struct outer_ids ids = {
		.uids = l->spec->outer_uids,
		.gids = l->spec->outer_gids,
		.single = l->spec->userns == USERNS_SINGLE,
	};
	char path[64];

	/* for the removal of what the container wrote: opened while the
	 * process is there and waits */
	snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)l->outer_pid);
	l->outer_userns_fd = open(path, O_RDONLY | O_CLOEXEC);
	if (l->outer_userns_fd < 0)
		return error_set(err, errno, "open %s", path);
	return outer_map_begin(&l->mapping, l->outer_pid, &ids, err);
}

int step_await_mapping(struct launch *l, struct error *err)
{
	return outer_map_await(&l->mapping, err);
}

/*
 * PID 1 sent it when it had entered it.  It must not stay in the socket: what
 * is under way counts for all containers of the user together (unix(7),
 * ETOOMANYREFS), and from some hundreds on no further one could start.
 */
int step_take_root(struct launch *l, struct error *err)
{
	int fds[FD_MESSAGE_MOST];
	char byte;
	ssize_t n = fd_receive_message(l->root_socket[0], &byte, 1,
				       MSG_DONTWAIT, fds, err);

	if (n != 1)
		return n < 0 ? (int)n
			     : error_say(err, ECHILD,
					 "PID 1 did not hand it over");
	l->root_tree_fd = fds[0];
	l->inner_userns_fd = fds[1];
	for (int i = 0; i < 2; i++)
		fd_close(&l->root_socket[i]);
	return 0;
}

int step_take_terminal(struct launch *l, struct error *err)
{
	int r = fd_receive(l->terminal_socket[0], &l->terminal_fd, err);

	/* poll(2) promises one byte of room, and the relay has many: it must
	 * not sleep here while the other side waits to be read */
	if (r == 0 && fcntl(l->terminal_fd, F_SETFL, O_RDWR | O_NONBLOCK) < 0)
		return error_set(err, errno, "set up the terminal");
	/* before the command can ask for it */
	if (r == 0)
		supervise_resize(l);
	return r;
}
