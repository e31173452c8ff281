#include "storage/trust/policy.h"

#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "storage/base64.h"
#include "storage/registry/document.h"
#include "storage/trust/members.h"

/* those of containers-transports(5) that a policy may speak of */
static const char *const transports[] = {
	"atomic",  "containers-storage", "dir",
	"docker",  "docker-archive",     "docker-daemon",
	"oci",     "oci-archive",        "sif",
	"tarball",
};

static void requirement_free(struct requirement *r)
{
	strv_free(&r->key_paths);
	strv_free(&r->key_texts);
	identity_free(&r->identity);
	free(r->unsupported);
}

void policy_free(struct policy *policy)
{
	for (size_t i = 0; i < policy->n; i++) {
		struct policy_rule *rule = &policy->rules[i];
		for (size_t j = 0; j < rule->n; j++)
			requirement_free(&rule->v[j]);
		free(rule->v);
		free(rule->transport);
		free(rule->scope);
	}
	free(policy->rules);
	free(policy->file);
	*policy = (struct policy){ 0 };
}

/* base64 of a PEM text */
static int add_data(const char *data, struct requirement *to, struct error *err)
{
	scoped(char) *text = NULL;
	size_t size;

	if (base64_decode(data, &text, &size) < 0 || strlen(text) != size)
		return error_say(err, EINVAL, "a key is not base64 of a text");
	strv_take(&to->key_texts, take_ptr(text));
	return 0;
}

static int add_path(const char *path, struct requirement *to, struct error *err)
{
	if (path[0] != '/')
		return error_say(err, EINVAL, "\"%s\" is no absolute path",
				 path);
	strv_add(&to->key_paths, path);
	return 0;
}

static const struct {
	const char *member;
	bool is_list;
	int (*add)(const char *text, struct requirement *to, struct error *err);
} key_members[] = {
	{ "keyPath", false, add_path },
	{ "keyPaths", true, add_path },
	{ "keyData", false, add_data },
	{ "keyDatas", true, add_data },
};

/* Return: 1 the member is there, and its keys were added */
static int add_keys(const json_t *object, size_t i, struct requirement *to,
		    struct error *err)
{
	const char *member = key_members[i].member, *one = NULL;
	scoped_strv list = { 0 };
	int r = key_members[i].is_list
			? json_get_strv(object, member, &list, err)
			: json_get_string(object, member, &one, err);

	if (r <= 0)
		return r;
	if (one)
		strv_add(&list, one);
	if (list.n == 0)
		return error_say(err, EINVAL, "\"%s\" is empty", member);
	for (size_t k = 0; k < list.n; k++) {
		r = key_members[i].add(list.v[k], to, err);
		if (r < 0)
			return error_prefix(err, "%s", member);
	}
	return 1;
}

/* who may sign, other than by a key: known, and not checked here */
static const char *const other_signers[] = { "fulcio", "pki" };
static const char *const log_members[] = {
	"rekorPublicKeyPath",
	"rekorPublicKeyPaths",
	"rekorPublicKeyData",
	"rekorPublicKeyDatas",
};

