#include "storage/check/check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/text.h"
#include "storage/check/check_private.h"
#include "storage/collect.h"
#include "storage/layout.h"

struct finding *check_add(struct check *check, enum finding_level level,
			  const char *kind, const char *name,
			  const char *message)
{
	if (check->n == check->room) {
		check->room = 2 * check->room + 16;
		check->findings = xreallocarray(check->findings, check->room,
						sizeof(*check->findings));
	}
	struct finding *finding = &check->findings[check->n++];
	*finding = (struct finding){
		.level = level,
		.kind = kind,
		.name = xstrdup(name),
		.message = xstrdup(message),
		.remedy = xstrdup(""),
	};
	return finding;
}

/* a name of a registry's can be fetched; what was made here cannot */
static char *remedy_for(const char *label)
{
	if (text_starts_with(label, "container "))
		return xasprintf("wolffia rm %s", label + strlen("container "));
	if (text_starts_with(label, "localhost/") ||
	    text_starts_with(label, "sha256:") ||
	    text_starts_with(label, "sha512:"))
		return xasprintf("wolffia rmi %s, and load, import or pull it "
				 "again",
				 label);
	return xasprintf("wolffia check --repair, then wolffia pull %s", label);
}

void check_concerns(struct finding *finding, const struct check_users *users,
		    bool local_remedy)
{
	strv_extend(&finding->images, strv_argv(&users->labels));
	free(finding->remedy);
	finding->remedy = local_remedy || users->labels.n == 0
				  ? xstrdup("wolffia check --repair")
				  : remedy_for(users->labels.v[0]);
}

int check_lock(const struct check *check, struct error *err)
{
	int fd = store_lock(check->store, err);

	/* on a read-only disk, or by the modes of its files */
	return fd == -EBADF || fd == -EACCES ? -EROFS : fd;
}

struct check_blob *check_find_blob(struct check *check, const char *digest)
{
	for (size_t i = 0; i < check->n_blobs; i++)
		if (strcmp(check->blobs[i].digest, digest) == 0)
			return &check->blobs[i];
	return NULL;
}

bool check_is_needed(const struct store *store, const struct strv *digests)
{
	scoped_index index = { 0 };
	struct error ignored;

	if (layout_read_index(store, &index, &ignored) < 0)
		return true;
	for (size_t i = 0; i < digests->n; i++) {
		scoped_strv users = { 0 };
		for (size_t e = 0; e < index.n; e++)
			if (strcmp(index.entries[e].digest, digests->v[i]) == 0)
				return true;
		if (collect_users(store, digests->v[i], &users, &ignored) < 0 ||
		    users.n)
			return true;
	}
	return false;
}

int check_store(struct check *check, struct error *err)
{
	int r = check_list(check, err);

	if (r == 0)
		r = check_blobs(check, err);
	if (r == 0)
		r = check_layers(check, err);
	if (r == 0)
		r = check_leftovers(check, err);
	return r;
}

bool check_is_whole(const struct check *check)
{
	for (size_t i = 0; i < check->n; i++)
		if (check->findings[i].level == FINDING_DAMAGED &&
		    !check->findings[i].repaired)
			return false;
	return true;
}

static void users_free(struct check_users *users)
{
	strv_free(&users->labels);
	strv_free(&users->digests);
}

void check_free(struct check *check)
{
	for (size_t i = 0; i < check->n; i++) {
		struct finding *finding = &check->findings[i];
		free(finding->name);
		free(finding->message);
		free(finding->remedy);
		free(finding->done);
		strv_free(&finding->images);
	}
	for (size_t i = 0; i < check->n_blobs; i++) {
		free(check->blobs[i].digest);
		users_free(&check->blobs[i].users);
	}
	for (size_t i = 0; i < check->n_layers; i++) {
		free(check->layers[i].diff_id);
		free(check->layers[i].blob);
		users_free(&check->layers[i].users);
	}
	free(check->findings);
	free(check->blobs);
	free(check->layers);
	strv_free(&check->notes);
	index_free(&check->dropped);
}
