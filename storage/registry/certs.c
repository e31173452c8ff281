#include "storage/registry/certs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/strv.h"
#include "base/text.h"

enum { PEM_MAX = 1 << 20 };

void certs_free(struct certs *certs)
{
	free(certs->authorities);
	free(certs->cert);
	free(certs->key);
	*certs = (struct certs){ 0 };
}

static int add_authority(const char *path, struct certs *to, struct error *err)
{
	scoped(char) *text = NULL;
	ssize_t size = fd_read_file(AT_FDCWD, path, PEM_MAX, &text, err);

	if (size < 0)
		return (int)size;
	if (!strstr(text, "-----BEGIN"))
		return error_say(err, EINVAL,
				 "%s is not a certificate in PEM form", path);
	char *all = xasprintf("%s%s\n", to->authorities ? to->authorities : "",
			      text);
	free(to->authorities);
	to->authorities = all;
	return 0;
}

/* "x.cert" has to have "x.key" beside it, and the reverse */
static int check_pair(const char *path, const char *suffix,
		      const char *other_suffix, char **ret_other,
		      struct error *err)
{
	int stem = (int)(strlen(path) - strlen(suffix));
	scoped(char) *other = xasprintf("%.*s%s", stem, path, other_suffix);

	if (access(other, F_OK) < 0)
		return error_say(err, EINVAL, "%s is there, but not %s", path,
				 other);
	*ret_other = take_ptr(other);
	return 0;
}

static int add_pair(const char *path, struct certs *to, struct error *err)
{
	scoped(char) *other = NULL;

	if (text_ends_with(path, ".key"))
		return check_pair(path, ".key", ".cert", &other, err);
	int r = check_pair(path, ".cert", ".key", &other, err);
	if (r < 0 || to->cert)
		return r;
	to->cert = xstrdup(path);
	to->key = take_ptr(other);
	return 0;
}

static int read_directory(const char *dir, struct certs *to, struct error *err)
{
	struct dirent **list = NULL;
	int n = scandir(dir, &list, NULL, alphasort);
	int r = 0;

	if (n < 0)
		return error_set(err, errno, "list %s", dir);
	for (int i = 0; i < n; i++) {
		scoped(char) *path = xasprintf("%s/%s", dir, list[i]->d_name);
		if (r == 0 && text_ends_with(path, ".crt"))
			r = add_authority(path, to, err);
		else if (r == 0 && (text_ends_with(path, ".cert") ||
				    text_ends_with(path, ".key")))
			r = add_pair(path, to, err);
		free(list[i]);
	}
	free(list);
	return r;
}

int certs_read(const char *dir, struct certs *ret, struct error *err)
{
	struct certs certs = { 0 };
	int r = read_directory(dir, &certs, err);

	if (r < 0) {
		certs_free(&certs);
		return r;
	}
	*ret = certs;
	return 0;
}

int certs_find(const char *host, struct certs *ret, struct error *err)
{
	scoped_strv places = { 0 };
	const char *home = getenv("HOME");

	if (home && home[0] == '/')
		strv_addf(&places, "%s/.config/containers/certs.d/%s", home,
			  host);
	strv_addf(&places, "/etc/containers/certs.d/%s", host);
	strv_addf(&places, "/etc/docker/certs.d/%s", host);
	for (size_t i = 0; i < places.n; i++)
		if (access(places.v[i], F_OK) == 0)
			return certs_read(places.v[i], ret, err);
	*ret = (struct certs){ 0 };
	return 0;
}
