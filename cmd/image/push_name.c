#include "cmd/image/push_name.h"

#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

#define TRANSPORT "docker://"

static int no_registry(const char *text, const struct reference *ref,
		       const char *image, struct error *err)
{
	scoped(char) *hub = reference_name(ref, "docker.io");
	bool local = ref->domain;

	if (local)
		error_say(err, EINVAL,
			  "\"%s\": localhost is not a registry, but where "
			  "names of this store are",
			  text);
	else
		error_say(err, EINVAL, "\"%s\" names no registry", text);
	if (!image)
		return error_hint(err, "write the registry too, as in %s",
				  local ? "localhost:5000/name" : hub);
	return error_hint(err,
			  "write where to: wolffia push %s %s; or give it that "
			  "name first: wolffia tag",
			  image, local ? "REGISTRY/NAME[:TAG]" : hub);
}

static int parse(const char *text, const char *image, struct reference *ret,
		 struct error *err)
{
	scoped_reference ref = { 0 };
	const char *name = text_starts_with(text, TRANSPORT)
				   ? text + strlen(TRANSPORT)
				   : text;
	int r = reference_parse(name, &ref, err);

	if (r < 0)
		return r;
	if (ref.digest) {
		error_say(err, EINVAL,
			  "\"%s\": an image is pushed under a tag, and has "
			  "its digest anyway",
			  text);
		return error_hint(err, "leave out what begins with \"@\"");
	}
	if (!ref.domain || strcmp(ref.domain, "localhost") == 0)
		return no_registry(text, &ref, image, err);
	*ret = ref;
	ref = (struct reference){ 0 };
	return 0;
}

int push_name_parse(const char *text, struct reference *ret, struct error *err)
{
	return parse(text, NULL, ret, err);
}

int push_name_of_image(const char *text, struct reference *ret,
		       struct error *err)
{
	return parse(text, text, ret, err);
}
