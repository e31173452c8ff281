#include "cmd/copy_argument.h"

#include <errno.h>
#include <string.h>

#include "base/memory.h"

int copy_argument_parse(const char *text, struct copy_argument *ret,
			struct error *err)
{
	const char *colon = strchr(text, ':');

	if (!*text)
		return error_say(err, EINVAL, "a path is empty");
	if (strcmp(text, "-") == 0) {
		*ret = (struct copy_argument){ .stream = true };
		return 0;
	}
	if (!colon || *text == '/' || *text == '.') {
		*ret = (struct copy_argument){ .path = xstrdup(text) };
		return 0;
	}
	if (colon == text || !colon[1]) {
		error_say(err, EINVAL, "\"%s\" lacks %s", text,
			  colon == text ? "the container before the colon"
					: "the path behind the colon");
		return error_hint(err, "a file of this machine with a colon in "
				       "its name is written ./NAME");
	}
	*ret = (struct copy_argument){
		.container = xstrndup(text, (size_t)(colon - text)),
		.path = xasprintf("%s%s", colon[1] == '/' ? "" : "/",
				  colon + 1),
	};
	return 0;
}

void copy_argument_free(struct copy_argument *argument)
{
	free(take_ptr(argument->container));
	free(take_ptr(argument->path));
}
