/*
 * storage/transfer.h - something on its way, for who shows how far it is
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct transfer {
	const char *name;   /* what it is: the digest of a layer */
	uint64_t size;      /* bytes */
	const uint64_t *at; /* bytes that are there; changes */
	const bool *done;   /* becomes true when all is there and right */
	bool was_there;     /* nothing had to be done; then .done is not read */

	/* what is said of it when it is done: .ways[*.way]; NULL: "done" */
	const char *const *ways;
	const unsigned int *way;
};
