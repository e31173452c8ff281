/*
 * registry_probe - the client of storage/registry, for the shell
 *
 *   registry_probe [OPTION...] VERB ARGUMENT...
 *
 * What goes wrong is "CODE: message" on stderr and status 1; the last line
 * there is always "peak N KiB", the most memory that was ever in use.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/text.h"
#include "storage/digest.h"
#include "storage/manifest.h"
#include "storage/reference.h"
#include "storage/registry/blob.h"
#include "storage/registry/client.h"
#include "storage/registry/config.h"
#include "storage/registry/credentials.h"
#include "storage/registry/name.h"
#include "storage/registry/platform.h"
#include "storage/registry/push.h"
#include "storage/registry/referrers.h"
#include "storage/registry/source.h"
#include "storage/registry/upload.h"
#include "storage/trust/trust.h"

static struct {
	struct http_options http;
	uint64_t parallel, chunk, skip;
	const char *platform, *from, *known;
	bool tee, ticks;
	/* of the options above */
	struct registries registries;
	struct http *connection;
} probe = { .parallel = 4 };

static struct client_options client_options(void)
{
	return (struct client_options){
		.http = probe.connection,
		.helpers = &probe.registries.helpers,
	};
}

/* the place that a name in full has, to be closed by the caller */
static int open_client(const char *name, bool push, struct client **ret,
		       struct reference *ret_ref, struct error *err)
{
	struct client_options options = client_options();
	scoped_places places = { 0 };
	int r = reference_parse(name, ret_ref, err);

	if (r == 0)
		r = places_find(&probe.registries, ret_ref, push, &places, err);
	if (r == 0)
		*ret = client_open(&options, &places.v[places.n - 1]);
	return r;
}

static const char *what(const struct reference *ref)
{
	return ref->digest ? ref->digest : ref->tag ? ref->tag : "latest";
}

static int verb_resolve(char **argv, struct error *err)
{
	scoped_strv names = { 0 };
	int r = name_resolve(&probe.registries, argv[0], &names, err);

	for (size_t i = 0; i < names.n; i++)
		puts(names.v[i]);
	return r;
}

static int verb_places(char **argv, struct error *err)
{
	scoped_reference ref = { 0 };
	scoped_places places = { 0 };
	int r = reference_parse(argv[0], &ref, err);

	if (r == 0)
		r = places_find(&probe.registries, &ref, false, &places, err);
	for (size_t i = 0; i < places.n; i++)
		printf("%s %s%s%s\n", places.v[i].registry,
		       places.v[i].repository,
		       places.v[i].insecure ? " insecure" : "",
		       places.v[i].mirror ? " mirror" : "");
	return r;
}

static int verb_login(char **argv, struct error *err)
{
	scoped_client *client = NULL;
	scoped_reference ref = { 0 };
	int r = open_client(argv[0], false, &client, &ref, err);

	return r < 0 ? r : client_login(client, err);
}

static int verb_look(char **argv, struct error *err)
{
	scoped_client *client = NULL;
	scoped_reference ref = { 0 };
	scoped_descriptor found = { 0 };
	int r = open_client(argv[0], false, &client, &ref, err);

	if (r == 0)
		r = client_look_up(client, what(&ref), &found, err);
	if (r == 0)
		printf("%s %s %llu\n", found.digest, found.media_type,
		       (unsigned long long)found.size);
	return r;
}

static int verb_get(char **argv, struct error *err)
{
	scoped_client *client = NULL;
	scoped_reference ref = { 0 };
	scoped_document document = { 0 };
	int r = open_client(argv[0], false, &client, &ref, err);

	if (r == 0)
		r = client_get_document(client, what(&ref), probe.known,
					&document, err);
	if (r > 0)
		puts("unchanged");
	if (r == 0)
		printf("%s %s %zu\n", document.digest, document.media_type,
		       document.size);
	return r < 0 ? r : 0;
}

static int verb_tags(char **argv, struct error *err)
{
	scoped_client *client = NULL;
	scoped_reference ref = { 0 };
	scoped_strv tags = { 0 };
	int r = open_client(argv[0], false, &client, &ref, err);

	if (r == 0)
		r = client_list_tags(client, &tags, err);
	for (size_t i = 0; r == 0 && i < tags.n; i++)
		puts(tags.v[i]);
	return r;
}

