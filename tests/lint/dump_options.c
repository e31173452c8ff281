/* The option tables as text, for the checks in this directory. */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "cmd/check_options.h"
#include "cmd/cp_options.h"
#include "cmd/image/image_tables.h"
#include "cmd/life_tables.h"
#include "cmd/log_tables.h"
#include "cmd/login_options.h"
#include "cmd/options.h"
#include "cmd/pull_options.h"
#include "cmd/push_options.h"
#include "cmd/show_tables.h"

static const struct {
	const char *name;
	const struct option_entry *table;
} tables[] = {
	{ "run", options_table },     { "global", global_options_table },
	{ "cp", cp_table },           { "logs", logs_table },
	{ "events", events_table },   { "info", info_table },
	{ "inspect", inspect_table }, { "prune", prune_table },
	{ "ps", ps_table },           { "stats", stats_table },
	{ "pull", pull_table },       { "systemd", systemd_table },
	{ "top", top_table },         { "version", version_table },
	{ "df", df_table },           { "check", check_table },
	{ "attach", attach_table },   { "exec", exec_table },
	{ "kill", kill_table },       { "pause", pause_table },
	{ "rename", rename_table },   { "restart", restart_table },
	{ "rm", rm_table },           { "start", start_table },
	{ "stop", stop_table },       { "wait", wait_table },
	{ "save", save_table },       { "history", history_table },
	{ "images", images_table },   { "import", import_table },
	{ "load", load_table },       { "rmi", rmi_table },
	{ "tag", tag_table },         { "untag", untag_table },
	{ "push", push_table },       { "login", login_table },
	{ "logout", logout_table },   { "unpack", unpack_table },
};

int main(int argc, char *argv[])
{
	const char *name = argc == 2 ? argv[1] : "";
	bool found = strcmp(name, "help") == 0;

	if (found)
		options_print_help(stdout);
	for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
		if (strcmp(name, tables[i].name) == 0) {
			option_table_dump(tables[i].table, stdout);
			found = true;
		}
	return !found ? 2 : fflush(stdout) ? 1 : 0;
}
