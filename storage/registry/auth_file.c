#include "storage/registry/auth_file.h"

#include <errno.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "storage/base64.h"
#include "storage/registry/http.h"

#define HUB     "docker.io"
#define HUB_URL "https://index.docker.io/v1/"

void credential_free(struct credential *credential)
{
	secret_free(&credential->username);
	secret_free(&credential->password);
	secret_free(&credential->identity_token);
	secret_free(&credential->registry_token);
}

bool credential_is_empty(const struct credential *credential)
{
	return !credential->username && !credential->identity_token &&
	       !credential->registry_token;
}

char *credential_basic(const struct credential *credential)
{
	scoped_secret *pair =
		xasprintf("%s:%s", credential->username, credential->password);
	size_t n = strlen(pair);
	char *to = xcalloc(n / 3 * 4 + 8, 1);

	EVP_EncodeBlock((unsigned char *)to, (unsigned char *)pair, (int)n);
	return to;
}

void auth_entry_free(struct auth_entry *entry)
{
	credential_free(&entry->credential);
	free(entry->helper);
	free(entry->key);
	*entry = (struct auth_entry){ 0 };
}

/* the strings of a document before it goes: they are whose secrets */
static void wipe(json_t *value)
{
	const char *key;
	json_t *member;
	size_t i;

	if (json_is_string(value))
		explicit_bzero((char *)(uintptr_t)json_string_value(value),
			       json_string_length(value));
	json_object_foreach (value, key, member)
		wipe(member);
	json_array_foreach (value, i, member)
		wipe(member);
}

static void free_secret_json(json_t **document)
{
	wipe(*document);
	json_decref(*document);
}

#define scoped_secret_json __attribute__((cleanup(free_secret_json))) json_t

/* the names of Docker Hub are many: it is one registry */
static const char *registry_of_host(const char *host)
{
	return strcmp(host, "index.docker.io") == 0 ||
			       strcmp(host, "registry-1.docker.io") == 0
		       ? HUB
		       : host;
}

/* "https://HOST/v1/" and "HOST" mean HOST; the caller's to free */
static char *registry_of_key(const char *key)
{
	const char *host = text_starts_with(key, "https://")  ? key + 8
			   : text_starts_with(key, "http://") ? key + 7
							      : key;
	size_t n = host == key ? strlen(host) : strcspn(host, "/");
	scoped(char) *copy = xstrndup(host, n);

	return xstrdup(registry_of_host(copy));
}

static int decode_pair(const char *text, struct credential *to)
{
	scoped_secret *plain = NULL;
	size_t size;

	if (base64_decode(text, &plain, &size) < 0)
		return -EINVAL;
	char *colon = strchr(plain, ':');
	if (!colon)
		return -EINVAL;
	*colon = '\0';
	to->username = xstrdup(plain);
	to->password = xstrdup(colon + 1);
	explicit_bzero(colon + 1, strlen(colon + 1));
	return 0;
}

static char *copy_unless_empty(const char *text)
{
	return text && *text ? xstrdup(text) : NULL;
}

/* one entry of "auths"; Return: 1 it says something, 0 it is empty */
static int read_entry(const json_t *entry, const char *key,
		      struct credential *to, struct error *err)
{
	const char *auth = NULL, *user = NULL, *password = NULL;
	const char *identity = NULL, *token = NULL;
	int r = json_is_object(entry)
			? 0
			: error_say(err, EINVAL, "it is not an object");

