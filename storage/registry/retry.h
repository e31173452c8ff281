/*
 * storage/registry/retry.h - which failures pass, and how long to wait
 *
 * Pure: chance and time are arguments.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct retry_policy {
	unsigned int tries;   /* in all, the first included */
	uint64_t backoff_ms;  /* before the second try; then doubled */
	uint64_t patience_ms; /* the longest wait that a server may ask for */
};

/* retry_status - is this HTTP status one that another try may change? */
bool retry_status(long status);

/*
 * retry_tries - how many tries a transfer is worth that ended with @code
 * @code: a CURLcode
 * Return: 1 to policy->tries, the first included.  A name that was mistyped and
 * a server that speaks no TLS get few: they may pass, but mostly do not.
 */
unsigned int retry_tries(const struct retry_policy *policy, int code);

/*
 * retry_wait - how long to wait before try number @tries_made + 1
 * @tries_made:   1 or more
 * @asked_s:      the server's Retry-After; NULL: it did not say
 * @random:       any number; the wait is between half and all of the backoff
 * Return: 0; -EBUSY: no more tries, or the server asks for more than patience
 */
int retry_wait(const struct retry_policy *policy, unsigned int tries_made,
	       const uint64_t *asked_s, uint32_t random, uint64_t *ret_ms);
