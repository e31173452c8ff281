/* The option tables as text, for the checks in this directory. */
#include <stdio.h>
#include <string.h>

#include "cmd/options.h"

int main(int argc, char *argv[])
{
	if (argc == 2 && strcmp(argv[1], "run") == 0)
		option_table_dump(options_table, stdout);
	else if (argc == 2 && strcmp(argv[1], "global") == 0)
		option_table_dump(global_options_table, stdout);
	else if (argc == 2 && strcmp(argv[1], "help") == 0)
		options_print_help(stdout);
	else
		return 2;
	return fflush(stdout) ? 1 : 0;
}
