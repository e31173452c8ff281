/*
 * storage/media.h - what kind of file a layer is
 */
#pragma once

#include <stddef.h>

#include "base/error.h"

/* media_check_layer - Return: 0; -ENOTSUP not a layer that can be unpacked */
int media_check_layer(const char *media_type, struct error *err);

/* media_compression - how are bytes compressed that begin so?  "+gzip",
 * "+zstd",
 * "+xz", "+bzip2"; "": not */
const char *media_compression(const void *head, size_t size);

/*
 * media_sniff_layer - the media type of the layer in @fd, by its first bytes
 * gzip, zstd, or a plain tar; xz and bzip2 have no registered type and get
 * one of the same form, which other tools may refuse.
 * @ret: the caller's to free.  The offset of @fd is as before.
 */
int media_sniff_layer(int fd, char **ret, struct error *err);

/* layout_version_parse - is @text an oci-layout file of version 1? pure */
int layout_version_parse(const char *text, size_t size, struct error *err);
