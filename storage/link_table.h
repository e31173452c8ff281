/*
 * storage/link_table.h - under which name a file with several names was first
 * met
 */
#pragma once

#include <stddef.h>
#include <sys/stat.h>

struct link_table {
	struct link_slot {
		dev_t dev;
		ino_t ino;
		char *path; /* NULL: free */
	} *slots;
	size_t n, room; /* room is a power of two */
};

/*
 * link_table_find - the path that the file of @st was noted with, borrowed;
 * NULL: none, and now @path is
 */
const char *link_table_find(struct link_table *table, const struct stat *st,
			    const char *path);
void link_table_free(struct link_table *table);
