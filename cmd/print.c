#include "cmd/print.h"

#include <stdio.h>

void print_error(const struct error *err)
{
	fprintf(stderr, "wolffia: %s\n", err->text);
	if (*err->hint)
		fprintf(stderr, "  hint: %s\n", err->hint);
}

void print_notices(const struct strv *notices)
{
	for (size_t i = 0; i < notices->n; i++)
		fprintf(stderr, "wolffia: note: %s\n", notices->v[i]);
}
