/*
 * cmd/wrap.h - text of any length in lines of 80 columns
 */
#pragma once

#include <stdio.h>

/*
 * wrap_print - print "@label  @text", folded at blanks
 * @label:  in a column of its own, of @column columns; the lines that follow
 *          are indented as much
 *
 * A word that is longer than a line is not cut, for it is a path or a command.
 * Columns are code points.  The text is printed as it is: what comes from
 * outside has gone through text_escape().
 */
void wrap_print(FILE *to, const char *label, int column, const char *text);
