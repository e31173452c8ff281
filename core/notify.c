#include "core/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/fd.h"

int notify_send(const char *lines, struct error *err)
{
	const char *name = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	size_t n = name ? strlen(name) : 0;

	if (n == 0)
		return 0;
	if ((name[0] != '/' && name[0] != '@') || n < 2 ||
	    n >= sizeof(to.sun_path))
		return error_say(err, EINVAL,
				 "NOTIFY_SOCKET is no path of a socket");
	memcpy(to.sun_path, name, n);
	/* unix(7): an abstract name begins with a zero, and ends without */
	if (name[0] == '@')
		to.sun_path[0] = '\0';
	scoped_fd fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return error_set(err, errno, "make a socket");
	if (sendto(fd, lines, strlen(lines), MSG_NOSIGNAL,
		   (struct sockaddr *)&to,
		   (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)) < 0)
		return error_set(err, errno, "tell the service manager at %s",
				 name);
	return 1;
}
