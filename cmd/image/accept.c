/* What policy.json says of archives; see image_verbs.h. */
#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "cmd/image/image_verbs.h"
#include "storage/trust/trust.h"

int image_accept_archive(const char *transport, const char *path,
			 struct error *err)
{
	scoped_policy policy = { 0 };
	scoped(char) *real = NULL;
	int r = policy_load(NULL, &policy, err);

	/* the scopes of a policy are paths without links */
	if (r == 0 && strcmp(path, "-") != 0) {
		real = realpath(path, NULL);
		if (!real)
			r = error_set(err, errno, "%s", path);
	}
	return r < 0 ? r : trust_check_archive(&policy, transport, real, err);
}
