#include "storage/registry/credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/path.h"
#include "storage/registry/auth_file.h"
#include "storage/registry/credential_helper.h"
#include "storage/registry/http.h"

/* the files, as a helper of registries.conf */
#define AUTH_FILES "containers-auth.json"

static const char *absolute_env(const char *name)
{
	const char *value = getenv(name);

	return value && value[0] == '/' ? value : NULL;
}

static void add_in(struct strv *to, const char *variable, const char *below,
		   const char *rest)
{
	const char *dir = absolute_env(variable), *home = absolute_env("HOME");

	if (dir)
		strv_addf(to, "%s/%s", dir, rest);
	else if (home && below)
		strv_addf(to, "%s/%s/%s", home, below, rest);
}

/* in the order of the header; the first is the one that is written */
static void list_files(struct strv *to)
{
	const char *only = getenv("REGISTRY_AUTH_FILE");

	if (only && *only) {
		strv_add(to, only);
		return;
	}
	add_in(to, "XDG_RUNTIME_DIR", NULL, "containers/auth.json");
	add_in(to, "XDG_CONFIG_HOME", ".config", "containers/auth.json");
	add_in(to, "DOCKER_CONFIG", ".docker", "config.json");
}

/* Return: 1 found, 0 not, -errno */
static int find_in_text(const char *path, const char *text, size_t size,
			const char *registry, const char *repository,
			struct credential *ret, struct error *err)
{
	scoped_auth_entry entry = { 0 };
	int r = auth_file_find(text, size, path, registry, repository, &entry,
			       err);

	if (r <= 0)
		return r;
	if (entry.helper) {
		r = credential_helper_get(entry.helper, entry.key,
					  CREDENTIAL_HELPER_MS, ret, err);
		return r < 0 ? error_prefix(err, "%s", path) : r;
	}
	*ret = entry.credential;
	entry.credential = (struct credential){ 0 };
	return 1;
}

/* an empty file is one that somebody is about to fill */
static ssize_t read_file(const char *path, char **ret, struct error *err)
{
	ssize_t size = fd_read_file(AT_FDCWD, path, AUTH_FILE_MAX, ret, err);

	if (size == 0) {
		free(*ret);
		*ret = xstrdup("{}");
		size = 2;
	}
	return size;
}

static int find_in_file(const char *path, const char *registry,
			const char *repository, struct credential *ret,
			struct error *err)
{
	scoped_secret *text = NULL;
	ssize_t size = read_file(path, &text, err);

	if (size == -ENOENT || size == -ENOTDIR)
		return 0;
	if (size < 0)
		return (int)size;
	return find_in_text(path, text, (size_t)size, registry, repository, ret,
			    err);
}

static int find_in_files(const char *registry, const char *repository,
			 struct credential *ret, struct error *err)
{
	scoped_strv files = { 0 };
	int r = 0;

	list_files(&files);
	for (size_t i = 0; r == 0 && i < files.n; i++)
		r = find_in_file(files.v[i], registry, repository, ret, err);
	return r;
}

int credentials_find(const struct strv *helpers, const char *registry,
		     const char *repository, struct credential *ret,
		     struct error *err)
{
	int r = 0;

	if (helpers->n == 0) /* so it is without a word in registries.conf */
		r = find_in_files(registry, repository, ret, err);
	for (size_t i = 0; r == 0 && i < helpers->n; i++) {
		const char *helper = helpers->v[i];
		if (strcmp(helper, AUTH_FILES) == 0)
			r = find_in_files(registry, repository, ret, err);
		else
			r = credential_helper_get(helper, registry,
						  CREDENTIAL_HELPER_MS, ret,
						  err);
	}
	return r < 0 ? error_prefix(err, "the credentials for %s", registry)
		     : r;
}

static int primary_file(char **ret, struct error *err)
{
	scoped_strv files = { 0 };

	list_files(&files);
	if (files.n == 0) {
		error_say(err, ENOENT, "there is no place for credentials");
		return error_hint(err, "set REGISTRY_AUTH_FILE or HOME");
	}
	/* through a link: it is the file that is meant, not the link */
	char *real = realpath(files.v[0], NULL);
	*ret = real ? real : xstrdup(files.v[0]);
	return 0;
}

