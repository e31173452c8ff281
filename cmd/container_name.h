/*
 * cmd/container_name.h - ids, and names for containers that were given none
 */
#pragma once

#include "base/error.h"

/*
 * container_id_new - 64 random hexadecimal digits (getrandom(2))
 * Return: 0 and the caller's to free; -errno without random numbers.
 */
int container_id_new(char **ret, struct error *err);

/* container_name_new - "floating_duckweed"; the caller's to free.  Not
 * unique: whoever registers it asks again when it is taken. */
int container_name_new(char **ret, struct error *err);
