#include "cmd/cp_options.h"

#include "cmd/option_rows.h"

#define TO cp_options
/* clang-format off */
const struct option_entry cp_table[] = {
HEADING("How it is copied"),
FLAG('a', "archive", archive,
     "files keep the numbers of their owners; else they become root's in a "
     "container, and yours here"),
FLAG('L', "follow-link", follow,
     "if the source is a symbolic link, copy what it leads to"),
FLAG('q', "quiet", quiet, "say nothing of what was done"),
CONTAINER_ROWS
};
/* clang-format on */
#undef TO
