#include "cmd/check_options.h"

#include "cmd/option_rows.h"

#define TO check_options
/* clang-format off */
const struct option_entry check_table[] = {
HEADING("What is done"),
FLAG(0, "repair", repair,
     "unpack damaged layers again, remove what nobody uses, and images that "
     "cannot be whole"),
FLAG(0, "quick", quick,
     "read documents only: neither hash blobs nor compare layers"),
HEADING("What is shown"),
FLAG('q', "quiet", quiet, "nothing but findings"),
VALUE(0, "format", format, "TEMPLATE",
      "json, or a template such as {{.Kind}} {{.Name}}"),
VALUE(0, "store", store, "DIR", "directory of images and layers"),
FLAG('h', "help", help, "show this"),
OPTION_TABLE_END
};
/* clang-format on */
#undef TO
