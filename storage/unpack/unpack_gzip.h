/*
 * storage/unpack/unpack_gzip.h - gzip, by isa-l
 *
 * Fuzzed.  Of Debian's libraries isa-l takes half the time of zlib, which
 * libarchive would use (tests/bench/inflate).  Unlike libarchive 3.6 it also
 * checks the sums of gzip, and what is behind the last member is an error
 * here, unless it is zeros, as gzip(1) has it.
 * Source: RFC 1952; igzip_lib.h of isa-l 2.30.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

struct gzip_ends {
	/* Return: bytes at *@ret, which stay until the next call; 0: the end;
	 * -errno */
	ssize_t (*give)(void *context, const void **ret);
	/* what came out, never nothing.  Return: 0; an error ends it */
	int (*take)(void *context, const void *data, size_t size,
		    struct error *err);
	void *context;
};

/*
 * unpack_gzip - all members, one after the other
 * Not for two threads at once: its state is static.
 * Return: 0; -EBADMSG it is malformed or cut short, or a sum is wrong; errors
 * of give() and take()
 */
int unpack_gzip(const struct gzip_ends *ends, struct error *err);
