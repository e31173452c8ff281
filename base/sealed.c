#include "base/sealed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U /* Linux 6.3 */
#endif

enum { SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };

bool sealed_is_running(void)
{
	scoped_fd self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int seals = self < 0 ? -1 : fcntl(self, F_GET_SEALS);

	return seals >= 0 && (seals & SEALS) == SEALS;
}

static int copy_all(int from, int to, struct error *err)
{
	struct stat st;

	if (fstat(from, &st) < 0)
		return error_set(err, errno, "/proc/self/exe");
	for (off_t left = st.st_size; left > 0;) {
		ssize_t n = sendfile(to, from, NULL, (size_t)left);
		if (n <= 0)
			return error_set(err, n < 0 ? errno : EIO,
					 "copy /proc/self/exe");
		left -= n;
	}
	return 0;
}

int sealed_exec(char *const argv[], struct error *err)
{
	const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	scoped_fd self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	scoped_fd copy = memfd_create("wolffia", flags | MFD_EXEC);

	if (copy < 0 && errno == EINVAL) /* until Linux 6.3 is the floor */
		copy = memfd_create("wolffia", flags);
	if (self < 0 || copy < 0)
		return error_set(err, errno, "make a sealed copy of wolffia");
	int r = copy_all(self, copy, err);
	if (r < 0)
		return r;
	if (fcntl(copy, F_ADD_SEALS, SEALS) < 0)
		return error_set(err, errno, "seal the copy of wolffia");
	fexecve(copy, argv, environ);
	return error_set(err, errno, "execute the sealed copy of wolffia");
}
