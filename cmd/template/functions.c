#include "cmd/template/functions.h"

#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "base/strv.h"
#include "base/text.h"
#include "cmd/template/bytes.h"
#include "cmd/template/json.h"
#include "cmd/template/print.h"

enum { LIST_MAX = 100000 }; /* elements that split makes */

/* what was made becomes a value, if it is not too long */
static int give(const struct bytes *text, struct value *ret, struct error *err)
{
	if (text->too_long)
		return error_say(err, E2BIG, "the text passes %d MiB",
				 BYTES_MAX >> 20);
	*ret = value_text(text->b, text->n);
	return 0;
}

static const char *text_of(const struct value *value)
{
	return json_string_value(value->json);
}

static size_t length_of(const struct value *value)
{
	return json_string_length(value->json);
}

static int call_not(const struct value *v, size_t n, struct value *ret,
		    struct error *err)
{
	(void)n, (void)err;
	*ret = value_boolean(!value_is_true(&v[0]));
	return 0;
}

/* the first is equal to one of the others */
static int call_eq(const struct value *v, size_t n, struct value *ret,
		   struct error *err)
{
	int r = 0;

	for (size_t i = 1; i < n && r == 0; i++)
		r = value_is_equal(&v[0], &v[i], err);
	if (r >= 0)
		*ret = value_boolean(r);
	return r < 0 ? r : 0;
}

static int call_ne(const struct value *v, size_t n, struct value *ret,
		   struct error *err)
{
	int r = value_is_equal(&v[0], &v[1], err);

	(void)n;
	if (r >= 0)
		*ret = value_boolean(!r);
	return r < 0 ? r : 0;
}

/* is v[first] below v[1 - first]? */
static int order(const struct value *v, size_t first, bool is_wanted,
		 struct value *ret, struct error *err)
{
	int r = value_is_less(&v[first], &v[1 - first], err);

	if (r >= 0)
		*ret = value_boolean((r > 0) == is_wanted);
	return r < 0 ? r : 0;
}

static int call_lt(const struct value *v, size_t n, struct value *ret,
		   struct error *err)
{
	(void)n;
	return order(v, 0, true, ret, err);
}

static int call_le(const struct value *v, size_t n, struct value *ret,
		   struct error *err)
{
	(void)n;
	return order(v, 1, false, ret, err);
}

static int call_gt(const struct value *v, size_t n, struct value *ret,
		   struct error *err)
{
	(void)n;
	return order(v, 1, true, ret, err);
}

static int call_ge(const struct value *v, size_t n, struct value *ret,
		   struct error *err)
{
	(void)n;
	return order(v, 0, false, ret, err);
}

static int call_len(const struct value *v, size_t n, struct value *ret,
		    struct error *err)
{
	long long count = value_count(&v[0]);

	(void)n;
	if (count < 0)
		return error_say(err, EINVAL, "%s has no length",
				 value_say(&v[0]));
	*ret = value_integer(count);
	return 0;
}

/* index A 1 "b": element 1 of A, and of that element b */
static int call_index(const struct value *v, size_t n, struct value *ret,
		      struct error *err)
{
	struct value value = value_copy(&v[0]);
	int r = 0;

	for (size_t i = 1; i < n && r == 0; i++) {
		struct value next = { 0 };
		r = value_index(&value, &v[i], &next, err);
		value_free(&value);
		value = next;
	}
	if (r == 0)
		*ret = value;
	else
		value_free(&value);
	return r;
}

/* slice A FROM TO: 0 <= FROM <= TO <= length, as given or not */
static int bounds(const struct value *v, size_t n, size_t *ret_from,
		  size_t *ret_to, struct error *err)
{
	long long length = value_count(&v[0]);
	long long bound[] = { 0, length, length };

	for (size_t i = 1; i < n; i++) {
		if (!json_is_integer(v[i].json))
			return error_say(err, EINVAL,
					 "slice wants numbers, not %s",
					 value_say(&v[i]));
		bound[i - 1] = json_integer_value(v[i].json);
		if (bound[i - 1] < 0 || bound[i - 1] > length ||
		    (i > 1 && bound[i - 1] < bound[i - 2]))
			return error_say(err, EINVAL,
					 "slice: %lld is out of range: %s of "
					 "%lld",
					 bound[i - 1], value_say(&v[0]),
					 length);
	}
	*ret_from = (size_t)bound[0];
	*ret_to = (size_t)bound[1];
	return 0;
}

static int call_slice(const struct value *v, size_t n, struct value *ret,
		      struct error *err)
{
	bool is_text = json_is_string(v[0].json);
	size_t from = 0, to = 0;