	if (r >= 0)
		r = json_get_string(entry, "auth", &auth, err);
	if (r >= 0)
		r = json_get_string(entry, "username", &user, err);
	if (r >= 0)
		r = json_get_string(entry, "password", &password, err);
	if (r >= 0)
		r = json_get_string(entry, "identitytoken", &identity, err);
	if (r >= 0)
		r = json_get_string(entry, "registrytoken", &token, err);
	/* what it holds is a secret: only where it stands is said */
	if (r >= 0 && auth && *auth && decode_pair(auth, to) < 0)
		r = error_say(err, EINVAL,
			      "\"auth\" is not base64 of USER:PASSWORD");
	if (r < 0)
		return error_prefix(err, "auths of \"%s\"", key);
	if (!to->username && user && *user && password) {
		to->username = xstrdup(user);
		to->password = xstrdup(password);
	}
	to->identity_token = copy_unless_empty(identity);
	to->registry_token = copy_unless_empty(token);
	return !credential_is_empty(to);
}

static int find_exact(const json_t *auths, const char *key,
		      struct credential *to, struct error *err)
{
	const json_t *entry = json_object_get(auths, key);

	return entry ? read_entry(entry, key, to, err) : 0;
}

/* the repository, each namespace above it, the registry */
static int find_by_path(const json_t *auths, const char *registry,
			const char *repository, struct credential *to,
			struct error *err)
{
	scoped(char) *key =
		xasprintf("%s/%s", registry, repository ? repository : "");

	for (;;) {
		int r = find_exact(auths, key, to, err);
		char *slash = strrchr(key, '/');
		if (r != 0 || !slash)
			return r;
		*slash = '\0';
	}
}

static int find_by_url(json_t *auths, const char *registry,
		       struct credential *to, struct error *err)
{
	const char *key;
	json_t *entry;

	json_object_foreach (auths, key, entry) {
		scoped(char) *host = registry_of_key(key);
		int r = strcmp(host, registry) == 0
				? read_entry(entry, key, to, err)
				: 0;
		if (r != 0)
			return r;
	}
	return 0;
}

/* it becomes part of the name of a program: no path, no option */
static int check_helper(const char *name, struct error *err)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ._-";

	if (*name && strspn(name, letters) == strlen(name) && strlen(name) < 64)
		return 0;
	return error_say(err, EINVAL,
			 "\"%s\" is not the name of a credential helper", name);
}

static int use_helper(const char *name, const char *key, struct auth_entry *ret,
		      struct error *err)
{
	if (check_helper(name, err) < 0)
		return -EINVAL;
	ret->helper = xstrdup(name);
	ret->key = xstrdup(key);
	return 1;
}

static int find_own_helper(const json_t *document, const char *registry,
			   struct auth_entry *ret, struct error *err)
{
	json_t *helpers = NULL, *value;
	const char *key;
	int r = json_get_object(document, "credHelpers", &helpers, err);

	if (r <= 0)
		return r;
	json_object_foreach (helpers, key, value) {
		scoped(char) *host = registry_of_key(key);
		if (strcmp(host, registry) != 0)
			continue;
		if (!json_is_string(value))
			return error_say(err, EINVAL,
					 "credHelpers of \"%s\" is not a "
					 "string",
					 key);
		/* empty: the file itself, whatever credsStore says */
		if (!*json_string_value(value))
			return 0;
		return use_helper(json_string_value(value), key, ret, err);
	}
	return 0;
}

static int find_common_helper(const json_t *document, const char *registry,
			      struct auth_entry *ret, struct error *err)
{
	const char *name = NULL;
	int r = json_get_string(document, "credsStore", &name, err);

	if (r <= 0 || !*name)
		return r < 0 ? r : 0;
	return use_helper(name, strcmp(registry, HUB) == 0 ? HUB_URL : registry,
			  ret, err);
}

static int parse(const char *text, size_t size, const char *what, json_t **ret,
		 struct error *err)
{
	int r = json_parse(text, size, what, ret, err);

	if (r == 0 && !json_is_object(*ret))
		r = error_say(err, EINVAL, "%s is not an object", what);
	return r;
}

static int find_auths(const json_t *document, const char *registry,
		      const char *repository, struct auth_entry *ret,
		      struct error *err)
{
	json_t *auths = NULL;
	int r = json_get_object(document, "auths", &auths, err);

