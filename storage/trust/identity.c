#include "storage/trust/identity.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "storage/trust/members.h"

void identity_free(struct identity *identity)
{
	free(identity->name);
	free(identity->prefix);
	free(identity->with);
	*identity = (struct identity){ 0 };
}

/* the kinds, and the members that each has beside "type" */
static const struct {
	const char *type;
	enum identity_kind kind;
	const char *members[3];
} kinds[] = {
	{ "matchRepoDigestOrExact", IDENTITY_DIGEST_OR_EXACT, { "type" } },
	{ "matchExact", IDENTITY_EXACT, { "type" } },
	{ "matchRepository", IDENTITY_REPOSITORY, { "type" } },
	{ "exactReference",
	  IDENTITY_GIVEN_REFERENCE,
	  { "type", "dockerReference" } },
	{ "exactRepository",
	  IDENTITY_GIVEN_REPOSITORY,
	  { "type", "dockerRepository" } },
	{ "remapIdentity",
	  IDENTITY_REMAPPED,
	  { "type", "prefix", "signedPrefix" } },
};

static int needed(const json_t *object, const char *key, char **ret,
		  struct error *err)
{
	const char *text = NULL;
	int r = json_get_string(object, key, &text, err);

	if (r < 0)
		return r;
	if (!text || !*text)
		return error_say(err, EINVAL, "signedIdentity has no \"%s\"",
				 key);
	*ret = xstrdup(text);
	return 0;
}

/* a reference with a tag or a digest, or a repository with neither */
static int check_name(const char *name, bool whole, struct error *err)
{
	scoped_reference ref = { 0 };
	int r = reference_parse(name, &ref, err);

	if (r < 0)
		return error_prefix(err, "signedIdentity");
	if (whole != (ref.tag || ref.digest))
		return error_say(err, EINVAL,
				 whole ? "signedIdentity: \"%s\" has no tag"
				       : "signedIdentity: \"%s\" is more than "
					 "a repository",
				 name);
	return 0;
}

static int parse_rest(const json_t *object, struct identity *to,
		      struct error *err)
{
	int r = 0;

	switch (to->kind) {
	case IDENTITY_GIVEN_REFERENCE:
		r = needed(object, "dockerReference", &to->name, err);
		return r < 0 ? r : check_name(to->name, true, err);
	case IDENTITY_GIVEN_REPOSITORY:
		r = needed(object, "dockerRepository", &to->name, err);
		return r < 0 ? r : check_name(to->name, false, err);
	case IDENTITY_REMAPPED:
		r = needed(object, "prefix", &to->prefix, err);
		return r < 0 ? r
			     : needed(object, "signedPrefix", &to->with, err);
	default:
		return 0;
	}
}

int identity_parse(const json_t *object, struct identity *ret,
		   struct error *err)
{
	struct identity identity = { 0 };
	const char *type = "";
	int r = json_get_string(object, "type", &type, err);

	if (r < 0)
		return error_prefix(err, "signedIdentity");
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (strcmp(type, kinds[i].type) != 0)
			continue;
		identity.kind = kinds[i].kind;
		r = members_only(object, "signedIdentity", kinds[i].members,
				 ARRAY_SIZE(kinds[i].members), err);
		if (r == 0)
			r = parse_rest(object, &identity, err);
		if (r < 0)
			identity_free(&identity);
		else
			*ret = identity;
		return r;
	}
	return error_say(err, EINVAL,
			 "signedIdentity of a type that is not known: \"%s\"",
			 type);
}

/* NULL and NULL are the same, too */
static bool same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* a name without a tag is nobody's */
static bool is_exact(const struct reference *a, const char *a_repository,
		     const struct reference *b, const char *b_repository)
{
	return (a->tag || a->digest) && same(a_repository, b_repository) &&
	       same(a->tag, b->tag) && same(a->digest, b->digest);
}

/* @repository with another beginning, if it begins with the prefix */
static char *remap(const struct identity *identity, const char *repository)
{
	size_t n = strlen(identity->prefix);

	if (strncmp(repository, identity->prefix, n) != 0 ||
	    (repository[n] && repository[n] != '/'))
		return xstrdup(repository);
	return xasprintf("%s%s", identity->with, repository + n);
}

static bool is_given(const struct identity *identity,
		     const struct reference *found, const char *repository)
{
	scoped_reference given = { 0 };
	struct error ignored;

	if (reference_parse(identity->name, &given, &ignored) < 0)
		return false;
	scoped(char) *wanted = reference_repository(&given, "docker.io");
	if (identity->kind == IDENTITY_GIVEN_REPOSITORY)
		return strcmp(wanted, repository) == 0;
	return is_exact(&given, wanted, found, repository);
}

bool identity_accepts(const struct identity *identity,
		      const struct reference *image, const char *signed_name)
{
	scoped_reference found = { 0 };
	struct error ignored;

	if (!*signed_name)
		return identity->kind == IDENTITY_REPOSITORY;
	if (reference_parse(signed_name, &found, &ignored) < 0)
		return false;
	scoped(char) *theirs = reference_repository(&found, "docker.io");
	scoped(char) *ours = reference_repository(image, "docker.io");
	scoped(char) *remapped = NULL;
	switch (identity->kind) {
	case IDENTITY_GIVEN_REFERENCE:
	case IDENTITY_GIVEN_REPOSITORY:
		return is_given(identity, &found, theirs);
	case IDENTITY_REPOSITORY:
		return strcmp(ours, theirs) == 0;
	case IDENTITY_EXACT:
		return is_exact(image, ours, &found, theirs);
	case IDENTITY_REMAPPED:
		remapped = remap(identity, ours);
		break;
	case IDENTITY_DIGEST_OR_EXACT:
		remapped = xstrdup(ours);
		break;
	}
	if (image->digest)
		return strcmp(remapped, theirs) == 0;
	return is_exact(image, remapped, &found, theirs);
}
