#include "cmd/wrap.h"

#include <stdbool.h>
#include <string.h>

enum { COLUMNS = 80 };

/* code points among @n bytes of UTF-8 */
static int width_of(const char *text, size_t n)
{
	int width = 0;

	for (size_t i = 0; i < n; i++)
		width += ((unsigned char)text[i] & 0xc0) != 0x80;
	return width;
}

void wrap_print(FILE *to, const char *label, int column, const char *text)
{
	int at = fprintf(to, "%-*s", *text ? column : 0, label);
	bool first = true;

	if (at > column) {
		/* the label takes a line of its own */
		fprintf(to, "\n%*s", column, "");
		at = column;
	}
	while (*(text += strspn(text, " "))) {
		size_t n = strcspn(text, " ");
		int width = width_of(text, n);

		if (!first && at + 1 + width > COLUMNS) {
			fprintf(to, "\n%*s", column, "");
			at = column;
			first = true;
		}
		at += fprintf(to, "%s", first ? "" : " ") + width;
		fwrite(text, 1, n, to);
		first = false;
		text += n;
	}
	fputc('\n', to);
}
