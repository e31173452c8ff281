#include "cmd/exposure.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/path.h"

/* A place that is more than a directory of work, and why. */
struct place {
	char *path;       /* absolute, links resolved; NULL: not there */
	const char *what; /* completes "makes ... reachable" */
	bool alone;       /* true: only the place itself and what holds it;
			   * false: each thing in it as well */
};

enum { PLACES_MAX = 16 };

static char *resolved(char *path)
{
	char *real = realpath(path, NULL);

	free(path);
	return real;
}

static size_t collect(struct place *to, const char *store_path)
{
	const char *home = getenv("HOME");
	const char *agent = getenv("SSH_AUTH_SOCK");
	size_t n = 0;
	static const struct {
		const char *name, *what;
	} in_home[] = {
		{ ".ssh", "your ssh keys" },
		{ ".gnupg", "your gpg keys" },
		{ ".aws", "your cloud credentials" },
		{ ".kube", "your cluster credentials" },
		{ ".docker/config.json", "your registry credentials" },
		{ ".mozilla", "your browser's data" },
	};

	to[n++] = (struct place){ xstrdup("/"), "all of this machine's files",
				  true };
	if (home && *home == '/') {
		to[n++] = (struct place){ resolved(xstrdup(home)),
					  "your whole home directory", true };
		for (size_t i = 0; i < ARRAY_SIZE(in_home); i++)
			to[n++] = (struct place){ resolved(xasprintf(
							  "%s/%s", home,
							  in_home[i].name)),
						  in_home[i].what, false };
	}
	to[n++] =
		(struct place){ resolved(xasprintf("/run/user/%u", geteuid())),
				"the sockets of your session (D-Bus, agents)",
				false };
	to[n++] = (struct place){ resolved(xstrdup("/run/docker.sock")),
				  "the docker daemon, which is root", false };
	if (agent)
		to[n++] = (struct place){ resolved(xstrdup(agent)),
					  "your ssh agent", false };
	to[n++] = (struct place){ resolved(xstrdup(store_path)),
				  "wolffia's own store", false };
	return n;
}

/* what binding @source gives away, the greatest first; NULL: nothing */
static const char *what_of(const char *source, const struct place *places,
			   size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct place *p = &places[i];
		if (!p->path)
			continue;
		if (path_is_below(p->path, source) ||
		    (!p->alone && path_is_below(source, p->path)))
			return p->what;
	}
	return NULL;
}

void exposure_find(const struct spec *spec, const char *store_path,
		   struct strv *ret)
{
	struct place places[PLACES_MAX];
	size_t n = 0;

	for (size_t i = 0; i < spec->n_mounts; i++) {
		const struct spec_mount *m = &spec->mounts[i];
		if (m->kind != MOUNT_BIND)
			continue;
		if (n == 0)
			n = collect(places, store_path);
		scoped(char) *real = realpath(m->source, NULL);
		const char *what = real ? what_of(real, places, n) : NULL;
		if (what)
			strv_addf(ret,
				  "the volume %s makes %s %s for the "
				  "container",
				  m->source, what,
				  m->read_only ? "readable" : "writable");
	}
	for (size_t i = 0; i < n; i++)
		free(places[i].path);
}
