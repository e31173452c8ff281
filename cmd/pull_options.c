#include "cmd/pull_options.h"

#include "cmd/option_rows.h"

#define TO pull_options
/* clang-format off */
const struct option_entry pull_table[] = {
HEADING("What is fetched"),
FLAG('a', "all-tags", all_tags,
     "every image of the repository, whatever its tag"),
VALUE(0, "platform", platform, "OS/ARCHITECTURE[/VARIANT]",
      "for another machine than this one"),
VALUE(0, "signature-policy", signature_policy, "FILE",
      "which images are accepted, instead of the user's or the machine's "
      "policy.json"),

HEADING("The registry"),
REGISTRY_ROWS_ACCESS,

HEADING("What is said and where it goes"),
REGISTRY_ROWS_SHOWN,
FLAG('q', "quiet", common.quiet, "print the image's digest and nothing else"),
VALUE(0, "store", common.store, "DIR", "directory of images and layers"),
FLAG('h', "help", common.help, "show this"),
OPTION_TABLE_END
};
/* clang-format on */
#undef TO
