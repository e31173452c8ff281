/*
 * base/table.h - rows of words, printed in columns
 *
 * Columns are as wide as their widest cell and three blanks apart, as
 * docker(1) and podman(1) print them; the last one is not padded.
 */
#pragma once

#include <stdio.h>

#include "base/strv.h"

struct table {
	struct strv cells; /* row by row; the first row is the heading */
	size_t columns;
};

/* table_add - append a cell; @text is escaped for terminals (text_escape()) */
void table_add(struct table *table, const char *text);

/* table_print - all full rows; columns count code points, not bytes */
void table_print(const struct table *table, FILE *to);
void table_free(struct table *table);

#define scoped_table __attribute__((cleanup(table_free))) struct table
