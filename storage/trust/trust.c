#include "storage/trust/trust.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/memory.h"
#include "storage/trust/attached.h"

/* How near a signature came to what is asked for. */
enum nearness {
	NEAR_NONE,     /* there is none */
	NEAR_UNKNOWN,  /* it is by another key */
	NEAR_STRANGE,  /* it is by the key, and of something else than images */
	NEAR_DIGEST,   /* of another image */
	NEAR_IDENTITY, /* of this image by another name */
	NEAR_RIGHT,
};

/* A requirement that is a signature, and how far we are with it. */
struct wanted {
	const struct requirement *requirement;
	struct public_key **keys;
	struct strv names; /* of the keys */
	size_t n_keys;
	enum nearness nearness;
	char *signed_name;  /* of NEAR_IDENTITY */
	const char *signer; /* of NEAR_RIGHT */
};

/* What is asked, and the answer so far. */
struct question {
	const struct policy *policy;
	const struct policy_rule *rule;
	struct reference ref;
	const char *name;
	struct client *client;
	struct wanted *wanted;
	size_t n;
	struct strv passed; /* why signatures were not looked at */
};

static void question_free(struct question *q)
{
	for (size_t i = 0; i < q->n; i++) {
		struct wanted *w = &q->wanted[i];
		for (size_t k = 0; k < w->n_keys; k++)
			public_key_free(&w->keys[k]);
		free(w->keys);
		free(w->signed_name);
		strv_free(&w->names);
	}
	free(q->wanted);
	strv_free(&q->passed);
	reference_free(&q->ref);
}

static bool needs_signature(const struct policy_rule *rule)
{
	for (size_t i = 0; rule && i < rule->n; i++)
		if (rule->v[i].kind == REQUIRE_SIGNED)
			return true;
	return false;
}

/* what no signature can help against */
static int check_flatly(const struct policy *policy,
			const struct policy_rule *rule, const char *name,
			struct error *err)
{
	scoped(char) *where = rule ? policy_where(policy, rule) : NULL;

	for (size_t i = 0; rule && i < rule->n; i++) {
		const struct requirement *r = &rule->v[i];
		if (r->kind == REQUIRE_REJECT)
			return error_say(err, EPERM, "%s is rejected by %s",
					 name, where);
		if (r->kind != REQUIRE_UNSUPPORTED)
			continue;
		error_say(err, ENOTSUP,
			  "%s is not accepted: %s asks for \"%s\", which "
			  "wolffia cannot check",
			  name, where, r->unsupported);
		return error_hint(err, "sigstoreSigned with keyPath or keyData "
				       "is what it checks");
	}
	return 0;
}

static int add_key(const char *text, size_t size, const char *what,
		   struct wanted *to, struct error *err)
{
	struct public_key *key = NULL;
	int r = public_key_parse(text, size, what, &key, err);

	if (r < 0)
		return r;
	to->keys = xreallocarray(to->keys, to->n_keys + 1, sizeof(*to->keys));
	to->keys[to->n_keys++] = key;
	strv_add(&to->names, what);
	return 0;
}

static int load_keys(const char *file, struct wanted *to, struct error *err)
{
	const struct requirement *from = to->requirement;
	int r = 0;

	for (size_t i = 0; r == 0 && i < from->key_paths.n; i++) {
		const char *path = from->key_paths.v[i];
		scoped(char) *text = NULL;
		ssize_t size =
			fd_read_file(AT_FDCWD, path, KEY_FILE_MAX, &text, err);
		r = size < 0 ? error_prefix(err, "the key of %s", file)
			     : add_key(text, (size_t)size, path, to, err);
	}
	for (size_t i = 0; r == 0 && i < from->key_texts.n; i++) {
		const char *text = from->key_texts.v[i];
		scoped(char) *what = xasprintf("key %zu in %s", i + 1, file);
		r = add_key(text, strlen(text), what, to, err);
	}
	return r;
}

