/*
 * base/error.h - what went wrong, in words
 *
 * One convention everywhere: a function returns 0 or more on success and a
 * negative errno on failure, and fills the struct error that its caller gave.
 * On failure the caller's outputs (ret, ret_*) are untouched.  Only cmd prints.
 *
 * A message has up to three parts: what could not be done and on what; why (a
 * cause that was tested, not guessed); and, in .hint, what to do about it.
 */
#pragma once

#include <stdarg.h>

/* No pointers: it crosses sockets and shared memory as it is. */
struct error {
	int code;       /* a positive errno, or 0 */
	char text[512]; /* "open /x: Permission denied", without a newline */
	char hint[512]; /* the remedy, or ""; without a newline */
};

/*
 * error_set - fill @err with a message, and strerror(@code) behind it
 * @code: positive errno; 0 means EINVAL and leaves out the strerror part
 *
 * Return: -@code (-EINVAL for 0), so that "return error_set(...)" reads well.
 */
int error_set(struct error *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* error_say - like error_set(), but @format is the whole message */
int error_say(struct error *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* error_prefix - put "@format: " before what @err says; Return: -err->code */
int error_prefix(struct error *err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* error_hint - say what to do about it; Return: -err->code */
int error_hint(struct error *err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
