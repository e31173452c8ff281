/*
 * storage/secret_name.h - does a name say that its value is a secret?
 *
 * Pure; the part of secret.h that is about NAME=VALUE.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum { SECRET_NAME_MAX = 128 }; /* a longer name is none */

/* secret_is_name - in any case, with "-" or "." in place of "_" too */
bool secret_is_name(const char *name, size_t size);

/*
 * secret_is_option - "--password", "-db-token", "--apiKey": is the next word
 * its value, and a secret?  Fewer names than with "=" behind them, for many of
 * the others are switches, such as --disabled-password.
 */
bool secret_is_option(const char *option, size_t size);

/*
 * secret_is_value - may this be one?  Not when it is empty, a word for yes or
 * no, a path, a reference such as $X, or starred out already
 */
bool secret_is_value(const char *value, size_t size);