static int parse_signers(const json_t *object, struct requirement *to,
			 struct error *err)
{
	int n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(key_members); i++) {
		int r = add_keys(object, i, to, err);
		if (r < 0)
			return r;
		n += r;
	}
	for (size_t i = 0; i < ARRAY_SIZE(other_signers); i++) {
		if (!json_object_get(object, other_signers[i]))
			continue;
		n++;
		free(to->unsupported);
		to->unsupported = xstrdup(other_signers[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(log_members); i++)
		if (json_object_get(object, log_members[i]) && !to->unsupported)
			to->unsupported = xstrdup(log_members[i]);
	if (n != 1)
		return error_say(err, EINVAL,
				 "sigstoreSigned needs one of keyPath, "
				 "keyPaths, keyData and keyDatas");
	return 0;
}

static int parse_signed(const json_t *object, struct requirement *to,
			struct error *err)
{
	static const char *const names[] = {
		"type",
		"keyPath",
		"keyPaths",
		"keyData",
		"keyDatas",
		"signedIdentity",
		"fulcio",
		"pki",
		"rekorPublicKeyPath",
		"rekorPublicKeyPaths",
		"rekorPublicKeyData",
		"rekorPublicKeyDatas",
	};
	json_t *identity = NULL;
	int r = members_only(object, "sigstoreSigned", names, ARRAY_SIZE(names),
			     err);

	if (r == 0)
		r = parse_signers(object, to, err);
	if (r == 0)
		r = json_get_object(object, "signedIdentity", &identity, err);
	if (r > 0)
		r = identity_parse(identity, &to->identity, err);
	if (r == 0)
		to->kind =
			to->unsupported ? REQUIRE_UNSUPPORTED : REQUIRE_SIGNED;
	return r;
}

/* OpenPGP: what it asks for is not looked at */
static int parse_signed_by(const json_t *object, struct requirement *to,
			   struct error *err)
{
	static const char *const names[] = {
		"type",     "keyType", "keyPath",
		"keyPaths", "keyData", "signedIdentity",
	};

	to->kind = REQUIRE_UNSUPPORTED;
	to->unsupported = xstrdup("signedBy");
	return members_only(object, "signedBy", names, ARRAY_SIZE(names), err);
}

static int parse_requirement(const json_t *object, struct requirement *to,
			     struct error *err)
{
	static const char *const names[] = { "type" };
	const char *type = "";

	if (!json_is_object(object))
		return error_say(err, EINVAL, "a requirement is no object");
	int r = json_get_string(object, "type", &type, err);
	if (r < 0)
		return r;
	if (strcmp(type, "sigstoreSigned") == 0)
		return parse_signed(object, to, err);
	if (strcmp(type, "signedBy") == 0)
		return parse_signed_by(object, to, err);
	if (strcmp(type, "insecureAcceptAnything") == 0)
		to->kind = REQUIRE_NOTHING;
	else if (strcmp(type, "reject") == 0)
		to->kind = REQUIRE_REJECT;
	else
		return error_say(err, EINVAL,
				 "a requirement of a type that is not known: "
				 "\"%.100s\"",
				 type);
	return members_only(object, type, names, ARRAY_SIZE(names), err);
}

static int add_rule(struct policy *to, const char *transport, const char *scope,
		    const json_t *list, struct error *err)
{
	if (!json_is_array(list) || json_array_size(list) == 0)
		return error_say(err, EINVAL,
				 "is not a list of at least one requirement");
	to->rules = xreallocarray(to->rules, to->n + 1, sizeof(*to->rules));
	struct policy_rule *rule = &to->rules[to->n++];
	*rule = (struct policy_rule){
		.transport = transport ? xstrdup(transport) : NULL,
		.scope = xstrdup(scope),
		.v = xcalloc(json_array_size(list), sizeof(*rule->v)),
	};
	for (size_t i = 0; i < json_array_size(list); i++) {
		int r = parse_requirement(json_array_get(list, i),
					  &rule->v[rule->n++], err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* "*." and a domain, or no star at all */
static bool is_scope(const char *scope)
{
	const char *star = strrchr(scope, '*');

	return !star || (star == scope && scope[1] == '.' && scope[2]);
}

static int add_transport(struct policy *to, const char *name,
			 const json_t *scopes, struct error *err)
{
	const char *scope;
	json_t *list;
	size_t i = 0;

	while (i < ARRAY_SIZE(transports) && strcmp(transports[i], name) != 0)
		i++;
	if (i == ARRAY_SIZE(transports))
		return error_say(err, EINVAL,
				 "a transport that is not known: \"%.100s\"",
				 name);
	if (!json_is_object(scopes))
		return error_say(err, EINVAL, "the transport %s is no object",
				 name);
	json_object_foreach ((json_t *)(uintptr_t)scopes, scope, list) {
		int r = is_scope(scope)
				? add_rule(to, name, scope, list, err)
				: error_say(err, EINVAL,
					    "a star stands for subdomains only "
					    "(*.example.org)");
		if (r < 0)
			return error_prefix(err, "%s \"%.200s\"", name, scope);
	}
	return 0;
}

static int parse_top(const json_t *top, struct policy *to, struct error *err)
{
	static const char *const names[] = { "default", "transports" };
	json_t *list = NULL, *members = NULL, *scopes;
	const char *name;

	if (!json_is_object(top))
		return error_say(err, EINVAL, "is no object");
	int r = members_only(top, "it", names, ARRAY_SIZE(names), err);
	if (r == 0)
		r = json_get_array(top, "default", &list, err);
	if (r == 0)
		r = error_say(err, EINVAL, "has no \"default\"");
	if (r > 0)
		r = add_rule(to, NULL, "", list, err);
	if (r < 0)
		return r;
	r = json_get_object(top, "transports", &members, err);
	if (r <= 0)
		return r;
	json_object_foreach (members, name, scopes) {
		r = add_transport(to, name, scopes, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int policy_parse(const char *text, size_t size, const char *what,
		 struct policy *ret, struct error *err)
{
	scoped_policy policy = { .file = xstrdup(what) };
	scoped_json *top = NULL;
	int r = document_parse(text, size, what, &top, err);

	if (r < 0)
		return r;
	r = parse_top(top, &policy, err);
	if (r < 0)
		return error_prefix(err, "%s", what);
	*ret = policy;
	policy = (struct policy){ 0 };
	return 0;
}

static const struct policy_rule *find(const struct policy *policy,
				      const char *transport, const char *scope)
{
	for (size_t i = 0; i < policy->n; i++) {
		const struct policy_rule *rule = &policy->rules[i];
		if ((!transport || !rule->transport
			     ? transport == rule->transport
			     : strcmp(rule->transport, transport) == 0) &&
		    strcmp(rule->scope, scope) == 0)
			return rule;
	}
	return NULL;
}

/* the first of @scopes that there is, the transport's, or the default */
static const struct policy_rule *find_first(const struct policy *policy,
					    const char *transport,
					    const struct strv *scopes)
{
	const struct policy_rule *rule = NULL;

	for (size_t i = 0; !rule && i < scopes->n; i++)
		rule = find(policy, transport, scopes->v[i]);
	if (!rule)
		rule = find(policy, transport, "");
	return rule ? rule : find(policy, NULL, "");
}

const struct policy_rule *policy_of_image(const struct policy *policy,
					  const struct reference *ref)
{
	scoped(char) *name = reference_repository(ref, "docker.io");
	scoped_strv scopes = { 0 };

	if (ref->digest)
		strv_addf(&scopes, "%s@%s", name, ref->digest);
	if (ref->tag || !ref->digest)
		strv_addf(&scopes, "%s:%s", name,
			  ref->tag ? ref->tag : "latest");
	strv_add(&scopes, name);
	for (char *slash; (slash = strrchr(name, '/'));) {
		*slash = '\0';
		strv_add(&scopes, name);
	}
	for (const char *dot = name; (dot = strchr(dot, '.')); dot++)
		strv_addf(&scopes, "*%s", dot);
	return find_first(policy, "docker", &scopes);
}

const struct policy_rule *policy_of_archive(const struct policy *policy,
					    const char *transport,
					    const char *path)
{
	scoped_strv scopes = { 0 };
	scoped(char) *place = path ? xstrdup(path) : NULL;

	for (char *slash; place && *place; *slash = '\0') {
		strv_add(&scopes, place);
		slash = strrchr(place, '/');
		if (!slash)
			break;
	}
	return find_first(policy, transport, &scopes);
}

char *policy_where(const struct policy *policy, const struct policy_rule *rule)
{
	if (!rule->transport)
		return xasprintf("the default of %s", policy->file);
	if (!*rule->scope)
		return xasprintf("the default for %s in %s", rule->transport,
				 policy->file);
	return xasprintf("the scope %s of %s", rule->scope, policy->file);
}
