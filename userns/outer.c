#include "userns/outer.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/process.h"
#include "base/status.h"
#include "base/strv.h"
#include "userns/diagnose.h"
#include "userns/subid.h"

/* what any image needs: 0..65535 (nobody is 65534) */
enum { IDS_MAX = 65536 };

/*
 * The name that subuid(5) knows the caller by; the number, when there is none.
 * To know none because it could not be read would cost the caller the ids, and
 * the container a wall.
 */
static int find_caller_name(char **ret, bool *ret_nameless, struct error *err)
{
	enum { SIZE = 64 << 10 };
	scoped(char) *buffer = xcalloc(SIZE, 1);
	struct passwd entry, *found = NULL;
	int code = getpwuid_r(geteuid(), &entry, buffer, SIZE, &found);

	if (code != 0 && code != ENOENT)
		return error_set(err, code, "find the name of user %u",
				 geteuid());
	*ret = found ? xstrdup(found->pw_name) : xasprintf("%u", geteuid());
	*ret_nameless = !found;
	return 0;
}

static int find_ranges(struct idrange *uids, struct idrange *gids,
		       int *ret_n_uids, int *ret_n_gids, bool *ret_nameless,
		       struct error *err)
{
	scoped(char) *user = NULL;
	uid_t uid = geteuid();
	struct error gids_err;
	int r = find_caller_name(&user, ret_nameless, err);
	if (r < 0)
		return r;
	int n_uids = subid_find(SUBID_UIDS, user, uid, uids, err);
	int n_gids = subid_find(SUBID_GIDS, user, uid, gids,
				n_uids < 0 ? &gids_err : err);

	if (n_uids == -ENOENT && n_gids == -ENOENT && *gids_err.hint) {
		char hint[sizeof(err->hint)];
		memcpy(hint, err->hint, sizeof(hint));
		error_hint(err, "%s && %s", hint, gids_err.hint);
	}
	if (n_uids < 0)
		return n_uids;
	if (n_gids < 0)
		return n_gids;
	*ret_n_uids = n_uids;
	*ret_n_gids = n_gids;
	return 0;
}

static int map_one_id(struct outer_ids *ret, struct error *err)
{
	ret->single = true;
	int r = idmap_outer(&ret->uids, geteuid(), NULL, 0, 1, err);
	return r < 0 ? r : idmap_outer(&ret->gids, getegid(), NULL, 0, 1, err);
}

static int refuse_root(struct error *err)
{
	error_say(
		err, EPERM,
		"started by root: wolffia maps no host root into a container");
	return error_hint(err, "start it as an ordinary user, for example: "
			       "sudo -u USER -i wolffia run ...");
}

int outer_find_ids(bool single, struct outer_ids *ret, struct error *err)
{
	struct idrange uids[SUBID_RANGES_MAX], gids[SUBID_RANGES_MAX];
	int n_uids = 0, n_gids = 0;
	struct outer_ids ids = { 0 };
	struct error ignored;

	if (geteuid() == 0)
		return refuse_root(err);
	int r = single ? -ENOENT
		       : find_ranges(uids, gids, &n_uids, &n_gids,
				     &ids.nameless, err);
	if (r == -ENOENT) {
		r = map_one_id(&ids, single ? err : &ignored);
		if (r == 0)
			*ret = ids;
		return r;
	}
	if (r < 0)
		return r;
	r = idmap_outer(&ids.uids, geteuid(), uids, (size_t)n_uids, IDS_MAX + 1,
			err);
	if (r == 0)
		r = idmap_outer(&ids.gids, getegid(), gids, (size_t)n_gids,
				IDS_MAX + 1, err);
	if (r == 0)
		*ret = ids;
	return r;
}