static int verb_referrers(char **argv, struct error *err)
{
	scoped_client *client = NULL;
	scoped_reference ref = { 0 };
	struct referrers list = { 0 };
	int r = open_client(argv[0], false, &client, &ref, err);

	if (r == 0)
		r = client_list_referrers(client, ref.digest ? ref.digest : "",
					  argv[1], &list, err);
	for (size_t i = 0; r == 0 && i < list.n; i++)
		printf("%s %s\n", list.v[i].digest, list.v[i].artifact_type);
	referrers_free(&list);
	return r;
}

/* bytes go to stdout as long as it takes them */
static int hand_on(void *context, const void *data, size_t size,
		   struct error *err)
{
	static size_t done; /* of the bytes that are offered again */

	(void)context;
	while (done < size) {
		ssize_t n = write(STDOUT_FILENO, (const char *)data + done,
				  size - done);
		if (n < 0 && errno == EAGAIN)
			return -EAGAIN;
		if (n < 0)
			return error_set(err, errno, "standard output");
		done += (size_t)n;
	}
	done = 0;
	return 0;
}

static void use_tee(struct blob_get *blob)
{
	if (!probe.tee)
		return;
	fcntl(STDOUT_FILENO, F_SETFL, O_NONBLOCK);
	blob->tee = hand_on;
	blob->tee_fd = STDOUT_FILENO;
}

static int open_blob(const char *dir, const char *digest, struct error *err)
{
	scoped(char) *path = xasprintf("%s/%s", dir, digest_hex(digest));
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	return fd < 0 ? error_set(err, errno, "open %s", path) : fd;
}

/* blob NAME DIGEST SIZE DIR */
static int verb_blob(char **argv, struct error *err)
{
	scoped_client *client = NULL;
	scoped_reference ref = { 0 };
	struct blob_get blob = { .digest = argv[1], .tee_fd = -1 };
	int r = open_client(argv[0], false, &client, &ref, err);

	if (r == 0)
		r = digest_check(argv[1], err);
	if (r == 0)
		r = text_to_u64(argv[2], UINT64_MAX, &blob.size, err);
	if (r < 0)
		return r;
	scoped_fd fd = blob.fd = open_blob(argv[3], argv[1], err);
	if (fd < 0)
		return fd;
	use_tee(&blob);
	r = blob_get_all(client, &blob, 1, 1, err);
	fprintf(stderr, "%llu bytes%s\n", (unsigned long long)blob.at,
		blob.verified ? ", verified" : "");
	return r;
}

static int find(const char *name, struct source *ret, struct error *err)
{
	struct client_options options = client_options();
	struct platform platform;
	int r = 0;

	platform_of_machine(&platform);
	if (probe.platform)
		r = platform_parse(probe.platform, &platform, err);
	if (r == 0)
		r = source_find(&probe.registries, &options, name, &platform,
				probe.skip, NULL, ret, err);
	for (size_t i = 0; r == 0 && i < ret->notes.n; i++)
		fprintf(stderr, "passed over: %s\n", ret->notes.v[i]);
	return r;
}

/* the i-th of the configuration and the layers, unless it came before */
static const struct descriptor *nth_blob(const struct manifest *manifest,
					 size_t i)
{
	const struct descriptor *d =
		i ? &manifest->layers[i - 1] : &manifest->config;

	for (size_t k = 0; k + 1 < i; k++)
		if (strcmp(manifest->layers[k].digest, d->digest) == 0)
			return NULL;
	return d;
}

static int pull_blobs(const struct source *source,
		      const struct manifest *manifest, const char *dir,
		      struct error *err)
{
	scoped(struct blob_get) *blobs =
		xcalloc(manifest->n_layers + 1, sizeof(*blobs));
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; r >= 0 && i <= manifest->n_layers; i++) {
		const struct descriptor *d = nth_blob(manifest, i);
		if (!d)
			continue;
		r = open_blob(dir, d->digest, err);
		blobs[n++] = (struct blob_get){
			.digest = d->digest,
			.size = d->size,
			.fd = r,
			.tee_fd = -1,
		};
	}
	if (r >= 0)
		r = blob_get_all(source->client, blobs, n, probe.parallel, err);
	for (size_t i = 0; i < n; i++)
		fd_close(&blobs[i].fd);
	return r;
}

/* pull NAME DIR: the blobs of an image, and its manifest as DIR/manifest */
static int verb_pull(char **argv, struct error *err)
{
	scoped_source source = { 0 };
	scoped_manifest manifest = { 0 };
	int r = find(argv[0], &source, err);

	if (r == 0)
		r = manifest_parse(source.manifest.text, source.manifest.size,
				   &manifest, err);
	if (r == 0)
		r = pull_blobs(&source, &manifest, argv[1], err);
	if (r < 0)
		return r;
	scoped(char) *path = xasprintf("%s/manifest", argv[1]);
	scoped_fd fd =
		open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_set(err, errno, "open %s", path);
	r = fd_write_all(fd, source.manifest.text, source.manifest.size, err);
	printf("%s %s/%s\n", source.manifest.digest, source.place.registry,
	       source.place.repository);
	return r;
}

