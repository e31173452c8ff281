/* cmd/systemd.c - "wolffia systemd": a unit that runs a container */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/path.h"
#include "base/status.h"
#include "base/text.h"
#include "cmd/container_verb.h"
#include "cmd/print.h"
#include "cmd/show_tables.h"
#include "cmd/systemd_unit.h"

struct systemd_options {
	struct container_options common;
	enum flag files;
	const char *name, *restart, *time;
};

/* systemd.service(5) */
#define RESTARTS                                                               \
	"no|on-success|on-failure|on-abnormal|on-watchdog|on-abort|always"

#define TO systemd_options
/* clang-format off */
const struct option_entry systemd_table[] = {
HEADING("The unit"),
VALUE(0, "name", name, "UNIT", "its name; the container's"),
CHOICE("restart-policy", NULL, restart, "POLICY", RESTARTS,
       "when systemd starts it again; as the container was made"),
VALUE('t', "time", time, "SECONDS",
      "between the stop signal and SIGKILL; as the container was made"),
FLAG('f', "files", files,
     "write UNIT.service into the working directory, and print its path"),
REFUSED(0, "new", "a container does not know the command line it was made "
	"with", "write it into the unit yourself, behind ExecStart=: wolffia "
	"run --rm in the foreground tells systemd what start does"),
CONTAINER_ROWS
};
/* clang-format on */
#undef TO

static int find_self(char **ret, struct error *err)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (n < 0)
		return error_set(err, errno, "find the program wolffia");
	path[n] = '\0';
	if (access(path, X_OK) < 0)
		return error_set(err, errno, "find the program wolffia: %s",
				 path);
	*ret = xstrdup(path);
	return 0;
}

static int check_container(const struct record *record, const struct spec *spec,
			   struct error *err)
{
	if (!spec->remove)
		return 0;
	error_say(err, EINVAL,
		  "the container %s is removed when it ends: there would be "
		  "nothing to start again",
		  record->name);
	return error_hint(err, "make it with \"wolffia create\"");
}

static int write_file(const char *unit, const char *text, struct error *err)
{
	scoped(char) *file = xasprintf("%s.service", unit);
	scoped(char) *directory = getcwd(NULL, 0);
	scoped_fd fd =
		open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	int r = fd < 0 ? error_set(err, errno, "write %s", file)
		       : fd_write_all(fd, text, strlen(text), err);

	if (r < 0)
		return r;
	printf("%s/%s\n", directory ? directory : ".", file);
	return 0;
}

static int take_options(const struct systemd_options *options,
			struct unit_facts *facts, struct error *err)
{
	facts->unit = options->name ? options->name : facts->name;
	if (text_ends_with(facts->unit, ".service"))
		return error_say(err, EINVAL,
				 "--name: \".service\" is added to it");
	if (!systemd_unit_name_is_valid(facts->unit))
		return error_say(err, EINVAL,
				 "--name: \"%s\" is no name of a unit",
				 facts->unit);
	if (options->restart && option_choice("--restart-policy", RESTARTS,
					      options->restart, err) < 0)
		return -err->code;
	facts->restart = options->restart;
	facts->has_stop = options->time != NULL;
	if (options->time &&
	    text_to_duration(options->time, &facts->stop_ms, err) < 0)
		return error_prefix(err, "--time");
	return 0;
}

static int make_unit(struct container_verb *verb,
		     const struct container *container, void *context,
		     struct error *err)
{
	const struct systemd_options *options = context;
	const struct record *record = &container->record;
	scoped(char) *self = NULL, *store = NULL, *text = NULL;
	struct spec spec = { 0 };
	scoped_fd dirfd = container_open(&verb->store, record->id, err);
	int r = dirfd < 0 ? dirfd : record_read_spec(dirfd, &spec, err);

	if (r == 0)
		r = find_self(&self, err);
	if (r == 0)
		r = check_container(record, &spec, err);
	store = path_normalize("/", verb->store.path);
	struct unit_facts facts = { .program = self,
				    .store = store,
				    .name = record->name,
				    .spec = &spec };
	if (r == 0)
		r = take_options(options, &facts, err);
	if (r == 0) {
		text = systemd_unit_text(&facts);
		if (options->files == FLAG_YES)
			r = write_file(facts.unit, text, err);
		else
			fputs(text, stdout);
	}
	spec_free(&spec);
	return r;
}

int verb_systemd(const struct call *call)
{
	struct systemd_options options = { 0 };
	struct container_verb verb = {
		.table = systemd_table,
		.usage = "systemd [OPTION...] CONTAINER",
		.least = 1,
		.most = 1,
	};
	int r = container_verb_begin(&verb, call, &options);
	int status = r > 0 ? 0 : STATUS_WOLFFIA;

	if (r == 0)
		status = container_verb_each(&verb, false, make_unit, &options);
	container_verb_end(&verb);
	return status;
}
