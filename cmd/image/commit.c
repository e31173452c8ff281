/* wolffia commit: what a container wrote becomes an image. */
#include "storage/commit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/status.h"
#include "cmd/image/commit_config.h"
#include "cmd/image/image_say.h"
#include "cmd/image/image_verbs.h"
#include "cmd/option_rows.h"
#include "cmd/written.h"
#include "core/control.h"
#include "core/launch_record.h"
#include "storage/layout.h"

struct options {
	struct image_options common;
	const char *author, *message, *iidfile, *format;
	struct strv changes;
	enum flag pause;
};

#define TO options
/* clang-format off */
static const struct option_entry table[] = {
VALUE('a', "author", author, "TEXT", "who made it, for the image's history"),
LIST('c', "change", changes, "INSTRUCTION",
     "set CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, STOPSIGNAL, USER, VOLUME or "
     "WORKDIR of the image, as in a Dockerfile"),
CHOICE("format", NULL, format, "FORMAT", "oci|docker", "oci, and nothing else"),
VALUE(0, "iidfile", iidfile, "FILE", "write the image's id into FILE"),
VALUE('m', "message", message, "TEXT", "comment in the image's history"),
FLAG('p', "pause", pause, "pause the container meanwhile, which is the "
     "default; --pause=false lets it go on"),
FLAG('q', "quiet", common.quiet, "show no progress"),
VALUE(0, "store", common.store, "DIR",
      "where images, containers and volumes lie"),
FLAG('h', "help", common.help, "show this"),
OPTION_TABLE_END
};
/* clang-format on */
#undef TO

static void adjust(const void *context, struct image_config *config)
{
	commit_config(context, config);
}

/*
 * Return: 1 it was paused, and is to be unpaused; 0 it does not run, is paused
 * already, or shall not be
 */
static int pause_container(const struct image_work *work,
			   const struct written *written, enum flag wanted,
			   struct error *err)
{
	const struct control_request request = { .verb = CONTROL_PAUSE };
	const struct record *record = &written->container.record;

	if (!written->container.alive || record->phase == PHASE_PAUSED ||
	    wanted == FLAG_NO)
		return 0;
	int r = control_call(&work->store, record->id, &request, NULL, err);
	if (r == 0)
		return 1;
	if (r == -ESRCH || r == -EALREADY)
		return 0;
	if (wanted == FLAG_YES)
		return error_prefix(err, "pause the container");
	image_note("the container goes on meanwhile: %s", err->text);
	return 0;
}

static void unpause_container(const struct image_work *work,
			      const struct written *written)
{
	const struct control_request request = { .verb = CONTROL_UNPAUSE };
	const struct record *record = &written->container.record;
	struct error err;

	if (control_call(&work->store, record->id, &request, NULL, &err) < 0 &&
	    err.code != ESRCH)
		image_fail(&err, "cannot let %s go on", record->name);
}

static void say(uint64_t n, const char *what)
{
	if (n)
		image_note("%llu %s", (unsigned long long)n, what);
}

static void say_notes(const struct tarball_notes *notes,
		      const struct written *written)
{
	if (written->spec.rootfs != ROOTFS_IMAGE)
		image_note("the image holds only what the container changed; "
			   "all of its root is in: wolffia export %s",
			   written->container.record.name);
	say(notes->sockets, "sockets were left out");
	say(notes->names, "files whose names begin with .wh. were left out: in "
			  "an image such a name removes a file");
	say(notes->attributes, "attributes of files were left out: an image "
			       "cannot hold them");
	say(notes->changed, "files changed while they were read");
}

static int write_iidfile(const char *path, const char *id, struct error *err)
{
	scoped_fd fd =
		open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0)
		return error_set(err, errno, "--iidfile: open %s", path);
	int r = fd_write_all(fd, id, strlen(id), err);
	return r < 0 ? error_prefix(err, "--iidfile: %s", path) : 0;
}

/* before it is visible, so that a failure leaves no image behind */
static int report_id(const struct options *options, const struct stage *stage,
		     const char *digest, struct error *err)
{
	scoped(char) *path = xasprintf("blobs/%s", digest);
	scoped(char) *text = NULL;
	scoped_manifest manifest = { 0 };

	if (!options->iidfile)
		return 0;
	ssize_t n = fd_read_file(stage->dirfd, path, MANIFEST_MAX, &text, err);
	int r = n < 0 ? (int)n
		      : manifest_parse(text, (size_t)n, &manifest, err);
	return r < 0 ? r
		     : write_iidfile(options->iidfile, manifest.config.digest,
				     err);
}

