/* What a signature says, when it is right; see signature.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "storage/registry/document.h"
#include "storage/trust/members.h"
#include "storage/trust/signature.h"

#define SIMPLE_TYPE "cosign container image signature"
#define SIGN_TYPE   "https://sigstore.dev/cosign/sign/v1"

static const char *const statement_types[] = {
	"https://in-toto.io/Statement/v1",
	"https://in-toto.io/Statement/v0.1",
};

void claim_free(struct claim *claim)
{
	free(claim->name);
	*claim = (struct claim){ 0 };
}

/* a text that is @wanted */
static int check_text(const json_t *object, const char *key, const char *wanted,
		      struct error *err)
{
	const char *text = NULL;
	int r = json_get_string(object, key, &text, err);

	if (r < 0)
		return r;
	if (!text || strcmp(text, wanted) != 0)
		return error_say(err, EINVAL, "its \"%s\" is not \"%s\"", key,
				 wanted);
	return 0;
}

static int set_digest(const char *digest, struct claim *to, struct error *err)
{
	int r = digest_check(digest, err);

	if (r == 0 && strncmp(digest, "sha256:", 7) != 0)
		r = error_say(err, EINVAL, "its digest is not sha256");
	if (r == 0)
		snprintf(to->digest, sizeof(to->digest), "%s", digest);
	return r;
}

/* {"critical": {"identity", "image", "type"}, "optional": anything} */
static int parse_simple(const json_t *top, struct claim *to, struct error *err)
{
	static const char *const tops[] = { "critical", "optional" };
	static const char *const members[] = { "identity", "image", "type" };
	static const char *const image_members[] = { "docker-manifest-digest" };
	static const char *const name_members[] = { "docker-reference" };
	json_t *critical = NULL, *image = NULL, *identity = NULL;
	const char *digest = "", *name = "";
	int r = members_only(top, "it", tops, ARRAY_SIZE(tops), err);

	if (r == 0)
		r = json_get_object(top, "critical", &critical, err);
	if (r > 0)
		r = members_only(critical, "critical", members,
				 ARRAY_SIZE(members), err);
	if (r == 0)
		r = check_text(critical, "type", SIMPLE_TYPE, err);
	if (r == 0)
		r = json_get_object(critical, "image", &image, err);
	if (r > 0)
		r = members_only(image, "image", image_members, 1, err);
	if (r >= 0)
		r = json_get_string(image, "docker-manifest-digest", &digest,
				    err);
	if (r >= 0)
		r = json_get_object(critical, "identity", &identity, err);
	if (r > 0)
		r = members_only(identity, "identity", name_members, 1, err);
	if (r >= 0)
		r = json_get_string(identity, "docker-reference", &name, err);
	if (r < 0)
		return r;
	r = set_digest(digest, to, err);
	to->name = xstrdup(name);
	return r;
}

/* one subject: {"name", "digest": {"sha256": hex}} */
static int parse_subject(const json_t *subject, struct claim *to,
			 struct error *err)
{
	json_t *digests = NULL;
	const char *hex = "", *name = "";
	int r = json_is_object(subject)
			? json_get_object(subject, "digest", &digests, err)
			: error_say(err, EINVAL, "a subject is no object");

	if (r > 0)
		r = json_get_string(digests, "sha256", &hex, err);
	if (r >= 0)
		r = json_get_string(subject, "name", &name, err);
	if (r < 0)
		return r;
	scoped(char) *digest = xasprintf("sha256:%s", hex);
	r = set_digest(digest, to, err);
	free(to->name);
	to->name = xstrdup(name);
	return r;
}

/* the subject @digest, or when it is not there any */
static int parse_subjects(const json_t *list, const char *digest,
			  struct claim *to, struct error *err)
{
	if (json_array_size(list) == 0)
		return error_say(err, EINVAL, "it has no subject");
	for (size_t i = 0; i < json_array_size(list); i++) {
		int r = parse_subject(json_array_get(list, i), to, err);
		if (r < 0)
			return r;
		if (strcmp(to->digest, digest) == 0)
			return 0;
	}
	return 0;
}

/* what a predicate has to say, cosign's of a signature has not */
static int parse_statement(const json_t *top, const char *digest,
			   struct claim *to, struct error *err)
{
	const char *type = "";
	json_t *subjects = NULL;
	size_t i = 0;
	int r = json_get_string(top, "_type", &type, err);

	if (r < 0)
		return r;
	while (i < ARRAY_SIZE(statement_types) &&
	       strcmp(type, statement_types[i]) != 0)
		i++;
	if (i == ARRAY_SIZE(statement_types))
		return error_say(err, EINVAL, "it is no in-toto statement");
	r = check_text(top, "predicateType", SIGN_TYPE, err);
	if (r == 0)
		r = json_get_array(top, "subject", &subjects, err);
	return r < 0 ? r : parse_subjects(subjects, digest, to, err);
}

int signature_verify(const struct signature *signature,
		     const struct public_key *key, const char *digest,
		     struct claim *ret, struct error *err)
{
	scoped_claim claim = { 0 };
	scoped_json *top = NULL;

	if (!public_key_checks(key, signature->message, signature->size,
			       signature->bytes, signature->n))
		return error_say(err, EKEYREJECTED, "it is not by this key");
	int r = document_parse(signature->message + signature->payload,
			       signature->size - signature->payload,
			       "what is signed", &top, err);
	if (r == 0 && !json_is_object(top))
		r = error_say(err, EINVAL, "what is signed is no object");
	if (r == 0)
		r = signature->form == SIGNATURE_SIMPLE
			    ? parse_simple(top, &claim, err)
			    : parse_statement(top, digest, &claim, err);
	if (r < 0)
		return r;
	*ret = claim;
	claim = (struct claim){ 0 };
	return 0;
}