static int replace(int dirfd, const char *name, const char *text,
		   struct error *err)
{
	scoped(char) *temporary = xasprintf(".%s.wolffia", name);
	int r = 0;

	/* the lock is ours: what is there is of one of us who was killed, or
	 * of somebody who would like to read it */
	unlinkat(dirfd, temporary, 0);
	scoped_fd fd = openat(dirfd, temporary,
			      O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_set(err, errno, "make %s", temporary);
	if (fchmod(fd, 0600) < 0)
		r = error_set(err, errno, "change the mode of %s", temporary);
	if (r == 0)
		r = fd_write_all(fd, text, strlen(text), err);
	if (r == 0 && fsync(fd) < 0)
		r = error_set(err, errno, "sync %s", temporary);
	if (r == 0 && renameat(dirfd, temporary, dirfd, name) < 0)
		r = error_set(err, errno, "rename %s", temporary);
	if (r < 0)
		unlinkat(dirfd, temporary, 0);
	else if (fsync(dirfd) < 0)
		r = error_set(err, errno, "sync its directory");
	return r;
}

/* The file under change, and the lock that keeps others of us out. */
struct change {
	char *path;
	int dirfd;  /* of its directory, locked */
	char *text; /* "{}" when there is no file yet */
	size_t size;
};

static void change_free(struct change *change)
{
	fd_close(&change->dirfd);
	free(change->path);
	secret_free(&change->text);
}

#define scoped_change __attribute__((cleanup(change_free))) struct change

static int change_open(struct change *change, struct error *err)
{
	int r = primary_file(&change->path, err);

	if (r < 0)
		return r;
	char *slash = strrchr(change->path, '/');
	scoped(char) *dir =
		slash && slash > change->path
			? xstrndup(change->path, (size_t)(slash - change->path))
			: xstrdup(slash ? "/" : ".");
	if (slash)
		r = path_mkdir_parents(dir, 0700, err);
	if (r < 0)
		return r;
	change->dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (change->dirfd < 0 || flock(change->dirfd, LOCK_EX) < 0)
		return error_set(err, errno, "lock %s", dir);
	ssize_t size = read_file(change->path, &change->text, err);
	if (size == -ENOENT) {
		change->text = xstrdup("{}");
		size = 2;
	}
	change->size = size < 0 ? 0 : (size_t)size;
	return size < 0 ? (int)size : 0;
}

static int change_apply(struct change *change, const char *key,
			const struct credential *credential, struct error *err)
{
	const char *slash = strrchr(change->path, '/');
	scoped_secret *text = NULL;
	int r = auth_file_set(change->text, change->size, change->path, key,
			      credential, &text, err);

	if (r <= 0)
		return r;
	r = replace(change->dirfd, slash ? slash + 1 : change->path, text, err);
	return r < 0 ? error_prefix(err, "%s", change->path) : 1;
}

/* the helper of the registry that @key is in */
static int change_helper(const struct change *change, const char *key,
			 struct auth_entry *ret, struct error *err)
{
	scoped(char) *registry = xstrndup(key, strcspn(key, "/"));

