/*
 * The table of the tests, and those about who we are and what the kernel has.
 */
#include "cmd/doctor_checks.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/landlock.h"
#include "base/memory.h"
#include "base/path.h"
#include "core/confine/seccomp.h"
#include "userns/diagnose.h"
#include "userns/subid.h"

#define CAN_MAP "id mapping"

/* clang-format off */
const struct check doctor_checks[] = {
	{ "caller",           check_caller,       NULL,        NULL },
	{ "kernel",           check_kernel,       NULL,        NULL },
	{ "user namespace",   check_userns,       NULL,        NULL },
	{ "subordinate ids",  check_subids,       NULL,        "caller" },
	{ "newuidmap",        check_helper,       "newuidmap", "caller" },
	{ "newgidmap",        check_helper,       "newgidmap", "caller" },
	{ CAN_MAP,            check_mapping,      NULL,        "user namespace" },
	{ "inner namespace",  check_inner,        NULL,        CAN_MAP },
	{ "mount proc",       check_mount,        "proc",      CAN_MAP },
	{ "mount sysfs",      check_mount,        "sysfs",     CAN_MAP },
	{ "mount mqueue",     check_mount,        "mqueue",    CAN_MAP },
	{ "mount devpts",     check_mount,        "devpts",    CAN_MAP },
	{ "mount tmpfs",      check_mount,        "tmpfs",     CAN_MAP },
	{ "store",            check_store,        NULL,        "caller" },
	{ "kernel overlay",   check_overlay,      NULL,        CAN_MAP },
	{ "/dev/fuse",        check_fuse_device,  NULL,        NULL },
	{ "fuse-overlayfs",   check_fuse_program, NULL,        NULL },
	{ "file system server", check_fuse_serves, NULL,       CAN_MAP },
	{ "seccomp",          check_seccomp,      NULL,        NULL },
	{ "Landlock",         check_landlock,     NULL,        NULL },
	{ "home",             check_home,         NULL,        NULL },
	{ "runtime directory", check_runtime,     NULL,        NULL },
	{ "cgroups",          check_cgroups,      NULL,        NULL },
	{ "network",          check_network,      NULL,        NULL },
	{ 0 },
};
/* clang-format on */

void finding_say(struct finding *f, enum verdict verdict, const char *format,
		 ...)
{
	va_list ap;

	f->verdict = verdict;
	va_start(ap, format);
	vsnprintf(f->text, sizeof(f->text), format, ap);
	va_end(ap);
}

void finding_remedy(struct finding *f, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(f->remedy, sizeof(f->remedy), format, ap);
	va_end(ap);
}

void finding_error(struct finding *f, enum verdict verdict,
		   const struct error *err)
{
	finding_say(f, verdict, "%s", err->text);
	finding_remedy(f, "%s", err->hint);
}

/* the caller's name in passwd(5), or the number */
static const char *user_name(char *number, size_t size)
{
	const struct passwd *entry = getpwuid(geteuid());

	snprintf(number, size, "%u", geteuid());
	return entry ? entry->pw_name : number;
}

void check_caller(const struct doctor *d, const char *argument,
		  struct finding *f)
{
	char number[16];

	(void)argument;
	if (geteuid() == 0)
		finding_error(f, VERDICT_FAIL, &d->ids_error);
	else
		finding_say(f, VERDICT_OK, "%s, user %u, group %u",
			    user_name(number, sizeof(number)), geteuid(),
			    getegid());
}

int kernel_lacks(const char *release, char *to, size_t size)
{
	static const struct {
		unsigned version;
		const char *what;
	} news[] = {
		/* all in Linux's own major * 1000 + minor */
		{ 5013, "5.13 a kernel overlay that takes the writes" },
		{ 5014, "5.14 a limit of processes for the whole container" },
		{ 5019, "5.19 Landlock that lets files be moved" },
		{ 6012, "6.12 no abstract sockets or signals to the outside "
			"(Landlock)" },
	};
	unsigned major_number, minor_number;
	size_t n = 0;

	if (sscanf(release, "%u.%u", &major_number, &minor_number) != 2)
		return -EINVAL;
	unsigned version = major_number * 1000 + minor_number;
	*to = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(news); i++)
		if (version < news[i].version && n < size)
			n += (size_t)snprintf(to + n, size - n, "%s%s",
					      n ? "; " : "", news[i].what);
	return version < 5012 ? -ENOSYS : 0;
}