static void note_events(const struct store *store, const struct record *record,
			const struct descriptor *image)
{
	scoped_strv attributes = { 0 };

	strv_addf(&attributes, "imageID=%s", image->digest);
	if (image->name)
		strv_addf(&attributes, "imageRef=%s", image->name);
	record_event_with(store, record, EVENT_COMMIT, &attributes);
}

static int commit_container(struct image_work *work,
			    const struct options *options,
			    const struct written *written, const char *name,
			    struct error *err)
{
	const struct spec *spec = &written->spec;
	const struct commit_options commit = {
		.place = &written->place,
		.base = spec->rootfs == ROOTFS_IMAGE ? spec->image_digest
						     : NULL,
		.name = name,
		.author = options->author,
		.message = options->message,
		.created_by = written->container.record.command,
		.changes = options->changes,
		.adjust = adjust,
		.context = spec,
	};
	struct tarball_notes notes = { 0 };
	scoped_index images = { 0 };
	int paused = pause_container(work, written, options->pause, err);
	int r = paused < 0 ? paused
			   : commit_image(&work->stage, &commit, &notes,
					  &images, err);

	if (paused > 0)
		unpause_container(work, written);
	if (r == 0)
		r = report_id(options, &work->stage, images.entries[0].digest,
			      err);
	if (r == 0)
		r = stage_commit(&work->stage, &images, err);
	if (r < 0)
		return r;
	note_events(&work->store, &written->container.record,
		    &images.entries[0]);
	image_progress(NULL);
	say_notes(&notes, written);
	puts(images.entries[0].digest);
	return 0;
}

static int commit_named(struct image_work *work, const struct options *options,
			const struct strv *arguments, struct error *err)
{
	scoped_written written = { .state = STATE_NONE };
	int r = written_find(&work->store, arguments->v[0], &written, err);

	if (r == 0)
		r = written_check_ids(&written, &work->outer, err);
	if (r < 0)
		return r;
	/* in the form in which the container has the layers below */
	work->ids.single = written.spec.userns == USERNS_SINGLE;
	r = image_stage(work, err);
	return r < 0 ? r
		     : commit_container(
			       work, options, &written,
			       arguments->n > 1 ? arguments->v[1] : NULL, err);
}

static int commit(const struct options *options, const struct strv *arguments)
{
	struct image_work work;
	struct error err, second;
	int r = image_begin(&work, &options->common, false, &err);

	if (r == 0) {
		r = commit_named(&work, options, arguments, &err);
		if (r < 0)
			image_fail(&err, "cannot commit %s", arguments->v[0]);
		if (image_end(&work, &second) < 0)
			image_fail(&second, "commit");
	} else {
		image_fail(&err, "cannot commit %s", arguments->v[0]);
	}
	return r < 0 ? STATUS_WOLFFIA : 0;
}

static int check_format(const char *format, struct error *err)
{
	int choice =
		format ? option_choice("--format", "oci|docker", format, err)
		       : 0;

	if (choice <= 0)
		return choice;
	error_say(err, EOPNOTSUPP,
		  "--format docker: images are made in the "
		  "OCI format only, which docker reads, too");
	return error_hint(err, "skopeo copy --format v2s2 makes the other one "
			       "of it");
}

int verb_commit(int argc, char *const argv[])
{
	struct options options = { 0 };
	scoped_strv arguments = { 0 };
	struct error err;
	int r = image_parse(table, "commit [OPTION...] CONTAINER [NAME[:TAG]]",
			    argc, argv, &options, &options.common, &arguments);
	int status = r > 0 ? 0 : STATUS_WOLFFIA;

	if (r == 0 && check_format(options.format, &err) < 0)
		image_fail(&err, "commit");
	else if (r == 0 && (arguments.n < 1 || arguments.n > 2))
		image_usage("commit: write the container, and at most one name "
			    "for the image");
	else if (r == 0)
		status = commit(&options, &arguments);
	strv_free(&options.changes);
	return status;
}
