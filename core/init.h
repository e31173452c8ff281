/*
 * core/init.h - PID 1 of a container
 */
#pragma once

#include "core/launch.h"

/*
 * What the launcher asks of PID 1 over their socket, one byte each: the
 * number of a signal to be sent to the workload.  End of file means that the
 * launcher is gone; PID 1 then ends, and with it all processes of its pid
 * namespace (pid_namespaces(7)).
 */

/*
 * init_start - fork the workload and see it executed
 * Return: its pid; -ENOENT, -EACCES, ... when it could not be executed.
 */
pid_t init_start(struct launch *l, struct error *err);

/*
 * init_become_workload - in the workload's process: its streams, its ids, its
 * capabilities, its directory; then execve(2)
 * Returns only on failure.
 */
int init_become_workload(struct launch *l, struct error *err);

/* init_serve - reap, forward signals, and end when @workload has ended */
_Noreturn void init_serve(struct launch *l, pid_t workload);