/* A call that every start needs and no other check tries, with errno set;
 * NULL: all are there.  A filter around us may hide what its kernel has. */
static const char *missing_call(void)
{
	scoped_fd root =
		path_resolve(AT_FDCWD, "/", O_PATH | O_DIRECTORY, 0, 0);
	if (root < 0)
		return "openat2";
	scoped_fd self = (int)syscall(SYS_pidfd_open, getpid(), 0);
	return self < 0 ? "pidfd_open" : NULL;
}

void check_kernel(const struct doctor *d, const char *argument,
		  struct finding *f)
{
	char lacks[512] = "";
	struct utsname system;

	(void)d, (void)argument;
	uname(&system);
	int r = kernel_lacks(system.release, lacks, sizeof(lacks));
	const char *missing = missing_call();
	if (r == -ENOSYS) {
		finding_say(f, VERDICT_FAIL,
			    "Linux %s: 5.12 is the oldest that can make mounts "
			    "that are locked before anyone sees them "
			    "(mount_setattr)",
			    system.release);
		finding_remedy(f, "take a newer kernel");
	} else if (missing) {
		finding_say(f, VERDICT_FAIL, "Linux %s, but %s(2): %s",
			    system.release, missing, strerror(errno));
		finding_remedy(f, "a container around wolffia must not hide "
				  "system calls");
	} else if (*lacks) {
		finding_say(f, VERDICT_WARN, "Linux %s; newer ones bring: %s",
			    system.release, lacks);
	} else {
		finding_say(f, VERDICT_OK, "Linux %s", system.release);
	}
}

/* does libsubid, which newuidmap asks, say the same? */
static bool agrees(enum subid_kind kind, const char *user,
		   const struct idrange *ranges, int n, char *why, size_t size)
{
	struct idrange theirs[SUBID_RANGES_MAX];
	struct error err;
	int m = subid_ask_library(kind, user, theirs, &err);

	if (m == -EIO)
		return true; /* it is not installed, or cannot be asked */
	bool same = m == n;
	for (int i = 0; same && i < n; i++) {
		bool found = false;
		for (int j = 0; j < m; j++)
			found |= theirs[j].start == ranges[i].start &&
				 theirs[j].count == ranges[i].count;
		same = found;
	}
	if (!same)
		snprintf(why, size,
			 "/etc/%s and libsubid, which newuidmap asks, do not "
			 "agree about the ranges of %s",
			 kind == SUBID_UIDS ? "subuid" : "subgid", user);
	return same;
}

/* one of the two kinds; Return: how many ranges there are, or an error */
static int look_up(enum subid_kind kind, const char *user, char *said,
		   size_t size, struct error *err)
{
	struct idrange ranges[SUBID_RANGES_MAX];
	int n = subid_find(kind, user, geteuid(), ranges, err);
	char why[256];

	if (n < 0)
		return n;
	if (!agrees(kind, user, ranges, n, why, sizeof(why))) {
		error_say(err, EPROTO, "%s", why);
		return error_hint(err, "compare with: getsubids %s%s",
				  kind == SUBID_UIDS ? "" : "-g ", user);
	}
	size_t used = 0;
	for (int i = 0; i < n && used < size; i++)
		used += (size_t)snprintf(said + used, size - used, "%s%u-%u",
					 i ? ", " : "", ranges[i].start,
					 ranges[i].start + ranges[i].count - 1);
	return n;
}