/* newuidmap PID INSIDE OUTSIDE COUNT ... */
static int start_helper(const char *program, pid_t pid, const struct idmap *map,
			pid_t *ret_pid, int *ret_output, struct error *err)
{
	scoped_strv argv = { 0 };
	int output[2];

	strv_add(&argv, program);
	strv_addf(&argv, "%d", (int)pid);
	for (size_t i = 0; i < map->n; i++) {
		strv_addf(&argv, "%u", map->extents[i].inside);
		strv_addf(&argv, "%u", map->extents[i].outside);
		strv_addf(&argv, "%u", map->extents[i].count);
	}
	if (pipe2(output, O_CLOEXEC) < 0)
		return error_set(err, errno, "make a pipe");
	struct process_stdio stdio = { -1, output[1], output[1] };
	pid_t helper = process_spawn(strv_argv(&argv), &stdio, err);
	fd_close(&output[1]);
	if (helper < 0) {
		fd_close(&output[0]);
		if (helper == -ENOENT)
			error_hint(err,
				   "install it: apt install uidmap (Debian, "
				   "Ubuntu), dnf install shadow-utils "
				   "(Fedora)");
		return helper;
	}
	*ret_pid = helper;
	*ret_output = output[0];
	return 0;
}

static int await_helper(const char *program, pid_t *pid, int *output,
			struct error *err)
{
	scoped(char) *said = NULL;
	struct helper_facts facts;
	char how[64];
	struct error ignored;

	if (*pid == 0)
		return 0;
	if (fd_read_all(*output, 4096, &said, &ignored) < 0)
		said = NULL;
	fd_close(output);
	int status = process_wait(*pid, err);
	*pid = 0;
	if (status < 0)
		return status;
	if (status == 0)
		return 0;
	if (said)
		said[strcspn(said, "\n")] = '\0';
	error_say(err, EPERM, "%s %s%s%s", program,
		  process_describe(status, how, sizeof(how)),
		  said && *said ? ": " : "", said ? said : "");
	error_hint(err, "\"wolffia doctor\" tests what it needs");
	helper_facts_collect(program, NULL, said, &facts);
	helper_explain(&facts, err);
	free(facts.path);
	return -err->code;
}

/* One id needs no helper: the process's parent may write that map itself. */
static int write_single(pid_t pid, const struct outer_ids *ids,
			struct error *err)
{
	scoped(char) *dir = xasprintf("/proc/%d", (int)pid);
	scoped_fd proc = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	char text[64];
	int r;

	if (proc < 0)
		return error_set(err, errno, "open %s", dir);
	r = fd_write_file(proc, "setgroups", "deny", err);
	if (r == 0)
		r = idmap_text(&ids->uids, text, sizeof(text), err);
	if (r >= 0)
		r = fd_write_file(proc, "uid_map", text, err);
	if (r >= 0)
		r = idmap_text(&ids->gids, text, sizeof(text), err);
	if (r >= 0)
		r = fd_write_file(proc, "gid_map", text, err);
	return r < 0 ? r : 0;
}

int outer_map_begin(struct outer_mapping *mapping, pid_t pid,
		    const struct outer_ids *ids, struct error *err)
{
	*mapping = (struct outer_mapping){ .uid_output = -1, .gid_output = -1 };
	if (ids->single)
		return write_single(pid, ids, err);
	int r = start_helper("newuidmap", pid, &ids->uids, &mapping->uidmap,
			     &mapping->uid_output, err);
	if (r == 0)
		r = start_helper("newgidmap", pid, &ids->gids, &mapping->gidmap,
				 &mapping->gid_output, err);
	return r;
}

int outer_map_await(struct outer_mapping *mapping, struct error *err)
{
	struct error second;
	int r = await_helper("newuidmap", &mapping->uidmap,
			     &mapping->uid_output, err);
	int s = await_helper("newgidmap", &mapping->gidmap,
			     &mapping->gid_output, r < 0 ? &second : err);

	return r < 0 ? r : s;
}

int outer_become_root(const struct outer_ids *ids, struct error *err)
{
	/* with one id setgroups(2) is denied: the caller's groups stay, as
	 * unmapped ones that give nothing but what they gave before */
	if (!ids->single && syscall(SYS_setgroups, 0, NULL) < 0)
		return error_set(err, errno, "drop the supplementary groups");
	if (syscall(SYS_setresgid, 0, 0, 0) < 0)
		return error_set(err, errno, "become group 0");
	if (syscall(SYS_setresuid, 0, 0, 0) < 0)
		return error_set(err, errno, "become user 0");
	if (getuid() != 0 || geteuid() != 0 || getgid() != 0 || getegid() != 0)
		return error_say(err, EPERM, "the ids did not change to 0");
	return 0;
}

