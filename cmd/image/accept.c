/* What policy.json says of archives; see image_verbs.h. */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "cmd/image/image_verbs.h"
#include "storage/trust/trust.h"

/*
 * The scopes of a policy are paths without links, so it is asked about the file
 * that was opened, whatever way led to it.
 * @ret: the caller's to free; NULL: a pipe, or a file that has no name any more
 */
static int find_path(int fd, char **ret, struct error *err)
{
	char path[PATH_MAX];
	struct stat st;
	ssize_t n = readlink(fd_link(fd).text, path, sizeof(path) - 1);

	if (n < 0 || fstat(fd, &st) < 0)
		return error_set(err, errno, "find its path");
	path[n] = '\0';
	*ret = path[0] == '/' && st.st_nlink > 0 ? xstrdup(path) : NULL;
	return 0;
}

int image_accept_archive(const char *transport, int fd, const char *path,
			 struct error *err)
{
	scoped_policy policy = { 0 };
	scoped(char) *real = NULL;
	int r = policy_load(NULL, &policy, err);

	if (r == 0 && strcmp(path, "-") != 0)
		r = find_path(fd, &real, err);
	return r < 0 ? r : trust_check_archive(&policy, transport, real, err);
}
