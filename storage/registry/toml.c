#include "storage/registry/toml.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"

enum { DEPTH_MAX = 16, KEY_PARTS_MAX = 16, TABLES_MAX = 10000 };

/* Tables by address: which may not be opened again, or not be added to. */
struct marks {
	const json_t **at;
	size_t n;
};

struct reader {
	const char *at, *end;
	unsigned int line;
	unsigned int depth;
	const char *what;
	struct marks opened; /* by a [header] or as the parent of a key */
	struct marks closed; /* inline tables and arrays in brackets */
	struct error *err;
};

struct key {
	char *part[KEY_PARTS_MAX];
	size_t n;
};

static void mark(struct marks *marks, const json_t *value)
{
	marks->at = xreallocarray(marks->at, marks->n + 1, sizeof(*marks->at));
	marks->at[marks->n++] = value;
}

static bool is_marked(const struct marks *marks, const json_t *value)
{
	for (size_t i = 0; i < marks->n; i++)
		if (marks->at[i] == value)
			return true;
	return false;
}

static void key_free(struct key *key)
{
	while (key->n > 0)
		free(key->part[--key->n]);
}

#define scoped_key __attribute__((cleanup(key_free))) struct key

__attribute__((format(printf, 2, 3))) static int wrong(struct reader *r,
						       const char *format, ...)
{
	char why[300];
	va_list ap;

	va_start(ap, format);
	vsnprintf(why, sizeof(why), format, ap);
	va_end(ap);
	return error_say(r->err, EINVAL, "%s:%u: %s", r->what, r->line, why);
}

static int peek(const struct reader *r)
{
	return r->at < r->end ? (unsigned char)*r->at : -1;
}

static bool take(struct reader *r, char c)
{
	if (peek(r) != (unsigned char)c)
		return false;
	r->at++;
	return true;
}

static void skip_blanks(struct reader *r)
{
	while (peek(r) == ' ' || peek(r) == '\t')
		r->at++;
}

static bool take_newline(struct reader *r)
{
	if (peek(r) == '\r' && r->end - r->at > 1 && r->at[1] == '\n')
		r->at++;
	if (!take(r, '\n'))
		return false;
	r->line++;
	return true;
}

static bool is_control(int c)
{
	return (c >= 0 && c < 0x20 && c != '\t') || c == 0x7f;
}

static int skip_comment(struct reader *r)
{
	if (!take(r, '#'))
		return 0;
	while (r->at < r->end && *r->at != '\n' &&
	       !(*r->at == '\r' && r->end - r->at > 1 && r->at[1] == '\n')) {
		if (is_control(peek(r)))
			return wrong(r, "a control character");
		r->at++;
	}
	return 0;
}

/* blanks, comments and ends of lines, as many as there are */
static int skip_space(struct reader *r)
{
	do {
		skip_blanks(r);
		int bad = skip_comment(r);
		if (bad < 0)
			return bad;
	} while (take_newline(r));
	return 0;
}

/* nothing more but a comment on this line */
static int end_line(struct reader *r)
{
	skip_blanks(r);
	int bad = skip_comment(r);
	if (bad < 0)
		return bad;
	if (r->at < r->end && !take_newline(r))
		return wrong(r, "there is more behind the value");
	return 0;
}

static void put_utf8(char **to, uint32_t c)
{
	char *s = *to;

	if (c < 0x80) {
		*s++ = (char)c;
	} else if (c < 0x800) {
		*s++ = (char)(0xc0 | c >> 6);
		*s++ = (char)(0x80 | (c & 0x3f));
	} else if (c < 0x10000) {
		*s++ = (char)(0xe0 | c >> 12);
		*s++ = (char)(0x80 | (c >> 6 & 0x3f));
		*s++ = (char)(0x80 | (c & 0x3f));
	} else {
		*s++ = (char)(0xf0 | c >> 18);
		*s++ = (char)(0x80 | (c >> 12 & 0x3f));
		*s++ = (char)(0x80 | (c >> 6 & 0x3f));
		*s++ = (char)(0x80 | (c & 0x3f));
	}
	*to = s;
}

static int take_hex(struct reader *r, int digits, uint32_t *ret)
{
	static const char hex[] = "0123456789abcdef0123456789ABCDEF";

	*ret = 0;
	for (; digits > 0; digits--) {
		int c = peek(r);
		const char *digit = c > 0 ? strchr(hex, c) : NULL;
		if (!digit)
			return wrong(r, "a malformed escape in a string");
		*ret = *ret << 4 | (uint32_t)((digit - hex) & 15);
		r->at++;
	}
	return 0;
}

