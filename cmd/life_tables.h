/*
 * cmd/life_tables.h - the options of the verbs that start, change and end
 * containers, for completions and for the check of the man pages
 */
#pragma once

#include "cmd/option_table.h"

extern const struct option_entry attach_table[];
extern const struct option_entry exec_table[];
extern const struct option_entry kill_table[];
extern const struct option_entry pause_table[]; /* and "unpause" */
extern const struct option_entry rename_table[];
extern const struct option_entry restart_table[];
extern const struct option_entry rm_table[];
extern const struct option_entry start_table[];
extern const struct option_entry stop_table[];
extern const struct option_entry wait_table[];
