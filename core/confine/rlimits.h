/*
 * core/confine/rlimits.h - "--ulimit", and the limits that are set without it
 *
 * These are limits of each process, as in getrlimit(2); the number of
 * processes of the whole container is another matter (spec.pids_limit).
 */
#pragma once

#include <stddef.h>

#include "base/error.h"
#include "core/spec.h"

enum { RLIMITS_DEFAULT = 2 };

/*
 * rlimit_parse - one "NAME=SOFT[:HARD]"
 * @text: names are docker's ("nofile", "core"); values are numbers in the
 *        units of getrlimit(2), or "unlimited" or -1; a lone one is both
 *
 * Return: 0; -EINVAL, with a near name as hint; -ERANGE
 */
int rlimit_parse(const char *text, struct spec_rlimit *ret, struct error *err);

/* rlimit_name - "nofile" for RLIMIT_NOFILE; NULL for no resource */
const char *rlimit_name(int resource);

/*
 * rlimits_default - no core dumps, and nofile 1024, up to 65536 on request
 * @ret: room for RLIMITS_DEFAULT
 *
 * A core dump is handed to the program in the host's core_pattern, which runs
 * as the host's root.  A large soft nofile makes programs slow that close all
 * descriptors up to it; select(2) breaks above 1024.  Neither is more than
 * what this process has.
 */
int rlimits_default(struct spec_rlimit *ret, struct error *err);

/* rlimits_default_below - the same where the hard limit of nofile is @hard */
void rlimits_default_below(rlim_t hard, struct spec_rlimit *ret);

/*
 * rlimits_apply - set @n limits of this process, the last of a kind counts
 * Return: 0 and they were read back; -EPERM for one above the hard limit of
 * this process, which the message says; -EPROTO.
 */
int rlimits_apply(const struct spec_rlimit *limits, size_t n,
		  struct error *err);
