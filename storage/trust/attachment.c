#include "storage/trust/attachment.h"

#include <errno.h>

#include "base/json.h"
#include "base/memory.h"
#include "storage/digest.h"
#include "storage/registry/document.h"

#define ANNOTATION_SIGNATURE "dev.cosignproject.cosign/signature"

void attachment_free(struct attachment *attachment)
{
	for (size_t i = 0; i < attachment->n; i++) {
		free(attachment->v[i].media_type);
		free(attachment->v[i].digest);
		free(attachment->v[i].signature);
	}
	free(attachment->v);
	free(attachment->subject);
	*attachment = (struct attachment){ 0 };
}

static int parse_layer(const json_t *layer, struct attached *to,
		       struct error *err)
{
	const char *type = NULL, *digest = NULL, *signature = NULL;
	json_t *annotations = NULL;

	if (!json_is_object(layer) ||
	    json_get_string(layer, "mediaType", &type, err) <= 0 ||
	    json_get_string(layer, "digest", &digest, err) <= 0 ||
	    json_get_u64(layer, "size", &to->size, err) <= 0)
		return error_say(err, EINVAL, "a malformed descriptor");
	int r = digest_check(digest, err);
	if (r == 0)
		r = json_get_object(layer, "annotations", &annotations, err);
	if (r > 0)
		r = json_get_string(annotations, ANNOTATION_SIGNATURE,
				    &signature, err);
	if (r < 0)
		return r;
	to->media_type = xstrdup(type);
	to->digest = xstrdup(digest);
	to->signature = signature ? xstrdup(signature) : NULL;
	return 0;
}

static int parse_subject(const json_t *top, struct attachment *to,
			 struct error *err)
{
	const char *digest = NULL;
	json_t *subject = NULL;
	int r = json_get_object(top, "subject", &subject, err);

	if (r > 0)
		r = json_get_string(subject, "digest", &digest, err);
	if (r <= 0)
		return r;
	r = digest_check(digest, err);
	if (r == 0)
		to->subject = xstrdup(digest);
	return r;
}

static int parse(const json_t *top, struct attachment *to, struct error *err)
{
	json_t *layers = NULL;

	if (!json_is_object(top))
		return error_say(err, EINVAL, "it is no object");
	int r = parse_subject(top, to, err);
	if (r >= 0)
		r = json_get_array(top, "layers", &layers, err);
	if (r < 0)
		return r;
	size_t n = json_array_size(layers);
	if (n > ATTACHED_MAX)
		return error_say(err, EFBIG, "more than %d signatures",
				 ATTACHED_MAX);
	to->v = xcalloc(n ? n : 1, sizeof(*to->v));
	for (size_t i = 0; i < n; i++) {
		r = parse_layer(json_array_get(layers, i), &to->v[to->n++],
				err);
		if (r < 0)
			return r;
	}
	return 0;
}

int attachment_parse(const char *text, size_t size, struct attachment *ret,
		     struct error *err)
{
	scoped_attachment attachment = { 0 };
	scoped_json *top = NULL;
	int r = document_parse(text, size, "it", &top, err);

	if (r == 0)
		r = parse(top, &attachment, err);
	if (r < 0)
		return r;
	*ret = attachment;
	attachment = (struct attachment){ 0 };
	return 0;
}
