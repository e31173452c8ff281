/*
 * storage/registry/challenge.h - what a registry answers with 401: how to
 * identify oneself
 *
 * Pure, fuzzed.  Source: RFC 9110, 11.6.1 (WWW-Authenticate), RFC 6750, 3
 * (Bearer), distribution "Token Authentication Specification".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#define CHALLENGE_MAX 8192 /* bytes of one header */

/* All challenges of an answer; the first Bearer challenge is the one kept. */
struct challenge {
	bool basic;
	bool bearer;
	char *realm;   /* NULL: not there; of the Bearer challenge */
	char *service; /* the same */
	char *scope;   /* the same */
};

/*
 * challenge_add - read one WWW-Authenticate header into @to
 *
 * A header can have several challenges, an answer several headers.  Schemes
 * that are not known are passed over.  No value has control characters.
 * Return: 0; -EPROTO it is malformed, or too long; @to is as before.
 */
int challenge_add(struct challenge *to, const char *text, struct error *err);
void challenge_free(struct challenge *challenge);

#define scoped_challenge                                                       \
	__attribute__((cleanup(challenge_free))) struct challenge
