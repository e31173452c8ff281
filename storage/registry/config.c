#include "storage/registry/config.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "storage/reference.h"
#include "storage/registry/toml.h"

enum { ENTRIES_MAX = 1000, ALIASES_MAX = 10000 };

/* clang-format off */
static const char *const document_keys[] = {
	"unqualified-search-registries", "credential-helpers",
	"short-name-mode", "registry", "aliases",
	/* not ours: it hands credentials to a FUSE store of other tools */
	"additional-layer-store-auth-helper",
	NULL,
};
static const char *const registry_keys[] = {
	"prefix", "location", "insecure", "blocked", "mirror",
	"mirror-by-digest-only", NULL,
};
static const char *const mirror_keys[] = {
	"location", "insecure", "pull-from-mirror", NULL,
};
/* clang-format on */

static void mirrors_free(struct registry_entry *entry)
{
	for (size_t i = 0; i < entry->n_mirrors; i++)
		free(entry->mirrors[i].location);
	free(entry->mirrors);
}

static void entry_free(struct registry_entry *entry)
{
	free(entry->prefix);
	free(entry->location);
	mirrors_free(entry);
	*entry = (struct registry_entry){ 0 };
}

#define scoped_entry __attribute__((cleanup(entry_free))) struct registry_entry

void registries_free(struct registries *registries)
{
	for (size_t i = 0; i < registries->n_entries; i++)
		entry_free(&registries->entries[i]);
	for (size_t i = 0; i < registries->n_aliases; i++) {
		free(registries->aliases[i].name);
		free(registries->aliases[i].value);
	}
	free(registries->entries);
	free(registries->aliases);
	strv_free(&registries->search);
	strv_free(&registries->helpers);
	*registries = (struct registries){ 0 };
}

static int check_keys(json_t *table, const char *const *known,
		      struct error *err)
{
	const char *key;
	json_t *value;

	json_object_foreach (table, key, value) {
		size_t i = 0;
		while (known[i] && strcmp(known[i], key) != 0)
			i++;
		if (known[i])
			continue;
		error_say(err, EINVAL, "the key \"%s\" is not understood", key);
		const char *near = text_nearest(key, known);
		return near ? error_hint(err, "did you mean \"%s\"?", near)
			    : -err->code;
	}
	return 0;
}

static int get_bool(const json_t *table, const char *key, bool *ret,
		    struct error *err)
{
	const json_t *value = json_object_get(table, key);

	if (!value)
		return 0;
	if (!json_is_boolean(value))
		return error_say(err, EINVAL,
				 "\"%s\" is neither true nor false", key);
	*ret = json_is_true(value);
	return 1;
}

/* "HOST[:PORT]" alone, as reference_parse() takes it before a path */
static bool is_host(const char *text)
{
	scoped(char) *name = xasprintf("%s/a/a", text);
	scoped_reference ref = { 0 };
	struct error ignored;

	return reference_parse(name, &ref, &ignored) == 0 && ref.domain &&
	       !ref.tag && !ref.digest && strcmp(ref.path, "a/a") == 0;
}

/* HOST[:PORT][/PATH], with a tag or digest if @with_tag */
static int check_location(const char *key, const char *text, bool with_tag,
			  struct error *err)
{
	scoped_reference ref = { 0 };
	struct error why;

	if (is_host(text))
		return 0;
	if (reference_parse(text, &ref, &why) == 0 && ref.domain &&
	    (with_tag || (!ref.tag && !ref.digest)))
		return 0;
	error_say(err, EINVAL, "\"%s\" of \"%s\" is not HOST[:PORT][/PATH]",
		  text, key);
	return strstr(text, "://")
		       ? error_hint(err, "write it without \"https://\"")
		       : -err->code;
}

static int check_prefix(const char *prefix, struct error *err)
{
	if (!text_starts_with(prefix, "*."))
		return check_location("prefix", prefix, true, err);
	/* only hosts below a name: what follows the host is not matched */
	if (strpbrk(prefix, "/:@") || !is_host(prefix + 2))
		return error_say(err, EINVAL,
				 "\"%s\" of \"prefix\" is not *.HOST", prefix);
	return 0;
}

static int parse_for_what(const json_t *table, bool digests_only,
			  struct mirror *to, struct error *err)
{
	const char *text = "";
	int r = json_get_string(table, "pull-from-mirror", &text, err);

	to->for_what = digests_only ? MIRROR_FOR_DIGESTS : MIRROR_FOR_ALL;
	if (r < 0 || !*text)
		return r < 0 ? r : 0;
	if (digests_only)
		return error_say(err, EINVAL,
				 "\"pull-from-mirror\" and "
				 "\"mirror-by-digest-only\" exclude each "
				 "other");
	if (strcmp(text, "digest-only") == 0)
		to->for_what = MIRROR_FOR_DIGESTS;
	else if (strcmp(text, "tag-only") == 0)
		to->for_what = MIRROR_FOR_TAGS;
	else if (strcmp(text, "all") != 0)
		return error_say(err, EINVAL,
				 "\"%s\" of \"pull-from-mirror\" is not all, "
				 "digest-only or tag-only",
				 text);
	return 0;
}

