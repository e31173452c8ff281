/* Which file the policy is read from; see policy.h. */
#include <errno.h>
#include <fcntl.h>

#include "base/fd.h"
#include "base/memory.h"
#include "storage/trust/policy.h"

#define ETC  "/etc/containers/policy.json"
#define USER ".config/containers/policy.json"

/* Return: 1 read; 0 there is none */
static int read_policy(const char *path, struct policy *ret, struct error *err)
{
	scoped(char) *text = NULL;
	ssize_t size = fd_read_file(AT_FDCWD, path, POLICY_MAX, &text, err);

	if (size == -ENOENT || size == -ENOTDIR)
		return 0;
	if (size < 0)
		return (int)size;
	int r = policy_parse(text, (size_t)size, path, ret, err);
	if (r < 0)
		error_hint(err, "containers-policy.json(5) describes it; "
				"wolffia-pull(1) says what is checked");
	return r < 0 ? r : 1;
}

int policy_load(const char *path, struct policy *ret, struct error *err)
{
	const char *home = getenv("HOME");
	scoped(char) *user =
		home && home[0] == '/' ? xasprintf("%s/" USER, home) : NULL;
	int r = 0;

	*ret = (struct policy){ 0 };
	if (path) {
		r = read_policy(path, ret, err);
		return r == 0 ? error_say(err, ENOENT, "there is no %s", path)
			      : (r < 0 ? r : 0);
	}
	if (user)
		r = read_policy(user, ret, err);
	if (r == 0)
		r = read_policy(ETC, ret, err);
	return r < 0 ? r : 0;
}
