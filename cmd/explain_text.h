/*
 * cmd/explain_text.h - the object of explain_spec() in words, for a terminal
 */
#pragma once

#include <jansson.h>
#include <stdio.h>

/* explain_print - all of it in 80 columns; text from outside is escaped */
void explain_print(FILE *to, const json_t *all);
