#include "storage/registry/push.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "storage/hash.h"
#include "storage/image_store.h"
#include "storage/layout.h"
#include "storage/reference.h"
#include "storage/registry/blob.h"
#include "storage/registry/client_private.h"
#include "storage/registry/upload.h"

enum {
	ANSWER_MAX = 64 * 1024,
	SMALL = 1 << 20, /* bytes of a blob that goes in one request */
};

/* One of the blobs, each different. */
struct item {
	const struct descriptor *blob;
	int fd;
	char *from; /* repository to mount it from; NULL: none */
	char *mounted;
	const char *ways[PUT_HOWS];
};

struct work {
	const struct push *push;
	char *text; /* the manifest */
	size_t size;
	struct manifest manifest;
	struct item *items; /* the layers, and last the configuration */
	size_t n;
	struct blob_put *puts; /* of the items */
	struct transfer *transfers;
};

static int damaged(struct error *err)
{
	err->code = EUCLEAN;
	return error_hint(err, "find out what is damaged with: wolffia check");
}

static int check_digest(const char *digest, const char *text, size_t size,
			struct error *err)
{
	char found[DIGEST_MAX] = "";
	scoped_hash *hash = NULL;
	int r = hash_begin(digest, &hash, err);

	if (r == 0)
		r = hash_add(hash, text, size, err);
	if (r == 0)
		r = hash_end(hash, found, err);
	if (r < 0 || strcmp(found, digest) == 0)
		return r;
	error_say(err, EUCLEAN, "the manifest in the store has the digest %s",
		  found);
	return damaged(err);
}

static int read_manifest(struct work *work, struct error *err)
{
	const struct push *push = work->push;
	ssize_t size = layout_read_blob(push->store, push->image->digest,
					MANIFEST_MAX, &work->text, err);

	if (size < 0)
		return (int)size;
	work->size = (size_t)size;
	int r = check_digest(push->image->digest, work->text, work->size, err);
	return r < 0 ? r
		     : manifest_parse(work->text, work->size, &work->manifest,
				      err);
}

static int open_blob(const struct store *store, const struct descriptor *blob,
		     struct error *err)
{
	scoped(char) *place = digest_blob_path(blob->digest);
	scoped(char) *path = xasprintf("oci/%s", place);
	struct stat st;
	int fd = openat(store->dirfd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0 && errno == ENOENT) {
		fd = image_store_blob(store, blob->digest);
		errno = fd < 0 ? -fd : 0;
	}
	scoped_fd owned = fd;
	if (owned < 0 || fstat(owned, &st) < 0) {
		error_set(err, errno, "open blob %s of the store",
			  blob->digest);
		return damaged(err);
	}
	if ((uint64_t)st.st_size != blob->size) {
		error_say(err, EUCLEAN,
			  "blob %s of the store has %llu bytes, not %llu",
			  blob->digest, (unsigned long long)st.st_size,
			  (unsigned long long)blob->size);
		return damaged(err);
	}
	return take_fd(owned);
}

/* the path in our registry that @image is called after, or NULL; another than
 * our own */
static char *path_in_registry(const struct push *push,
			      const struct descriptor *image)
{
	scoped(char) *repository = descriptor_repository(image);
	scoped_reference ref = { 0 };
	struct error ignored;

	if (!repository || reference_parse(repository, &ref, &ignored) < 0 ||
	    !ref.domain || strcmp(ref.domain, push->place->registry) != 0 ||
	    strcmp(ref.path, push->place->repository) == 0)
		return NULL;
	return take_ptr(ref.path);
}

static bool has_blob(const struct manifest *manifest, const char *digest)
{
	if (strcmp(manifest->config.digest, digest) == 0)
		return true;
	for (size_t i = 0; i < manifest->n_layers; i++)
		if (strcmp(manifest->layers[i].digest, digest) == 0)
			return true;
	return false;
}

/* what @image has and we have may be mounted from its repository */
static void note_owner(struct work *work, const struct descriptor *image)
{
	const struct push *push = work->push;
	scoped(char) *path = path_in_registry(push, image);
	scoped_manifest manifest = { 0 };
	scoped(char) *text = NULL;
	struct error ignored;

	if (!path)
		return;
	ssize_t size = layout_read_blob(push->store, image->digest,
					MANIFEST_MAX, &text, &ignored);
	if (size < 0 ||
	    manifest_parse(text, (size_t)size, &manifest, &ignored) < 0)
		return;
	for (size_t i = 0; i < work->n; i++) {
		struct item *item = &work->items[i];
		if (item->from || !has_blob(&manifest, item->blob->digest))
			continue;
		item->from = xstrdup(path);
		item->mounted = xasprintf("mounted from %s", path);
		item->ways[PUT_MOUNTED] = item->mounted;
		work->puts[i].from = item->from;
	}
}

static bool is_listed(const struct work *work, const char *digest)
{
	for (size_t i = 0; i < work->n; i++)
		if (strcmp(work->items[i].blob->digest, digest) == 0)
			return true;
	return false;
}

