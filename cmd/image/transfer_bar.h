/*
 * cmd/image/transfer_bar.h - how far transfers are, as lines
 *
 * Pure.  Results are the caller's to free.  Nothing of them moves the cursor,
 * whatever the names are.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "storage/transfer.h"

struct transfer_screen {
	unsigned int columns, rows; /* 0: 80 and 24 */
	bool color;
};

/*
 * transfer_bar - one that is under way, in less than a line of @screen
 * @rate: bytes a second; 0: not known
 */
char *transfer_bar(const struct transfer *transfer, uint64_t rate,
		   const struct transfer_screen *screen);

/* transfer_line - one that is done: "a3ed95caeb02  12.3MB  done",
 * or what .ways says in its place */
char *transfer_line(const struct transfer *transfer);

/*
 * transfer_block - the bars of all that are under way, and how many wait
 * @rates: one for each of the @n
 * Lines with '\n' between them, fewer than @screen has rows; "" for none.
 */
char *transfer_block(const struct transfer *transfers, const uint64_t *rates,
		     size_t n, const struct transfer_screen *screen);

/* transfer_is_done - has it had, or shall it have, its last line? */
bool transfer_is_done(const struct transfer *transfer);
