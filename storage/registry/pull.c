#include "storage/registry/pull.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "storage/layout.h"
#include "storage/registry/blob.h"
#include "storage/stage_layers.h"
#include "storage/stage_stream.h"

/* A layer on its way. */
struct fetch {
	struct work *work;
	const struct descriptor *layer;
	const char *diff_id;
	char *what;    /* for messages */
	char *partial; /* name of its file, in .dirfd; NULL: not fetched */
	int dirfd;
	bool adopted;         /* the file has gone into the stage */
	struct blob_get *get; /* NULL: the store has it */
	bool resumed; /* some of it was there: not unpacked on the way */
	struct stage_stream *stream;
	uint64_t passed; /* bytes that the unpacker was given */
	/* what the unpacker has not taken yet of what has come */
	char *waiting;
	size_t n_waiting;
};

/* What pull_image() has while it works. */
struct work {
	const struct pull *pull;
	struct manifest manifest;
	struct image_config config;
	struct descriptor config_blob;
	int partial_fd;
	struct fetch *fetches; /* one for each different layer */
	size_t n;
	struct blob_get *gets; /* for those that are fetched, in a row */
	size_t n_gets;
	struct transfer *transfers; /* what is shown of them all */
};

static int read_documents(struct work *work, struct error *err)
{
	const struct document *document = &work->pull->source->manifest;
	struct client *client = work->pull->source->client;
	scoped(char) *text = NULL;
	int r = manifest_parse(document->text, document->size, &work->manifest,
			       err);

	if (r < 0)
		return error_prefix(err, "the manifest");
	const struct descriptor *config = &work->manifest.config;
	if (config->size > MANIFEST_MAX)
		return error_say(err, EFBIG,
				 "the configuration has more than %d bytes",
				 MANIFEST_MAX);
	r = blob_get_text(client, config->digest, config->size, MANIFEST_MAX,
			  &text, err);
	if (r == 0)
		r = config_parse(text, config->size, &work->config, err);
	if (r == 0)
		r = config_check_layers(&work->config, &work->manifest, err);
	if (r < 0)
		return error_prefix(err, "the configuration");
	return stage_text(work->pull->stage, text, &work->config_blob, err);
}

/* Return: true when this process is the only one that writes to it */
static bool lock_partial(int fd)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	struct stat st;

	/* who has finished one has moved it away */
	return fcntl(fd, F_OFD_SETLK, &whole) == 0 && fstat(fd, &st) == 0 &&
	       st.st_nlink > 0;
}

static int open_partial(struct fetch *fetch, struct error *err)
{
	const int flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW;
	struct stat st;

	fetch->dirfd = fetch->work->partial_fd;
	fetch->partial = xstrdup(fetch->layer->digest);
	scoped_fd fd = openat(fetch->dirfd, fetch->partial, flags, 0600);
	if (fd >= 0 && !lock_partial(fd)) {
		/* somebody else fetches it: this one fetches its own */
		fd_close(&fd);
		free(fetch->partial);
		fetch->dirfd = fetch->work->pull->stage->dirfd;
		fetch->partial = xasprintf("fetch.%s", fetch->layer->digest);
		fd = openat(fetch->dirfd, fetch->partial, flags, 0600);
	}
	if (fd < 0 || fstat(fd, &st) < 0)
		return error_set(err, errno, "make a file for %s", fetch->what);
	fetch->resumed = st.st_size > 0;
	fetch->get->fd = take_fd(fd);
	return 0;
}

/* Return: 0 all of it is with the unpacker; -EAGAIN not yet; -errno */
static int pass_waiting(struct fetch *fetch, struct error *err)
{
	while (fetch->n_waiting > 0) {
		ssize_t n = stage_stream_write(fetch->stream, fetch->waiting,
					       fetch->n_waiting, err);
		if (n < 0)
			return (int)n;
		fetch->n_waiting -= (size_t)n;
		memmove(fetch->waiting, fetch->waiting + n, fetch->n_waiting);
	}
	return 0;
}

static int begin_stream(struct fetch *fetch, struct error *err)
{
	int r = stage_stream_begin(fetch->work->pull->stage, fetch->what,
				   &fetch->stream, err);

	if (r == 0)
		fetch->get->tee_fd = stage_stream_fd(fetch->stream);
	return r;
}

static int cancel_fd(const struct fetch *fetch)
{
	int fd = fetch->work->pull->cancel_fd;

	return fd > 0 ? fd : -1;
}

/* what an unpacker that gave up would say is found out at the end */
static int give_up_stream(struct fetch *fetch, struct error *err)
{
	int r = stage_stream_end(&fetch->stream, fetch->layer->digest,
				 fetch->diff_id, cancel_fd(fetch), err);

	return r < 0 ? r
		     : error_say(err, EBADMSG, "%s ends before its last byte",
				 fetch->what);
}

