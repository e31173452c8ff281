/*
 * storage/secret_shape.h - values that show what they are by themselves
 *
 * Pure; the part of secret.h that needs no name.  Shapes are those that the
 * issuers have written down, and few of them match by chance.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "storage/secret.h"

/*
 * secret_shape - is there one exactly at @at?
 * @ret: the value and its kind; what it says of a name stays
 *
 * Looks at no more bytes than it returns, and else at a bounded number or at
 * those up to the next place where one may begin.
 */
bool secret_shape(const char *text, size_t at, struct secret *ret);
