#include "userns/diagnose.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/text.h"

enum { FILE_MAX = 4 << 20 };

/* the text of a small file, the caller's to free; NULL when it has none */
static char *read_text(const char *path)
{
	struct error ignored;
	char *text = NULL;

	if (fd_read_file(AT_FDCWD, path, FILE_MAX, &text, &ignored) < 0)
		return NULL;
	return text;
}

static long read_sysctl(const char *path)
{
	scoped(char) *text = read_text(path);
	char *end = NULL;

	if (!text)
		return SYSCTL_MISSING;
	long value = strtol(text, &end, 10);
	return end == text ? SYSCTL_MISSING : value;
}

bool mountinfo_has_root(const char *text)
{
	/* ID PARENT MAJOR:MINOR ROOT MOUNTPOINT ...: proc_pid_mountinfo(5) */
	for (const char *line = text; line && *line;) {
		const char *field = line;
		size_t length = strcspn(line, "\n");

		for (int i = 0; i < 4 && field; i++) {
			field = memchr(field, ' ',
				       length - (size_t)(field - line));
			field = field ? field + 1 : NULL;
		}
		if (field && text_starts_with(field, "/ "))
			return true;
		line += length + (line[length] == '\n');
	}
	return false;
}

bool id_map_text_has(const char *text, uint32_t id)
{
	unsigned long inside, outside, count;
	int used = 0;

	for (; sscanf(text, "%lu %lu %lu%n", &inside, &outside, &count,
		      &used) == 3;
	     text += used)
		if (id >= inside && id - inside < count)
			return true;
	return false;
}

bool id_map_text_is_initial(const char *text)
{
	unsigned long inside, outside, count;

	return sscanf(text, "%lu %lu %lu", &inside, &outside, &count) == 3 &&
	       inside == 0 && outside == 0 && count == UINT32_MAX;
}

/*
 * Is there a filter that looks at CLONE_NEWUSER?  The kernel refuses it
 * together with CLONE_FS (clone(2), EINVAL) before it looks at anything else,
 * so any other answer is not the kernel's own.  But for Debian's sysctl, all
 * checks come later.
 */
static bool is_filtered(void)
{
	long pid = syscall(SYS_clone, CLONE_NEWUSER | CLONE_FS | SIGCHLD, NULL,
			   NULL, NULL, NULL);

	if (pid == 0)
		_exit(0);
	return pid < 0 && errno != EINVAL && errno != EAGAIN && errno != ENOMEM;
}

static void collect_ids(struct userns_facts *ret)
{
	scoped(char) *uids = read_text("/proc/self/uid_map");
	scoped(char) *gids = read_text("/proc/self/gid_map");

	if (!uids || !gids)
		return;
	ret->in_user_namespace = !id_map_text_is_initial(uids);
	/* an id without a mapping is shown as the overflow id, 65534 */
	ret->id_unmapped = !id_map_text_has(uids, geteuid()) ||
			   !id_map_text_has(gids, getegid());
}

void userns_facts_collect(int code, struct userns_facts *ret)
{
	scoped(char) *mounts = read_text("/proc/self/mountinfo");
	scoped(char) *modules = read_text("/sys/kernel/security/lsm");

	*ret = (struct userns_facts){ .code = code };
	ret->proc_there = access("/proc/self/status", R_OK) == 0;
	ret->supported =
		!ret->proc_there || access("/proc/self/ns/user", F_OK) == 0;
	ret->unprivileged_userns_clone =
		read_sysctl("/proc/sys/kernel/unprivileged_userns_clone");
	ret->max_user_namespaces =
		read_sysctl("/proc/sys/user/max_user_namespaces");
	ret->apparmor_restrict = read_sysctl(
		"/proc/sys/kernel/apparmor_restrict_unprivileged_userns");
	ret->filtered = is_filtered();
	ret->in_chroot = mounts && *mounts && !mountinfo_has_root(mounts);
	collect_ids(ret);
	if (modules) {
		modules[strcspn(modules, "\n")] = '\0';
		text_escape(ret->security_modules,
			    sizeof(ret->security_modules), modules);
	}
	ssize_t n = readlink("/proc/self/exe", ret->executable,
			     sizeof(ret->executable) - 1);
	ret->executable[n < 0 ? 0 : n] = '\0';
}

enum userns_cause userns_cause(const struct userns_facts *f)
{
	if (f->code == ENOMEM)
		return USERNS_CAUSE_MEMORY;
	if (f->code == EAGAIN)
		return USERNS_CAUSE_PROCESS_LIMIT;
	/* EUSERS: until Linux 4.9 */
	if (f->code == ENOSPC || f->code == EUSERS)
		return f->max_user_namespaces == 0 ? USERNS_CAUSE_NONE_ALLOWED
						   : USERNS_CAUSE_LIMIT;
	if (!f->supported)
		return USERNS_CAUSE_NOT_BUILT;
	/* from what can be turned by one line to what cannot; the filter after
	 * the sysctl, which may answer in its place */
	if (f->unprivileged_userns_clone == 0)
		return USERNS_CAUSE_SYSCTL;
	if (f->filtered)
		return USERNS_CAUSE_SECCOMP;
	if (f->code != EPERM && f->code != EACCES)
		return USERNS_CAUSE_UNKNOWN;
	if (f->id_unmapped)
		return USERNS_CAUSE_UNMAPPED;
	if (f->in_chroot)
		return USERNS_CAUSE_CHROOT;
	if (f->apparmor_restrict == 1)
		return USERNS_CAUSE_APPARMOR;
	return USERNS_CAUSE_UNKNOWN;
}