/* an unpacker that has all of it ends while other layers still come */
static void note_passed(struct fetch *fetch, size_t size)
{
	fetch->passed += size;
	if (fetch->passed < fetch->layer->size || fetch->n_waiting > 0)
		return;
	stage_stream_close(fetch->stream);
	fetch->get->tee_fd = -1;
}

/*
 * Bytes of a layer have come, to be unpacked at once.  All or none of them are
 * taken: what the unpacker has no room for waits here, a piece at most.
 */
static int unpack_piece(void *context, const void *data, size_t size,
			struct error *err)
{
	struct fetch *fetch = context;
	size_t done = 0;
	int r = fetch->stream ? 0 : begin_stream(fetch, err);

	if (r == 0)
		r = pass_waiting(fetch, err);
	while (r == 0 && done < size) {
		ssize_t n = stage_stream_write(fetch->stream,
					       (const char *)data + done,
					       size - done, err);
		if (n < 0)
			r = (int)n;
		else
			done += (size_t)n;
	}
	if (r == -EPIPE)
		return give_up_stream(fetch, err);
	if (r == -EAGAIN && fetch->n_waiting == 0) {
		fetch->waiting = xreallocarray(fetch->waiting, size, 1);
		fetch->n_waiting = size - done;
		memcpy(fetch->waiting, (const char *)data + done,
		       fetch->n_waiting);
		r = 0;
	}
	if (r == 0)
		note_passed(fetch, size);
	return r;
}

static bool is_listed(const struct work *work, const char *digest)
{
	for (size_t i = 0; i < work->n; i++)
		if (strcmp(work->fetches[i].layer->digest, digest) == 0)
			return true;
	return false;
}

static int add_layer(struct work *work, size_t i, struct error *err)
{
	const struct descriptor *layer = &work->manifest.layers[i];
	const char *diff_id = work->config.diff_ids.v[i];
	struct stage *stage = work->pull->stage;

	if (is_listed(work, layer->digest))
		return 0;
	struct fetch *fetch = &work->fetches[work->n++];
	*fetch = (struct fetch){
		.work = work,
		.layer = layer,
		.diff_id = diff_id,
		.what = xasprintf("layer %.19s", layer->digest),
	};
	/* the blob may be there and its tree not, or another form of it */
	if (stage_is_elsewhere(stage, layer->digest, diff_id))
		return 0;
	int r = stage_copy_blob(stage, layer, fetch->what, err);
	if (r != -ENOENT)
		return r;
	fetch->get = &work->gets[work->n_gets++];
	*fetch->get = (struct blob_get){
		.digest = layer->digest,
		.size = layer->size,
		.fd = -1,
		.tee_fd = -1,
		.context = fetch,
	};
	r = open_partial(fetch, err);
	if (r == 0 && !fetch->resumed)
		fetch->get->tee = unpack_piece;
	return r;
}

static int plan_layers(struct work *work, struct error *err)
{
	int r = 0;

	work->fetches =
		xcalloc(work->manifest.n_layers + 1, sizeof(*work->fetches));
	work->gets = xcalloc(work->manifest.n_layers + 1, sizeof(*work->gets));
	for (size_t i = 0; r == 0 && i < work->manifest.n_layers; i++)
		r = add_layer(work, i, err);
	return r;
}

/*
 * What is still to come of the layers, and as much again for what they unpack
 * to, which nobody knows but which is more.
 */
static int check_room(const struct work *work, struct error *err)
{
	uint64_t bytes = 0;
	struct stat st;

	for (size_t i = 0; i < work->n; i++) {
		const struct fetch *fetch = &work->fetches[i];
		if (!fetch->get || fstat(fetch->get->fd, &st) < 0)
			continue;
		uint64_t there = (uint64_t)st.st_size;
		uint64_t size = fetch->layer->size;
		bytes += size + (size > there ? size - there : 0);
	}
	return stage_fit(work->pull->stage, bytes, err);
}

static void begin_showing(struct work *work)
{
	work->transfers = xcalloc(work->n + 1, sizeof(*work->transfers));
	for (size_t i = 0; i < work->n; i++) {
		const struct fetch *fetch = &work->fetches[i];
		work->transfers[i] = (struct transfer){
			.name = fetch->layer->digest,
			.size = fetch->layer->size,
			.at = fetch->get ? &fetch->get->at
					 : &fetch->layer->size,
			.done = fetch->get ? &fetch->get->verified : NULL,
			.was_there = !fetch->get,
		};
	}
	if (work->pull->begin)
		work->pull->begin(work->pull->context, work->transfers,
				  work->n);
}

static int fetch_all(struct work *work, struct error *err)
{
	const struct pull *pull = work->pull;

	return work->n_gets == 0 ? 0
				 : blob_get_all(pull->source->client,
						work->gets, work->n_gets,
						pull->parallel ? pull->parallel
							       : BLOBS_PARALLEL,
						err);
}

