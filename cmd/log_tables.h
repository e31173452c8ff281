/*
 * cmd/log_tables.h - the options of "logs" and "events", for completions and
 * for the check of the man pages
 */
#pragma once

#include "cmd/option_table.h"

extern const struct option_entry logs_table[];
extern const struct option_entry events_table[];
