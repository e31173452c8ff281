/*
 * base/status.h - the exit statuses that are ours
 *
 * Any other status is the workload's own; 128+N means that signal N ended it.
 * The numbers are those of docker(1), podman(1) and env(1).
 */
#pragma once

enum {
	STATUS_WOLFFIA = 125,     /* wolffia failed, or was used wrongly */
	STATUS_CANNOT_EXEC = 126, /* the command cannot be executed */
	STATUS_NOT_FOUND = 127,   /* the command was not found */
	STATUS_SIGNAL = 128,      /* + the number of the signal */
};
