#include "storage/registry/document.h"

#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "storage/registry/header.h"

enum { VALUES_MAX = 100000 };

static const char *const types[] = {
	MEDIA_INDEX,
	MEDIA_MANIFEST,
	MEDIA_DOCKER_LIST,
	MEDIA_DOCKER_V2,
};

/* every value but the first comes behind one of these; in strings they are
 * counted, too, which is no harm */
static bool has_too_many_values(const char *text, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < size; i++)
		n += text[i] == ',' || text[i] == '[' || text[i] == '{';
	return n > VALUES_MAX;
}

int document_parse(const char *text, size_t size, const char *what,
		   json_t **ret, struct error *err)
{
	if (has_too_many_values(text, size))
		return error_say(err, EFBIG, "%s: more than %d values", what,
				 VALUES_MAX);
	return json_parse(text, size, what, ret, err);
}

static int unknown_type(const char *type, struct error *err)
{
	if (text_starts_with(type, "application/vnd.docker.distribution."
				   "manifest.v1")) {
		error_say(err, ENOTSUP,
			  "the image is of Docker's format 1 of 2013");
		return error_hint(err, "have it pushed again by a tool of "
				       "today");
	}
	error_say(err, EPROTO, "the answer is not an image but \"%.100s\"",
		  type);
	return text_starts_with(type, "text/html")
		       ? error_hint(err, "is this the address of a registry, "
					 "or of a proxy that wants a login?")
		       : -err->code;
}

static const char *find_type(const char *content_type)
{
	char type[128];

	if (!content_type ||
	    header_media_type(content_type, type, sizeof(type)) < 0)
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (strcmp(type, types[i]) == 0)
			return types[i];
	return NULL;
}

static int check_type(const json_t *document, const char *type,
		      struct error *err)
{
	const char *own = NULL;
	int r = json_get_string(document, "mediaType", &own, err);

	if (r < 0)
		return r;
	if (r > 0 && strcmp(own, type) != 0)
		return error_say(err, EBADMSG,
				 "the answer is called %s, but says that it is "
				 "%.200s",
				 type, own);
	if (r == 0 && text_starts_with(type, "application/vnd.docker."))
		return error_say(err, EBADMSG, "the %s has no mediaType", type);
	return 0;
}

static int check_lists(const json_t *document, enum media_kind kind,
		       struct error *err)
{
	bool index = kind == MEDIA_IS_INDEX;

	if (!json_object_get(document, index ? "layers" : "manifests") &&
	    !json_object_get(document, index ? "config" : "fsLayers"))
		return 0;
	return error_say(err, EBADMSG,
			 "it could be read as an index and as a manifest");
}

int document_check(const char *text, size_t size, const char *content_type,
		   const char **ret_type, struct error *err)
{
	const char *type = find_type(content_type);
	scoped_json *document = NULL;

	if (!type)
		return unknown_type(content_type ? content_type : "", err);
	enum media_kind kind = media_kind(type);
	int r = document_parse(text, size, "the answer", &document, err);
	if (r == 0 && !json_is_object(document))
		r = error_say(err, EINVAL, "the answer is not an object");
	if (r == 0)
		r = check_type(document, type, err);
	if (r == 0)
		r = check_lists(document, kind, err);
	if (r < 0)
		return r;
	*ret_type = type;
	return (int)kind;
}
