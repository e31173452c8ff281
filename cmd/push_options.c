#include "cmd/push_options.h"

#include "cmd/option_rows.h"

#define TO push_options
/* clang-format off */
const struct option_entry push_table[] = {
HEADING("What is pushed"),
FLAG('a', "all-tags", all_tags,
     "every image of the store that is called after the repository"),

HEADING("The registry"),
REGISTRY_ROWS_ACCESS,

HEADING("What is said and where it goes"),
VALUE(0, "digestfile", digest_file, "FILE",
      "write the digest there when all of it has arrived"),
REGISTRY_ROWS_SHOWN,
FLAG('q', "quiet", common.quiet, "print the image's digest and nothing else"),
VALUE(0, "store", common.store, "DIR", "directory of images and layers"),
FLAG('h', "help", common.help, "show this"),
OPTION_TABLE_END
};
/* clang-format on */
#undef TO
