/*
 * Tests that are done in namespaces: each makes what a start makes, and looks
 * whether it works.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/mountfd.h"
#include "base/process.h"
#include "base/status.h"
#include "base/text.h"
#include "cmd/doctor_checks.h"
#include "core/resolve.h"
#include "storage/fuse.h"
#include "userns/diagnose.h"

/* where AppArmor puts a process that made a user namespace without leave */
static bool is_stripped_by_apparmor(void)
{
	scoped(char) *label = NULL;
	struct error ignored;

	return fd_read_file(AT_FDCWD, "/proc/self/attr/current", 4096, &label,
			    &ignored) >= 0 &&
	       text_starts_with(label, "unprivileged_userns");
}

/* in the new namespace: does it give the rights that it is made for? */
static void try_rights(struct finding *f)
{
	struct error err;

	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0) {
		finding_say(f, VERDICT_OK, "one can be made");
		return;
	}
	int code = errno;
	if (is_stripped_by_apparmor()) {
		struct userns_facts facts;
		char command[PATH_MAX + 256];
		userns_facts_collect(code, &facts);
		userns_apparmor_command(facts.executable, command,
					sizeof(command));
		finding_say(f, VERDICT_FAIL,
			    "one can be made, but AppArmor takes all rights in "
			    "it away "
			    "(kernel.apparmor_restrict_unprivileged_userns)");
		finding_remedy(f, "%s", command);
		return;
	}
	error_set(&err, code, "one can be made, but no mounts in it");
	finding_error(f, VERDICT_FAIL, &err);
}

void check_userns(const struct doctor *d, const char *argument,
		  struct finding *f)
{
	struct error err;
	int pid = outer_clone(CLONE_NEWUSER | CLONE_NEWNS, &err);

	(void)d, (void)argument;
	if (pid == 0) {
		try_rights(f);
		_exit(0);
	}
	if (pid < 0 || process_wait(pid, &err) < 0)
		finding_error(f, VERDICT_FAIL, &err);
}

/* What a test in the outer namespace gets. */
struct work {
	const struct doctor *doctor;
	const char *argument;
	struct finding *finding; /* shared memory: writing is reporting */
};

/* Run @function in the outer namespace; its error, if any, is a failure. */
static bool in_outer(struct work *work, int (*function)(void *, struct error *),
		     enum verdict verdict)
{
	struct error err;
	int r = outer_call(&work->doctor->ids, function, work, &err);

	if (r < 0)
		finding_error(work->finding, verdict, &err);
	return r >= 0;
}

static int do_nothing(void *argument, struct error *err)
{
	(void)argument, (void)err;
	return 0;
}

void check_mapping(const struct doctor *d, const char *argument,
		   struct finding *f)
{
	struct work work = { d, argument, f };
	struct helper_facts uids, gids;

	if (d->ids_result < 0) {
		/* said by "caller" or "subordinate ids" already */
		finding_say(f, VERDICT_SKIP, "there are no ids to map");
		return;
	}
	if (in_outer(&work, do_nothing, VERDICT_FAIL)) {
		finding_say(f, VERDICT_OK, "%u user and %u group ids mapped",
			    idmap_size(&d->ids.uids), idmap_size(&d->ids.gids));
		return;
	}
	/* outer_call() did not know the map: say what only that tells */
	helper_facts_collect("newuidmap", &d->ids.uids, NULL, &uids);
	helper_facts_collect("newgidmap", &d->ids.gids, NULL, &gids);
	struct error err = { .code = EPERM };
	if (helper_cause(&uids) != HELPER_CAUSE_NONE)
		helper_explain(&uids, &err);
	else if (helper_cause(&gids) != HELPER_CAUSE_NONE)
		helper_explain(&gids, &err);
	if (*err.hint && !d->ids.single)
		finding_remedy(f, "%s", err.hint);
	free(uids.path);
	free(gids.path);
}

static int make_inner(void *argument, struct error *err)
{
	struct userns_facts facts;

	(void)argument;
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0)
		return 0;
	userns_facts_collect(errno, &facts);
	return userns_explain(&facts, err);
}

void check_inner(const struct doctor *d, const char *argument,
		 struct finding *f)
{
	struct work work = { d, argument, f };

	if (in_outer(&work, make_inner, VERDICT_FAIL))
		finding_say(f, VERDICT_OK, "one in the other can be made");
}

/* what hides a part of /proc or /sys, for the remedy */
static int explain_mount(const char *type, struct error *err)
{
	scoped(char) *text = NULL;
	struct error ignored;
	char hidden[PATH_MAX];

	if (err->code != EPERM ||
	    (strcmp(type, "proc") != 0 && strcmp(type, "sysfs") != 0))
		return -err->code;
	if (strcmp(type, "proc") == 0 &&
	    fd_read_file(AT_FDCWD, "/proc/self/mountinfo", 4 << 20, &text,
			 &ignored) >= 0 &&
	    proc_hidden(text, hidden, sizeof(hidden)) > 0)
		error_prefix(err,
			     "%s is hidden, so the kernel lets nobody "
			     "mount a whole /proc",
			     hidden);
	return error_hint(err, "start the outer container with --security-opt "
			       "unmask=ALL (podman), systempaths=unconfined "
			       "(docker) or procMount: Unmasked (Kubernetes)");
}

