/*
 * core/workload.h - the command of a container, as the host's /proc shows it
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * workload_find - the command's number on the host
 * @init_pid:  PID 1 on the host; a live child of ours
 * @inner_pid: the command's number in the container
 * Return: 0 when it cannot be told.  Source: /proc/PID/task/TID/children
 * (proc(5), Linux 3.5) and NSpid in /proc/PID/status (Linux 4.1).
 */
pid_t workload_find(pid_t init_pid, pid_t inner_pid);

/*
 * workload_ignores - will the signal do nothing to the command, by its own
 * declaration?
 * It ignores it (SigIgn); or it is PID 1 itself, for which the kernel has no
 * default actions, and has neither a handler (SigCgt) nor blocked it to fetch
 * it later (SigBlk).  False when that cannot be told.
 */
bool workload_ignores(pid_t init_pid, pid_t inner_pid, bool is_pid1,
		      int number);

/*
 * workload_oom_kills - how many processes the kernel has killed on this
 * machine because it was out of memory
 * Source: "oom_kill" in /proc/vmstat (Linux 4.13); 0 when it cannot be told.
 */
uint64_t workload_oom_kills(void);
