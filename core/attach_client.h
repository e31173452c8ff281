/*
 * core/attach_client.h - the user's end of being attached to a container
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "core/record.h"
#include "storage/store.h"

struct attach_options {
	bool input;              /* connect standard input */
	bool pass_signals;       /* those that would end us go to the command,
				  * unless it has a terminal: its keys do that,
				  * and a closed window is not its affair */
	const char *detach_keys; /* of attached_parse_keys() */
};

/*
 * attach_make_pipes - for the two ends
 * @theirs: in, out, err, as struct launch_how wants them; -1: none
 * @ours:   the same
 */
int attach_make_pipes(bool input, int theirs[3], int ours[3],
		      struct error *err);

/*
 * attach_run - pass streams on until the command ends or the keys are typed
 * @ours:   of attach_make_pipes(); taken over
 * @end_fd: readable at the end
 * Return: enum attached_end of core/attached.h, -errno
 */
int attach_run(const struct store *store, const struct record *record,
	       const struct attach_options *options, int ours[3], int end_fd,
	       struct error *err);

/*
 * attach_to_running - be attached to a live container
 * @ret_status: its exit status for the shell; 0 when the keys were typed
 * Return: enum attached_end, -errno
 */
int attach_to_running(const struct store *store, const struct record *record,
		      const struct attach_options *options, int *ret_status,
		      struct error *err);
