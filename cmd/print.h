/*
 * cmd/print.h - what wolffia says to the user, on stderr
 *
 * One line: "wolffia: ...", and if there is a remedy a second, "  hint: ...".
 */
#pragma once

#include "base/error.h"
#include "base/strv.h"

void print_error(const struct error *err);
void print_notices(const struct strv *notices);
