/*
 * The two arguments of cp, and a name in a tar: wherever the name ends up, it
 * is below what was asked for, and a clean path again.
 *
 * The input: the source, a NUL, the target, a NUL, the name.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cmd/copy_argument.h"
#include "storage/copy/copy_path.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void require(bool is_so)
{
	if (!is_so)
		abort();
}

/* no "/" at either end, no "//", no ".", no ".." */
static void check_clean(const char *path)
{
	char clean[UNPACK_PATH_MAX];
	struct error err;

	require(strlen(path) < UNPACK_PATH_MAX);
	if (unpack_path_clean(path, clean, &err) == 0)
		require(strcmp(path, clean) == 0);
	else
		require(err.code == ENAMETOOLONG);
}

static void check_split(const char *text, struct copy_path *ret)
{
	copy_path_split(text, ret);
	require(*ret->directory);
	require(!strchr(ret->name, '/') && strcmp(ret->name, ".") != 0 &&
		strcmp(ret->name, "..") != 0);
	require(ret->content == !*ret->name);
	require(ret->slash || !ret->content);
}

static void check_place(const struct copy_path *from,
			const struct copy_path *to, const char *name)
{
	char clean[UNPACK_PATH_MAX], path[UNPACK_PATH_MAX];
	struct error err;

	if (unpack_path_clean(name, clean, &err) < 0)
		return;
	for (int kind = 0; kind < 8; kind++) {
		const struct copy_from source = { .name = from->name,
						  .content = from->content,
						  .stream = kind == 7 };
		const struct copy_to target = { .name = to->name,
						.exists = kind & 1,
						.directory =
							kind & 1 && kind & 2,
						.slash = to->slash };
		struct copy_plan plan;
		/* a path without a name is a directory that exists */
		if (!*to->name && !target.directory)
			continue;
		if (copy_decide(&source, kind & 4, &target, &plan, &err) < 0 ||
		    copy_place(&plan, clean, path, &err) < 0)
			continue;
		check_clean(path);
		size_t n = strlen(to->name);
		require(plan.inside || (strncmp(path, to->name, n) == 0 &&
					(!path[n] || path[n] == '/')));
	}
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct copy_argument arguments[2] = { { 0 } };
	scoped(char) *text = xcalloc(size + 3, 1);
	struct copy_path from, to;
	struct error err;

	if (size)
		memcpy(text, data, size);
	const char *second = text + strlen(text) + 1;
	const char *name = second + strlen(second) + 1;
	if (copy_argument_parse(text, &arguments[0], &err) == 0 &&
	    copy_argument_parse(second, &arguments[1], &err) == 0 &&
	    arguments[0].path && arguments[1].path) {
		check_split(arguments[0].path, &from);
		check_split(arguments[1].path, &to);
		check_place(&from, &to, name);
		copy_path_free(&from);
		copy_path_free(&to);
	}
	copy_argument_free(&arguments[0]);
	copy_argument_free(&arguments[1]);
	return 0;
}
