/* What the verbs of wolffia-image have in common; see image_verbs.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "cmd/image/image_say.h"
#include "cmd/image/image_verbs.h"
#include "storage/image_store.h"

static int call_outer(const void *context,
		      int (*function)(void *argument, struct error *err),
		      void *argument, struct error *err)
{
	return outer_call(context, function, argument, err);
}

static void print_help(const struct option_entry *table, const char *usage)
{
	printf("Usage: wolffia %s\n", usage);
	option_table_help(table, stdout);
}

/* the table's parser stops at the first argument: go on behind it */
static int parse_all(const struct option_entry *table, int argc,
		     char *const argv[], void *options, struct strv *arguments,
		     struct error *err)
{
	int at = 0;

	for (;;) {
		int n = option_table_parse(table, argc - at, argv + at, options,
					   err);
		if (n < 0)
			return n;
		bool ended = n > 1 && strcmp(argv[at + n - 1], "--") == 0;
		at += n;
		if (ended)
			strv_extend(arguments, argv + at);
		if (ended || at >= argc)
			return 0;
		strv_add(arguments, argv[at]);
	}
}

int image_parse(const struct option_entry *table, const char *usage, int argc,
		char *const argv[], void *options,
		const struct image_options *common, struct strv *ret_arguments)
{
	return image_parse_with(table, usage, argc, argv, options,
				&common->help, ret_arguments);
}

int image_parse_with(const struct option_entry *table, const char *usage,
		     int argc, char *const argv[], void *options,
		     const enum flag *help, struct strv *ret_arguments)
{
	struct error err;
	int r = parse_all(table, argc, argv, options, ret_arguments, &err);

	if (r < 0) {
		image_fail(&err, "%s", argv[0]);
		return r;
	}
	if (*help == FLAG_YES) {
		print_help(table, usage);
		return 1;
	}
	return 0;
}

/* said once, because it decides what the images can do */
static void say_single(const struct error *why)
{
	image_note("files are unpacked for one id only: %s", why->text);
	if (why->hint[0])
		image_note("%s", why->hint);
}

int image_begin(struct image_work *work, const struct image_options *options,
		bool single, struct error *err)
{
	int r = image_begin_unswept(work, options, single, err);

	return r < 0 ? r : image_sweep(work);
}

int image_sweep(struct image_work *work)
{
	struct error why;

	if (stage_sweep(&work->store, &work->ids, &why) < 0)
		image_fail(&why, "cannot remove what was left half-done");
	return 0;
}

int image_begin_unswept(struct image_work *work,
			const struct image_options *options, bool single,
			struct error *err)
{
	scoped(char) *path = NULL;
	struct error why = { 0 };
	bool quiet = options->quiet == FLAG_YES;
	int r = store_default_path(options->store, &path, err);

	*work = (struct image_work){ .store.dirfd = -1 };
	if (r == 0)
		r = outer_find_ids(single, &work->outer, &why);
	if (r < 0 && why.code)
		*err = why;
	if (r == 0)
		r = store_open(&work->store, path, err);
	if (r == 0)
		r = store_open_images(&work->store, err);
	if (r < 0) {
		if (work->store.dirfd >= 0)
			store_close(&work->store);
		return r;
	}
	if (work->outer.single && !single && !quiet)
		say_single(&why);
	uint32_t uids = idmap_size(&work->outer.uids);
	uint32_t gids = idmap_size(&work->outer.gids);
	work->ids = (struct stage_ids){
		.single = work->outer.single,
		.ids = uids < gids ? uids : gids,
		.call = call_outer,
		.context = &work->outer,
		.progress =
			!quiet && isatty(STDERR_FILENO) ? image_progress : NULL,
	};
	return 0;
}

int image_stage(struct image_work *work, struct error *err)
{
	return stage_open(&work->stage, &work->store, &work->ids, err);
}

int image_end(struct image_work *work, struct error *err)
{
	int r = stage_discard(&work->stage, err);

	store_close(&work->store);
	image_progress(NULL);
	return r;
}

int image_open_store(const struct store *store, const char *path,
		     struct error *err)
{
	int fd = openat(store->dirfd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	return fd >= 0 ? fd
		       : error_set(err, errno, "open %s/%s", store->path, path);
}

int image_open(const char *path, struct error *err)
{
	if (strcmp(path, "-") == 0) {
		int fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
		return fd >= 0 ? fd : error_set(err, errno, "standard input");
	}
	scoped_fd fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return error_set(err, errno, "open it");
	return take_fd(fd);
}

void image_events(const struct store *store, const char *action,
		  const struct image_index *images)
{
	for (size_t i = 0; i < images->n; i++) {
		const struct event event = {
			.type = EVENT_IMAGE,
			.action = action,
			.id = images->entries[i].digest,
			.name = images->entries[i].name,
		};
		events_append(store, &event);
	}
}
