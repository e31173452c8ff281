#include "cmd/image/registry_name.h"

#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "storage/reference.h"

static int none(const char *text, struct error *err)
{
	error_say(err, EINVAL, "\"%s\" is not the name of a registry", text);
	return error_hint(err, "write HOST or HOST:PORT, as in quay.io or "
			       "localhost:5000");
}

/* of a URL only the host */
static char *without_scheme(const char *text)
{
	static const char *const schemes[] = { "https://", "http://" };

	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++)
		if (text_starts_with(text, schemes[i])) {
			const char *host = text + strlen(schemes[i]);
			return xstrndup(host, strcspn(host, "/"));
		}
	return xstrdup(text);
}

int registry_name_parse(const struct registries *registries, const char *text,
			struct places *ret, char **ret_key, struct error *err)
{
	if (!text)
		text = registries->search.n ? registries->search.v[0]
					    : "docker.io";
	scoped(char) *name = without_scheme(text);
	bool namespaced = strchr(name, '/');
	/* the grammar knows repositories: any will do */
	scoped(char) *repository = xasprintf("%s/x", name);
	scoped_reference ref = { 0 };
	struct error ignored;

	if (reference_parse(repository, &ref, &ignored) < 0 || !ref.domain ||
	    ref.tag || ref.digest)
		return none(text, err);
	int r = places_find(registries, &ref, true, ret, err);
	if (r < 0)
		return r;
	*ret_key = namespaced ? xstrdup(name) : xstrdup(ref.domain);
	return 0;
}
