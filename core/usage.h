/*
 * core/usage.h - what a container uses, from the host's /proc
 *
 * The parsers are pure: what they read has texts of the container's in it
 * (the name of a process).  Source: proc(5).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

#define USAGE_UNKNOWN UINT64_MAX /* it cannot be read */

struct usage {
	uint64_t cpu_ticks; /* of sysconf(_SC_CLK_TCK) a second, in all: of
			     * those that live, and of their dead that were
			     * waited for */
	uint64_t threads;
	uint64_t memory;         /* bytes; what is shared counts in parts */
	uint64_t received, sent; /* bytes, by all interfaces but lo */
	uint64_t read, written;  /* bytes, from and to block devices */
};

struct usage_of {
	pid_t init_pid;
	bool host_network; /* it has the host's, whose bytes are not its own */
	/*
	 * The container's outer user namespace: who is in it may read what its
	 * processes read and wrote, and the caller may not, unless they are the
	 * caller's own (-1).
	 */
	int outer_userns_fd;
};

/* usage_read - Return: 0; -ESRCH PID 1 is gone */
int usage_read(const struct usage_of *of, struct usage *ret, struct error *err);

/* usage_total_memory - of the machine, bytes */
uint64_t usage_total_memory(void);

/*
 * usage_parse_stat - /proc/PID/stat
 * @ret_ticks: utime, stime, cutime and cstime
 * Return: 0; -EINVAL it is none
 */
int usage_parse_stat(const char *text, uint64_t *ret_ticks,
		     uint64_t *ret_threads);

/* usage_parse_line - the number behind "NAME:" at the begin of a line, as in
 * smaps_rollup, status, io and meminfo; Return: 0; -ENOENT */
int usage_parse_line(const char *text, const char *name, uint64_t *ret);

/* usage_parse_network - /proc/PID/net/dev; Return: 0; -EINVAL */
int usage_parse_network(const char *text, uint64_t *ret_received,
			uint64_t *ret_sent);
