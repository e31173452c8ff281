#include "base/table.h"

#include <string.h>

#include "base/memory.h"
#include "base/text.h"

enum { GAP = 3 };

void table_add(struct table *table, const char *text)
{
	size_t size = strlen(text) * 4 + 1;
	char *cell = xcalloc(size, 1);

	text_escape(cell, size, text);
	strv_take(&table->cells, cell);
}

/* code points of UTF-8, which text_escape() has made sure of */
static size_t width(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

void table_print(const struct table *table, FILE *to)
{
	size_t columns = table->columns;
	size_t rows = columns ? table->cells.n / columns : 0;
	scoped(size_t) *widths = xcalloc(columns ? columns : 1, sizeof(size_t));

	for (size_t i = 0; i < rows * columns; i++) {
		size_t w = width(table->cells.v[i]);
		if (w > widths[i % columns])
			widths[i % columns] = w;
	}
	for (size_t i = 0; i < rows * columns; i++) {
		const char *cell = table->cells.v[i];
		fputs(cell, to);
		if (i % columns == columns - 1)
			fputc('\n', to);
		else
			fprintf(to, "%*s",
				(int)(widths[i % columns] - width(cell) + GAP),
				"");
	}
}

void table_free(struct table *table)
{
	strv_free(&table->cells);
}
