/*
 * storage/trust/members.h - objects that have these members and no others
 */
#pragma once

#include <stddef.h>

#include "base/error.h"
#include "base/json.h"

/*
 * members_only - is each member of @object in @names?
 * @names: @n of them; NULL entries are passed over
 * Return: 0; -EINVAL with the member and @what
 */
int members_only(const json_t *object, const char *what,
		 const char *const names[], size_t n, struct error *err);
