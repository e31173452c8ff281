/* wolffia exec: a further command in a running container. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/status.h"
#include "cmd/container_name.h"
#include "cmd/container_verb.h"
#include "cmd/env_file.h"
#include "cmd/life_tables.h"
#include "cmd/print.h"
#include "core/attached.h"
#include "core/session_client.h"
#include "core/terminal.h"

struct exec_options {
	struct container_options common;
	enum flag interactive, tty, detach, privileged;
	const char *user, *workdir, *detach_keys;
	struct strv env, env_files;
};

#define TO exec_options
/* clang-format off */
const struct option_entry exec_table[] = {
HEADING("What it runs"),
FLAG('d', "detach", detach, "do not wait for it; what it writes is lost"),
VALUE(0, "detach-keys", detach_keys, "KEYS",
      "what lets go of its terminal; ctrl-p,ctrl-q"),
FLAG('i', "interactive", interactive, "connect standard input"),
FLAG('t', "tty", tty, "give it a terminal of its own"),
LIST('e', "env", env, "NAME[=VALUE]",
     "set a variable; without a value, take the caller's"),
LIST(0, "env-file", env_files, "FILE",
     "set the variables of a file of NAME=VALUE lines"),
VALUE('u', "user", user, "USER[:GROUP]", "run as this user"),
VALUE('w', "workdir", workdir, "DIR",
      "start in this directory of the container"),
FLAG(0, "privileged", privileged,
     "refused: a command has the rights of its container, and no more"),
CONTAINER_ROWS
};
/* clang-format on */
#undef TO

static int take_workdir(const char *path, struct session_request *request,
			struct error *err)
{
	if (!path)
		return 0;
	if (path[0] != '/')
		return error_say(err, EINVAL,
				 "--workdir: the path \"%s\" is not absolute",
				 path);
	request->workdir = xstrdup(path);
	return 0;
}

static int take_env(const struct exec_options *options,
		    struct session_request *request, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < options->env_files.n; i++)
		r = env_file_read(options->env_files.v[i], environ,
				  &request->env, err);
	for (size_t i = 0; r == 0 && i < options->env.n; i++) {
		const char *pair = options->env.v[i];
		r = env_check_name(pair, err);
		if (!strchr(pair, '='))
			pair = env_lookup(environ, pair);
		/* not set here: not set there */
		if (r == 0 && pair)
			strv_set_env(&request->env, pair);
	}
	return r < 0 ? error_prefix(err, "--env") : 0;
}

static int make_request(const struct exec_options *options, char *const *argv,
			struct session_request *ret, struct error *err)
{
	struct winsize size = { 0 };

	if (options->privileged == FLAG_YES) {
		error_say(err, EOPNOTSUPP,
			  "--privileged: a command has the rights of its "
			  "container, and no more");
		return error_hint(err, "give them to the container when it "
				       "is made: --cap-add, --profile");
	}
	if (options->user && !*options->user)
		return error_say(err, EINVAL, "--user: the user is empty");
	if (!*argv[0])
		return error_say(err, EINVAL, "the command is empty");
	strv_extend(&ret->argv, argv);
	ret->user = options->user ? xstrdup(options->user) : NULL;
	ret->tty = options->tty == FLAG_YES;
	ret->interactive = options->interactive == FLAG_YES;
	ret->one_output = terminal_outputs_are_one();
	if (ret->tty && terminal_size(&size)) {
		ret->rows = size.ws_row;
		ret->columns = size.ws_col;
	}
	int r = take_workdir(options->workdir, ret, err);
	return r < 0 ? r : take_env(options, ret, err);
}

static int take_keys(const struct exec_options *options, char keys[16],
		     struct error *err)
{
	const char *text = options->detach_keys;

	return attached_parse_keys(text ? text : ATTACHED_KEYS, keys, err);
}

static int execute(struct container_verb *verb,
		   const struct exec_options *options, int *ret_status,
		   struct error *err)
{
	struct session_request request = { 0 };
	struct container container = { 0 };
	char keys[16];
	struct session_how how = { .detached = options->detach == FLAG_YES,
				   .detach_keys = keys };
	scoped(char) *id = NULL;
	int r = make_request(options, verb->arguments.v + 1, &request, err);

	if (r == 0)
		r = take_keys(options, keys, err);
	if (r == 0)
		r = container_id_new(&id, err);
	how.id = id;
	if (r == 0)
		r = container_find(&verb->store, verb->arguments.v[0],
				   &container, err);
	if (r == 0)
		r = session_run(&verb->store, &container.record, &request, &how,
				ret_status, err);
	if (r > 0)
		print_detached(container.record.name, "the command");
	container_free(&container);
	session_request_free(&request);
	return r;
}

int verb_exec(const struct call *call)
{
	struct exec_options options = { 0 };
	struct container_verb verb = {
		.table = exec_table,
		.usage = "exec [OPTION...] CONTAINER COMMAND [ARGUMENT...]",
		.options_first = true,
		.least = 2,
		.missing = "a container or a command",
	};
	int status = STATUS_WOLFFIA;
	struct error err;
	int r = container_verb_begin(&verb, call, &options);

	if (r == 0) {
		if (execute(&verb, &options, &status, &err) < 0)
			print_error(&err);
	}
	container_verb_end(&verb);
	strv_free(&options.env);
	strv_free(&options.env_files);
	return r > 0 ? 0 : status;
}
