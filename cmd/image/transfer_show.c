#include "cmd/image/transfer_show.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "cmd/image/image_say.h"
#include "cmd/image/transfer_bar.h"

enum { SAMPLE_MS = 500 };

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
		if (show.said[i] || !transfer_is_done(&show.v[i]))
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