static int take_escape(struct reader *r, char **to)
{
	static const char names[] = "btnfr\"\\", meant[] = "\b\t\n\f\r\"\\";
	int c = peek(r);
	const char *name = c > 0 ? strchr(names, c) : NULL;
	uint32_t code = 0;

	if (name) {
		r->at++;
		*(*to)++ = meant[name - names];
		return 0;
	}
	if (c != 'u' && c != 'U')
		return wrong(r, "a malformed escape in a string");
	r->at++;
	if (take_hex(r, c == 'u' ? 4 : 8, &code) < 0)
		return -EINVAL;
	if (code == 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return wrong(r, "an escape that is no character");
	put_utf8(to, code);
	return 0;
}

/* "basic" or 'literal'; *@ret is the caller's to free */
static int take_string(struct reader *r, char **ret)
{
	char quote = *r->at++;
	const char *newline = memchr(r->at, '\n', (size_t)(r->end - r->at));
	/* no escape is shorter than the bytes that it stands for */
	size_t room = (size_t)((newline ? newline : r->end) - r->at);
	scoped(char) *text = xcalloc(room + 1, 1);
	char *to = text;

	if (r->end - r->at > 1 && r->at[0] == quote && r->at[1] == quote)
		return wrong(r, "strings of several lines are not understood");
	for (;;) {
		int c = peek(r);
		if (c < 0 || is_control(c))
			return wrong(r, "a string that does not end, or a "
					"control character in it");
		r->at++;
		if (c == (unsigned char)quote)
			break;
		if (c == '\\' && quote == '"') {
			if (take_escape(r, &to) < 0)
				return -EINVAL;
		} else {
			*to++ = (char)c;
		}
	}
	*ret = xstrdup(text);
	return 0;
}

static bool is_bare(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '-' || c == '_';
}

static int take_key_part(struct reader *r, char **ret)
{
	const char *start = r->at;

	if (peek(r) == '"' || peek(r) == '\'')
		return take_string(r, ret);
	while (is_bare(peek(r)))
		r->at++;
	if (r->at == start)
		return wrong(r, "a key is expected");
	*ret = xstrndup(start, (size_t)(r->at - start));
	return 0;
}

static int take_key(struct reader *r, struct key *ret)
{
	do {
		skip_blanks(r);
		if (ret->n == KEY_PARTS_MAX)
			return wrong(r, "a key of more than %d parts",
				     KEY_PARTS_MAX);
		int bad = take_key_part(r, &ret->part[ret->n]);
		if (bad < 0)
			return bad;
		ret->n++;
		skip_blanks(r);
	} while (take(r, '.'));
	return 0;
}

static int take_value(struct reader *r, json_t **ret);
static int take_pair(struct reader *r, json_t *table);

static int take_array(struct reader *r, json_t **ret)
{
	scoped_json *array = json_array();

	r->at++;
	for (;;) {
		json_t *value = NULL;
		if (skip_space(r) < 0)
			return -EINVAL;
		if (take(r, ']'))
			break;
		if (take_value(r, &value) < 0)
			return -EINVAL;
		json_array_append_new(array, value);
		if (skip_space(r) < 0)
			return -EINVAL;
		if (take(r, ']'))
			break;
		if (!take(r, ','))
			return wrong(r, "an array wants \",\" or \"]\" here");
	}
	mark(&r->closed, array);
	*ret = json_incref(array);
	return 0;
}

static int take_inline_table(struct reader *r, json_t **ret)
{
	scoped_json *table = json_object();

	r->at++;
	skip_blanks(r);
	if (!take(r, '}')) {
		do {
			skip_blanks(r);
			if (take_pair(r, table) < 0)
				return -EINVAL;
			skip_blanks(r);
		} while (take(r, ','));
		if (!take(r, '}'))
			return wrong(r, "a table wants \",\" or \"}\" here");
	}
	mark(&r->closed, table);
	*ret = json_incref(table);
	return 0;
}

static int take_number(struct reader *r, json_t **ret)
{
	bool negative = peek(r) == '-';
	const char *start;
	int64_t value = 0;

	if (peek(r) == '-' || peek(r) == '+')
		r->at++;
	start = r->at;
	for (int c; (c = peek(r)) >= '0' && c <= '9'; r->at++)
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_sub_overflow(value, c - '0', &value))
			return wrong(r, "a number that is too large");
	if (r->at == start || is_bare(peek(r)) || peek(r) == '.' ||
	    peek(r) == ':' || (*start == '0' && r->at - start > 1))
		return wrong(r, "this value is not understood");
	if (!negative && __builtin_sub_overflow(0, value, &value))
		return wrong(r, "a number that is too large");
	*ret = json_integer(value);
	return 0;
}

static bool take_word(struct reader *r, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(r->end - r->at) < n || strncmp(r->at, word, n) != 0 ||
	    (r->at + n < r->end && is_bare((unsigned char)r->at[n])))
		return false;
	r->at += n;
	return true;
}

static int take_string_value(struct reader *r, json_t **ret)
{
	scoped(char) *text = NULL;
	int bad = take_string(r, &text);

	if (bad < 0)
		return bad;
	*ret = json_string(text);
	return *ret ? 0 : wrong(r, "a string that is not UTF-8");
}