/* trust NAME: has it the signatures that the user's policy asks for? */
static int verb_trust(char **argv, struct error *err)
{
	scoped_policy policy = { 0 };
	scoped_source source = { 0 };
	scoped(char) *who = NULL;
	int r = policy_load(NULL, &policy, err);

	if (r == 0)
		r = find(argv[0], &source, err);
	if (r == 0)
		r = trust_check(&policy, argv[0], &source, &who, err);
	if (r == 0)
		puts(who ? who : "nobody was asked");
	return r;
}

static int push_blob(struct client *client, const char *layout,
		     const struct descriptor *d, struct error *err)
{
	static const char *const how[] = { "sent", "was there", "mounted" };
	scoped(char) *path = digest_blob_path(d->digest);
	scoped(char) *file = xasprintf("%s/%s", layout, path);
	scoped_fd fd = open(file, O_RDONLY | O_CLOEXEC);
	struct blob_put blob = {
		.digest = d->digest,
		.size = d->size,
		.fd = fd,
		.from = probe.from,
		.chunk = probe.chunk,
	};

	if (fd < 0)
		return error_set(err, errno, "open %s", file);
	int r = blob_put_all(client, &blob, 1, 1, err);
	if (r == 0)
		printf("%s %s\n", d->digest, how[blob.how]);
	return r;
}

static int push_layout(struct client *client, const char *layout,
		       const struct descriptor *image, const char *tag,
		       struct error *err)
{
	scoped(char) *path = digest_blob_path(image->digest);
	scoped(char) *file = xasprintf("%s/%s", layout, path);
	scoped(char) *text = NULL;
	scoped_manifest manifest = { 0 };
	char digest[DIGEST_MAX];
	ssize_t size = fd_read_file(AT_FDCWD, file, MANIFEST_MAX, &text, err);

	if (size < 0)
		return (int)size;
	int r = manifest_parse(text, (size_t)size, &manifest, err);
	if (r == 0)
		r = push_blob(client, layout, &manifest.config, err);
	for (size_t i = 0; r == 0 && i < manifest.n_layers; i++)
		r = push_blob(client, layout, &manifest.layers[i], err);
	if (r == 0)
		r = client_put_document(client, tag, text, (size_t)size,
					image->media_type, digest, err);
	if (r == 0)
		puts(digest);
	return r;
}

/* push NAME LAYOUT: the first image of an OCI layout */
static int verb_push(char **argv, struct error *err)
{
	scoped_client *client = NULL;
	scoped_reference ref = { 0 };
	scoped_index index = { 0 };
	scoped(char) *text = NULL;
	scoped(char) *path = xasprintf("%s/index.json", argv[1]);
	ssize_t size = fd_read_file(AT_FDCWD, path, INDEX_MAX, &text, err);

	if (size < 0)
		return (int)size;
	int r = index_parse(text, (size_t)size, &index, err);
	if (r == 0)
		r = open_client(argv[0], true, &client, &ref, err);
	return r < 0 ? r
		     : push_layout(client, argv[1], &index.entries[0],
				   what(&ref), err);
}

/* credentials REGISTRY [REPOSITORY]: this tool shows them, no other does */
static int verb_credentials(char **argv, struct error *err)
{
	scoped_credential found = { 0 };
	int r = credentials_find(&probe.registries.helpers, argv[0], argv[1],
				 &found, err);

	if (r == 0)
		puts("none");
	if (r > 0 && found.username)
		printf("%s:%s\n", found.username, found.password);
	if (r > 0 && found.identity_token)
		printf("identity %s\n", found.identity_token);
	if (r > 0 && found.registry_token)
		printf("token %s\n", found.registry_token);
	return r < 0 ? r : 0;
}

/* store KEY USER PASSWORD */
static int verb_store(char **argv, struct error *err)
{
	scoped(char) *where = NULL;
	int r = credentials_store(&probe.registries.helpers, argv[0],
				  &(struct credential){ .username = argv[1],
							.password = argv[2] },
				  &where, err);

	if (r == 0)
		puts(where);
	return r;
}

static int verb_erase(char **argv, struct error *err)
{
	scoped(char) *where = NULL;
	int r = credentials_erase(&probe.registries.helpers, argv[0], &where,
				  err);

	if (r >= 0)
		printf("%s: %s\n", where, r ? "gone" : "was not there");
	return r < 0 ? r : 0;
}

