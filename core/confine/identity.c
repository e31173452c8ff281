#include "core/confine/identity.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <sys/fsuid.h>
#include <unistd.h>

#include "base/memory.h"

static int set_groups(const gid_t *groups, size_t n, struct error *err)
{
	if (setgroups(n, groups) == 0)
		return 0;
	if (errno != EINVAL)
		return error_set(err, errno, "set the supplementary groups");
	/* one of them has no place in the map; say which, if one alone does */
	for (size_t i = 0; i < n; i++)
		if (setgroups(1, &groups[i]) < 0)
			return error_say(err, EINVAL,
					 "the container has no group %u",
					 groups[i]);
	return error_set(err, EINVAL, "set the %zu supplementary groups", n);
}

static bool is_in(gid_t gid, const gid_t *groups, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (groups[i] == gid)
			return true;
	return false;
}

/* the kernel sorts them; an image may name one twice */
static int check_groups(const gid_t *groups, size_t n, struct error *err)
{
	int count = getgroups(0, NULL);
	scoped(gid_t) *now =
		xcalloc(count > 0 ? (size_t)count : 1, sizeof(*now));

	count = getgroups(count, now);
	if (count < 0)
		return error_set(err, errno, "read the groups back");
	for (size_t i = 0; i < (size_t)count; i++)
		if (!is_in(now[i], groups, n))
			return error_say(err, EPROTO,
					 "the process is still in group %u",
					 now[i]);
	for (size_t i = 0; i < n; i++)
		if (!is_in(groups[i], now, (size_t)count))
			return error_say(err, EPROTO,
					 "the process did not get group %u",
					 groups[i]);
	return 0;
}

static int check_ids(uid_t uid, gid_t gid, struct error *err)
{
	uid_t u[4] = { 0 };
	gid_t g[4] = { 0 };

	if (getresuid(&u[0], &u[1], &u[2]) < 0 ||
	    getresgid(&g[0], &g[1], &g[2]) < 0)
		return error_set(err, errno, "read the ids back");
	/* -1 changes nothing and says what it is: setfsuid(2) */
	u[3] = (uid_t)setfsuid((uid_t)-1);
	g[3] = (gid_t)setfsgid((gid_t)-1);
	for (int i = 0; i < 4; i++)
		if (u[i] != uid || g[i] != gid)
			return error_say(err, EPROTO,
					 "the process is %u:%u, not %u:%u",
					 u[i], g[i], uid, gid);
	return 0;
}

int identity_become(uid_t uid, gid_t gid, const gid_t *groups, size_t n,
		    bool can_set_groups, struct error *err)
{
	/* to the calls below -1 means: leave it as it is */
	if (uid == (uid_t)-1 || gid == (gid_t)-1)
		return error_say(err, EINVAL, "4294967295 is not an id");
	if (!can_set_groups && !(n == 0 || (n == 1 && groups[0] == gid)))
		return error_say(err, EPERM,
				 "with a single id there are no "
				 "supplementary groups");
	int r = can_set_groups ? set_groups(groups, n, err) : 0;
	if (r < 0)
		return r;
	if (setresgid(gid, gid, gid) < 0)
		return errno == EINVAL
			       ? error_say(err, EINVAL,
					   "the container has no group %u", gid)
			       : error_set(err, errno, "become group %u", gid);
	if (setresuid(uid, uid, uid) < 0)
		return errno == EINVAL
			       ? error_say(err, EINVAL,
					   "the container has no user %u", uid)
			       : error_set(err, errno, "become user %u", uid);
	if (can_set_groups)
		r = check_groups(groups, n, err);
	return r < 0 ? r : check_ids(uid, gid, err);
}
