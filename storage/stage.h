/*
 * storage/stage.h - work in progress, and how it becomes part of the store
 *
 * Theory of operation.  A load, an import or a removal has a directory of its
 * own, tmp/<name>/, and holds the lock on tmp/<name>.lock as long as it lives:
 *
 *   1. stage      blobs and layer trees are made below tmp/<name>/.  Takes
 *                 long and holds no lock that anybody waits for.
 *   2. commit     under store_lock(): sync, rename the layers, link the blobs,
 *                 write the index.  Takes moments.
 *   3. discard    what is left in tmp/<name>/ is removed.
 *
 * Killed in 1: nothing is visible, and the next command finds a directory
 * whose lock nobody holds, and removes it.  Killed in 2: there may be blobs
 * and layers that the index does not name; the directory is still there, so
 * the next command removes them too (storage/collect.h).
 *
 * A commit or a removal that fails in 2 leaves no more than that either: see
 * .half_done.
 *
 * What is in the store already and will be used again is held while the work
 * goes on: a blob by a link to it, a layer by its lock.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strv.h"
#include "storage/digest.h"
#include "storage/manifest.h"
#include "storage/store.h"

/*
 * Files in layers belong to subordinate ids; who works on them must be id 0
 * of the outer user namespace.  storage does not see userns: cmd brings the
 * two together and puts outer_call() here.
 */
struct stage_ids {
	bool single;  /* there are none: one id owns all files */
	uint32_t ids; /* image ids that can be written: 0..ids-1 */
	int (*call)(const void *context,
		    int (*function)(void *argument, struct error *err),
		    void *argument, struct error *err);
	const void *context;
	/* what is being done, for a line on a terminal; may be NULL */
	void (*progress)(const char *text);
};

struct stage {
	const struct store *store;
	const struct stage_ids *ids;
	char name[20];
	int dirfd; /* tmp/<name>/ */
	int lock_fd;
	int holds_fd;       /* of layers.lock */
	struct strv blobs;  /* digests, staged in blobs/<digest> */
	struct strv layers; /* names, staged in layers/<name> */
	struct strv pairs;  /* "<blob digest> <diff id>": known to be so */
	unsigned int n_unpacked;
	uint64_t skipped_devices; /* device nodes that layers should have had */
	bool foreign_files;       /* some belong to subordinate ids */
	/*
	 * Set before the index or a blob of the store is touched, and taken
	 * back when all is done: discarded in between, the stage leaves its
	 * lock file, and the next command collects what nothing refers to.
	 */
	bool half_done;
	struct stage_stream *streams; /* of stage_stream.c: those that live */
};

int stage_open(struct stage *ret, const struct store *store,
	       const struct stage_ids *ids, struct error *err);

/* stage_discard - remove what is left of it; {0} is fine.  Return: 0, -errno */
int stage_discard(struct stage *stage, struct error *err);

/*
 * stage_fit - can the store hold what is to come?  See storage/store_fit.h
 * @bytes: that will be written at least; 0: not known
 */
int stage_fit(const struct stage *stage, uint64_t bytes, struct error *err);

/* stage_say - report progress */
void stage_say(const struct stage *stage, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * stage_blob - put a file into the stage
 * @fd:     read from its beginning
 * @own:    the file is of this stage and may be linked instead of copied
 * @wanted: digest and size that it must have; NULL: any
 * @what:   names it in messages
 * Return: 0 with ret->digest and ret->size set (and nothing else); -EBADMSG
 * it is not what @wanted says.
 */
int stage_blob(struct stage *stage, int fd, bool own,
	       const struct descriptor *wanted, const char *what,
	       struct descriptor *ret, struct error *err);

/* stage_text - the same for a document of ours */
int stage_text(struct stage *stage, const char *text, struct descriptor *ret,
	       struct error *err);

/* stage_use_blob - one that the store has already; Return: 0; -ENOENT */
int stage_use_blob(struct stage *stage, const char *digest);

/*
 * stage_copy_blob - the same, or a copy of an image store's, which is checked
 * Return: 0; -ENOENT nobody has it (@err says nothing); as stage_blob().
 */
int stage_copy_blob(struct stage *stage, const struct descriptor *blob,
		    const char *what, struct error *err);

/*
 * stage_is_elsewhere - does an image store have the layer, and the blob that
 * it was made from?  Then the own store needs neither.
 */
bool stage_is_elsewhere(struct stage *stage, const char *blob_digest,
			const char *diff_id);

/*
 * stage_adopt_blob - one that was fetched, and whose digest was checked
 * @name: of the file in @dirfd, which is in the store; it is moved
 */
int stage_adopt_blob(struct stage *stage, int dirfd, const char *name,
		     const char *digest, struct error *err);

/* stage_forget_blob - it was of use, but shall not come into the store */
void stage_forget_blob(struct stage *stage, const char *digest);

/*
 * stage_layer - unpack a blob of the stage into a layer of the stage
 * @diff_id: what it must be; NULL: any
 * Does nothing when the store has the layer, made from the same blob.
 * Return: 0; -EBADMSG the diff id is another one; errors of unpack_stream().
 */
int stage_layer(struct stage *stage, const char *blob_digest,
		const char *diff_id, const char *what,
		char ret_diff_id[DIGEST_MAX], struct error *err);

/*
 * stage_archive - unpack an archive of an image into a directory of the stage
 * Its files are the caller's own.  Return: a descriptor of the directory.
 */
int stage_archive(struct stage *stage, int tar_fd, const char *what,
		  struct error *err);

/*
 * stage_hold_image - keep an image of the store, of which more is to be made,
 * until the stage is done
 * Return: 0; -ENOENT it was removed.
 */
int stage_hold_image(struct stage *stage, const char *digest,
		     const struct manifest *manifest,
		     const struct image_config *config, struct error *err);

/* stage_commit - make all of it, and @images in the index, part of the store */
int stage_commit(struct stage *stage, const struct image_index *images,
		 struct error *err);

/*
 * stage_sweep - remove the work of those who were killed
 * Return: how many there were; 0 costs one readdir(3).
 */
int stage_sweep(const struct store *store, const struct stage_ids *ids,
		struct error *err);
