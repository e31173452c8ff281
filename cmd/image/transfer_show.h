/*
 * cmd/image/transfer_show.h - how far transfers are, on stderr
 *
 * On a terminal those that are under way have a bar each, painted over again
 * and again at the bottom; what is done has a line of its own above.  In a pipe
 * there are only the latter.
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