static int take_nested(struct reader *r, json_t **ret)
{
	if (r->depth == DEPTH_MAX)
		return wrong(r, "nested deeper than %d", DEPTH_MAX);
	if (r->closed.n > TABLES_MAX)
		return wrong(r, "more than %d tables and arrays", TABLES_MAX);
	r->depth++;
	int bad =
		*r->at == '[' ? take_array(r, ret) : take_inline_table(r, ret);
	r->depth--;
	return bad;
}

static int take_value(struct reader *r, json_t **ret)
{
	int c = peek(r);

	if (c == '"' || c == '\'')
		return take_string_value(r, ret);
	if (c == '[' || c == '{')
		return take_nested(r, ret);
	if (take_word(r, "true"))
		*ret = json_true();
	else if (take_word(r, "false"))
		*ret = json_false();
	else
		return take_number(r, ret);
	return 0;
}

/*
 * The table @name of @table, made if it is not there; of an array of tables
 * the last one.  What was written as a value cannot be added to.
 */
static int descend(struct reader *r, json_t **table, const char *name)
{
	json_t *next = json_object_get(*table, name);

	if (!next) {
		next = json_object();
		if (json_object_set_new(*table, name, next) < 0)
			return wrong(r, "a key that is not UTF-8");
	}
	if (is_marked(&r->closed, next))
		return wrong(r, "\"%s\" has its value already", name);
	if (json_is_array(next))
		next = json_array_get(next, json_array_size(next) - 1);
	if (!json_is_object(next))
		return wrong(r, "\"%s\" is not a table", name);
	*table = next;
	return 0;
}

/* KEY = VALUE into @table */
static int take_pair(struct reader *r, json_t *table)
{
	scoped_key key = { 0 };
	json_t *value = NULL;

	if (take_key(r, &key) < 0)
		return -EINVAL;
	if (!take(r, '='))
		return wrong(r, "\"=\" is expected behind the key");
	skip_blanks(r);
	for (size_t i = 0; i + 1 < key.n; i++) {
		if (descend(r, &table, key.part[i]) < 0)
			return -EINVAL;
		mark(&r->opened, table);
	}
	const char *name = key.part[key.n - 1];
	if (json_object_get(table, name))
		return wrong(r, "\"%s\" is set twice", name);
	if (take_value(r, &value) < 0)
		return -EINVAL;
	if (json_object_set_new(table, name, value) < 0)
		return wrong(r, "a key that is not UTF-8");
	return 0;
}

static int add_to_array(struct reader *r, json_t **table, const char *name)
{
	json_t *array = json_object_get(*table, name);

	if (!array) {
		array = json_array();
		if (json_object_set_new(*table, name, array) < 0)
			return wrong(r, "a key that is not UTF-8");
	}
	if (!json_is_array(array) || is_marked(&r->closed, array))
		return wrong(r, "\"%s\" is not an array of tables", name);
	*table = json_object();
	json_array_append_new(array, *table);
	return 0;
}

static int open_table(struct reader *r, json_t **table, const char *name)
{
	if (json_is_array(json_object_get(*table, name)))
		return wrong(r, "\"%s\" is an array of tables", name);
	if (descend(r, table, name) < 0)
		return -EINVAL;
	if (is_marked(&r->opened, *table))
		return wrong(r, "the table \"%s\" is there twice", name);
	mark(&r->opened, *table);
	return 0;
}

/* "[a.b]" or "[[a.b]]"; *@ret is the table that the next lines fill */
static int take_header(struct reader *r, json_t *root, json_t **ret)
{
	scoped_key key = { 0 };
	json_t *table = root;

	r->at++;
	bool array = take(r, '[');
	if (take_key(r, &key) < 0)
		return -EINVAL;
	if (!take(r, ']') || (array && !take(r, ']')))
		return wrong(r, "\"]\" is missing");
	for (size_t i = 0; i + 1 < key.n; i++)
		if (descend(r, &table, key.part[i]) < 0)
			return -EINVAL;
	const char *name = key.part[key.n - 1];
	int bad = array ? add_to_array(r, &table, name)
			: open_table(r, &table, name);
	*ret = table;
	return bad;
}

static int take_document(struct reader *r, json_t *root)
{
	json_t *table = root;

	for (;;) {
		if (skip_space(r) < 0)
			return -EINVAL;
		if (r->at == r->end)
			return 0;
		if (r->opened.n > TABLES_MAX)
			return wrong(r, "more than %d tables", TABLES_MAX);
		int bad = peek(r) == '[' ? take_header(r, root, &table)
					 : take_pair(r, table);
		if (bad < 0 || end_line(r) < 0)
			return -EINVAL;
	}
}

int toml_parse(const char *text, size_t size, const char *what, json_t **ret,
	       struct error *err)
{
	struct reader r = {
		.at = text,
		.end = text + size,
		.line = 1,
		.what = what,
		.err = err,
	};
	scoped_json *root = json_object();

	if (size > TOML_MAX)
		return error_say(err, EFBIG, "%s: more than %d bytes", what,
				 TOML_MAX);
	int bad = take_document(&r, root);
	free(r.opened.at);
	free(r.closed.at);
	if (bad < 0)
		return bad;
	*ret = json_incref(root);
	return 0;
}
