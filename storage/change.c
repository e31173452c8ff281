/* The instructions of import --change; see import.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "storage/import.h"

static int set_text(char **to, const char *text)
{
	free(*to);
	*to = xstrdup(text);
	return 0;
}

/* ["a", "b"]; Return: 1, or 0 when @text is not meant to be JSON */
static int parse_array(const char *text, struct strv *to, struct error *err)
{
	scoped_json *array = NULL;
	json_t *value;
	size_t i;

	if (text[0] != '[')
		return 0;
	int r = json_parse(text, strlen(text), "the list", &array, err);
	if (r < 0)
		return r;
	json_array_foreach (array, i, value)
		if (!json_is_string(value))
			return error_say(err, EINVAL,
					 "the list is not one of strings");
	json_array_foreach (array, i, value)
		strv_add(to, json_string_value(value));
	return 1;
}

static int set_command(struct strv *to, const char *text, struct error *err)
{
	scoped_strv argv = { 0 };
	int r = parse_array(text, &argv, err);

	if (r < 0)
		return r;
	if (r == 0) {
		strv_add(&argv, "/bin/sh");
		strv_add(&argv, "-c");
		strv_add(&argv, text);
	}
	strv_free(to);
	*to = argv;
	argv = (struct strv){ 0 };
	return 0;
}

/*
 * A word of a Dockerfile's line: quotes and backslashes as in a shell, no
 * variables.  Return: 1 with the word, 0 at the end, -EINVAL an open quote.
 */
static int next_word(const char **from, char **ret, struct error *err)
{
	const char *s = *from + strspn(*from, " \t\n");
	char *word, *to, quote = '\0';

	if (!*s)
		return 0;
	word = to = xcalloc(strlen(s) + 1, 1);
	for (; *s && (quote || !strchr(" \t\n", *s)); s++) {
		if (*s == '\\' && quote != '\'' && s[1])
			*to++ = *++s;
		else if (quote ? *s == quote : *s == '"' || *s == '\'')
			quote = quote ? '\0' : *s;
		else
			*to++ = *s;
	}
	if (quote) {
		free(word);
		return error_say(err, EINVAL, "a quote is not closed");
	}
	*from = s;
	*ret = word;
	return 1;
}

static int words(const char *text, struct strv *ret, struct error *err)
{
	char *word = NULL;
	int r;

	while ((r = next_word(&text, &word, err)) > 0)
		strv_take(ret, word);
	return r;
}

/* "A=b C=d", or the old form "A b c" */
static int set_pairs(struct strv *to, const char *text, struct error *err)
{
	scoped_strv list = { 0 };
	int r = words(text, &list, err);

	if (r < 0)
		return r;
	if (list.n >= 2 && !strchr(list.v[0], '=')) {
		const char *value = text + strcspn(text, " \t");
		scoped(char) *pair = xasprintf("%s=%s", list.v[0],
					       value + strspn(value, " \t"));
		strv_set_env(to, pair);
		return 0;
	}
	for (size_t i = 0; i < list.n; i++) {
		if (list.v[i][0] == '=' || !strchr(list.v[i], '='))
			return error_say(err, EINVAL,
					 "\"%s\" is not NAME=VALUE", list.v[i]);
		strv_set_env(to, list.v[i]);
	}
	return 0;
}

static int change_cmd(struct image_config *c, const char *text,
		      struct error *err)
{
	return set_command(&c->cmd, text, err);
}

static int change_entrypoint(struct image_config *c, const char *text,
			     struct error *err)
{
	return set_command(&c->entrypoint, text, err);
}

static int change_env(struct image_config *c, const char *text,
		      struct error *err)
{
	return set_pairs(&c->env, text, err);
}

static int change_label(struct image_config *c, const char *text,
			struct error *err)
{
	return set_pairs(&c->labels, text, err);
}

static int change_user(struct image_config *c, const char *text,
		       struct error *err)
{
	(void)err;
	return set_text(&c->user, text);
}

static int change_workdir(struct image_config *c, const char *text,
			  struct error *err)
{
	if (text[0] != '/')
		return error_say(err, EINVAL, "\"%s\" is not absolute", text);
	return set_text(&c->workdir, text);
}

