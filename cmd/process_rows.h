/*
 * cmd/process_rows.h - of what ps(1) prints, the rows of a container
 *
 * Pure.  The rows have names and arguments of the container's processes.
 */
#pragma once

#include "base/error.h"
#include "base/strv.h"
#include "core/processes.h"

/*
 * process_rows_select - the heading, and the rows of @processes
 * @text: what ps(1) printed, with a heading that has a column PID
 * @ret:  lines, escaped for terminals; the caller's to free
 *
 * A row's number is its word in the place that PID has in the heading, as
 * docker(1) finds it.
 * Return: 0; -EINVAL there is no heading, or no such column.
 */
int process_rows_select(const char *text, const struct processes *processes,
			struct strv *ret, struct error *err);
