#include "storage/copy/copy_path.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

/* @path without the slashes at its end, but never less than "/" */
static size_t length_without_slashes(const char *path)
{
	size_t n = strlen(path);

	while (n > 1 && path[n - 1] == '/')
		n--;
	return n;
}

void copy_path_split(const char *path, struct copy_path *ret)
{
	size_t n = length_without_slashes(path);
	scoped(char) *trimmed = xstrndup(path, n);
	const char *slash = strrchr(trimmed, '/');
	const char *name = slash ? slash + 1 : trimmed;

	*ret = (struct copy_path){ .slash = path[n] == '/' };
	if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
		ret->slash = ret->content = true;
		ret->directory = take_ptr(trimmed);
		ret->name = xstrdup("");
		return;
	}
	ret->name = xstrdup(name);
	size_t before = slash ? (size_t)(slash - trimmed) : 0;
	if (!slash)
		ret->directory = xstrdup(".");
	else
		ret->directory = xstrndup(trimmed, before ? before : 1);
}

void copy_path_free(struct copy_path *path)
{
	free(take_ptr(path->directory));
	free(take_ptr(path->name));
}

char *copy_path_link(const struct copy_path *path, const char *goal)
{
	const char *end = path->slash ? "/" : "";

	return *goal == '/' ? xasprintf("%s%s", goal, end)
			    : xasprintf("%s/%s%s", path->directory, goal, end);
}

static int decide_missing(bool directory, const struct copy_to *to,
			  struct error *err)
{
	if (!directory && to->slash)
		return error_say(err, ENOENT,
				 "there is no such directory, and a file "
				 "cannot become one");
	return 0;
}

static int decide_file(bool directory, const struct copy_to *to,
		       struct error *err)
{
	if (directory)
		return error_say(err, ENOTDIR,
				 "a directory cannot be copied to a file");
	if (to->slash)
		return error_say(err, ENOTDIR, "it is not a directory");
	return 0;
}

int copy_decide(const struct copy_from *from, bool directory,
		const struct copy_to *to, struct copy_plan *ret,
		struct error *err)
{
	struct copy_plan plan = { .from = from->content ? NULL : from->name };
	int r = 0;

	if (from->stream) {
		plan.from = NULL;
		plan.inside = true;
		if (!to->exists || !to->directory)
			r = error_say(err, to->exists ? ENOTDIR : ENOENT,
				      "a tar is unpacked to a directory, which "
				      "this is not");
	} else if (to->exists && to->directory) {
		plan.inside = true;
	} else {
		plan.to = to->name;
		r = to->exists ? decide_file(directory, to, err)
			       : decide_missing(directory, to, err);
	}
	if (r == 0)
		*ret = plan;
	return r;
}

int copy_place(const struct copy_plan *plan, const char *name,
	       char to[UNPACK_PATH_MAX], struct error *err)
{
	const char *head = plan->to, *rest = name;

	if (plan->from) {
		size_t n = strlen(plan->from);
		if (strncmp(name, plan->from, n) != 0 ||
		    (name[n] && name[n] != '/'))
			return error_say(err, EXDEV,
					 "'%s' came, which is not in '%s'",
					 name, plan->from);
		if (!head)
			head = plan->from;
		rest = name + n + (name[n] == '/');
	}
	int n = snprintf(to, UNPACK_PATH_MAX, "%s%s%s", head ? head : "",
			 head && *rest ? "/" : "", rest);
	if (n >= UNPACK_PATH_MAX)
		return error_say(err, ENAMETOOLONG,
				 "a path has more than %d bytes: '%.64s...'",
				 UNPACK_PATH_MAX - 1, name);
	return 0;
}