static int parse_mirror(json_t *table, bool digests_only, struct mirror *to,
			struct error *err)
{
	const char *location = "";
	int r;

	if (!json_is_object(table))
		return error_say(err, EINVAL, "it is not a table");
	r = check_keys(table, mirror_keys, err);
	if (r == 0)
		r = json_get_string(table, "location", &location, err);
	if (r >= 0 && !*location)
		return error_say(err, EINVAL, "\"location\" is missing");
	if (r > 0)
		r = check_location("location", location, false, err);
	if (r >= 0)
		r = get_bool(table, "insecure", &to->insecure, err);
	if (r >= 0)
		r = parse_for_what(table, digests_only, to, err);
	if (r < 0)
		return r;
	to->location = xstrdup(location);
	return 0;
}

static int parse_mirrors(const json_t *table, struct registry_entry *to,
			 struct error *err)
{
	bool digests_only = false;
	json_t *array = NULL, *mirror;
	size_t i;
	int r = get_bool(table, "mirror-by-digest-only", &digests_only, err);

	if (r >= 0)
		r = json_get_array(table, "mirror", &array, err);
	if (r <= 0)
		return r;
	size_t n = json_array_size(array);
	to->mirrors = xcalloc(n + 1, sizeof(*to->mirrors));
	json_array_foreach (array, i, mirror) {
		r = parse_mirror(mirror, digests_only, &to->mirrors[i], err);
		if (r < 0)
			return error_prefix(err, "mirror %zu", i + 1);
		to->n_mirrors++;
	}
	return 0;
}

static int parse_place(const json_t *table, struct registry_entry *to,
		       struct error *err)
{
	const char *prefix = "", *location = "";
	int r = json_get_string(table, "prefix", &prefix, err);

	if (r >= 0)
		r = json_get_string(table, "location", &location, err);
	if (r >= 0 && !*prefix && !*location)
		return error_say(err, EINVAL,
				 "neither \"prefix\" nor \"location\" is "
				 "there");
	if (r >= 0 && *location)
		r = check_location("location", location, false, err);
	if (r >= 0 && *prefix)
		r = check_prefix(prefix, err);
	if (r < 0)
		return r;
	to->prefix = xstrdup(*prefix ? prefix : location);
	to->location = *location ? xstrdup(location) : NULL;
	return 0;
}

static int parse_entry(json_t *table, struct registry_entry *to,
		       struct error *err)
{
	int r;

	if (!json_is_object(table))
		return error_say(err, EINVAL, "it is not a table");
	r = check_keys(table, registry_keys, err);
	if (r >= 0)
		r = parse_place(table, to, err);
	if (r >= 0)
		r = get_bool(table, "insecure", &to->insecure, err);
	if (r >= 0)
		r = get_bool(table, "blocked", &to->blocked, err);
	if (r >= 0)
		r = parse_mirrors(table, to, err);
	return r < 0 ? r : 0;
}

/* @entry moves into @to, in place of one with the same prefix */
static void put_entry(struct registries *to, struct registry_entry *entry)
{
	size_t i = 0;

	while (i < to->n_entries &&
	       strcmp(to->entries[i].prefix, entry->prefix) != 0)
		i++;
	if (i < to->n_entries) {
		entry_free(&to->entries[i]);
	} else {
		to->entries =
			xreallocarray(to->entries, i + 1, sizeof(*to->entries));
		to->n_entries++;
	}
	to->entries[i] = *entry;
	*entry = (struct registry_entry){ 0 };
}

static bool has_prefix(const struct registries *in, const char *prefix)
{
	for (size_t i = 0; i < in->n_entries; i++)
		if (strcmp(in->entries[i].prefix, prefix) == 0)
			return true;
	return false;
}

static int parse_entries(const json_t *document, struct registries *to,
			 struct error *err)
{
	json_t *array = NULL, *table;
	size_t i;
	int r = json_get_array(document, "registry", &array, err);

	if (r <= 0)
		return r;
	if (json_array_size(array) > ENTRIES_MAX)
		return error_say(err, EINVAL, "more than %d registries",
				 ENTRIES_MAX);
	json_array_foreach (array, i, table) {
		scoped_entry entry = { 0 };
		r = parse_entry(table, &entry, err);
		if (r == 0 && has_prefix(to, entry.prefix))
			r = error_say(err, EINVAL,
				      "the prefix \"%s\" is there twice",
				      entry.prefix);
		if (r < 0)
			return error_prefix(err, "registry %zu", i + 1);
		put_entry(to, &entry);
	}
	return 0;
}

static int check_alias(const char *name, const json_t *value, struct error *err)
{
	scoped_reference from = { 0 }, to = { 0 };
	const char *text = json_string_value(value);
	struct error why;

	if (!text)
		return error_say(err, EINVAL, "alias \"%s\" is not a string",
				 name);
	if (reference_parse(name, &from, &why) < 0 || from.domain || from.tag ||
	    from.digest)
		return error_say(err, EINVAL,
				 "alias \"%s\" is not a short name without "
				 "tag",
				 name);
	if (!*text)
		return 0;
	if (reference_parse(text, &to, &why) < 0 || !to.domain || to.tag ||
	    to.digest)
		return error_say(err, EINVAL,
				 "\"%s\" of alias \"%s\" is not REGISTRY/PATH",
				 text, name);
	return 0;
}

