#include "cmd/image_tool.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/process.h"
#include "base/strv.h"

/* Return: its path, the caller's to free, or NULL */
static char *find_tool(void)
{
	static const char *const places[] = {
		"wolffia-image", "../libexec/wolffia/wolffia-image"
	};
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	self[n < 0 ? 0 : n] = '\0';
	char *slash = strrchr(self, '/');
	if (!slash)
		return NULL;
	slash[1] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		scoped(char) *path = xasprintf("%s%s", self, places[i]);
		if (access(path, X_OK) == 0)
			return take_ptr(path);
	}
	return NULL;
}

static int make_argv(char *const verb[], struct strv *ret, char **ret_path,
		     struct error *err)
{
	char *path = find_tool();

	if (!path) {
		error_say(err, ENOENT, "the program wolffia-image is missing");
		return error_hint(err, "it belongs beside wolffia, or in "
				       "../libexec/wolffia: install both");
	}
	*ret_path = path;
	strv_add(ret, path);
	strv_extend(ret, verb);
	return 0;
}

int image_tool_exec(char *const verb[], struct error *err)
{
	scoped_strv argv = { 0 };
	scoped(char) *path = NULL;
	int r = make_argv(verb, &argv, &path, err);

	if (r < 0)
		return r;
	execv(path, strv_argv(&argv));
	return error_set(err, errno, "execute %s", path);
}

int image_tool_call(char *const verb[], struct error *err)
{
	struct process_stdio stdio = { -1, STDOUT_FILENO, STDERR_FILENO };
	scoped_strv argv = { 0 };
	scoped(char) *path = NULL;
	int r = make_argv(verb, &argv, &path, err);

	if (r < 0)
		return r;
	pid_t pid = process_spawn(strv_argv(&argv), &stdio, err);
	int status = pid < 0 ? pid : process_wait(pid, err);
	return status <= 0 ? status
			   : error_say(err, ECHILD,
				       "the image could not be "
				       "unpacked");
}
