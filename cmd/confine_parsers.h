/*
 * cmd/confine_parsers.h - until core/confine has these headers
 */
#pragma once

#include <stdint.h>

#include "base/error.h"
#include "core/spec.h"

uint64_t capabilities_default(void);
uint64_t capabilities_all(void);
int capabilities_parse(const char *word, uint64_t *ret, struct error *err);
int rlimits_parse(const char *text, struct spec_rlimit *ret, struct error *err);
