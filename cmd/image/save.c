/* wolffia save: images of the store go into an archive, or a directory. */
#include "storage/save.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/status.h"
#include "cmd/image/image_say.h"
#include "cmd/image/image_tables.h"
#include "cmd/image/image_verbs.h"
#include "cmd/image/new_output.h"
#include "cmd/option_rows.h"
#include "storage/image.h"
#include "storage/layout.h"

struct options {
	struct image_options common;
	const char *output, *format;
	enum flag several;
};

/* in the order of the choices */
enum format { DOCKER_ARCHIVE, OCI_ARCHIVE, OCI_DIR };
#define FORMATS "docker-archive|oci-archive|oci-dir"

#define TO      options
/* clang-format off */
const struct option_entry save_table[] = {
CHOICE("format", NULL, format, "FORMAT", FORMATS,
       "what is written; an OCI layout each of them, the first one (the "
       "default) for docker before 25, too"),
FLAG('m', "multi-image-archive", several,
     "for podman's sake: an archive takes several images anyway"),
VALUE('o', "output", output, "FILE", "write to FILE, or make the directory "
      "FILE, instead of standard output"),
FLAG('q', "quiet", common.quiet, "show no progress"),
VALUE(0, "store", common.store, "DIR", "directory of images and layers"),
FLAG('h', "help", common.help, "show this"),
OPTION_TABLE_END
};
/* clang-format on */
#undef TO

static bool is_there(const struct image_index *index,
		     const struct descriptor *entry)
{
	for (size_t i = 0; i < index->n; i++) {
		const struct descriptor *e = &index->entries[i];
		if (strcmp(e->digest, entry->digest) == 0 &&
		    (!entry->name ||
		     (e->name && strcmp(e->name, entry->name) == 0)))
			return true;
	}
	return false;
}

/*
 * An image gets the name by which it was asked for; who asks for a digest
 * wants no name.
 */
static int choose(const struct store *store, const struct strv *names,
		  struct image_index *ret, struct error *err)
{
	scoped_index index = { 0 };
	int r = layout_read_images(store, &index, NULL, err);

	for (size_t i = 0; r == 0 && i < names->n; i++) {
		const char *hex = NULL;
		int at = image_lookup(store, &index, names->v[i], &hex, err);
		if (at < 0)
			return at;
		struct descriptor *entry = &index.entries[at];
		scoped(char) *name = take_ptr(entry->name);
		if (name && !hex && !strchr(names->v[i], '@'))
			entry->name = xstrdup(name);
		if (!is_there(ret, entry))
			index_append(ret, entry);
		free(entry->name);
		entry->name = take_ptr(name);
	}
	return r;
}

static int write_images(const struct image_work *work, enum format format,
			const struct image_index *images, const char *path,
			struct error *err)
{
	const struct save_options options = {
		.docker = format == DOCKER_ARCHIVE,
		.progress = work->ids.progress,
		.is_cancelled = new_output_is_cancelled,
	};
	struct new_output output = NEW_OUTPUT_NONE;
	bool directory = format == OCI_DIR;
	int r = directory ? new_output_directory(&output, path, err)
			  : new_output_file(&output, path, err);

	if (r == -EISDIR)
		error_hint(err, "write --format oci-dir for a directory, and "
				"one that is not there yet");
	if (r == 0)
		r = directory ? save_to_directory(&work->store, images,
						  &options, output.fd, err)
			      : save_to_tar(&work->store, images, &options,
					    output.fd, err);
	if (r == 0)
		r = new_output_finish(&output, err);
	image_progress(NULL);
	new_output_end(&output);
	return r;
}

static int save(const struct options *options, enum format format,
		const struct strv *names)
{
	scoped(char) *what = names->n == 1
				     ? xasprintf("cannot save %s", names->v[0])
				     : xstrdup("cannot save the images");
	scoped_index images = { 0 };
	struct image_work work;
	struct error err, second;
	/* no layer is unpacked: ids need not be spoken of */
	struct image_options quietly = options->common;
	quietly.quiet = FLAG_YES;

	int r = image_begin(&work, &quietly, false, &err);
	if (r < 0)
		return image_fail(&err, "%s", what);
	if (options->common.quiet != FLAG_YES && isatty(STDERR_FILENO))
		work.ids.progress = image_progress;
	r = choose(&work.store, names, &images, &err);
	if (r == 0)
		r = write_images(&work, format, &images, options->output, &err);
	if (r < 0)
		image_fail(&err, "%s", what);
	else
		image_events(&work.store, EVENT_SAVE, &images);
	if (image_end(&work, &second) < 0)
		image_fail(&second, "save");
	return r < 0 ? STATUS_WOLFFIA : 0;
}

int verb_save(int argc, char *const argv[])
{
	struct options options = { 0 };
	scoped_strv names = { 0 };
	struct error err;
	int format = DOCKER_ARCHIVE;
	int r = image_parse(save_table, "save [OPTION...] IMAGE...", argc, argv,
			    &options, &options.common, &names);

	if (r != 0)
		return r > 0 ? 0 : STATUS_WOLFFIA;
	if (options.format)
		format = option_choice("--format", FORMATS, options.format,
				       &err);
	if (format < 0)
		return image_fail(&err, "save");
	if (names.n == 0)
		return image_usage("save: write the images to save");
	if (format == OCI_DIR && !options.output)
		return image_usage("save: --format oci-dir needs --output "
				   "DIR");
	/* a reader that goes away is an error like others */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	umask(022);
	return save(&options, (enum format)format, &names);
}
