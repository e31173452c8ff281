/*
 * tests/unit/logs/place.h - a directory for a test, and what is in it
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

extern int place_fd; /* of an empty directory */

void place_make(void);
void place_remove(void);

/* Return: the file's size; -1 there is none */
int64_t place_size(const char *name);

/* the file's bytes, the caller's to free, with a NUL behind them */
char *place_read(const char *name, size_t *ret_size);

void place_write(const char *name, const char *text, size_t size);
void place_append(const char *name, const char *text, size_t size);

/*
 * place_be_small - in a child: let the place be a new file system of @size
 * Return: false where this machine does not allow that.
 */
bool place_be_small(size_t size);
