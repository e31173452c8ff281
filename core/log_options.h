/*
 * core/log_options.h - --log-driver and --log-opt
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strv.h"

enum {
	LOG_SIZE_DEFAULT = 10 << 20, /* bytes of one file */
	LOG_FILES_DEFAULT = 2,
	LOG_SIZE_MIN = 1 << 10,
	LOG_FILES_MAX = 99,
};

struct log_options {
	bool none;         /* nothing is kept */
	uint64_t max_size; /* bytes of one file; UINT64_MAX: no bound */
	unsigned max_file; /* files, 1..LOG_FILES_MAX */
};

/*
 * log_options_parse - pure: what was typed, checked
 * @driver: "k8s-file", "json-file" or "local", which all mean the one file
 *          format there is; "none"; NULL is the default
 * @opts:   "max-size=10m", "max-file=2"; max-size=-1 is no bound
 *
 * What docker(1) and podman(1) have besides is refused with the reason.
 * Return: 0; -EINVAL, -ERANGE, -EOPNOTSUPP.
 */
int log_options_parse(const char *driver, const struct strv *opts,
		      struct log_options *ret, struct error *err);
