#include "cmd/login_options.h"

#include "cmd/option_rows.h"

#define TO login_options
/* clang-format off */
const struct option_entry login_table[] = {
HEADING("Who you are"),
VALUE('u', "username", user, "NAME", "without it you are asked"),
VALUE('p', "password", password, "PASSWORD",
      "others can see it in the list of processes: better not"),
FLAG(0, "password-stdin", password_stdin,
     "read the password from standard input"),
FLAG(0, "get-login", get_login,
     "print the name under which you are logged in, and no more"),

HEADING("The registry, and where it is kept"),
REGISTRY_ROWS_FILES,
FLAG('h', "help", help, "show this"),
OPTION_TABLE_END
};

const struct option_entry logout_table[] = {
FLAG('a', "all", all, "from every registry that the file or its helpers have"),
REGISTRY_ROWS_FILE,
FLAG('h', "help", help, "show this"),
OPTION_TABLE_END
};
/* clang-format on */
#undef TO