/* /proc is mounted from inside the pid namespace that it shows */
static int try_mount(void *argument, struct error *err)
{
	struct work *work = argument;
	const char *type = work->argument;
	static const struct mount_option devpts[] = { { "newinstance", NULL },
						      { "ptmxmode", "0666" },
						      { 0 } };
	scoped_fd mount =
		mountfd_new(type, strcmp(type, "devpts") == 0 ? devpts : NULL,
			    MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, err);

	if (mount < 0)
		return explain_mount(type, err);
	int r = mountfd_set(mount, MOUNT_ATTR_RDONLY, 0, err);
	if (r < 0)
		return r;
	finding_say(work->finding, VERDICT_OK, "can be mounted");
	return 0;
}

static int try_in_namespaces(void *argument, struct error *err)
{
	struct work *work = argument;

	if (unshare(CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS |
		    CLONE_NEWCGROUP) < 0)
		return error_set(err, errno, "create namespaces");
	pid_t pid = fork();
	if (pid < 0)
		return error_set(err, errno, "fork");
	if (pid == 0) {
		struct error why;
		if (try_mount(work, &why) < 0)
			finding_error(work->finding, VERDICT_FAIL, &why);
		_exit(0);
	}
	int r = process_wait(pid, err);
	return r < 0 ? r : 0;
}

void check_mount(const struct doctor *d, const char *type, struct finding *f)
{
	struct work work = { d, type, f };

	in_outer(&work, try_in_namespaces, VERDICT_FAIL);
}

static int expect_file(const char *path, struct error *err)
{
	scoped_fd fd = open(path, O_RDONLY | O_CLOEXEC);
	char byte;

	if (fd < 0)
		return error_set(err, errno, "open a file");
	if (read(fd, &byte, 1) != 1 || byte != 'x')
		return error_say(err, EIO, "a file has other contents");
	return 0;
}

