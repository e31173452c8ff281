#include "storage/trust/members.h"

#include <errno.h>
#include <string.h>

int members_only(const json_t *object, const char *what,
		 const char *const names[], size_t n, struct error *err)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)object, key, value) {
		size_t i = 0;
		while (i < n && (!names[i] || strcmp(names[i], key) != 0))
			i++;
		if (i == n)
			return error_say(err, EINVAL,
					 "%s has a member that is not known: "
					 "\"%.100s\"",
					 what, key);
	}
	return 0;
}
