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

/*
 * container_name_for - "floating_duckweed_3f2a", for the container of this id
 * @id: of container_id_new(); its first digits choose the words, and four more
 *      end the name, so that names meet as seldom as ids do for a user
 * Return: the caller's to free.
 */
char *container_name_for(const char *id);