	return auth_file_helper(change->text, change->size, change->path,
				registry, ret, err);
}

static char *where(const struct change *change, const struct auth_entry *helper)
{
	return helper->helper
		       ? xasprintf("docker-credential-%s", helper->helper)
		       : xstrdup(change->path);
}

static int store_in_file(const char *key, const struct credential *credential,
			 char **ret_where, struct error *err)
{
	static const struct credential elsewhere = { 0 };
	scoped_change change = { .dirfd = -1 };
	scoped_auth_entry helper = { 0 };
	int r = change_open(&change, err);

	if (r == 0)
		r = change_helper(&change, key, &helper, err);
	if (r > 0)
		r = credential_helper_store(helper.helper, helper.key,
					    CREDENTIAL_HELPER_MS, credential,
					    err);
	if (r == 0)
		r = change_apply(&change, key,
				 helper.helper ? &elsewhere : credential, err);
	if (r < 0)
		return r;
	*ret_where = where(&change, &helper);
	return 0;
}

static int erase_from_file(const char *key, char **ret_where, struct error *err)
{
	scoped_change change = { .dirfd = -1 };
	scoped_auth_entry helper = { 0 };
	scoped(char) *path = NULL;
	int r = primary_file(&path, err);

	/* no directory is made for nothing */
	if (r == 0 && access(path, F_OK) < 0 &&
	    (errno == ENOENT || errno == ENOTDIR)) {
		*ret_where = take_ptr(path);
		return 0;
	}
	if (r == 0)
		r = change_open(&change, err);
	if (r == 0)
		r = change_helper(&change, key, &helper, err);
	if (r > 0)
		r = credential_helper_erase(helper.helper, helper.key,
					    CREDENTIAL_HELPER_MS, err);
	if (r == 0)
		r = change_apply(&change, key, NULL, err);
	if (r < 0)
		return r;
	*ret_where = where(&change, &helper);
	return r > 0 || helper.helper;
}

static int no_paths(const char *helper, const char *key, struct error *err)
{
	return strchr(key, '/')
		       ? error_say(err, EINVAL,
				   "docker-credential-%s keeps credentials of "
				   "registries, and not of %s",
				   helper, key)
		       : 0;
}

int credentials_store(const struct strv *helpers, const char *key,
		      const struct credential *credential, char **ret_where,
		      struct error *err)
{
	const char *first = helpers->n ? helpers->v[0] : AUTH_FILES;

	if (strcmp(first, AUTH_FILES) == 0)
		return store_in_file(key, credential, ret_where, err);
	int r = no_paths(first, key, err);
	if (r == 0)
		r = credential_helper_store(first, key, CREDENTIAL_HELPER_MS,
					    credential, err);
	if (r == 0)
		*ret_where = xasprintf("docker-credential-%s", first);
	return r;
}

/* Return: 1 it had them */
static int erase_from_helper(const char *helper, const char *key,
			     char **ret_where, struct error *err)
{
	scoped_credential had = { 0 };
	int r = strchr(key, '/') ? 0
				 : credential_helper_get(helper, key,
							 CREDENTIAL_HELPER_MS,
							 &had, err);

	if (r > 0)
		r = credential_helper_erase(helper, key, CREDENTIAL_HELPER_MS,
					    err);
	else
		return r;
	if (r == 0)
		*ret_where = xasprintf("docker-credential-%s", helper);
	return r < 0 ? r : 1;
}

int credentials_erase(const struct strv *helpers, const char *key,
		      char **ret_where, struct error *err)
{
	scoped_strv places = { 0 };
	bool gone = false;

	if (helpers->n == 0)
		strv_add(&places, AUTH_FILES);
	else
		strv_extend(&places, helpers->v);
	for (size_t i = 0; i < places.n; i++) {
		const char *place = places.v[i];
		scoped(char) *where = NULL;
		int r = strcmp(place, AUTH_FILES) == 0
				? erase_from_file(key, &where, err)
				: erase_from_helper(place, key, &where, err);
		if (r < 0)
			return r;
		if (r > 0 || !*ret_where) {
			free(*ret_where);
			*ret_where = take_ptr(where);
		}
		gone = gone || r > 0;
	}
	return gone;
}

int credentials_keys(const struct strv *helpers, struct strv *ret,
		     struct error *err)
{
	scoped(char) *path = NULL;
	scoped_secret *text = NULL;

	if (helpers->n && !strv_contains(helpers, AUTH_FILES))
		return 0;
	int r = primary_file(&path, err);
	if (r < 0)
		return r;
	ssize_t size = read_file(path, &text, err);
	if (size == -ENOENT || size == -ENOTDIR)
		return 0;
	return size < 0 ? (int)size
			: auth_file_keys(text, (size_t)size, path, ret, err);
}