static void put_alias(struct registries *to, const char *name,
		      const char *value)
{
	size_t i = 0;

	while (i < to->n_aliases && strcmp(to->aliases[i].name, name) != 0)
		i++;
	if (i < to->n_aliases) {
		free(to->aliases[i].value);
	} else {
		to->aliases =
			xreallocarray(to->aliases, i + 1, sizeof(*to->aliases));
		to->aliases[i].name = xstrdup(name);
		to->n_aliases++;
	}
	to->aliases[i].value = xstrdup(value);
}

static int parse_aliases(const json_t *document, struct registries *to,
			 struct error *err)
{
	json_t *table = NULL, *value;
	const char *name;
	int r = json_get_object(document, "aliases", &table, err);

	if (r <= 0)
		return r;
	if (json_object_size(table) > ALIASES_MAX)
		return error_say(err, EINVAL, "more than %d aliases",
				 ALIASES_MAX);
	json_object_foreach (table, name, value) {
		r = check_alias(name, value, err);
		if (r < 0)
			return r;
		put_alias(to, name, json_string_value(value));
	}
	return 0;
}

static int parse_short_names(const json_t *document, struct registries *to,
			     struct error *err)
{
	static const struct {
		const char *text;
		enum short_name_mode mode;
	} modes[] = {
		{ "", SHORT_NAMES_PERMISSIVE },
		{ "permissive", SHORT_NAMES_PERMISSIVE },
		{ "enforcing", SHORT_NAMES_ENFORCING },
		{ "disabled", SHORT_NAMES_DISABLED },
	};
	const char *text = NULL;
	int r = json_get_string(document, "short-name-mode", &text, err);

	if (r <= 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
		if (strcmp(text, modes[i].text) == 0) {
			to->short_names = modes[i].mode;
			return 1;
		}
	return error_say(err, EINVAL,
			 "\"%s\" of \"short-name-mode\" is not enforcing, "
			 "permissive or disabled",
			 text);
}

static int parse_search(const json_t *document, struct registries *to,
			struct error *err)
{
	const char *key = "unqualified-search-registries";
	int r = json_get_strv(document, key, &to->search, err);

	for (size_t i = 0; r > 0 && i < to->search.n; i++)
		if (!is_host(to->search.v[i]))
			return error_say(err, EINVAL,
					 "\"%s\" of \"%s\" is not HOST[:PORT]",
					 to->search.v[i], key);
	return r;
}

static int check_version(const json_t *document, struct error *err)
{
	if (!json_object_get(document, "registries"))
		return 0;
	error_say(err, ENOTSUP, "version 1 of the format is not understood");
	return error_hint(err, "write version 2, with [[registry]] tables: "
			       "containers-registries.conf(5)");
}

static void move_strv(struct strv *to, struct strv *from)
{
	strv_free(to);
	*to = *from;
	*from = (struct strv){ 0 };
}

/* what @from says in place of what @to said; @from is used up */
static void merge(struct registries *to, struct registries *from,
		  const json_t *document)
{
	for (size_t i = 0; i < from->n_entries; i++)
		put_entry(to, &from->entries[i]);
	for (size_t i = 0; i < from->n_aliases; i++)
		put_alias(to, from->aliases[i].name, from->aliases[i].value);
	if (json_object_get(document, "unqualified-search-registries"))
		move_strv(&to->search, &from->search);
	if (json_object_get(document, "credential-helpers"))
		move_strv(&to->helpers, &from->helpers);
	if (json_object_get(document, "short-name-mode"))
		to->short_names = from->short_names;
	from->n_entries = 0;
}

static int parse_document(json_t *document, struct registries *to,
			  struct error *err)
{
	int r = check_version(document, err);

	if (r >= 0)
		r = check_keys(document, document_keys, err);
	if (r >= 0)
		r = parse_search(document, to, err);
	if (r >= 0)
		r = json_get_strv(document, "credential-helpers", &to->helpers,
				  err);
	if (r >= 0)
		r = parse_short_names(document, to, err);
	if (r >= 0)
		r = parse_entries(document, to, err);
	if (r >= 0)
		r = parse_aliases(document, to, err);
	return r < 0 ? r : 0;
}

int registries_add(struct registries *to, const char *text, size_t size,
		   const char *what, struct error *err)
{
	scoped_json *document = NULL;
	scoped_registries read = { 0 };
	int r = toml_parse(text, size, what, &document, err);

	if (r < 0)
		return r;
	r = parse_document(document, &read, err);
	if (r < 0)
		return error_prefix(err, "%s", what);
	merge(to, &read, document);
	return 0;
}

const char *registries_alias(const struct registries *registries,
			     const char *name)
{
	for (size_t i = 0; i < registries->n_aliases; i++)
		if (strcmp(registries->aliases[i].name, name) == 0)
			return *registries->aliases[i].value
				       ? registries->aliases[i].value
				       : NULL;
	return NULL;
}
