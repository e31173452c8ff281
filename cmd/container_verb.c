#include "cmd/container_verb.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/status.h"
#include "cmd/print.h"
#include "storage/image_store.h"

/* options and names in any order; "--" ends the options */
static int parse(struct container_verb *verb, const struct call *call,
		 void *options, struct error *err)
{
	int argc = call->argc;
	char **argv = call->argv;

	while (argc > 1) {
		int next = option_table_parse(verb->table, argc, argv, options,
					      err);
		if (next < 0)
			return next;
		bool ended = strcmp(argv[next - 1], "--") == 0;
		if (ended || verb->options_first) {
			strv_extend(&verb->arguments, argv + next);
			return 0;
		}
		if (next < argc)
			strv_add(&verb->arguments, argv[next]);
		argc -= next;
		argv += next;
	}
	return 0;
}

static int check_count(const struct container_verb *verb, const char *name,
		       struct error *err)
{
	size_t n = verb->arguments.n;

	if (n < verb->least)
		error_say(err, EINVAL, "%s is missing",
			  verb->missing ? verb->missing
					: "the name of a container");
	else if (verb->most && n > verb->most)
		error_say(err, EINVAL, "\"%s\" is one argument too many",
			  verb->arguments.v[verb->most]);
	else
		return 0;
	return error_hint(err, "usage: wolffia %s; see wolffia %s --help",
			  verb->usage, name);
}

static int open_store(struct container_verb *verb, const struct call *call,
		      const struct container_options *common, struct error *err)
{
	scoped(char) *path = NULL;
	const char *given = common->store ? common->store : call->global.store;
	int r = store_default_path(given, &path, err);

	if (r == 0)
		r = store_open(&verb->store, path, err);
	return r == 0 && verb->images ? store_open_images(&verb->store, err)
				      : r;
}

int container_verb_begin(struct container_verb *verb, const struct call *call,
			 void *options)
{
	const struct container_options *common = options;
	struct error err;

	verb->store.dirfd = -1;
	int r = parse(verb, call, options, &err);
	if (r == 0 && common->help == FLAG_YES) {
		printf("Usage: wolffia %s\n", verb->usage);
		option_table_help(verb->table, stdout);
		return 1;
	}
	if (r == 0)
		r = check_count(verb, call->argv[0], &err);
	if (r == 0)
		r = open_store(verb, call, common, &err);
	if (r < 0)
		print_error(&err);
	return r;
}

void container_verb_end(struct container_verb *verb)
{
	strv_free(&verb->arguments);
	if (verb->store.dirfd >= 0)
		store_close(&verb->store);
}

int container_verb_each(struct container_verb *verb, bool done,
			int (*action)(struct container_verb *verb,
				      const struct container *container,
				      void *options, struct error *err),
			void *options)
{
	int status = 0;

	for (size_t i = 0; i < verb->arguments.n; i++) {
		const char *name = verb->arguments.v[i];
		struct container container = { 0 };
		struct error err;
		int r = container_find(&verb->store, name, &container, &err);
		if (r == 0)
			r = action(verb, &container, options, &err);
		container_free(&container);
		if (r < 0) {
			print_error(&err);
			status = STATUS_WOLFFIA;
		} else if (done) {
			puts(name);
			fflush(stdout);
		}
	}
	return status;
}
