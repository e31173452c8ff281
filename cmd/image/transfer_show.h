/*
 * cmd/image/transfer_show.h - how far transfers are, on stderr
 *
 * On a terminal those that are under way have a bar each, painted over again
 * and again at the bottom; what is done has a line of its own above.  In a pipe
 * there are only the latter.  The lines are made by pure functions.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "storage/transfer.h"

enum transfer_style {
	TRANSFER_QUIET, /* nothing at all */
	TRANSFER_BRIEF, /* the name of what is fetched: one line */
	TRANSFER_LINES, /* and a line for each part when it is done */
	TRANSFER_BARS,  /* and bars */
};

/* transfer_style - what suits stderr: BARS or LINES */
enum transfer_style transfer_style(void);

struct transfer_screen {
	unsigned int columns, rows; /* 0: 80 and 24 */
	bool color;
};

/*
 * transfer_bar - one that is under way, in less than a line of @screen
 * @rate: bytes a second; 0: not known
 * Nothing of it moves the cursor; the caller's to free, as the others are.
 */
char *transfer_bar(const struct transfer *transfer, uint64_t rate,
		   const struct transfer_screen *screen);

/* transfer_line - one that is done: "a3ed95caeb02  12.3MB  done" */
char *transfer_line(const struct transfer *transfer);

/*
 * transfer_block - the bars of all that are under way, and how many wait
 * @rates: one for each of the @n
 * Lines with '\n' between them, fewer than @screen has rows; "" for none.
 */
char *transfer_block(const struct transfer *transfers, const uint64_t *rates,
		     size_t n, const struct transfer_screen *screen);

/*
 * transfer_show_begin - of what follows, @n transfers of @transfers
 * They have to stay until transfer_show_end().
 */
void transfer_show_begin(enum transfer_style style,
			 const struct transfer *transfers, size_t n);

/* transfer_show - some times a second; does nothing when there is nothing */
void transfer_show(void);

/* transfer_show_text - a word about what else is done, in place of the bars;
 * for struct stage_ids */
void transfer_show_text(const char *text);

/* transfer_show_end - the last lines; nothing is left of the bars */
void transfer_show_end(void);