static int add_item(struct work *work, const struct descriptor *blob,
		    struct error *err)
{
	if (is_listed(work, blob->digest))
		return 0;
	int fd = open_blob(work->push->store, blob, err);
	if (fd < 0)
		return fd;
	struct item *item = &work->items[work->n];
	*item = (struct item){
		.blob = blob,
		.fd = fd,
		.ways = { [PUT_SENT] = "pushed", [PUT_WAS_THERE] = "exists" },
	};
	work->puts[work->n++] = (struct blob_put){
		.digest = blob->digest,
		.size = blob->size,
		.fd = fd,
		.chunk = blob->size > SMALL ? blob->size : 0,
	};
	return 0;
}

static int list_items(struct work *work, struct error *err)
{
	const struct manifest *manifest = &work->manifest;
	size_t max = manifest->n_layers + 1;
	int r = 0;

	work->items = xcalloc(max, sizeof(*work->items));
	work->puts = xcalloc(max, sizeof(*work->puts));
	for (size_t i = 0; r == 0 && i < manifest->n_layers; i++)
		r = add_item(work, &manifest->layers[i], err);
	if (r == 0)
		r = add_item(work, &manifest->config, err);
	for (size_t i = 0; r == 0 && i < work->push->images->n; i++)
		note_owner(work, &work->push->images->entries[i]);
	return r;
}

/* of all but the last, which is the configuration */
static void begin_showing(struct work *work)
{
	const struct push *push = work->push;

	work->transfers = xcalloc(work->n, sizeof(*work->transfers));
	for (size_t i = 0; i < work->n; i++)
		work->transfers[i] = (struct transfer){
			.name = work->puts[i].digest,
			.size = work->puts[i].size,
			.at = &work->puts[i].at,
			.done = &work->puts[i].done,
			.ways = work->items[i].ways,
			.way = &work->puts[i].how,
		};
	if (push->begin)
		push->begin(push->context, work->transfers, work->n - 1);
}

/* what a registry refuses may not be what its digest says */
static int check_sent(const struct work *work, int why, struct error *err)
{
	char digest[DIGEST_MAX];
	struct error ignored;
	uint64_t size;

	for (size_t i = 0; i < work->n; i++) {
		const struct item *item = &work->items[i];
		if (work->puts[i].done || lseek(item->fd, 0, SEEK_SET) < 0 ||
		    hash_stream(item->fd, -1, item->blob->digest,
				item->blob->size, digest, &size, &ignored) < 0)
			continue;
		if (strcmp(digest, item->blob->digest) != 0) {
			error_say(err, EUCLEAN,
				  "blob %s of the store is damaged: its digest "
				  "is %s",
				  item->blob->digest, digest);
			return damaged(err);
		}
	}
	return why;
}

static int send_blobs(struct work *work, struct error *err)
{
	const struct push *push = work->push;
	size_t parallel = push->parallel ? push->parallel : BLOBS_PARALLEL;

	begin_showing(work);
	int r = blob_put_all(push->client, work->puts, work->n, parallel, err);
	if (push->end)
		push->end(push->context);
	return r == -EPROTO ? check_sent(work, r, err) : r;
}

static void free_work(struct work *work)
{
	for (size_t i = 0; i < work->n; i++) {
		fd_close(&work->items[i].fd);
		free(work->items[i].from);
		free(work->items[i].mounted);
	}
	free(work->items);
	free(work->puts);
	free(work->transfers);
	free(work->text);
	manifest_free(&work->manifest);
}

int push_image(const struct push *push, struct error *err)
{
	struct work work = { .push = push };
	char digest[DIGEST_MAX];
	int r = read_manifest(&work, err);

	if (r == 0)
		r = list_items(&work, err);
	if (r == 0)
		r = send_blobs(&work, err);
	if (r == 0)
		r = client_put_document(push->client, push->tag, work.text,
					work.size, push->image->media_type,
					digest, err);
	free_work(&work);
	return r;
}

static int put_document(struct client *client, const char *reference,
			const char *text, size_t size, const char *media_type,
			const char *digest, struct error *err)
{
	scoped_call call;

	call_init(&call, client, HTTP_PUT, client->push, "manifests/%s",
		  reference ? reference : digest);
	strv_addf(&call.x.request.headers, "Content-Type: %s", media_type);
	call.x.request.data = text;
	call.x.request.body_size = size;
	call.x.request.keep_max = ANSWER_MAX;
	int r = call_do(&call, err);
	if (r < 0)
		return r;
	if (call.x.answer.status != 201)
		return call_failed(&call, err);
	const char *says = call.x.answer.digest;
	if (says && strcmp(says, digest) != 0)
		return error_say(err, EBADMSG,
				 "the registry stored it as %.100s", says);
	return 0;
}

int client_put_document(struct client *client, const char *reference,
			const char *text, size_t size, const char *media_type,
			char ret_digest[DIGEST_MAX], struct error *err)
{
	int r = hash_text(text, size, ret_digest, err);

	if (r == 0)
		r = client_connect(client, err);
	if (r == 0)
		r = put_document(client, reference, text, size, media_type,
				 ret_digest, err);
	return r < 0 ? error_prefix(err, "%s %s", client->name,
				    reference ? reference : "")
		     : 0;
}
