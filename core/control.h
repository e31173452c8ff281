/*
 * core/control.h - asking the launcher of a live container
 *
 * The launcher listens on containers/<id>/control, a SOCK_SEQPACKET socket in
 * a directory that only the caller may enter.  It answers nobody but processes
 * of its own user in its own user namespace: a container that sees the store
 * through a volume is another one.  One request is one message, and is
 * answered by one reply.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/fd.h"
#include "storage/store.h"

enum control_verb {
	CONTROL_SIGNAL, /* .number to the command */
	CONTROL_STOP,   /* .number: ms until SIGKILL, -1: as the spec says;
			 * .flags: the signal, 0: as the spec says; answered
			 * when the container has ended */
	CONTROL_WAIT,   /* answered when the command has ended */
	CONTROL_PAUSE,
	CONTROL_UNPAUSE,
	CONTROL_SESSION, /* core/session.h; fds: a socket, the request;
			  * .name: the session's id */
	CONTROL_ATTACH,  /* fds: out, err, in (with ATTACH_INPUT): pipes; until
			  * the connection ends */
	CONTROL_RESIZE,  /* the terminal: .rows, .columns */
	CONTROL_ROOT,    /* reply's fds: the root directory, the container's
			  * user namespace, the outer one */
	CONTROL_RENAME,  /* to .name */
};

enum {
	ATTACH_INPUT = 1,
	SESSION_DETACHED = 1,
};

struct control_request {
	enum control_verb verb;
	int32_t number;
	uint32_t flags;
	uint16_t rows, columns;
	char name[256]; /* of RENAME and SESSION */
};

struct control_reply {
	struct error err;  /* .code 0: done */
	int32_t exit_code; /* of STOP and WAIT */
	int32_t signal;    /* that ended it, or 0 */
};

/*
 * control_connect - to the launcher of the container @id
 * Return: a descriptor, which hangs up when the launcher ends; -ESRCH the
 * container does not run.
 */
int control_connect(const struct store *store, const char *id,
		    struct error *err);

/* control_ask - send a request, with @n descriptors (-1 and 0: none) */
int control_ask(int fd, const struct control_request *request, const int *fds,
		size_t n, struct error *err);

/*
 * control_hear - wait for the reply
 * @ret_fds: NULL: none are expected
 * Return: 0; the error of the other side; -ESRCH its launcher has died.
 */
int control_hear(int fd, struct control_reply *ret,
		 int ret_fds[FD_MESSAGE_MOST], struct error *err);

/* control_call - control_connect, _ask and _hear for requests without
 * descriptors; @ret may be NULL */
int control_call(const struct store *store, const char *id,
		 const struct control_request *request,
		 struct control_reply *ret, struct error *err);
