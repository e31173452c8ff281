/*
 * cmd/template/print.h - values as text, as Go's package fmt prints them
 */
#pragma once

#include <stddef.h>

#include "cmd/template/bytes.h"
#include "cmd/template/value.h"

/* print_value - as {{.}}: a b, 12, true, [a b], map[k:v], <nil>, <no value> */
void print_value(struct bytes *to, const struct value *value);

/*
 * print_all - as print (blanks between what is no text) and println (blanks
 * everywhere, a line feed at the end)
 */
void print_all(struct bytes *to, const struct value *values, size_t n,
	       bool is_line);

/*
 * print_formatted - as printf
 *
 * %v %s %q %d %x %X %o %b %c %U %t %e %E %f %F %g %G %T %%, the flags + - # 0
 * and blank, width, precision, * and [n].  As in Go a verb that does not fit
 * is no error, but shows in the text: %!d(string=x), %!s(MISSING), %!(EXTRA
 * int=1).
 */
void print_formatted(struct bytes *to, const char *format, size_t size,
		     const struct value *values, size_t n);