	if (r > 0)
		r = find_by_path(auths, registry, repository, &ret->credential,
				 err);
	if (r == 0 && auths)
		r = find_by_url(auths, registry, &ret->credential, err);
	return r;
}

int auth_file_find(const char *text, size_t size, const char *what,
		   const char *registry, const char *repository,
		   struct auth_entry *ret, struct error *err)
{
	scoped_secret_json *document = NULL;
	scoped_auth_entry found = { 0 };
	int r = parse(text, size, what, &document, err);

	if (r < 0)
		return r;
	registry = registry_of_host(registry);
	r = find_own_helper(document, registry, &found, err);
	if (r == 0)
		r = find_auths(document, registry, repository, &found, err);
	if (r == 0)
		r = find_common_helper(document, registry, &found, err);
	if (r < 0)
		return error_prefix(err, "%s", what);
	*ret = found;
	found = (struct auth_entry){ 0 };
	return r;
}

int auth_file_helper(const char *text, size_t size, const char *what,
		     const char *registry, struct auth_entry *ret,
		     struct error *err)
{
	scoped_secret_json *document = NULL;
	int r = parse(text, size, what, &document, err);

	if (r < 0)
		return r;
	registry = registry_of_host(registry);
	r = find_own_helper(document, registry, ret, err);
	if (r == 0)
		r = find_common_helper(document, registry, ret, err);
	return r < 0 ? error_prefix(err, "%s", what) : r;
}

static json_t *entry_json(const struct credential *credential)
{
	json_t *entry = json_object();

	if (credential->username) {
		scoped_secret *basic = credential_basic(credential);
		json_object_set_new(entry, "auth", json_string(basic));
	}
	if (credential->identity_token)
		json_object_set_new(entry, "identitytoken",
				    json_string(credential->identity_token));
	return entry;
}

/* Return: how many entries went */
static int remove_entries(json_t *auths, const char *key)
{
	const char *other;
	json_t *entry;
	void *next;
	int n = 0;

	json_object_foreach_safe(auths, next, other, entry)
	{
		scoped(char) *host = registry_of_key(other);
		if (strcmp(host, key) != 0 && strcmp(other, key) != 0)
			continue;
		json_object_del(auths, other);
		n++;
	}
	return n;
}

int auth_file_set(const char *text, size_t size, const char *what,
		  const char *key, const struct credential *credential,
		  char **ret, struct error *err)
{
	scoped_secret_json *document = NULL;
	json_t *auths = NULL;
	int r = parse(text, size, what, &document, err);

	key = registry_of_host(key);
	if (r == 0)
		r = json_get_object(document, "auths", &auths, err);
	if (r < 0)
		return r;
	if (!auths) {
		auths = json_object();
		json_object_set_new(document, "auths", auths);
	}
	int changed = remove_entries(auths, key);
	if (credential) {
		json_object_set_new(auths, key, entry_json(credential));
		changed = 1;
	}
	*ret = json_dumps(document, JSON_INDENT(4));
	return changed > 0;
}

static int add_keys(const json_t *document, const char *member,
		    struct strv *ret, struct error *err)
{
	json_t *object = NULL, *value;
	const char *key;
	int r = json_get_object(document, member, &object, err);

	if (r <= 0)
		return r;
	json_object_foreach (object, key, value) {
		scoped(char) *name = registry_of_key(key);
		if (!strv_contains(ret, name))
			strv_add(ret, name);
	}
	return 0;
}

int auth_file_keys(const char *text, size_t size, const char *what,
		   struct strv *ret, struct error *err)
{
	scoped_secret_json *document = NULL;
	int r = parse(text, size, what, &document, err);

	if (r == 0)
		r = add_keys(document, "auths", ret, err);
	if (r == 0)
		r = add_keys(document, "credHelpers", ret, err);
	return r < 0 ? error_prefix(err, "%s", what) : 0;
}
