/*
 * storage/layout.h - the store's images, as an OCI image layout
 *
 * oci/index.json lists them (image-spec 1.1, image-layout.md); the annotation
 * org.opencontainers.image.ref.name holds the whole name in normal form.  An
 * entry without a name is an image that is known by its digest only.
 */
#pragma once

#include <sys/types.h>

#include "base/error.h"
#include "storage/history.h"
#include "storage/manifest.h"
#include "storage/store.h"

/*
 * layout_read_index - what is in the store; needs no lock: it is replaced by
 * rename(2)
 * Return: 0, also when there is none yet; -EUCLEAN it is damaged; -EMFILE,
 * -ENFILE, -ENOMEM, -EINTR: nobody knows.
 */
int layout_read_index(const struct store *store, struct image_index *ret,
		      struct error *err);

/*
 * layout_read_images - the same, and behind it what image stores have and no
 * entry before says (storage/image_store.h)
 * @ret_own: how many are in the store itself; may be NULL
 */
int layout_read_images(const struct store *store, struct image_index *ret,
		       size_t *ret_own, struct error *err);

/* layout_write_index - replace it, with a summary of each image; the caller has
 * store_lock() */
int layout_write_index(const struct store *store,
		       const struct image_index *index, struct error *err);

/*
 * index_add - put @entry into @index
 * An other image of the same name loses its name, as docker(1) has it; an
 * entry without a name is left out when its digest is there already, as one
 * of the same repository if it has one.
 */
void index_add(struct image_index *index, const struct descriptor *entry);
void index_remove(struct image_index *index, size_t at);

/*
 * index_untag - take the name from the entry at @at, which goes when it would
 * be another's twin, and is an image without a name otherwise
 */
void index_untag(struct image_index *index, size_t at);

/*
 * layout_read_blob - Return: its size; -EUCLEAN missing, or over @max bytes;
 * else as layout_read_index()
 */
ssize_t layout_read_blob(const struct store *store, const char *digest,
			 size_t max, char **ret, struct error *err);

/*
 * layout_open_blob - for reading; Return: a descriptor; errors of
 * layout_read_blob()
 */
int layout_open_blob(const struct store *store, const char *digest,
		     struct error *err);

/* layout_read_image - Return: 0; -EUCLEAN the store is damaged */
int layout_read_image(const struct store *store, const char *digest,
		      struct manifest *ret_manifest,
		      struct image_config *ret_config, struct error *err);

/*
 * layout_read_history - of an image that was read before
 * Return: as layout_read_blob(); -EINVAL as history_parse()
 */
int layout_read_history(const struct store *store,
			const struct manifest *manifest, struct history *ret,
			struct error *err);
