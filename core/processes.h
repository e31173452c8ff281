/*
 * core/processes.h - the processes of a container, as the host's /proc shows
 * them
 *
 * Nothing of the container is executed or asked (CVE-2022-1227).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

/* Their numbers on the host; PID 1 of the container is the first. */
struct processes {
	pid_t *pids;
	size_t n;
};

/*
 * processes_find - PID 1 and all its descendants
 * @init_pid: on the host.  That it is still the container's is for the caller
 * to see afterwards: the container was alive then, with this PID 1.
 *
 * One that is born or dies at this moment may or may not be there.
 * Source: /proc/PID/task/TID/children, proc(5), Linux 4.2 with PROC_CHILDREN.
 * Return: 0; -ESRCH PID 1 is gone.
 */
int processes_find(pid_t init_pid, struct processes *ret, struct error *err);
void processes_free(struct processes *processes);
#define scoped_processes                                                       \
	__attribute__((cleanup(processes_free))) struct processes

bool processes_contain(const struct processes *processes, pid_t pid);
