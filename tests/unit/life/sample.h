/*
 * tests/unit/life/sample.h - a spec in which no field has its default
 */
#pragma once

#include "core/spec.h"

#define SAMPLE_ID                                                              \
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* sample_spec - spec_free() afterwards; spec_check() likes it */
void sample_spec(struct spec *ret);
