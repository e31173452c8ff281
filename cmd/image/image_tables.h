/*
 * cmd/image/image_tables.h - the options of verbs of wolffia-image, for the
 * check of their man pages
 */
#pragma once

#include "cmd/option_table.h"

extern const struct option_entry import_table[];
extern const struct option_entry sweep_table[]; /* images calls it */
extern const struct option_entry load_table[];
extern const struct option_entry rmi_table[];
extern const struct option_entry save_table[];
extern const struct option_entry tag_table[];
extern const struct option_entry unpack_table[];
extern const struct option_entry untag_table[];
