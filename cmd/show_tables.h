/*
 * cmd/show_tables.h - the options of the verbs that show containers, for
 * completions and for the check of the man pages
 */
#pragma once

#include "cmd/option_table.h"

extern const struct option_entry df_table[];
extern const struct option_entry history_table[];
extern const struct option_entry exists_table[];
extern const struct option_entry images_table[];
extern const struct option_entry info_table[];
extern const struct option_entry inspect_table[];
extern const struct option_entry prune_table[];
extern const struct option_entry ps_table[];
extern const struct option_entry stats_table[];
extern const struct option_entry systemd_table[];
extern const struct option_entry top_table[];
extern const struct option_entry version_table[];
