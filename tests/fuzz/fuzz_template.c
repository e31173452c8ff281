/*
 * --format: whatever the template and the data, the engine either gives a text
 * or says with words why not, and it ends.
 *
 * The input is the template, a line that is "--", and JSON; without that line
 * the data are the ones below.
 */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "cmd/template/template.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static const char usual[] = "{\"A\":\"a\\u001b\\n\\u00e4\",\"B\":[1,2,3],\"C\":"
			    "1.5,\"D\":{\"E\":[{\"F\":"
			    "true}]},\"Labels\":{\"x\":\"y\",\"z\":null},"
			    "\"Env\":null,\"ID\":\"0123\"}";

static void require(bool is_so)
{
	if (!is_so)
		abort();
}

static void check_result(int r, const char *text, const struct error *err)
{
	require(r == 0 || (r < 0 && err->code == -r && *err->text));
	require((r == 0) == (text != NULL));
}

/* nothing of the data gets through to a terminal */
static void check_safe(const char *text, size_t n, const char *template)
{
	/* what the template has itself is not of the data */
	if (strpbrk(template, "\\\"`'") ||
	    memchr(template, 0x1b, strlen(template)))
		return;
	require(!memchr(text, 0x1b, n));
}

static void render(const struct template *template, const char *source,
		   json_t *object)
{
	for (int reader = TEMPLATE_FOR_PROGRAM; reader <= TEMPLATE_FOR_TABLE;
	     reader++) {
		scoped(char) *text = NULL;
		struct error err = { 0 };
		size_t n = 0;
		int r = template_render(template, object,
					(enum template_for)reader, &text, &n,
					&err);

		check_result(r, text, &err);
		if (text)
			require(text[n] == '\0');
		if (text && reader != TEMPLATE_FOR_PROGRAM)
			check_safe(text, n, source);
	}
}

static void head(const struct template *template)
{
	scoped(char) *text = NULL;
	struct error err = { 0 };
	int r = template_heading(template, NULL, &text, &err);

	check_result(r, text, &err);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	scoped(char) *source = xcalloc(size + 1, 1);
	scoped_template *template = NULL;
	scoped_json *object = NULL;
	struct error err = { 0 };

	if (size)
		memcpy(source, data, size);
	char *separator = strstr(source, "\n--\n");
	const char *json = separator ? separator + 4 : usual;
	if (separator)
		*separator = '\0';
	if (json_parse(json, strlen(json), "data", &object, &err) < 0)
		return 0;
	err = (struct error){ 0 };
	int r = template_parse(source, &template, &err);
	require(r == 0 || (r < 0 && err.code == -r && *err.text));
	require((r == 0) == (template != NULL));
	if (template) {
		render(template, source, object);
		head(template);
	}
	return 0;
}
