#include "cmd/image_secrets.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "cmd/show_json.h"
#include "storage/secret.h"

enum { WARNINGS_MOST = 20 };

/* @option: that @text is the value of, or "" */
static void find_in(const char *text, enum secret_form form, const char *option,
		    const char *where, json_t *to)
{
	struct secret_scan scan = secret_scan(text, form);
	struct secret secret;

	while (secret_next(&scan, &secret)) {
		scoped(char) *name =
			secret.name_size
				? xstrndup(text + secret.name_at,
					   secret.name_size)
				: xstrdup(option + strspn(option, "-"));
		scoped(char) *hint = secret_hint(text + secret.at, secret.size);
		json_t *object = json_object();
		show_set(object, "Where", where);
		show_set(object, "Name", name);
		show_set(object, "Kind", secret.kind);
		show_set(object, "Hint", hint);
		json_array_append_new(to, object);
	}
}

static void find_in_pairs(const struct strv *pairs, const char *where,
			  json_t *to)
{
	for (size_t i = 0; i < pairs->n; i++)
		find_in(pairs->v[i], SECRET_PAIR, "", where, to);
}

/* the words of the command go on behind those of the entry point */
static void find_in_command(const struct image_config *config, json_t *to)
{
	scoped_strv words = { 0 };

	strv_extend(&words, config->entrypoint.v);
	strv_extend(&words, config->cmd.v);
	for (size_t i = 0; i < words.n; i++) {
		enum secret_form form = secret_word_form(&words, i);
		find_in(words.v[i], form,
			form == SECRET_VALUE ? words.v[i - 1] : "",
			i < config->entrypoint.n ? "Config.Entrypoint"
						 : "Config.Cmd",
			to);
	}
}

json_t *image_secrets_find(const struct image_config *config,
			   const struct history *history)
{
	json_t *all = json_array();

	find_in_pairs(&config->env, "Config.Env", all);
	find_in_pairs(&config->labels, "Config.Labels", all);
	find_in_command(config, all);
	for (size_t i = 0; history && i < history->n; i++) {
		const struct history_entry *entry = &history->entries[i];
		scoped(char) *where = xasprintf("History[%zu]", i);
		find_in(entry->created_by, SECRET_LINE, "", where, all);
		find_in(entry->comment, SECRET_LINE, "", where, all);
	}
	return all;
}

static const char *word(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

void image_secrets_warn(const char *image, const json_t *secrets, bool shown)
{
	size_t n = json_array_size(secrets);
	size_t size = strlen(image) * 4 + 1;
	scoped(char) *called = xcalloc(size, 1);

	text_escape(called, size, image);
	for (size_t i = 0; i < n && i < WARNINGS_MOST; i++) {
		const json_t *one = json_array_get(secrets, i);
		char name[200];
		text_escape(name, sizeof(name), word(one, "Name"));
		fprintf(stderr,
			"wolffia: warning: %s: %s%s%s holds what looks "
			"like %s: %s\n",
			called, word(one, "Where"), *name ? " " : "", name,
			word(one, "Kind"), word(one, "Hint"));
	}
	if (n > WARNINGS_MOST)
		fprintf(stderr, "wolffia: warning: %s: and %zu more\n", called,
			n - WARNINGS_MOST);
	if (n)
		fprintf(stderr,
			"  hint: whoever has the image has them: replace them, "
			"and give them at run time, or to a build as "
			"--mount=type=secret%s\n",
			shown ? "" : "; --show-secrets shows them");
}