	if (!is_text && !json_is_array(v[0].json))
		return error_say(err, EINVAL,
				 "slice wants a text or a list, not %s",
				 value_say(&v[0]));
	if (n > (is_text ? 3 : 4))
		return error_say(err, EINVAL,
				 "slice of %s wants at most %d numbers",
				 value_say(&v[0]), is_text ? 2 : 3);
	int r = bounds(v, n, &from, &to, err);
	if (r < 0)
		return r;
	if (is_text) {
		*ret = value_text(text_of(&v[0]) + from, to - from);
		return 0;
	}
	*ret = value_take(json_array());
	for (; from < to; from++)
		json_array_append(ret->json, json_array_get(v[0].json, from));
	return 0;
}

static int call_json(const struct value *v, size_t n, struct value *ret,
		     struct error *err)
{
	scoped_bytes text = { 0 };

	(void)n;
	print_json(&text, v[0].json);
	return give(&text, ret, err);
}

static int call_print(const struct value *v, size_t n, struct value *ret,
		      struct error *err)
{
	scoped_bytes text = { 0 };

	print_all(&text, v, n, false);
	return give(&text, ret, err);
}

static int call_println(const struct value *v, size_t n, struct value *ret,
			struct error *err)
{
	scoped_bytes text = { 0 };

	print_all(&text, v, n, true);
	return give(&text, ret, err);
}

static int call_printf(const struct value *v, size_t n, struct value *ret,
		       struct error *err)
{
	scoped_bytes text = { 0 };

	print_formatted(&text, text_of(&v[0]), length_of(&v[0]), v + 1, n - 1);
	return give(&text, ret, err);
}

static int call_join(const struct value *v, size_t n, struct value *ret,
		     struct error *err)
{
	scoped_bytes text = { 0 };
	size_t count = json_array_size(v[0].json);

	(void)n;
	for (size_t i = 0; i < count && !text.too_long; i++) {
		scoped_value element = value_element(&v[0], i, NULL);
		if (i)
			bytes_add(&text, text_of(&v[1]), length_of(&v[1]));
		print_value(&text, &element);
	}
	return give(&text, ret, err);
}

/* the end of the piece of [@from, @end) before the next separator */
static const char *piece_end(const char *from, const char *end,
			     const struct value *separator)
{
	size_t n = length_of(separator);
	uint32_t c;

	if (n == 0)
		return from + rune_decode(from, (size_t)(end - from), &c);
	const char *found =
		memmem(from, (size_t)(end - from), text_of(separator), n);
	return found ? found : end;
}

static int call_split(const struct value *v, size_t n, struct value *ret,
		      struct error *err)
{
	const char *from = text_of(&v[0]), *end = from + length_of(&v[0]);
	size_t separator = length_of(&v[1]);
	scoped_value list = value_take(json_array());

	(void)n;
	while (separator || from < end) {
		if (json_array_size(list.json) >= LIST_MAX)
			return error_say(err, E2BIG,
					 "split makes more than %d pieces",
					 LIST_MAX);
		const char *stop = piece_end(from, end, &v[1]);
		struct value piece = value_text(from, (size_t)(stop - from));
		json_array_append_new(list.json, piece.json);
		if (separator && stop == end)
			break;
		from = stop + separator;
	}
	*ret = list;
	list = (struct value){ 0 };
	return 0;
}

static char upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* does a word go on behind it? */
static bool is_in_word(char c)
{
	return upper(c) != lower(c) || (c >= '0' && c <= '9') || c == '_' ||
	       (c & 0x80);
}

static int change_letters(const struct value *text, char (*change)(char),
			  bool only_first, struct value *ret)
{
	size_t n = length_of(text);
	scoped(char) *copy = xcalloc(n + 1, 1);
	const char *from = text_of(text);

	for (size_t i = 0; i < n; i++)
		copy[i] = only_first && i && is_in_word(from[i - 1])
				  ? from[i]
				  : change(from[i]);
	*ret = value_text(copy, n);
	return 0;
}

static int call_upper(const struct value *v, size_t n, struct value *ret,
		      struct error *err)
{
	(void)n, (void)err;
	return change_letters(&v[0], upper, false, ret);
}

static int call_lower(const struct value *v, size_t n, struct value *ret,
		      struct error *err)
{
	(void)n, (void)err;
	return change_letters(&v[0], lower, false, ret);
}

static int call_title(const struct value *v, size_t n, struct value *ret,
		      struct error *err)
{
	(void)n, (void)err;
	return change_letters(&v[0], upper, true, ret);
}

