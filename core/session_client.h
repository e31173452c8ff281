/*
 * core/session_client.h - the user's end of a session (core/session.h)
 */
#pragma once

#include "base/error.h"
#include "core/record.h"
#include "core/session.h"
#include "storage/store.h"

struct session_how {
	bool detached;           /* do not wait for it; what it writes is lost,
				  * as with docker */
	const char *detach_keys; /* of attached_parse_keys(): let go of it */
	const char *id;          /* in events: attribute execID */
};

/*
 * session_run - run a command in the live container @record, and pass its
 * streams on until it ends
 * @ret_status: for the shell; set in every case
 *
 * Return: 0; 1: the keys were typed, and it goes on, or has just ended; what
 * went wrong: -ESRCH it does not run; ...
 */
int session_run(const struct store *store, const struct record *record,
		const struct session_request *request,
		const struct session_how *how, int *ret_status,
		struct error *err);
