#include "cmd/image/transfer_show.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"
#include "cmd/human.h"
#include "cmd/image/image_say.h"

enum {
	NAME = 12,    /* digits of a digest, as "images" shows them */
	BAR_MIN = 6,  /* columns of a bar that says something */
	BAR_MAX = 40, /* and of one that is long enough */
	SIZES = 16,   /* "999MB/1.25GB" */
	RATE = 8,     /* "999kB/s" */
	SAMPLE_MS = 500,
};

/* What is shown at the moment: there is but one stderr. */
static struct {
	enum transfer_style style;
	const struct transfer *v;
	size_t n;
	bool *said;          /* has had its line */
	uint64_t *rates;     /* bytes a second, smoothed */
	uint64_t *last;      /* bytes at the last sample */
	uint64_t sampled_ms; /* when that was */
	unsigned int lines;  /* of the block on the terminal; 0: none */
} show;

enum transfer_style transfer_style(void)
{
	const char *term = getenv("TERM");

	return isatty(STDERR_FILENO) && term && *term &&
			       strcmp(term, "dumb") != 0
		       ? TRANSFER_BARS
		       : TRANSFER_LINES;
}

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

	return xasprintf("%s %*s  %s", name, RATE, size,
			 t->was_there ? "was there" : "done");
}

static bool is_done(const struct transfer *t)
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
		if (is_done(&v[i]))
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

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void sample(void)
{
	uint64_t now = now_ms(), passed = now - show.sampled_ms;

	if (passed < SAMPLE_MS)
		return;
	for (size_t i = 0; i < show.n; i++) {
		uint64_t at = *show.v[i].at;
		/* one that is begun anew has fewer than it had */
		uint64_t came = at > show.last[i] ? at - show.last[i] : 0;
		uint64_t rate = came * 1000 / passed;
		show.rates[i] =
			show.rates[i] ? (show.rates[i] + rate) / 2 : rate;
		show.last[i] = at;
	}
	show.sampled_ms = now;
}

static struct transfer_screen look_at_screen(void)
{
	const char *no_color = getenv("NO_COLOR");
	struct winsize size = { 0 };

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) < 0)
		size = (struct winsize){ 0 };
	return (struct transfer_screen){
		.columns = size.ws_col,
		.rows = size.ws_row,
		.color = !no_color || !*no_color,
	};
}

/* to the first column of the block's first line, and all below it away:
 * ECMA-48 CR, CUU, ED */
static void hide(void)
{
	if (show.lines > 1)
		fprintf(stderr, "\r\033[%uA\033[J", show.lines - 1);
	else if (show.lines == 1)
		fputs("\r\033[J", stderr);
	show.lines = 0;
}

static void say_done(void)
{
	for (size_t i = 0; i < show.n; i++) {
		if (show.said[i] || !is_done(&show.v[i]))
			continue;
		scoped(char) *line = transfer_line(&show.v[i]);
		hide();
		image_progress(NULL);
		fprintf(stderr, "%s\n", line);
		show.said[i] = true;
	}
}

static void paint(void)
{
	const struct transfer_screen screen = look_at_screen();
	scoped(char) *block =
		transfer_block(show.v, show.rates, show.n, &screen);

	hide();
	if (!*block)
		return;
	image_progress(NULL);
	fputs(block, stderr);
	show.lines = 1;
	for (const char *p = block; (p = strchr(p, '\n')); p++)
		show.lines++;
}

void transfer_show(void)
{
	if (show.style < TRANSFER_LINES || show.n == 0)
		return;
	say_done();
	if (show.style == TRANSFER_BARS) {
		sample();
		paint();
	}
	fflush(stderr);
}

void transfer_show_begin(enum transfer_style style, const struct transfer *v,
			 size_t n)
{
	show.style = style;
	show.v = v;
	show.n = n;
	show.said = xcalloc(n + 1, sizeof(*show.said));
	show.rates = xcalloc(n + 1, sizeof(*show.rates));
	show.last = xcalloc(n + 1, sizeof(*show.last));
	for (size_t i = 0; i < n; i++)
		show.last[i] = *v[i].at;
	show.sampled_ms = now_ms();
	transfer_show();
}

void transfer_show_text(const char *text)
{
	hide();
	image_progress(text);
}

void transfer_show_end(void)
{
	if (show.style >= TRANSFER_LINES)
		say_done();
	hide();
	fflush(stderr);
	free(show.said);
	free(show.rates);
	free(show.last);
	memset(&show, 0, sizeof(show));
}
