/*
 * cmd/signal_name.h - signals as people write them: "TERM", "SIGTERM", "15",
 * "RTMIN+3", "RTMAX-1".  Source: signal(7), kill(1)
 */
#pragma once

#include "base/error.h"

/* Return: 0; -EINVAL, with the nearest name in the hint */
int signal_from_name(const char *text, int *ret, struct error *err);

/* signal_name - "SIGTERM"; NULL for one without a name of its own */
const char *signal_name(int number);
