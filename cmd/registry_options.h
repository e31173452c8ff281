/*
 * cmd/registry_options.h - the options that "pull" and "push" share
 */
#pragma once

#include "cmd/option_rows.h"

#define CHOICES_PROGRESS "auto|plain|brief"

/* What is typed; zeroed for none of it. */
struct registry_options {
	const char *progress;
};

/* their rows, for the member registry of a struct */
/* clang-format off */
#define REGISTRY_ROWS_SHOWN \
CHOICE("progress", NULL, registry.progress, "MODE", CHOICES_PROGRESS, \
       "auto: bars on a terminal, else a line for each layer; plain: lines; " \
       "brief: the name only")
/* clang-format on */
