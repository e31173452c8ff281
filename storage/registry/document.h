/*
 * storage/registry/document.h - what a registry may answer as a document
 *
 * Pure, fuzzed.  The parsers of storage/manifest.h follow; here it is made
 * sure that everybody who reads these bytes reads the same thing.
 */
#pragma once

#include <stddef.h>

#include "base/error.h"
#include "base/json.h"
#include "storage/manifest.h"

/*
 * document_parse - JSON of a server, within bounds on its memory
 *
 * A few bytes of text can be a value of some hundred bytes: more than 100000
 * values are refused before there is one.
 * Return: 0; -EINVAL, -EFBIG
 */
int document_parse(const char *text, size_t size, const char *what,
		   json_t **ret, struct error *err);

/*
 * document_check - is this an image manifest or index, and only that?
 * @content_type: of the answer; NULL: it said none
 * @ret_type:     one of the media types of storage/manifest.h, static
 *
 * The type that the answer says and the one in the document must be the same;
 * OCI documents need not have one.  "layers" and "manifests" together are
 * refused (CVE-2021-41190).
 * Return: the kind; -EPROTO not a document of an image; -EBADMSG it
 * contradicts itself; -ENOTSUP schema 1
 */
int document_check(const char *text, size_t size, const char *content_type,
		   const char **ret_type, struct error *err);
