/*
 * cmd/login_options.h - the options of "login" and "logout", for them and for
 * the check of their man pages
 */
#pragma once

#include "cmd/option_table.h"
#include "cmd/registry_options.h"

struct login_options {
	struct registry_options registry;
	const char *user, *password;
	enum flag password_stdin, get_login, all, help;
};

extern const struct option_entry login_table[];
extern const struct option_entry logout_table[];
