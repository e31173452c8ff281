/* auth.json: what is found names no program with a path; what is written is
 * read again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "storage/registry/auth_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	scoped_auth_entry entry = { 0 }, again = { 0 };
	struct credential mine = {
		.username = (char *)(uintptr_t)"u",
		.password = (char *)(uintptr_t)"p",
	};
	scoped_strv keys = { 0 };
	char *changed = NULL;
	struct error err;

	if (auth_file_find(text, size, "x", "a.io", "n/r", &entry, &err) > 0 &&
	    entry.helper && strpbrk(entry.helper, "/ \n"))
		abort();
	auth_file_keys(text, size, "x", &keys, &err);
	if (auth_file_set(text, size, "x", "a.io/n/r", &mine, &changed, &err) <
	    0)
		return 0;
	if (auth_file_find(changed, strlen(changed), "x", "a.io", "n/r", &again,
			   &err) == 1 &&
	    !again.helper && strcmp(again.credential.password, "p") != 0)
		abort();
	free(changed);
	return 0;
}
