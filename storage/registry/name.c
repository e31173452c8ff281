#include "storage/registry/name.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/memory.h"
#include "storage/reference.h"

/* the tag and digest of @ref behind @repository; with neither, the tag
 * everybody means */
static char *complete(const struct reference *ref, const char *repository)
{
	if (ref->digest)
		return xasprintf("%s%s%s@%s", repository, ref->tag ? ":" : "",
				 ref->tag ? ref->tag : "", ref->digest);
	return xasprintf("%s:%s", repository, ref->tag ? ref->tag : "latest");
}

static void add_in(const struct reference *ref, const char *domain,
		   struct strv *to)
{
	scoped(char) *repository = reference_repository(ref, domain);

	strv_take(to, complete(ref, repository));
}

/* aliases are prefixes of nothing: the whole path has to be one */
static int add_alias(const struct reference *ref, const char *value,
		     struct strv *to, struct error *err)
{
	scoped_reference target = { 0 };
	int r = reference_parse(value, &target, err);

	if (r < 0)
		return error_prefix(err, "the alias of \"%s\"", ref->path);
	scoped(char) *repository = reference_repository(&target, "docker.io");
	strv_take(to, complete(ref, repository));
	return 0;
}

static int ambiguous(const struct registries *registries,
		     const struct reference *ref, struct error *err)
{
	scoped(char) *example =
		reference_repository(ref, registries->search.v[0]);

	error_say(err, ENOTUNIQ,
		  "\"%s\" can be in %zu registries, and short-name-mode is "
		  "\"enforcing\"",
		  ref->path, registries->search.n);
	return error_hint(err, "write the registry too, as in %s", example);
}

static int resolve(const struct registries *registries, const char *typed,
		   bool strict, struct strv *ret, struct error *err)
{
	scoped_reference ref = { 0 };
	int r = reference_parse(typed, &ref, err);

	if (r < 0)
		return r;
	if (ref.domain) {
		add_in(&ref, ref.domain, ret);
		return 0;
	}
	const char *alias = registries_alias(registries, ref.path);
	if (alias)
		return add_alias(&ref, alias, ret, err);
	if (strict && registries->search.n > 1 &&
	    registries->short_names == SHORT_NAMES_ENFORCING)
		return ambiguous(registries, &ref, err);
	for (size_t i = 0; i < registries->search.n; i++)
		add_in(&ref, registries->search.v[i], ret);
	if (registries->search.n == 0)
		add_in(&ref, "docker.io", ret);
	return 0;
}

int name_resolve(const struct registries *registries, const char *typed,
		 struct strv *ret, struct error *err)
{
	return resolve(registries, typed, true, ret, err);
}

int name_candidates(const struct registries *registries, const char *typed,
		    struct strv *ret, struct error *err)
{
	return resolve(registries, typed, false, ret, err);
}
