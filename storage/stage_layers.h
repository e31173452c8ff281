/*
 * storage/stage_layers.h - the parts of stage_layer(), for who unpacks in
 * another way: stage_content.c and stage_stream.c
 */
#pragma once

#include "storage/stage.h"
#include "storage/unpack/unpack.h"

/* stage_has_layer - does the store, or the stage, have the layer made from the
 * same blob?  Then it is held. */
bool stage_has_layer(struct stage *stage, const char *blob_digest,
		     const char *diff_id);

/* stage_new_layer - a name for an empty directory; the caller's to free */
char *stage_new_layer(struct stage *stage);

/* stage_unpack_layer - unpack @tar_fd into the new directory @name */
int stage_unpack_layer(struct stage *stage, int tar_fd, const char *name,
		       const char *what, struct unpack_result *ret,
		       struct error *err);

/*
 * stage_keep_layer - the directory @from is the layer that it should be
 * @diff_id: NULL: any
 * Return: 0; -EBADMSG its diff id is another one
 */
int stage_keep_layer(struct stage *stage, const char *from,
		     const char *blob_digest, const char *diff_id,
		     const char *what, const struct unpack_result *result,
		     struct error *err);
