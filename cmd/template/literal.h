/*
 * cmd/template/literal.h - "text", 'c' and 0x10 as Go writes them
 */
#pragma once

#include <jansson.h>
#include <stddef.h>

#include "base/error.h"
#include "cmd/template/lex.h"

/*
 * literal_parse - the value of a token that is a string, raw string, character
 * or number
 *
 * Escapes are those of Go: \a \b \f \n \r \t \v \\ \" \' \x41 \101 \u00e4
 * \U0001f40b.  A number is decimal, 0x hexadecimal or 0 octal, or a decimal
 * fraction; a character is its number.  Strings may hold any bytes.
 *
 * Return: 0 with a new reference in *ret; -EINVAL and what is wrong with it.
 */
int literal_parse(const char *text, enum token_kind kind, size_t n,
		  json_t **ret, struct error *err);
