/* Which files registries.conf is read from; see config.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/text.h"
#include "storage/registry/config.h"
#include "storage/registry/toml.h"

#define ETC  "/etc/containers/registries.conf"
#define USR  "/usr/share/containers/registries.conf"
#define USER "containers/registries.conf"

/* Return: 1 read, 0 there is none, -errno */
static int read_file(struct registries *to, const char *path, struct error *err)
{
	scoped(char) *text = NULL;
	ssize_t size = fd_read_file(AT_FDCWD, path, TOML_MAX, &text, err);

	if (size == -ENOENT || size == -ENOTDIR)
		return 0;
	if (size < 0)
		return (int)size;
	int r = registries_add(to, text, (size_t)size, path, err);
	return r < 0 ? r : 1;
}

static int is_conf(const struct dirent *entry)
{
	return text_ends_with(entry->d_name, ".conf");
}

/* bytes, not letters: the order is not the locale's */
static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* the drop-ins of @conf: "<conf>.d/" and each NAME.conf in it, sorted */
static int read_drop_ins(struct registries *to, const char *conf,
			 struct error *err)
{
	scoped(char) *path = xasprintf("%s.d", conf);
	struct dirent **list = NULL;
	int n = scandir(path, &list, is_conf, by_name);
	int r = 0;

	if (n < 0)
		return errno == ENOENT || errno == ENOTDIR
			       ? 0
			       : error_set(err, errno, "list %s", path);
	for (int i = 0; i < n; i++) {
		scoped(char) *file = xasprintf("%s/%s", path, list[i]->d_name);
		if (r >= 0)
			r = read_file(to, file, err);
		free(list[i]);
	}
	free(list);
	return r < 0 ? r : 0;
}

/* $@variable, else ~/@below; NULL: there is no home */
static char *user_directory(const char *variable, const char *below)
{
	const char *dir = variable ? getenv(variable) : NULL;
	const char *home = getenv("HOME");

	if (dir && dir[0] == '/')
		return xstrdup(dir);
	return home && home[0] == '/' ? xasprintf("%s/%s", home, below) : NULL;
}

static int read_machine(struct registries *to, struct error *err)
{
	int r = read_file(to, ETC, err);

	if (r == 0)
		r = read_file(to, USR, err);
	return r < 0 ? r : read_drop_ins(to, ETC, err);
}

/* what podman(1) writes when somebody chose a registry for a short name */
static int read_recorded(struct registries *to, struct error *err)
{
	scoped(char) *dir = user_directory("XDG_CACHE_HOME", ".cache");

	if (!dir)
		return 0;
	scoped(char) *path =
		xasprintf("%s/containers/short-name-aliases.conf", dir);
	return read_file(to, path, err);
}

int registries_load(struct registries *ret, struct error *err)
{
	scoped_registries read = { 0 };
	scoped(char) *dir = user_directory(NULL, ".config");
	scoped(char) *user = dir ? xasprintf("%s/" USER, dir) : NULL;
	int r = user ? read_file(&read, user, err) : 0;

	if (r == 0)
		r = read_machine(&read, err);
	if (r >= 0 && user)
		r = read_drop_ins(&read, user, err);
	if (r >= 0)
		r = read_recorded(&read, err);
	if (r < 0)
		return r;
	*ret = read;
	read = (struct registries){ 0 };
	return 0;
}
