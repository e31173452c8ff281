/*
 * storage/base64.h - base64 from outside, strictly
 *
 * Source: RFC 4648, section 4.  EVP_DecodeBlock(3) takes white space and
 * characters behind the padding; here they are refused.
 */
#pragma once

#include <stddef.h>

/*
 * base64_decode - @text is letters of the alphabet and its padding, no more
 * @ret: the bytes with a NUL behind them, the caller's to free
 * Return: 0; -EINVAL
 */
int base64_decode(const char *text, char **ret, size_t *ret_size);