/* truncate TEXT BYTES */
static int call_truncate(const struct value *v, size_t n, struct value *ret,
			 struct error *err)
{
	long long most = json_integer_value(v[1].json);
	size_t length = length_of(&v[0]);

	(void)n;
	if (most < 0)
		return error_say(err, EINVAL, "truncate to %lld bytes", most);
	*ret = value_text(text_of(&v[0]), (unsigned long long)most < length
						  ? (size_t)most
						  : length);
	return 0;
}

/* pad TEXT BEFORE BEHIND; nothing is not padded */
static int call_pad(const struct value *v, size_t n, struct value *ret,
		    struct error *err)
{
	long long before = json_integer_value(v[1].json);
	long long behind = json_integer_value(v[2].json);
	scoped_bytes text = { 0 };

	(void)n;
	if (before < 0 || behind < 0)
		return error_say(err, EINVAL, "pad with %lld and %lld blanks",
				 before, behind);
	if (length_of(&v[0])) {
		bytes_repeat(&text, ' ', (size_t)before);
		bytes_add(&text, text_of(&v[0]), length_of(&v[0]));
		bytes_repeat(&text, ' ', (size_t)behind);
	}
	return give(&text, ret, err);
}

/* clang-format off */
static const struct template_function functions[] = {
	{ "and",      "vv*", NULL, false },
	{ "eq",       "vvv*", call_eq, false },
	{ "ge",       "vv",  call_ge, false },
	{ "gt",       "vv",  call_gt, false },
	{ "index",    "vv*", call_index, false },
	{ "join",     "ls",  call_join, false },
	{ "json",     "v",   call_json, false },
	{ "le",       "vv",  call_le, false },
	{ "len",      "v",   call_len, false },
	{ "lower",    "s",   call_lower, false },
	{ "lt",       "vv",  call_lt, false },
	{ "ne",       "vv",  call_ne, false },
	{ "not",      "v",   call_not, false },
	{ "or",       "vv*", NULL, true },
	{ "pad",      "sii", call_pad, false },
	{ "print",    "v*",  call_print, false },
	{ "printf",   "sv*", call_printf, false },
	{ "println",  "v*",  call_println, false },
	{ "slice",    "vv*", call_slice, false },
	{ "split",    "ss",  call_split, false },
	{ "title",    "s",   call_title, false },
	{ "truncate", "si",  call_truncate, false },
	{ "upper",    "s",   call_upper, false },
};
/* clang-format on */

const struct template_function *function_find(const char *name,
					      struct error *err)
{
	scoped_strv names = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(functions); i++) {
		if (strcmp(functions[i].name, name) == 0)
			return &functions[i];
		strv_add(&names, functions[i].name);
	}
	const char *near = text_nearest(name, (const char **)names.v);
	error_say(err, EINVAL, "there is no function \"%s\"", name);
	error_hint(err, "%s%s%sa member is written with a dot: .%s",
		   near ? "did you mean " : "", near ? near : "",
		   near ? "? " : "", name);
	return NULL;
}

/* "vv*" is one at least, and *ret_more */
static size_t least_count(const struct template_function *function,
			  bool *ret_more)
{
	size_t n = strlen(function->arguments);

	*ret_more = function->arguments[n - 1] == '*';
	return *ret_more ? n - 2 : n;
}

int function_check_count(const struct template_function *function, size_t n,
			 struct error *err)
{
	bool more;
	size_t least = least_count(function, &more);

	if (n == least || (n > least && more))
		return 0;
	return error_say(err, EINVAL, "%s wants %s%zu argument%s, not %zu",
			 function->name, more ? "at least " : "", least,
			 least == 1 ? "" : "s", n);
}

static int check_type(char type, const struct value *value,
		      const char **ret_wanted)
{
	switch (type) {
	case 's':
		*ret_wanted = "a text";
		return json_is_string(value->json);
	case 'i':
		*ret_wanted = "a number";
		return json_is_integer(value->json);
	case 'l':
		*ret_wanted = "a list";
		return json_is_array(value->json) || value_is_nil(value);
	default:
		return true;
	}
}

int function_call(const struct template_function *function,
		  const struct value *arguments, size_t n, struct value *ret,
		  struct error *err)
{
	const char *wanted = "";

	for (size_t i = 0; i < n; i++) {
		size_t at = i < strlen(function->arguments)
				    ? i
				    : strlen(function->arguments) - 2;
		if (!check_type(function->arguments[at], &arguments[i],
				&wanted))
			return error_say(err, EINVAL,
					 "%s wants %s as argument %zu, not %s",
					 function->name, wanted, i + 1,
					 value_say(&arguments[i]));
	}
	return function->call(arguments, n, ret, err);
}