/* What the two processes of outer_call() share. */
struct call {
	int result;
	struct error err;
};

static int call_child(int go, const struct outer_ids *ids,
		      int (*function)(void *, struct error *), void *argument,
		      pid_t parent, struct error *err)
{
	char byte;
	ssize_t n;

	do {
		n = read(go, &byte, 1);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return error_set(err, errno, "hear from the parent");
	/* end of file: the parent gave up or died */
	if (n == 0)
		_exit(STATUS_WOLFFIA);
	int r = outer_become_root(ids, err);
	if (r < 0)
		return r;
	process_die_with_parent(parent);
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return error_set(err, errno, "make the mounts private");
	return function(argument, err);
}

int outer_clone(unsigned long flags, struct error *err)
{
	long pid = syscall(SYS_clone, flags | SIGCHLD, NULL, NULL, NULL, NULL);
	struct userns_facts facts;

	if (pid >= 0)
		return (int)pid;
	int code = errno;
	if (!(flags & CLONE_NEWUSER))
		return error_set(err, code, "create namespaces");
	userns_facts_collect(code, &facts);
	return userns_explain(&facts, err);
}

/* Return: the wait status of the child */
static int supervise(pid_t pid, int go, const struct outer_ids *ids,
		     struct error *err)
{
	struct outer_mapping mapping;
	struct error ignored;
	int r = outer_map_begin(&mapping, pid, ids, err);
	int s = outer_map_await(&mapping, r < 0 ? &ignored : err);

	r = r < 0 ? r : s;
	/* a child that has died has said why */
	if (r == 0 && send(go, "", 1, MSG_NOSIGNAL) < 0 && errno != EPIPE &&
	    errno != ECONNRESET)
		r = error_set(err, errno, "wake the child");
	/* one that cannot be killed sees the end of the socket */
	if (r < 0 && !process_kill(pid))
		return r;
	int status = process_wait(pid, r < 0 ? &ignored : err);
	return r < 0 ? r : status;
}

/* Return: the wait status of the child, which wrote its result to @call */
static int call_and_wait(const struct outer_ids *ids,
			 int (*function)(void *, struct error *),
			 void *argument, struct call *call, struct error *err)
{
	int go[2];
	pid_t parent = getpid();

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, go) < 0)
		return error_set(err, errno, "make a socket");
	int pid = outer_clone(CLONE_NEWUSER | CLONE_NEWNS, err);
	if (pid == 0) {
		fd_close(&go[1]);
		call->result = call_child(go[0], ids, function, argument,
					  parent, &call->err);
		_exit(0);
	}
	fd_close(&go[0]);
	int r = pid < 0 ? pid : supervise(pid, go[1], ids, err);
	fd_close(&go[1]);
	return r;
}

static struct call *share_call(struct error *err)
{
	struct call *call = mmap(NULL, sizeof(*call), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (call != MAP_FAILED)
		return call;
	error_set(err, errno, "share memory");
	return NULL;
}

int outer_call(const struct outer_ids *ids,
	       int (*function)(void *argument, struct error *err),
	       void *argument, struct error *err)
{
	struct call *call = share_call(err);
	char how[64];

	if (!call)
		return -err->code;
	int r = call_and_wait(ids, function, argument, call, err);
	if (r > 0)
		r = error_say(err, ECHILD,
			      "the process in the user namespace %s",
			      process_describe(r, how, sizeof(how)));
	if (r == 0 && call->result < 0)
		*err = call->err;
	r = r < 0 ? r : call->result;
	munmap(call, sizeof(*call));
	return r;
}

int outer_exec(const struct outer_ids *ids,
	       int (*function)(void *argument, struct error *err),
	       void *argument, struct error *err)
{
	struct call *call = share_call(err);

	if (!call)
		return -err->code;
	int r = call_and_wait(ids, function, argument, call, err);
	if (r == 0 && call->result < 0) {
		*err = call->err;
		r = call->result;
	}
	munmap(call, sizeof(*call));
	return r;
}
