#include <string.h>

#include "base/memory.h"
#include "cmd/image_secrets.h"
#include "cmd/inspect_json.h"
#include "cmd/show_json.h"
#include "storage/digest.h"
#include "storage/secret.h"

/* a set of words as Go's map[string]struct{} */
static json_t *show_set_of(const struct strv *words)
{
	json_t *object = json_object();

	for (size_t i = 0; i < words->n; i++) {
		json_t *word = show_text(words->v[i]);
		json_object_set_new(object, json_string_value(word),
				    json_object());
		json_decref(word);
	}
	return object;
}

static struct strv masked_pairs(const struct strv *pairs, bool shown)
{
	struct strv list = { 0 };

	for (size_t i = 0; i < pairs->n; i++)
		strv_take(&list, shown ? xstrdup(pairs->v[i])
				       : secret_mask(pairs->v[i], SECRET_PAIR));
	return list;
}

static json_t *show_env(const struct strv *env, bool shown)
{
	scoped_strv list = masked_pairs(env, shown);

	return show_list(&list);
}

static json_t *show_labels(const struct strv *labels, bool shown)
{
	scoped_strv list = masked_pairs(labels, shown);

	return show_pairs(&list);
}

/* @before: the words that they are given after; may be empty */
static json_t *show_words(const struct strv *before, const struct strv *words,
			  bool shown)
{
	scoped_strv all = { 0 }, list = { 0 };

	strv_extend(&all, before->v);
	strv_extend(&all, words->v);
	for (size_t i = before->n; i < all.n; i++)
		strv_take(&list,
			  shown ? xstrdup(all.v[i])
				: secret_mask(all.v[i],
					      secret_word_form(&all, i)));
	return show_list(&list);
}

static void set_masked(json_t *object, const char *key, const char *text,
		       bool shown)
{
	scoped(char) *mask = shown ? NULL : secret_mask(text, SECRET_LINE);

	show_set(object, key, shown ? text : mask);
}

/* with podman's names, which are those of the configuration */
static json_t *describe_history(const struct image_facts *facts)
{
	const struct history *history = facts->history;
	json_t *array = json_array();

	for (size_t i = 0; history && i < history->n; i++) {
		const struct history_entry *entry = &history->entries[i];
		json_t *object = json_object();
		show_set(object, "created", entry->created);
		set_masked(object, "created_by", entry->created_by,
			   facts->show_secrets);
		if (*entry->author)
			show_set(object, "author", entry->author);
		if (*entry->comment)
			set_masked(object, "comment", entry->comment,
				   facts->show_secrets);
		if (entry->empty)
			json_object_set_new(object, "empty_layer", json_true());
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *describe_config(const struct image_config *c, bool shown)
{
	static const struct strv none;
	json_t *config = json_object();

	show_set(config, "User", c->user);
	json_object_set_new(config, "ExposedPorts", show_set_of(&c->ports));
	json_object_set_new(config, "Env", show_env(&c->env, shown));
	json_object_set_new(config, "Entrypoint",
			    show_words(&none, &c->entrypoint, shown));
	json_object_set_new(config, "Cmd",
			    show_words(&c->entrypoint, &c->cmd, shown));
	json_object_set_new(config, "Volumes", show_set_of(&c->volumes));
	show_set(config, "WorkingDir", c->workdir);
	json_object_set_new(config, "Labels", show_labels(&c->labels, shown));
	show_set(config, "StopSignal", c->stop_signal);
	return config;
}

/* all names of the same manifest */
static void set_names(json_t *all, const struct image_facts *facts)
{
	json_t *tags = json_array(), *digests = json_array();

	for (size_t i = 0; i < facts->index->n; i++) {
		const struct descriptor *e = &facts->index->entries[i];
		scoped(char) *repository = descriptor_repository(e);
		if (!repository || strcmp(e->digest, facts->entry->digest) != 0)
			continue;
		scoped(char) *digest =
			xasprintf("%s@%s", repository, e->digest);
		if (e->name)
			json_array_append_new(tags, show_text(e->name));
		json_array_append_new(digests, show_text(digest));
	}
	json_object_set_new(all, "RepoTags", tags);
	json_object_set_new(all, "RepoDigests", digests);
}

/* of the documents and the layers, as they were packed: what "images" says */
static uint64_t size_of(const struct image_facts *facts)
{
	uint64_t size = facts->entry->size + facts->manifest->config.size;

	for (size_t i = 0; i < facts->manifest->n_layers; i++)
		size += facts->manifest->layers[i].size;
	return size;
}

json_t *inspect_image(const struct image_facts *facts)
{
	const struct image_config *config = facts->config;
	json_t *all = json_object();
	json_int_t size = (json_int_t)size_of(facts);

	show_set(all, "Id", digest_hex(facts->manifest->config.digest));
	show_set(all, "Digest", facts->entry->digest);
	set_names(all, facts);
	show_set(all, "Parent", "");
	show_set(all, "Comment", "");
	show_set(all, "Created",
		 *config->created ? config->created : "0001-01-01T00:00:00Z");
	json_object_set_new(all, "Config",
			    describe_config(config, facts->show_secrets));
	show_set(all, "Author", "");
	show_set(all, "Architecture", config->architecture);
	show_set(all, "Os", config->os);
	json_object_set_new(all, "Size", json_integer(size));
	json_object_set_new(all, "VirtualSize", json_integer(size));
	json_object_set_new(all, "RootFS",
			    json_pack("{s:s, s:o}", "Type", "layers", "Layers",
				      show_list(&config->diff_ids)));
	json_object_set_new(all, "Labels",
			    show_labels(&config->labels, facts->show_secrets));
	json_object_set_new(all, "Annotations", json_object());
	show_set(all, "ManifestType", facts->entry->media_type);
	show_set(all, "User", config->user);
	json_object_set_new(all, "History", describe_history(facts));
	json_object_set_new(
		all, "Wolffia",
		json_pack("{s:o}", "Secrets",
			  image_secrets_find(config, facts->history)));
	return all;
}