static const struct {
	const char *name;
	int arguments;
	int (*run)(char **argv, struct error *err);
} verbs[] = {
	{ "blob", 4, verb_blob },       { "credentials", 1, verb_credentials },
	{ "erase", 1, verb_erase },     { "get", 1, verb_get },
	{ "login", 1, verb_login },     { "look", 1, verb_look },
	{ "places", 1, verb_places },   { "pull", 2, verb_pull },
	{ "push", 2, verb_push },       { "referrers", 1, verb_referrers },
	{ "resolve", 1, verb_resolve }, { "store", 3, verb_store },
	{ "tags", 1, verb_tags },       { "trust", 1, verb_trust },
};

static int usage(void)
{
	fputs("usage: registry_probe [OPTION...] VERB ARGUMENT...\n", stderr);
	return 2;
}

static const struct option options[] = {
	{ "tries", required_argument, NULL, 't' },
	{ "backoff-ms", required_argument, NULL, 'b' },
	{ "patience-ms", required_argument, NULL, 'p' },
	{ "connect-ms", required_argument, NULL, 'c' },
	{ "answer-ms", required_argument, NULL, 'a' },
	{ "stall-s", required_argument, NULL, 's' },
	{ "parallel", required_argument, NULL, 'n' },
	{ "chunk", required_argument, NULL, 'k' },
	{ "skip", required_argument, NULL, 'S' },
	{ "platform", required_argument, NULL, 'P' },
	{ "from", required_argument, NULL, 'f' },
	{ "known", required_argument, NULL, 'K' },
	{ "tee", no_argument, NULL, 'T' },
	{ 0 },
};

static uint64_t number(const char *text)
{
	struct error err;
	uint64_t value = 0;

	if (text_to_u64(text, UINT64_MAX, &value, &err) < 0)
		exit(usage());
	return value;
}

static void parse_options(int argc, char **argv)
{
	int c;

	while ((c = getopt_long(argc, argv, "+", options, NULL)) >= 0)
		switch (c) {
		case 't':
			probe.http.retry.tries = (unsigned int)number(optarg);
			break;
		case 'b':
			probe.http.retry.backoff_ms = number(optarg);
			break;
		case 'p':
			probe.http.retry.patience_ms = number(optarg);
			break;
		case 'c':
			probe.http.connect_ms = number(optarg);
			break;
		case 'a':
			probe.http.answer_ms = number(optarg);
			break;
		case 's':
			probe.http.stall_s = (unsigned int)number(optarg);
			break;
		case 'n':
			probe.parallel = number(optarg);
			break;
		case 'k':
			probe.chunk = number(optarg);
			break;
		case 'S':
			probe.skip = number(optarg);
			break;
		case 'P':
			probe.platform = optarg;
			break;
		case 'f':
			probe.from = optarg;
			break;
		case 'K':
			probe.known = optarg;
			break;
		case 'T':
			probe.tee = true;
			break;
		default:
			exit(usage());
		}
}

static void print_peak(void)
{
	FILE *status = fopen("/proc/self/status", "re");
	char line[256];

	while (status && fgets(line, sizeof(line), status))
		if (text_starts_with(line, "VmHWM:"))
			fprintf(stderr, "peak %s",
				line + 6 + strspn(line + 6, " \t"));
	if (status)
		fclose(status);
}

/* ^C becomes readable */
static int cancel_by_signal(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

static int run(char **argv, int argc, struct error *err)
{
	int r = registries_load(&probe.registries, err);

	if (r == 0)
		r = http_open(&probe.http, &probe.connection, err);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(verbs); i++)
		if (strcmp(argv[0], verbs[i].name) == 0 &&
		    argc - 1 >= verbs[i].arguments)
			return verbs[i].run(argv + 1, err);
	return r < 0 ? r : error_say(err, EINVAL, "no such verb");
}

int main(int argc, char **argv)
{
	struct error err = { 0 };

	parse_options(argc, argv);
	if (optind == argc)
		return usage();
	umask(077);
	probe.http.cancel_fd = cancel_by_signal();
	int r = run(argv + optind, argc - optind, &err);
	fflush(stdout);
	if (r < 0) {
		fprintf(stderr, "%s: %s\n", strerrorname_np(-r), err.text);
		if (err.hint[0])
			fprintf(stderr, "  hint: %s\n", err.hint);
	}
	http_close(&probe.connection);
	registries_free(&probe.registries);
	print_peak();
	return r < 0;
}