/* the last piece may still wait for room */
static int finish_stream(struct fetch *fetch, struct error *err)
{
	int r = stage_stream_write_all(fetch->stream, fetch->waiting,
				       fetch->n_waiting, cancel_fd(fetch), err);

	if (r < 0 && r != -EPIPE)
		return r;
	return stage_stream_end(&fetch->stream, fetch->layer->digest,
				fetch->diff_id, cancel_fd(fetch), err);
}

static int finish_layer(struct fetch *fetch, struct error *err)
{
	struct stage *stage = fetch->work->pull->stage;
	const char *digest = fetch->layer->digest;
	int r = 0;

	if (fetch->partial)
		r = stage_adopt_blob(stage, fetch->dirfd, fetch->partial,
				     digest, err);
	if (r < 0)
		return r;
	fetch->adopted = fetch->partial;
	if (!fetch->stream && stage_has_layer(stage, digest, fetch->diff_id))
		return 0;
	if (!fetch->stream)
		r = stage_stream_begin_blob(stage, digest, fetch->what,
					    &fetch->stream, err);
	return r < 0 ? r : finish_stream(fetch, err);
}

static int stage_documents(struct work *work, struct image_index *ret,
			   struct error *err)
{
	const struct pull *pull = work->pull;
	const struct document *document = &pull->source->manifest;
	const struct document *index = &pull->source->index;
	struct descriptor entry = { 0 };
	int r = stage_text(pull->stage, document->text, &entry, err);

	if (r < 0)
		return r;
	entry.media_type = xstrdup(document->media_type);
	entry.os = xstrdup(work->config.os);
	entry.architecture = xstrdup(work->config.architecture);
	entry.name = pull->name ? xstrdup(pull->name) : NULL;
	entry.index_digest = index->text ? xstrdup(index->digest) : NULL;
	index_append(ret, &entry);
	descriptor_free(&entry);
	return 0;
}

static void free_work(struct work *work)
{
	struct stat st;

	for (size_t i = 0; i < work->n; i++) {
		struct fetch *fetch = &work->fetches[i];
		stage_stream_free(&fetch->stream);
		/* nothing came: nothing to go on with */
		if (fetch->get && fetch->get->fd >= 0 &&
		    fstat(fetch->get->fd, &st) == 0 && st.st_size == 0)
			unlinkat(fetch->dirfd, fetch->partial, 0);
		if (fetch->get)
			fd_close(&fetch->get->fd);
		free(fetch->partial);
		free(fetch->waiting);
		free(fetch->what);
	}
	free(work->fetches);
	free(work->gets);
	free(work->transfers);
	fd_close(&work->partial_fd);
	manifest_free(&work->manifest);
	config_free(&work->config);
	descriptor_free(&work->config_blob);
}

/* bytes that have come and are right are kept for the next try */
static void give_back(const struct work *work)
{
	const struct stage *stage = work->pull->stage;

	for (size_t i = 0; i < work->n; i++) {
		const struct fetch *fetch = &work->fetches[i];
		if (!fetch->adopted || fetch->dirfd != work->partial_fd)
			continue;
		scoped(char) *blob =
			xasprintf("blobs/%s", fetch->layer->digest);
		renameat(stage->dirfd, blob, work->partial_fd, fetch->partial);
	}
}

static bool is_cancelled(const struct pull *pull)
{
	struct pollfd fd = { .fd = pull->cancel_fd, .events = POLLIN };

	return pull->cancel_fd > 0 && poll(&fd, 1, 0) > 0;
}

static int interrupted(struct error *err)
{
	return error_say(err, ECANCELED, "interrupted");
}

static int finish_all(struct work *work, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < work->n; i++) {
		stage_say(work->pull->stage, "Unpacking layer %zu of %zu",
			  i + 1, work->n);
		r = is_cancelled(work->pull)
			    ? interrupted(err)
			    : finish_layer(&work->fetches[i], err);
	}
	return r;
}

int pull_image(const struct pull *pull, struct image_index *ret,
	       struct error *err)
{
	struct work work = { .pull = pull, .partial_fd = -1 };
	int r = stage_fit(pull->stage, 0, err);

	if (r == 0)
		r = read_documents(&work, err);
	work.partial_fd = openat(pull->stage->store->dirfd, "partial",
				 O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r == 0 && work.partial_fd < 0)
		r = error_set(err, errno, "open %s/partial",
			      pull->stage->store->path);
	if (r == 0)
		r = plan_layers(&work, err);
	if (r == 0)
		r = check_room(&work, err);
	if (r == 0) {
		begin_showing(&work);
		r = fetch_all(&work, err);
		if (r == 0)
			r = finish_all(&work, err);
		if (pull->end)
			pull->end(pull->context);
	}
	/* ^C reaches our unpackers too, and it is not they who failed */
	if (r < 0 && is_cancelled(pull))
		r = interrupted(err);
	if (r == 0)
		r = stage_documents(&work, ret, err);
	else if (r == -ECANCELED)
		give_back(&work);
	free_work(&work);
	return r;
}
