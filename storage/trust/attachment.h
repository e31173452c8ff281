/*
 * storage/trust/attachment.h - the manifests that hold signatures
 *
 * Pure, fuzzed.  Sources: image-spec 1.1, manifest.md "subject"; cosign's
 * SIGNATURE_SPEC, "Storage".
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define ATTACHED_MAX 64 /* signatures of an image that are looked at */

struct attached {
	char *media_type;
	char *digest; /* valid by digest_check() */
	uint64_t size;
	char *signature; /* the annotation of cosign; NULL: none */
};

struct attachment {
	char *subject; /* digest; NULL: it is attached to nothing */
	struct attached *v;
	size_t n;
};
void attachment_free(struct attachment *attachment);

#define scoped_attachment                                                      \
	__attribute__((cleanup(attachment_free))) struct attachment

/*
 * attachment_parse - a manifest whose layers are no file systems
 * Return: 0; -EINVAL; -EFBIG more than ATTACHED_MAX layers
 */
int attachment_parse(const char *text, size_t size, struct attachment *ret,
		     struct error *err);