/* what a container does to its root: write, remove, and replace a directory */
static int use_overlay(struct error *err)
{
	int r = expect_file("merged/file", err);

	if (r < 0)
		return r;
	scoped_fd fd = open("merged/new", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_set(err, errno, "make a file");
	if (unlink("merged/file") < 0)
		return error_set(err, errno, "remove a file");
	/* the new one is opaque: that takes a "user." attribute */
	if (rmdir("merged/dir") < 0 || mkdir("merged/dir", 0700) < 0)
		return error_set(err, errno, "replace a directory");
	return 0;
}

/* each test has its own upper directory, for it leaves marks there */
static int mount_overlay(const char *lower, struct error *err)
{
	scoped(char) *options = xasprintf(
		"lowerdir=%s,upperdir=%s-upper,workdir=%s-work,userxattr",
		lower, lower, lower);

	if (mount("overlay", "merged", "overlay", MS_NODEV | MS_NOSUID,
		  options) < 0)
		return error_set(err, errno, "mount an overlay");
	return use_overlay(err);
}

static int enter_scratch(const struct doctor *d, struct error *err)
{
	/* by path: a descriptor leads back into the old mount namespace */
	if (chdir(d->scratch) < 0)
		return error_set(err, errno, "enter %s", d->scratch);
	return 0;
}

static int try_overlay(void *argument, struct error *err)
{
	struct work *work = argument;
	int r = enter_scratch(work->doctor, err);

	return r < 0 ? r : mount_overlay("lower", err);
}

/* the file system of the store, where overlayfs is known not to work */
static const char *unfit_for_overlay(const struct doctor *d)
{
	scoped_fd fd = open(d->scratch, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? NULL : resolve_why_no_overlay(fd);
}

void check_overlay(const struct doctor *d, const char *argument,
		   struct finding *f)
{
	struct work work = { d, argument, f };

	if (!d->scratch) {
		finding_say(f, VERDICT_SKIP, "there is no store to try it on");
		return;
	}
	const char *unfit = unfit_for_overlay(d);
	if (unfit) {
		finding_say(f, VERDICT_WARN,
			    "not on %s: fuse-overlayfs alone is used, which is "
			    "several times slower",
			    unfit);
		finding_remedy(f, "keep the store on a local ext4, xfs, btrfs "
				  "or tmpfs: export WOLFFIA_STORE=DIR");
	} else if (in_outer(&work, try_overlay, VERDICT_FAIL)) {
		finding_say(f, VERDICT_OK,
			    "takes the writes of containers on this file "
			    "system");
	} else {
		finding_remedy(f, "--driver fuse-overlayfs does without; dmesg "
				  "may tell more");
	}
}

void check_fuse_device(const struct doctor *d, const char *argument,
		       struct finding *f)
{
	struct error err;
	struct stat st;
	scoped_fd fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);

	(void)d, (void)argument;
	if (fd < 0) {
		error_set(&err, errno, "open it");
		finding_error(f, VERDICT_FAIL, &err);
		if (err.code == EACCES || err.code == EPERM)
			finding_remedy(f, "sudo chmod 0666 /dev/fuse; in a "
					  "container: start that one with "
					  "--device /dev/fuse");
		else
			finding_remedy(f, "sudo modprobe fuse; in a container: "
					  "start that one with --device "
					  "/dev/fuse");
	} else if (fstat(fd, &st) < 0 || st.st_rdev != makedev(10, 229)) {
		finding_say(f, VERDICT_FAIL,
			    "it is not the FUSE device (10:229)");
	} else {
		finding_say(f, VERDICT_OK, "can be opened");
	}
}

/* "fuse-overlayfs: version 1.13": the first line with that word in it */
static int ask_version(const char *program, char *to, size_t size,
		       struct error *err)
{
	char option[] = "--version";
	char *argv[] = { (char *)program, option, NULL };
	scoped(char) *said = NULL;
	int output[2];

	if (pipe2(output, O_CLOEXEC) < 0)
		return error_set(err, errno, "make a pipe");
	struct process_stdio stdio = { -1, output[1], output[1] };
	pid_t pid = process_spawn(argv, &stdio, err);
	fd_close(&output[1]);
	int r = pid;
	if (r >= 0 && fd_read_all(output[0], 4096, &said, err) < 0)
		r = -err->code;
	fd_close(&output[0]);
	if (pid >= 0) {
		int status = process_wait(pid, err);
		r = r < 0 ? r : status;
	}
	if (r != 0)
		return r < 0 ? r
			     : error_say(err, ENOEXEC, "%s --version fails",
					 program);
	char *found = strstr(said, "version ");
	found = found ? found + strlen("version ") : said;
	found[strcspn(found, " \n")] = '\0';
	text_escape(to, size, found);
	return 0;
}

void check_fuse_program(const struct doctor *d, const char *argument,
			struct finding *f)
{
	scoped(char) *program = process_find_program("fuse-overlayfs");
	struct error err;
	char version[64];

	(void)d, (void)argument;
	if (!program) {
		fuse_check_server(&err);
		finding_error(f, VERDICT_FAIL, &err);
	} else if (ask_version(program, version, sizeof(version), &err) < 0) {
		finding_error(f, VERDICT_FAIL, &err);
		finding_remedy(f, "install it again: apt install --reinstall "
				  "fuse-overlayfs");
	} else {
		finding_say(f, VERDICT_OK, "%s, version %s", program, version);
	}
}

/* what the server said when it ended, in place of what we only saw */
static void add_words(int log, struct error *err)
{
	char said[256];
	ssize_t n = read(log, said, sizeof(said) - 1);

	if (n <= 0)
		return;
	said[n] = '\0';
	said[strcspn(said, "\n")] = '\0';
	text_escape(said, sizeof(said), said);
	char text[sizeof(err->text)];
	memcpy(text, err->text, sizeof(text));
	error_say(err, err->code, "%s (fuse-overlayfs says: %s)", text, said);
}

static pid_t start_server(int connection, int log, struct error *err)
{
	struct fuse_server server = { .directory_fd = -1 };
	pid_t parent = getpid();
	pid_t pid = fork();

	if (pid < 0)
		return error_set(err, errno, "fork");
	if (pid > 0)
		return pid;
	process_die_with_parent(parent);
	server.directory_fd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	strv_add(&server.lower, "lower");
	fuse_become_server(&server, connection, log, err);
	dprintf(log, "%s\n", err->text);
	_exit(STATUS_WOLFFIA);
}

/* served/ shows what is in lower/, and an overlay above it takes writes */
static int try_served(void *argument, struct error *err)
{
	struct work *work = argument;
	int log[2];
	int r = enter_scratch(work->doctor, err);

	if (r < 0)
		return r;
	if (pipe2(log, O_CLOEXEC) < 0)
		return error_set(err, errno, "make a pipe");
	scoped_fd connection = fuse_mount("served", MS_RDONLY, err);
	if (connection < 0)
		return connection;
	pid_t server = start_server(connection, log[1], err);
	if (server < 0)
		return server;
	fd_close(&connection);
	fd_close(&log[1]);
	r = expect_file("served/file", err);
	if (r < 0) {
		kill(server, SIGKILL);
		add_words(log[0], err);
		return error_prefix(err, "it does not serve");
	}
	if (!work->argument) /* no overlay above it */
		return 0;
	r = mount_overlay("served", err);
	return r < 0 ? error_prefix(err, "it serves, but below an overlay") : 0;
}

void check_fuse_serves(const struct doctor *d, const char *argument,
		       struct finding *f)
{
	scoped(char) *program = process_find_program("fuse-overlayfs");

	(void)argument;
	if (!d->scratch || !program) {
		finding_say(f, VERDICT_SKIP, "%s",
			    program ? "there is no store to try it on"
				    : "there is no fuse-overlayfs");
		return;
	}
	struct work work = { d, unfit_for_overlay(d) ? NULL : "overlay", f };
	if (in_outer(&work, try_served, VERDICT_FAIL))
		finding_say(f, VERDICT_OK, "serves a file%s",
			    work.argument ? ", also below an overlay" : "");
}