int userns_apparmor_command(const char *executable, char *to, size_t size)
{
	return snprintf(to, size,
			"printf '%%s\\n' 'abi <abi/4.0>,' 'profile wolffia "
			"\"%s\" flags=(unconfined) { userns, }' | sudo tee "
			"/etc/apparmor.d/wolffia && sudo apparmor_parser -r "
			"/etc/apparmor.d/wolffia",
			*executable ? executable : "/usr/bin/wolffia");
}

static int explain_limit(const struct userns_facts *f, struct error *err)
{
	error_set(err, f->code,
		  "create a user namespace: as many as are allowed "
		  "(user.max_user_namespaces = %ld here), or 32 one in the "
		  "other, are there, in this user namespace or in an outer one",
		  f->max_user_namespaces);
	if (f->in_user_namespace)
		return error_hint(err,
				  "wolffia was started in a container: let "
				  "that one have user namespaces (if it is "
				  "wolffia's, start it with --profile "
				  "nested)");
	return error_hint(err,
			  "sudo sysctl -w user.max_user_namespaces=%ld; "
			  "lsns -t user lists those there are",
			  f->max_user_namespaces < 15000
				  ? 15000L
				  : f->max_user_namespaces * 2);
}

static int explain_unknown(const struct userns_facts *f, struct error *err)
{
	error_set(err, f->code, "create a user namespace");
	if (f->code != EPERM && f->code != EACCES)
		return -f->code;
	return error_hint(
		err,
		"no sysctl, filter, missing id or plain chroot is the "
		"cause: either a security module (%s) or a chroot "
		"onto a mount point; dmesg and the audit log may tell",
		*f->security_modules ? f->security_modules
				     : "which are there cannot be "
				       "read");
}

static int explain_permission(const struct userns_facts *f,
			      enum userns_cause cause, struct error *err)
{
	char command[PATH_MAX + 256];

	switch (cause) {
	case USERNS_CAUSE_SECCOMP:
		error_set(err, f->code,
			  "create a user namespace: a system call filter "
			  "(seccomp), such as that of an outer container, "
			  "refuses it");
		return error_hint(err,
				  "start the outer container with "
				  "--security-opt seccomp=unconfined "
				  "(docker, podman), or with a filter that "
				  "lets clone, unshare and mount pass");
	case USERNS_CAUSE_UNMAPPED:
		error_set(err, f->code,
			  "create a user namespace: this process's user or "
			  "group has no id in the user namespace it lives in");
		return error_hint(err, "start wolffia as a user that the outer "
				       "container has (--user)");
	case USERNS_CAUSE_CHROOT:
		error_set(err, f->code,
			  "create a user namespace: this process is in a "
			  "chroot, where the kernel allows none");
		return error_hint(err,
				  "start wolffia outside of the chroot, or "
				  "enter the tree by pivot_root (bwrap "
				  "--bind DIR /, systemd-nspawn -D DIR)");
	case USERNS_CAUSE_APPARMOR:
		userns_apparmor_command(f->executable, command,
					sizeof(command));
		error_set(err, f->code,
			  "create a user namespace: AppArmor allows it only to "
			  "programs with a profile that says so "
			  "(kernel.apparmor_restrict_unprivileged_userns = 1)");
		return error_hint(err, "%s", command);
	default:
		return explain_unknown(f, err);
	}
}

int userns_explain(const struct userns_facts *f, struct error *err)
{
	enum userns_cause cause = userns_cause(f);

	switch (cause) {
	case USERNS_CAUSE_NOT_BUILT:
		error_set(err, f->code,
			  "create a user namespace: this kernel "
			  "was built without them");
		return error_hint(err, "take a kernel with CONFIG_USER_NS=y");
	case USERNS_CAUSE_SYSCTL:
		error_set(err, f->code,
			  "create a user namespace: "
			  "kernel.unprivileged_userns_clone is 0");
		return error_hint(err,
				  "sudo sysctl -w "
				  "kernel.unprivileged_userns_clone=1 (for "
				  "good: a line in /etc/sysctl.d/)");
	case USERNS_CAUSE_NONE_ALLOWED:
		error_set(err, f->code,
			  "create a user namespace: "
			  "user.max_user_namespaces is 0");
		return error_hint(err,
				  f->in_user_namespace
					  ? "wolffia was started in a "
					    "container that forbids them"
					  : "sudo sysctl -w "
					    "user.max_user_namespaces=15000 "
					    "(for good: a line in "
					    "/etc/sysctl.d/)");
	case USERNS_CAUSE_LIMIT:
		return explain_limit(f, err);
	case USERNS_CAUSE_PROCESS_LIMIT:
		error_set(err, f->code,
			  "create a process in a user namespace: the limit of "
			  "processes is reached");
		return error_hint(err,
				  "end some, or raise the limit: ulimit -u, "
				  "pids.max of the cgroup, TasksMax= of "
				  "the systemd unit");
	case USERNS_CAUSE_MEMORY:
		return error_set(err, f->code, "create a user namespace");
	default:
		return explain_permission(f, cause, err);
	}
}

int proc_hidden(const char *text, char *to, size_t size)
{
	bool there = false;

	for (const char *line = text; *line;) {
		char root[PATH_MAX], target[PATH_MAX];
		size_t length = strcspn(line, "\n");

		if (sscanf(line, "%*s %*s %*s %4095s %4095s", root, target) ==
		    2) {
			if (strcmp(target, "/proc") == 0)
				there = strcmp(root, "/") == 0;
			if (text_starts_with(target, "/proc/") &&
			    /* mounted on demand, on an empty directory */
			    strcmp(target, "/proc/sys/fs/binfmt_misc") != 0) {
				snprintf(to, size, "%s", target);
				return 1;
			}
		}
		line += length + (line[length] == '\n');
	}
	return there ? 0 : -ENOENT;
}
