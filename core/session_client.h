/*
 * core/session_client.h - the user's end of a session (core/session.h)
 */
#pragma once

#include "base/error.h"
#include "core/record.h"
#include "core/session.h"
#include "storage/store.h"

/*
 * session_run - run a command in the live container @record, and pass its
 * streams on until it ends
 * @detached:   do not wait for it; what it writes is lost, as with docker
 * @ret_status: for the shell; set in every case
 *
 * Return: 0; what went wrong: -ESRCH it does not run; ...
 */
int session_run(const struct store *store, const struct record *record,
		const struct session_request *request, bool detached,
		int *ret_status, struct error *err);
