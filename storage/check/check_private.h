/*
 * storage/check/check_private.h - what the files of the check share
 */
#pragma once

#include "storage/check/check.h"

/* Who needs a blob or a layer. */
struct check_users {
	struct strv labels;  /* as a user knows them: "localhost/x:latest" */
	struct strv digests; /* of their manifests */
};

struct check_blob {
	char *digest;
	const char *kind; /* "manifest", "configuration", "blob" */
	uint64_t size;    /* UINT64_MAX: not known */
	struct check_users users;
	bool bad, done;
	uint64_t inode; /* of what was found to be bad; 0: there was nothing */
};

struct check_layer {
	char *diff_id;
	char *blob; /* its digest */
	struct check_users users;
};

/* check_list - fill .blobs and .layers from what images need */
int check_list(struct check *check, struct error *err);

/* check_one_blob - is it whole?  Once for each; Return: 1 yes, 0 no, -errno */
int check_one_blob(struct check *check, struct check_blob *blob,
		   struct error *err);
int check_blobs(struct check *check, struct error *err);
int check_layers(struct check *check, struct error *err);
int check_leftovers(struct check *check, struct error *err);

/*
 * check_rebuild_index - write an index of the manifests that are in the store,
 * and keep the damaged one as oci/index.json.damaged
 * @ret: it; or that of somebody who was quicker
 */
int check_rebuild_index(const struct store *store, struct image_index *ret,
			struct error *err);

struct check_blob *check_find_blob(struct check *check, const char *digest);

/*
 * check_is_needed - does the index, or a container, still name one of the
 * images?  The caller has store_lock()
 */
bool check_is_needed(const struct store *store, const struct strv *digests);

/*
 * check_lock - store_lock(), while what looks wrong is looked at again
 * Return: as that; -EROFS nothing can be written there: nobody changes it
 */
int check_lock(const struct check *check, struct error *err);

/* check_concerns - put the images into the finding, and the remedy for them */
void check_concerns(struct finding *finding, const struct check_users *users,
		    bool local_remedy);
