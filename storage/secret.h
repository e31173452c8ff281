/*
 * storage/secret.h - what looks like a secret in a text that comes with an
 * image
 *
 * Passwords, keys and tokens get into images by ENV, by ARG, and by the lines
 * of RUN that the history keeps; whoever has the image has them.  A value is
 * taken for one
 *
 *   by its name   DB_PASSWORD, GITHUB_TOKEN, API_KEY, AWS_ACCESS_KEY_ID ...;
 *                 but not X_FILE, X_VERSION, X_SHA256, GPG_KEY and the like,
 *                 and not a value that is empty, yes or no, a path, or $X
 *   by an option  --password X, --api-key X, docker login -p X, sshpass -p X;
 *                 but not --disabled-password X
 *   by its shape  AKIA..., ghp_..., glpat-..., xoxb-..., npm_..., JSON web
 *                 tokens, private keys, and passwords in URLs
 *
 * That is a guess in both directions.  Pure, fuzzed; the time that it takes
 * grows with the text, and not faster.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/strv.h"

enum secret_form {
	SECRET_PAIR,  /* NAME=VALUE, and the value is all behind the "=" */
	SECRET_LINE,  /* a line of the history, a command */
	SECRET_VALUE, /* a word that is the value of the option before it */
};

struct secret {
	size_t at, size;           /* of the value, in the text */
	size_t name_at, name_size; /* of its name; 0: it has none */
	const char *kind;          /* "a GitHub token" */
};

/*
 * secret_word_form - what is @words[@i], of a command that is given as words?
 * Return: SECRET_VALUE behind "--password" and the like, else SECRET_LINE
 */
enum secret_form secret_word_form(const struct strv *words, size_t i);

/* A search: begun by secret_scan(), then only secret_next() writes it. */
struct secret_scan {
	const char *text; /* borrowed */
	enum secret_form form;
	size_t at;   /* what is before has been looked at */
	size_t zone; /* where values that are not for a shell end; 0: none */
};
struct secret_scan secret_scan(const char *text, enum secret_form form);

/* secret_next - the next one, behind those before; false: there are no more */
bool secret_next(struct secret_scan *scan, struct secret *ret);

/*
 * secret_hint - enough of a value to recognize it by, and too little to use:
 * at most a quarter of it, at most four characters, and "***"
 * Return: ASCII without control characters; the caller's to free
 */
char *secret_hint(const char *value, size_t size);

/* secret_mask - @text with hints in place of secrets; the caller's to free */
char *secret_mask(const char *text, enum secret_form form);