/* both usermod lines in one, as one usually lacks both */
static void suggest_ranges(const char *user, struct finding *f)
{
	scoped(char) *uids = NULL;
	scoped(char) *gids = NULL;
	struct error ignored;

	if (fd_read_file(AT_FDCWD, "/etc/subuid", 16 << 20, &uids, &ignored) <
	    0)
		uids = NULL;
	if (fd_read_file(AT_FDCWD, "/etc/subgid", 16 << 20, &gids, &ignored) <
	    0)
		gids = NULL;
	scoped(char) *first = subid_suggest(SUBID_UIDS, uids ? uids : "", user);
	scoped(char) *second =
		subid_suggest(SUBID_GIDS, gids ? gids : "", user);
	finding_remedy(f, "%s && %s", first, second);
}

void check_subids(const struct doctor *d, const char *argument,
		  struct finding *f)
{
	char number[16], uids[256], gids[256];
	const char *user = user_name(number, sizeof(number));
	struct error err;
	int r = look_up(SUBID_UIDS, user, uids, sizeof(uids), &err);

	(void)argument;
	if (r >= 0)
		r = look_up(SUBID_GIDS, user, gids, sizeof(gids), &err);
	if (r == -ENOENT) {
		finding_say(f, VERDICT_WARN,
			    "%s: a container has one id only, and root in it "
			    "is you",
			    err.text);
		suggest_ranges(user, f);
		return;
	}
	if (r < 0) {
		finding_error(f, VERDICT_FAIL, &err);
		return;
	}
	/* the caller's own id is the first of an as-me container */
	if (range_explain_size(idmap_size(&d->ids.uids) - 1,
			       idmap_size(&d->ids.gids) - 1, &err) < 0) {
		finding_say(f, VERDICT_WARN, "%s", err.text);
		suggest_ranges(user, f);
		return;
	}
	finding_say(f, VERDICT_OK, "users %s, groups %s", uids, gids);
}

void check_helper(const struct doctor *d, const char *name, struct finding *f)
{
	bool uids = strcmp(name, "newuidmap") == 0;
	struct helper_facts facts;
	struct error err = { .code = EPERM };

	helper_facts_collect(name, uids ? &d->ids.uids : &d->ids.gids, NULL,
			     &facts);
	if (helper_cause(&facts) == HELPER_CAUSE_NONE) {
		finding_say(f, VERDICT_OK, "%s, %s", facts.path,
			    facts.setuid_root ? "set-uid root"
					      : "with file capabilities");
	} else {
		helper_explain(&facts, &err);
		/* without ranges it has nothing to do */
		finding_say(f, d->ids.single ? VERDICT_WARN : VERDICT_FAIL,
			    "%s", err.hint);
	}
	free(facts.path);
}

void check_seccomp(const struct doctor *d, const char *argument,
		   struct finding *f)
{
	bool outer = seccomp_is_installed();
	struct error err;

	(void)d, (void)argument;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
		error_set(&err, errno, "set no_new_privs");
		finding_error(f, VERDICT_FAIL, &err);
	} else if (seccomp_install(SECCOMP_PROFILE_DEFAULT, false, &err) < 0) {
		finding_error(f, VERDICT_FAIL, &err);
		if (err.code == EINVAL)
			finding_remedy(f, "take a kernel with "
					  "CONFIG_SECCOMP_FILTER=y");
	} else {
		finding_say(
			f, VERDICT_OK, "the filter can be installed%s",
			outer ? "; another one is in force already, that of "
				"an outer container"
			      : "");
	}
}

void check_landlock(const struct doctor *d, const char *argument,
		    struct finding *f)
{
	int abi = landlock_abi();
	const char *missing = landlock_missing(abi);

	(void)d, (void)argument;
	if (abi == -EOPNOTSUPP) {
		finding_say(f, VERDICT_WARN,
			    "built in but not active: %s are not guarded by it",
			    missing);
		finding_remedy(f,
			       "add landlock to lsm= on the kernel's command "
			       "line");
	} else if (abi < 0) {
		finding_say(f, VERDICT_WARN,
			    "this kernel has none: %s are not guarded by it",
			    missing);
	} else if (missing) {
		finding_say(f, VERDICT_WARN, "ABI %d: %s are not guarded by it",
			    abi, missing);
	} else {
		finding_say(f, VERDICT_OK, "ABI %d", abi);
	}
}
