/* wolffia import: a tar of a root file system becomes an image. */
#include "storage/import.h"

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
	struct strv changes;
	const char *message;
};

/* clang-format off */
const struct option_entry import_table[] = {
	{ OPTION_LIST, 'c', "change", NULL, "INSTRUCTION",
	  offsetof(struct options, changes), NULL,
	  "Set CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, STOPSIGNAL, USER, VOLUME or "
	  "WORKDIR of the image, as in a Dockerfile.", NULL },
	{ OPTION_STRING, 'm', "message", NULL, "TEXT",
	  offsetof(struct options, message), NULL,
	  "Comment in the image's history.", NULL },
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

static int import_from(struct image_work *work, int fd,
		       const struct import_options *import, struct error *err)
{
	scoped_index images = { 0 };
	int r = image_stage(work, err);

	if (r == 0)
		r = import_image(&work->stage, fd, import, &images, err);
	if (r == 0)
		r = stage_commit(&work->stage, &images, err);
	if (r < 0)
		return r;
	image_events(&work->store, EVENT_IMPORT, &images);
	image_progress(NULL);
	if (work->stage.skipped_devices)
		image_note("%llu device nodes of the archive were left out",
			   (unsigned long long)work->stage.skipped_devices);
	puts(images.entries[0].digest);
	return 0;
}

static int import(const struct options *options, const struct strv *arguments)
{
	struct image_work work;
	struct error err, second;
	const char *path = arguments->v[0];
	struct import_options import = {
		.what = strcmp(path, "-") == 0 ? "standard input" : path,
		.name = arguments->n > 1 ? arguments->v[1] : NULL,
		.message = options->message,
		.changes = options->changes,
	};
	scoped_fd fd = image_open(path, &err);
	int r = fd < 0 ? fd : image_accept_archive("tarball", fd, path, &err);

	if (r == 0)
		r = image_begin(&work, &options->common, false, &err);
	if (r < 0)
		return image_fail(&err, "cannot import %s", import.what);
	r = import_from(&work, fd, &import, &err);
	if (r < 0)
		image_fail(&err, "cannot import %s", import.what);
	if (image_end(&work, &second) < 0)
		image_fail(&second, "%s", "import");
	return r < 0 ? STATUS_WOLFFIA : 0;
}

int verb_import(int argc, char *const argv[])
{
	struct options options = { 0 };
	scoped_strv arguments = { 0 };
	int r = image_parse(import_table,
			    "import [OPTION...] FILE|- [NAME[:TAG]]", argc,
			    argv, &options, &options.common, &arguments);

	if (r == 0 && (arguments.n < 1 || arguments.n > 2))
		r = -image_usage("import: write the tar, or - for standard "
				 "input, and at most one name");
	int status = r == 0 ? import(&options, &arguments)
			    : (r > 0 ? 0 : STATUS_WOLFFIA);
	strv_free(&options.changes);
	return status;
}
