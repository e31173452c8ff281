#include "cmd/image/transfer_bar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "cmd/human.h"

enum {
	NAME = 12,    /* digits of a digest, as "images" shows them */
	BAR_MIN = 6,  /* columns of a bar that says something */
	BAR_MAX = 40, /* and of one that is long enough */
	SIZES = 16,   /* "999MB/1.25GB" */
	RATE = 8,     /* "999kB/s" */
};

/* the digits of a digest, or what another name begins with */
static char *short_name(const char *name)
{
	const char *colon = strchr(name, ':');
	char text[256];

	snprintf(text, sizeof(text), "%.200s", colon ? colon + 1 : name);
	text_escape(text, sizeof(text), text);
	return xasprintf("%-*.*s", NAME, NAME, text);
}

static unsigned int percent(const struct transfer *t)
{
	uint64_t at = *t->at < t->size ? *t->at : t->size;

	return t->size ? (unsigned int)((double)at * 100 / (double)t->size)
		       : 100;
}

/* " [=====>    ]" of @width columns */
static char *draw(const struct transfer *t, int width, bool color)
{
	int inner = width - 3;
	int full = (int)(percent(t) * (unsigned int)inner / 100);
	scoped(char) *bar = xcalloc(1, (size_t)inner + 1);

	memset(bar, ' ', (size_t)inner);
	memset(bar, '=', (size_t)full);
	if (full < inner)
		bar[full] = '>';
	/* ECMA-48 SGR: green, and as before */
	return xasprintf(" [%s%s%s]", color ? "\033[32m" : "", bar,
			 color ? "\033[0m" : "");
}

char *transfer_bar(const struct transfer *t, uint64_t rate,
		   const struct transfer_screen *screen)
{
	/* the last column stays free: some terminals wrap when it is filled */
	int room = (int)(screen->columns ? screen->columns : 80) - 1;
	scoped(char) *name = short_name(t->name);
	scoped(char) *at = human_size(*t->at);
	scoped(char) *size = human_size(t->size);
	scoped(char) *sizes = xasprintf("%s/%s", at, size);
	scoped(char) *speed = human_size(rate);
	scoped(char) *speed_s = xasprintf("%s/s", rate ? speed : "-");
	scoped(char) *bar = xstrdup("");
	int left = room - NAME - 1 - SIZES - 1 - RATE;

	if (room < NAME + 1 + 4)
		return xasprintf("%.*s", room > 0 ? room : 0, name);
	if (room < NAME + 1 + SIZES)
		return xasprintf("%s %3u%%", name, percent(t));
	if (left < 0)
		return xasprintf("%s %*s", name, SIZES, sizes);
	if (left >= BAR_MIN) {
		free(bar);
		bar = draw(t, left < BAR_MAX ? left : BAR_MAX, screen->color);
	}
	return xasprintf("%s%s %*s %*s", name, bar, SIZES, sizes, RATE,
			 speed_s);
}

char *transfer_line(const struct transfer *t)
{
	scoped(char) *name = short_name(t->name);
	scoped(char) *size = human_size(t->size);

	const char *way = t->was_there ? "was there"
			  : t->ways    ? t->ways[*t->way]
				       : "done";

	return xasprintf("%s %*s  %s", name, RATE, size, way);
}

bool transfer_is_done(const struct transfer *t)
{
	return t->was_there || *t->done;
}

static void append(char **text, char *line)
{
	char *more = xasprintf("%s%s%s", *text, **text ? "\n" : "", line);

	free(*text);
	free(line);
	*text = more;
}

char *transfer_block(const struct transfer *v, const uint64_t *rates, size_t n,
		     const struct transfer_screen *screen)
{
	unsigned int rows = screen->rows ? screen->rows : 24;
	int columns = (int)(screen->columns ? screen->columns : 80) - 1;
	/* one for those that wait, and one for what stands above */
	size_t max = rows > 3 ? rows - 2 : 1;
	size_t bars = 0, others = 0;
	char *text = xstrdup("");

	for (size_t i = 0; i < n; i++) {
		if (transfer_is_done(&v[i]))
			continue;
		if (*v[i].at > 0 && bars < max) {
			append(&text, transfer_bar(&v[i], rates[i], screen));
			bars++;
		} else {
			others++;
		}
	}
	scoped(char) *waiting = xasprintf("%zu more", others);
	if (others && bars < rows - 1 && columns > 0)
		append(&text, xasprintf("%.*s", columns, waiting));
	return text;
}