static int change_stopsignal(struct image_config *c, const char *text,
			     struct error *err)
{
	if (text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-")])
		return error_say(err, EINVAL, "\"%s\" is not a signal", text);
	return set_text(&c->stop_signal, text);
}

static int change_volume(struct image_config *c, const char *text,
			 struct error *err)
{
	scoped_strv list = { 0 };
	int r = parse_array(text, &list, err);

	if (r == 0)
		r = words(text, &list, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < list.n; i++)
		if (list.v[i][0] != '/')
			return error_say(err, EINVAL, "\"%s\" is not absolute",
					 list.v[i]);
	strv_extend(&c->volumes, strv_argv(&list));
	return 0;
}

/* 80, 80/udp, 8000-8010/tcp */
static int add_port(struct strv *ports, const char *word, struct error *err)
{
	static const char *const protocols[] = { "", "/tcp", "/udp", "/sctp" };
	size_t n = strspn(word, "0123456789");
	size_t m = word[n] == '-' ? 1 + strspn(word + n + 1, "0123456789") : 0;
	const char *protocol = word + n + m;

	for (size_t i = 0;
	     n > 0 && n <= 5 && m != 1 && m <= 6 && i < ARRAY_SIZE(protocols);
	     i++)
		if (strcmp(protocol, protocols[i]) == 0) {
			strv_addf(ports, "%s%s", word, *protocol ? "" : "/tcp");
			return 0;
		}
	return error_say(err, EINVAL, "\"%s\" is not a port", word);
}

static int change_expose(struct image_config *c, const char *text,
			 struct error *err)
{
	scoped_strv list = { 0 };
	int r = words(text, &list, err);

	for (size_t i = 0; r == 0 && i < list.n; i++)
		r = add_port(&c->ports, list.v[i], err);
	return r;
}

/* clang-format off */
static const struct {
	const char *name;
	int (*apply)(struct image_config *, const char *, struct error *);
	const char *example;
} instructions[] = {
	{ "CMD",        change_cmd,        "CMD [\"/bin/sh\"]" },
	{ "ENTRYPOINT", change_entrypoint, "ENTRYPOINT [\"/init\"]" },
	{ "ENV",        change_env,        "ENV PATH=/bin:/usr/bin" },
	{ "EXPOSE",     change_expose,     "EXPOSE 80/tcp" },
	{ "LABEL",      change_label,      "LABEL version=1" },
	{ "STOPSIGNAL", change_stopsignal, "STOPSIGNAL SIGTERM" },
	{ "USER",       change_user,       "USER 1000:1000" },
	{ "VOLUME",     change_volume,     "VOLUME /data" },
	{ "WORKDIR",    change_workdir,    "WORKDIR /srv" },
};
/* clang-format on */

static int unknown(const char *name, struct error *err)
{
	const char *names[ARRAY_SIZE(instructions) + 1] = { NULL };

	for (size_t i = 0; i < ARRAY_SIZE(instructions); i++)
		names[i] = instructions[i].name;
	const char *near = text_nearest(name, names);
	error_say(err, EINVAL, "--change: there is no instruction \"%.40s\"",
		  name);
	if (near)
		return error_hint(err, "did you mean %s?", near);
	return error_hint(err, "there are CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, "
			       "STOPSIGNAL, USER, VOLUME and WORKDIR");
}

int import_change(struct image_config *config, const char *text,
		  struct error *err)
{
	/* jansson leaves out what is not UTF-8: it would be lost in silence */
	scoped_json *utf8 = json_string(text);
	if (!utf8)
		return error_say(err, EINVAL, "--change: \"%s\" is not UTF-8",
				 text);
	size_t n = strcspn(text, "= \t");
	scoped(char) *name = xstrndup(text, n);
	const char *rest = text + n;

	rest += strspn(rest, " \t");
	if (*rest == '=')
		rest++;
	rest += strspn(rest, " \t");
	for (char *c = name; *c; c++)
		if (*c >= 'a' && *c <= 'z')
			*c -= 'a' - 'A';
	for (size_t i = 0; i < ARRAY_SIZE(instructions); i++) {
		if (strcmp(instructions[i].name, name) != 0)
			continue;
		struct error why;
		error_say(&why, EINVAL, "it is empty");
		int r = *rest ? instructions[i].apply(config, rest, &why)
			      : -EINVAL;
		if (r == 0)
			return 0;
		*err = why;
		error_prefix(err, "--change %s", name);
		return error_hint(err, "write it as in: --change '%s'",
				  instructions[i].example);
	}
	return unknown(name, err);
}
