/*
 * cmd/main.c - the verb is looked up in a table, and done
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/process.h"
#include "base/status.h"
#include "base/text.h"
#include "cmd/image_tool.h"
#include "cmd/print.h"
#include "cmd/verbs.h"

static int verb_group(const struct call *call);
static int verb_help(const struct call *call);
static int verb_image(const struct call *call);

static const struct verb {
	const char *name;
	int (*function)(const struct call *call);
	const char *help; /* NULL: another name of what is there */
} verbs[] = {
	{ "run", verb_run, "run a command in a new container" },
	{ "create", verb_run, "make a container, to be started" },
	{ "start", verb_start, "start containers that do not run" },
	{ "exec", verb_exec, "run a command in a running container" },
	{ "attach", verb_attach, "connect to the streams of a container" },
	{ "stop", verb_stop, "end containers" },
	{ "kill", verb_kill, "send a signal to containers" },
	{ "restart", verb_restart, "end containers and start them again" },
	{ "pause", verb_pause, "stop all processes of containers" },
	{ "unpause", verb_unpause, "let them go on" },
	{ "wait", verb_wait, "wait for containers, print exit statuses" },
	{ "rm", verb_rm, "remove containers" },
	{ "rename", verb_rename, "give a container another name" },
	{ "cp", verb_image, "copy files to and from containers" },
	{ "diff", verb_image, "list what a container changed in its root" },
	{ "commit", verb_image, "make an image of a container" },
	{ "export", verb_image, "write a container's root as a tar" },
	{ "logs", verb_logs, "print what containers wrote" },
	{ "events", verb_events, "print what happens to containers" },
	{ "ps", verb_ps, "list containers" },
	{ "ls", verb_ps, NULL },
	{ "list", verb_ps, NULL },
	{ "exists", verb_exists, NULL },
	{ "inspect", verb_inspect, "all about containers, or images" },
	{ "top", verb_top, "list the processes of a container" },
	{ "stats", verb_stats, "show what containers use" },
	{ "prune", verb_prune,
	  "remove containers that do not run, unused images" },
	{ "df", verb_df, "show the room that all of it takes" },
	{ "systemd", verb_systemd, "print a unit that runs a container" },
	{ "explain", verb_explain, "say what a run would give the container" },
	{ "doctor", verb_doctor, "test what a start needs, with remedies" },
	{ "unshare", verb_unshare, "run a command in your own id map" },
	{ "pull", verb_image, "fetch images from registries" },
	{ "push", verb_image, "send images to registries" },
	{ "login", verb_image, "keep who you are to a registry" },
	{ "logout", verb_image, "forget it" },
	{ "import", verb_image,
	  "make an image of a root file system in a tar" },
	{ "load", verb_image, "load images from an archive or a directory" },
	{ "save", verb_image, "write images to an archive or a directory" },
	{ "images", verb_images, "list the images of the store" },
	{ "history", verb_history, "show how an image was made" },
	{ "rmi", verb_image, "remove images" },
	{ "tag", verb_image, "give an image one more name" },
	{ "untag", verb_image, "take names from an image" },
	{ "check", verb_image,
	  "see whether the store is whole, and repair it" },
	{ "unpack", verb_image,
	  "unpack the layers of an image ahead of a run" },
	{ "info", verb_info, "print what there is, here and in the store" },
	{ "version", verb_version, "print the version" },
	{ "container", verb_group, NULL },
	{ "image", verb_group, NULL },
	{ "system", verb_group, NULL },
	{ "help", verb_help, "print this" },
};

static int verb_help(const struct call *call)
{
	(void)call;
	puts("Usage: wolffia [--store DIR] [--debug] VERB ...\n\n"
	     "A rootless, daemonless container launcher: root in a container "
	     "is "
	     "never root\non the host.\n");
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (verbs[i].help)
			printf("  %-10s %s\n", verbs[i].name, verbs[i].help);
	puts("\nA first container, without any download:  wolffia run -it "
	     "@host\n"
	     "More: wolffia VERB --help, man wolffia-run");
	return 0;
}

static int verb_image(const struct call *call)
{
	struct error err;

	if (call->global.store)
		setenv("WOLFFIA_STORE", call->global.store, 1);
	image_tool_exec(call->argv, &err);
	print_error(&err);
	return STATUS_WOLFFIA;
}

static const struct verb *find_verb(const char *name, struct error *err)
{
	const char *names[ARRAY_SIZE(verbs) + 1] = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
		names[i] = verbs[i].name;
	}
	const char *near = text_nearest(name, names);
	error_say(err, EINVAL, "there is no verb \"%s\"", name);
	if (near)
		error_hint(err, "did you mean \"%s\"?", near);
	else
		error_hint(err, "\"wolffia help\" lists the verbs");
	return NULL;
}

/* docker's "container VERB" is VERB, and so are most of "image" and "system" */
static const struct {
	const char *group, *name, *verb;
} others[] = {
	{ "image", "ls", "images" },
	{ "image", "list", "images" },
	{ "image", "rm", "rmi" },
	{ "image", "remove", "rmi" },
};

static const char *verb_of_group(const char *group, const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (strcmp(others[i].group, group) == 0 &&
		    strcmp(others[i].name, name) == 0)
			return others[i].verb;
	return name;
}

static int verb_group(const struct call *call)
{
	struct call inner = *call;
	const struct verb *verb = NULL;
	scoped(char *) *argv = xcalloc((size_t)call->argc + 1, sizeof(*argv));
	struct error err;

	for (int i = 1; i < call->argc; i++)
		argv[i - 1] = call->argv[i];
	inner.argc--;
	inner.argv = argv;
	inner.group = call->argv[0];
	if (call->argc < 2) {
		error_say(&err, EINVAL, "the verb is missing");
	} else {
		verb = find_verb(verb_of_group(inner.group, argv[0]), &err);
		argv[0] = (char *)(uintptr_t)(verb ? verb->name : argv[0]);
	}
	if (verb)
		return verb->function(&inner);
	print_error(&err);
	return STATUS_WOLFFIA;
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* for the other program, too; in place of those that the variable named */
static void name_image_stores(struct strv *paths)
{
	scoped(char) *list = xstrdup("");

	if (paths->n == 0)
		return;
	for (size_t i = 0; i < paths->n; i++) {
		char *more =
			xasprintf("%s%s%s", list, i ? ":" : "", paths->v[i]);
		free(list);
		list = more;
	}
	setenv("WOLFFIA_IMAGESTORE", list, 1);
	strv_free(paths);
}

int main(int argc, char **argv)
{
	struct call call = { .whole_argv = argv, .started_ns = now_ns() };
	struct error err;
	int first = fd_fill_standard(&err);

	process_remember_title(argc, argv);

	if (first == 0)
		first = global_options_parse(argc, argv, &call.global, &err);
	if (first < 0)
		goto failed;
	name_image_stores(&call.global.imagestores);
	if (call.global.version == FLAG_YES)
		return verb_version(&call);
	if (call.global.help == FLAG_YES || first >= argc)
		return verb_help(&call) + (first >= argc && !call.global.help
						   ? STATUS_WOLFFIA
						   : 0);
	const struct verb *verb = find_verb(argv[first], &err);
	if (verb) {
		call.argc = argc - first;
		call.argv = argv + first;
		return print_close(verb->function(&call));
	}
failed:
	print_error(&err);
	return STATUS_WOLFFIA;
}
