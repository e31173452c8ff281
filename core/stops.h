/*
 * core/stops.h - a launch that stops before each step, for tests/proof
 *
 * Only where WOLFFIA_STOPS is defined, which is in no program that is
 * installed: tests/proof/meson.build makes one of its own with it.  There
 * $WOLFFIA_STOPS is the path of a SOCK_SEQPACKET socket.  Before each step one
 * message with the step's number, actor and name goes to it, and the process
 * waits for an answer, or for the end of the connection, after which nobody
 * stops any more.  SIGSTOP would not do: PID 1 of a container cannot stop
 * itself (pid_namespaces(7)).
 */
#pragma once

#include "core/walk.h"

#ifdef WOLFFIA_STOPS
void stops_before(const struct step *plan, int step);
#else
static inline void stops_before(const struct step *plan, int step)
{
	(void)plan;
	(void)step;
}
#endif
