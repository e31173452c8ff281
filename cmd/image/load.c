/* wolffia load: images from a directory or an archive come into the store. */
#include "storage/load.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/status.h"
#include "cmd/image/image_say.h"
#include "cmd/image/image_tables.h"
#include "cmd/image/image_verbs.h"

struct options {
	struct image_options common;
	const char *input;
};

/* clang-format off */
const struct option_entry load_table[] = {
	{ OPTION_STRING, 'i', "input", NULL, "FILE",
	  offsetof(struct options, input), NULL,
	  "OCI layout, oci-archive or docker-archive; - is standard input.",
	  NULL },
	{ OPTION_FLAG, 'q', "quiet", NULL, NULL,
	  offsetof(struct options, common.quiet), NULL,
	  "Show no progress.", NULL },
	{ OPTION_STRING, 0, "store", NULL, "DIR",
	  offsetof(struct options, common.store), NULL,
	  "Directory of images and layers.", NULL },
	{ OPTION_FLAG, 'h', "help", NULL, NULL,
	  offsetof(struct options, common.help), NULL,
	  "Show this help.", NULL },
	OPTION_TABLE_END,
};
/* clang-format on */

static void report(const struct stage *stage, const struct image_index *images)
{
	image_progress(NULL);
	if (stage->skipped_devices)
		image_note("%llu device nodes of the layers were left out",
			   (unsigned long long)stage->skipped_devices);
	for (size_t i = 0; i < images->n; i++) {
		const struct descriptor *image = &images->entries[i];
		const char *name = image->name ? image->name : image->digest;
		if (descriptor_is_foreign(image))
			image_note("%s is for %s, this machine is %s", name,
				   image->architecture,
				   manifest_architecture());
		printf("Loaded image: %s\n", name);
	}
}

struct input {
	int fd;
	const char *path; /* as it was typed, or "-" */
};

/* @context: a struct input */
static int accept_archive(void *context, const char *transport,
			  struct error *err)
{
	const struct input *input = context;

	return image_accept_archive(transport, input->fd, input->path, err);
}

static int load_from(struct image_work *work, int fd, const char *path,
		     const char *what, struct error *err)
{
	struct input input = { fd, path };
	const struct load_gate gate = { accept_archive, &input };
	scoped_index images = { 0 };
	int r = image_stage(work, err);

	if (r == 0)
		r = load_images(&work->stage, fd, what, &gate, &images, err);
	if (r == 0)
		r = stage_commit(&work->stage, &images, err);
	if (r < 0)
		return r;
	image_events(&work->store, EVENT_LOAD, &images);
	report(&work->stage, &images);
	return 0;
}

static int load(const struct options *options, const char *path)
{
	struct image_work work;
	struct error err, second;
	const char *what = strcmp(path, "-") == 0 ? "standard input" : path;
	scoped_fd fd = image_open(path, &err);
	int r = fd < 0 ? fd : image_begin(&work, &options->common, false, &err);

	if (r < 0)
		return image_fail(&err, "cannot load %s", what);
	r = load_from(&work, fd, path, what, &err);
	if (r < 0)
		image_fail(&err, "cannot load %s", what);
	if (image_end(&work, &second) < 0)
		image_fail(&second, "%s", "load");
	return r < 0 ? STATUS_WOLFFIA : 0;
}

int verb_load(int argc, char *const argv[])
{
	struct options options = { 0 };
	scoped_strv arguments = { 0 };
	int r = image_parse(load_table, "load [OPTION...] [FILE|DIR|-]", argc,
			    argv, &options, &options.common, &arguments);

	if (r != 0)
		return r > 0 ? 0 : STATUS_WOLFFIA;
	const char *path = arguments.n ? arguments.v[0] : options.input;
	if (arguments.n + (options.input != NULL) > 1)
		return image_usage("load: write one file or directory");
	if (!path && isatty(STDIN_FILENO))
		return image_usage("load: write a file or directory, or send "
				   "an archive to standard input");
	return load(&options, path ? path : "-");
}