static int load_wanted(struct question *q, struct error *err)
{
	q->wanted = xcalloc(q->rule->n, sizeof(*q->wanted));
	for (size_t i = 0; i < q->rule->n; i++) {
		if (q->rule->v[i].kind != REQUIRE_SIGNED)
			continue;
		struct wanted *w = &q->wanted[q->n++];
		w->requirement = &q->rule->v[i];
		int r = load_keys(q->policy->file, w, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static enum nearness weigh(const struct question *q, const struct wanted *w,
			   int verified, const struct claim *claim,
			   const char *digest)
{
	if (verified == -EKEYREJECTED)
		return NEAR_UNKNOWN;
	if (verified < 0)
		return NEAR_STRANGE;
	if (strcmp(claim->digest, digest) != 0)
		return NEAR_DIGEST;
	return identity_accepts(&w->requirement->identity, &q->ref, claim->name)
		       ? NEAR_RIGHT
		       : NEAR_IDENTITY;
}

static void weigh_one(const struct question *q, struct wanted *w, size_t key,
		      const struct signature *signature, const char *digest)
{
	scoped_claim claim = { 0 };
	struct error ignored;
	int verified = signature_verify(signature, w->keys[key], digest, &claim,
					&ignored);
	enum nearness nearness = weigh(q, w, verified, &claim, digest);

	if (nearness <= w->nearness)
		return;
	w->nearness = nearness;
	w->signer = w->names.v[key];
	free(w->signed_name);
	w->signed_name = take_ptr(claim.name);
}

/* Return: is each requirement met now? */
static bool weigh_all(struct question *q, const struct signatures *signatures,
		      const char *digest)
{
	bool met = true;

	for (size_t i = 0; i < q->n; i++) {
		struct wanted *w = &q->wanted[i];
		for (size_t s = 0; s < signatures->n; s++)
			for (size_t k = 0; k < w->n_keys; k++)
				weigh_one(q, w, k, &signatures->v[s], digest);
		met = met && w->nearness == NEAR_RIGHT;
	}
	return met;
}

typedef int fetch_fn(struct client *client, const char *digest,
		     struct signatures *to, struct error *err);

/* Return: 1 all is met; 0 not yet; -ECANCELED */
static int ask_one(struct question *q, fetch_fn *fetch,
		   const struct document *document, struct error *err)
{
	scoped_signatures found = { 0 };

	if (!document->text)
		return 0;
	int r = fetch(q->client, document->digest, &found, err);
	strv_extend(&q->passed, found.passed.v);
	if (r == -ECANCELED)
		return r;
	if (r < 0)
		strv_add(&q->passed, err->text);
	return weigh_all(q, &found, document->digest);
}

static int ask_all(struct question *q, const struct source *source,
		   struct error *err)
{
	fetch_fn *const forms[] = { attached_simple, attached_bundles };
	const struct document *const documents[] = { &source->index,
						     &source->manifest };

	for (size_t f = 0; f < ARRAY_SIZE(forms); f++)
		for (size_t d = 0; d < ARRAY_SIZE(documents); d++) {
			int r = ask_one(q, forms[f], documents[d], err);
			if (r != 0)
				return r;
		}
	return 0;
}

/* what the nearest signature lacks */
static int say_lacking(const struct question *q, const struct wanted *w,
		       struct error *err)
{
	scoped(char) *where = policy_where(q->policy, q->rule);
	const char *const lacks[] = {
		[NEAR_NONE] = q->passed.n ? "it has no signature that can be "
					    "read"
					  : "it has no signature",
		[NEAR_UNKNOWN] = "its signatures are not by the key",
		[NEAR_STRANGE] = "what the key signed is no image",
		[NEAR_DIGEST] = "the signature is of another image",
		[NEAR_IDENTITY] = "the signature is for another name",
	};

	error_say(err, EKEYREJECTED, "%s is not accepted by %s: %s", q->name,
		  where, lacks[w->nearness]);
	if (w->nearness == NEAR_IDENTITY)
		return error_hint(err,
				  "it names \"%.200s\"; cosign never signs a "
				  "tag: \"signedIdentity\": {\"type\": "
				  "\"matchRepository\"} accepts that",
				  w->signed_name);
	if (q->passed.n > 0)
		return error_hint(err, "passed over: %s", q->passed.v[0]);
	if (w->nearness == NEAR_NONE)
		return error_hint(err, "looked for the tag sha256-*.sig and "
				       "for sigstore bundles that refer to it");
	return -EKEYREJECTED;
}

/* the keys, each once */
static char *signers(const struct question *q)
{
	char *text = xstrdup(q->wanted[0].signer);

	for (size_t i = 1; i < q->n; i++) {
		char *longer = xasprintf("%s, %s", text, q->wanted[i].signer);
		free(text);
		text = longer;
	}
	return text;
}

static int check(struct question *q, const struct source *source,
		 char **ret_who, struct error *err)
{
	int r = check_flatly(q->policy, q->rule, q->name, err);

	if (r < 0 || !needs_signature(q->rule))
		return r;
	r = load_wanted(q, err);
	if (r == 0)
		r = ask_all(q, source, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < q->n; i++)
		if (q->wanted[i].nearness != NEAR_RIGHT)
			return say_lacking(q, &q->wanted[i], err);
	*ret_who = signers(q);
	return 0;
}

int trust_ask(const struct policy *policy, const char *name, struct error *err)
{
	scoped_reference ref = { 0 };
	int r = reference_parse(name, &ref, err);

	if (r < 0)
		return r;
	const struct policy_rule *rule = policy_of_image(policy, &ref);
	r = check_flatly(policy, rule, name, err);
	return r < 0 ? r : needs_signature(rule);
}

int trust_check(const struct policy *policy, const char *name,
		const struct source *source, char **ret_who, struct error *err)
{
	struct question q = {
		.policy = policy,
		.name = name,
		.client = source->client,
	};
	int r = reference_parse(name, &q.ref, err);

	*ret_who = NULL;
	if (r == 0) {
		q.rule = policy_of_image(policy, &q.ref);
		r = check(&q, source, ret_who, err);
	}
	question_free(&q);
	return r;
}

int trust_check_archive(const struct policy *policy, const char *transport,
			const char *path, struct error *err)
{
	const struct policy_rule *rule =
		policy_of_archive(policy, transport, path);
	const char *name = path ? path : "a stream";
	int r = check_flatly(policy, rule, name, err);

	if (r < 0 || !needs_signature(rule))
		return r;
	scoped(char) *where = policy_where(policy, rule);
	return error_say(err, EKEYREJECTED,
			 "%s is not accepted: %s asks for a signature, and an "
			 "archive has none",
			 name, where);
}
