#include "cmd/env_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/memory.h"

const char *env_lookup(char *const *environment, const char *name)
{
	size_t length = strlen(name);

	for (; environment && *environment; environment++)
		if (strncmp(*environment, name, length) == 0 &&
		    (*environment)[length] == '=')
			return *environment;
	return NULL;
}

int env_check_name(const char *pair, struct error *err)
{
	size_t length = strcspn(pair, "=");

	if (length == 0)
		return error_say(err, EINVAL, "a variable has no name");
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)pair[i] < 0x20 || pair[i] == 0x7f)
			return error_say(err, EINVAL,
					 "the name of a variable has a control "
					 "character: \"%.*s\"",
					 (int)length, pair);
	return 0;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* jansson makes strings of valid UTF-8 only */
static bool is_utf8(const char *text)
{
	scoped_json *string = json_string(text);

	return string != NULL;
}

/* @line is one line without its end, and may be empty */
static int parse_line(const char *line, char *const *environment,
		      struct strv *ret, struct error *err)
{
	while (is_blank(*line))
		line++;
	if (!*line || *line == '#')
		return 0;
	if (!is_utf8(line))
		return error_say(err, EINVAL, "bytes that are no UTF-8");
	const char *equals = strchrnul(line, '=');
	size_t length = (size_t)(equals - line);
	if (env_check_name(line, err) < 0)
		return -err->code;
	if (strcspn(line, " \t") < length) {
		error_say(err, EINVAL, "blanks in the name \"%.*s\"",
			  (int)length, line);
		return error_hint(err, "write NAME=VALUE, without \"export\" "
				       "and without blanks around '='");
	}
	if (*equals)
		strv_add(ret, line);
	else if (!environment)
		strv_addf(ret, "%s=", line);
	else if (env_lookup(environment, line))
		strv_add(ret, env_lookup(environment, line));
	return 0;
}

int env_file_parse(const char *text, size_t size, char *const *environment,
		   struct strv *ret, struct error *err)
{
	static const char mark[] = "\xef\xbb\xbf";
	const char *end = text + size;
	unsigned number = 0;

	if (size > ENV_FILE_MAX)
		return error_say(err, EFBIG, "more than %d bytes",
				 ENV_FILE_MAX);
	if (size >= 3 && memcmp(text, mark, 3) == 0)
		text += 3;
	while (text < end) {
		size_t left = (size_t)(end - text);
		const char *stop = memchr(text, '\n', left);
		size_t length = stop ? (size_t)(stop - text) : left;

		number++;
		if (memchr(text, '\0', length))
			return error_say(err, EINVAL, "line %u: a NUL byte",
					 number);
		scoped(char) *line = xstrndup(text, length);
		if (length && line[length - 1] == '\r')
			line[length - 1] = '\0';
		if (parse_line(line, environment, ret, err) < 0)
			return error_prefix(err, "line %u", number);
		text += length + (stop ? 1 : 0);
	}
	return 0;
}

int env_file_read(const char *path, char *const *environment, struct strv *ret,
		  struct error *err)
{
	scoped(char) *text = NULL;
	ssize_t size = fd_read_file(AT_FDCWD, path, ENV_FILE_MAX, &text, err);

	if (size < 0)
		return (int)size;
	if (env_file_parse(text, (size_t)size, environment, ret, err) < 0)
		return error_prefix(err, "%s", path);
	return 0;
}
