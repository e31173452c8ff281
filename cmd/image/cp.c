/* wolffia cp: files to and from containers, as docker(1) does it. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/status.h"
#include "cmd/container_verb.h"
#include "cmd/cp_options.h"
#include "cmd/human.h"
#include "cmd/image/copy_end.h"
#include "cmd/image/image_say.h"
#include "cmd/image/image_verbs.h"
#include "storage/copy/copy_receive.h"
#include "storage/copy/copy_send.h"
#include "storage/copy/copy_spot.h"
#include "storage/unpack/unpack_stages.h"

/* What the processes of a copy share. */
struct shared {
	struct copy_counts counts;
	struct tarball_notes notes;
};

/* A copy, and where its data go: sender, parser, receiver. */
struct copy {
	const struct cp_options *options;
	struct copy_end from, to;
	const char *from_text, *to_text;
	char *name; /* in the tar */
	struct shared *shared;
	struct unpack_stages stages;
};

/* What a process is given. */
struct sending {
	const struct copy *copy;
	const struct strv *writable;
	struct tarball *tarball;
	int out_fd;
};

struct receiving {
	const struct copy *copy;
	const struct strv *writable;
	int records_fd;
};

static int send_it(void *argument, struct error *err)
{
	const struct sending *sending = argument;
	const struct copy *copy = sending->copy;
	const struct copy_source source = {
		.path = copy->from.argument.path,
		.flags = (copy->from.visit ? COPY_INSIDE : 0) |
			 (copy->options->follow == FLAG_YES ? COPY_FOLLOW : 0),
		.as = copy->name,
		.writable = sending->writable,
	};

	return copy_send(&source, sending->out_fd, sending->tarball, err);
}

static int receive_it(void *argument, struct error *err)
{
	const struct receiving *receiving = argument;
	const struct copy *copy = receiving->copy;
	const struct copy_target target = {
		.path = copy->to.argument.path,
		.inside = copy->to.visit,
		.archive = copy->options->archive == FLAG_YES,
		.writable = receiving->writable,
	};
	const struct copy_from from = {
		.name = copy->name,
		.content = copy->name && strcmp(copy->name, ".") == 0,
		.stream = copy->from.argument.stream,
	};

	return copy_receive(&target, &from, receiving->records_fd,
			    &copy->shared->counts, err);
}

/* the directories of this machine that the container at @end can write */
static void add_writable(const struct copy_end *end, struct strv *ret)
{
	const struct spec *spec = end->visit ? visit_spec(end->visit) : NULL;

	for (size_t i = 0; spec && i < spec->n_mounts; i++)
		if (spec->mounts[i].source && !spec->mounts[i].read_only)
			strv_add(ret, spec->mounts[i].source);
	if (spec && spec->rootfs == ROOTFS_DIR_RW)
		strv_add(ret, spec->rootfs_dir);
}

/* Return: where its tar can be read; -errno */
static int start_sender(struct copy *copy, const struct strv *writable,
			struct error *err)
{
	const struct visit *visit = copy->from.visit;
	const struct tarball_options options = {
		.owners.single =
			visit && visit_spec(visit)->userns == USERNS_SINGLE,
	};
	struct sending sending = { .copy = copy, .writable = writable };
	int tar[2];

	if (copy->from.argument.stream) {
		int fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
		return fd >= 0 ? fd : error_set(err, errno, "standard input");
	}
	if (pipe2(tar, O_CLOEXEC) < 0)
		return error_set(err, errno, "make a pipe");
	scoped_fd in = tar[0], out = tar[1];
	sending.out_fd = out;
	int r = tarball_new(out, &options, &copy->shared->notes,
			    &sending.tarball, err);
	if (r == 0)
		r = copy_end_start(&copy->from, false, &out, 1, send_it,
				   &sending, err);
	tarball_free(sending.tarball);
	return r < 0 ? r : take_fd(in);
}

/* a user's tar may be compressed; ours is not */
static int start_receiver(struct copy *copy, const struct strv *writable,
			  int tar_fd, struct error *err)
{
	struct receiving receiving = { .copy = copy, .writable = writable };
	unsigned wanted = 1u << UNPACK_PARSE;

	if (copy->from.argument.stream)
		wanted |= 1u << UNPACK_INFLATE;
	int r = unpack_stages_start(&copy->stages, tar_fd, wanted, UINT64_MAX,
				    err);
	if (r < 0)
		return r;
	receiving.records_fd = copy->stages.records_fd;
	r = copy_end_start(&copy->to, true, &copy->stages.records_fd, 1,
			   receive_it, &receiving, err);
	/* were it open here, nobody would see the receiver's end */
	fd_close(&copy->stages.records_fd);
	return r;
}

static int relay(int tar_fd, uint64_t *bytes, struct error *err)
{
	char buffer[65536];

	for (;;) {
		ssize_t n = read(tar_fd, buffer, sizeof(buffer));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_set(err, errno, "read the tar");
		if (n == 0)
			return 0;
		int r = fd_write_all(STDOUT_FILENO, buffer, (size_t)n, err);
		if (r < 0)
			return error_prefix(err, "standard output");
		*bytes += (uint64_t)n;
	}
}

/* The first cause: what only tells of another's end has EPIPE. */
static int first_of(struct error *const errors, size_t n, struct error *err)
{
	const struct error *first = NULL;

	for (size_t i = 0; i < n; i++)
		if (errors[i].code && (!first || (first->code == EPIPE &&
						  errors[i].code != EPIPE)))
			first = &errors[i];
	if (!first)
		return 0;
	*err = *first;
	return -err->code;
}

static int to_stdout(struct copy *copy, int *tar_fd, struct error *err)
{
	struct error errors[2] = { { 0 } };

	relay(*tar_fd, &copy->shared->counts.bytes, &errors[1]);
	fd_close(tar_fd);
	copy_end_await(&copy->from, &errors[0]);
	return first_of(errors, ARRAY_SIZE(errors), err);
}

static int to_files(struct copy *copy, const struct strv *writable, int *tar_fd,
		    struct error *err)
{
	struct error errors[3] = { { 0 } };
	uint8_t no_digest[32];
	int r = start_receiver(copy, writable, *tar_fd, err);

	fd_close(tar_fd);
	if (r < 0)
		return r;
	r = copy_end_await(&copy->to, &errors[1]);
	/* one that has failed reads no more: who waits for standard input would
	 * not notice */
	if (r < 0 && r != -EPIPE)
		unpack_stages_kill(&copy->stages);
	else
		unpack_stages_finish(&copy->stages, no_digest, &errors[2]);
	if (!copy->from.argument.stream)
		copy_end_await(&copy->from, &errors[0]);
	return first_of(errors, ARRAY_SIZE(errors), err);
}

static int check_streams(const struct copy *copy, struct error *err)
{
	const struct copy_end *from = &copy->from, *to = &copy->to;

	if (!from->argument.container && !to->argument.container)
		return error_say(err, EINVAL,
				 "neither is in a container: one of the two "
				 "has to be CONTAINER:PATH");
	if (from->argument.stream && isatty(STDIN_FILENO))
		return error_say(err, EINVAL,
				 "standard input is a terminal, where no tar "
				 "comes from");
	if (to->argument.stream && isatty(STDOUT_FILENO)) {
		error_say(err, EINVAL, "a tar is not written to a terminal");
		return error_hint(err, "put \"| tar -t\" or \"> FILE\" behind");
	}
	if (from->id && to->id && strcmp(from->id, to->id) == 0) {
		error_say(err, EINVAL, "both are in the same container");
		return error_hint(err,
				  "\"wolffia exec %s cp ...\" copies there",
				  from->argument.container);
	}
	return 0;
}

static int copy_between(struct copy *copy, const struct store *store,
			struct error *err)
{
	scoped_strv writable = { 0 };
	int r = copy_end_open(&copy->from, store, err);

	if (r == 0)
		r = copy_end_open(&copy->to, store, err);
	if (r < 0)
		return r;
	add_writable(&copy->from, &writable);
	add_writable(&copy->to, &writable);
	scoped_fd tar_fd = start_sender(copy, &writable, err);
	if (tar_fd < 0)
		return tar_fd;
	return copy->to.argument.stream
		       ? to_stdout(copy, &tar_fd, err)
		       : to_files(copy, &writable, &tar_fd, err);
}

static void say_notes(const struct shared *shared)
{
	unsigned long long devices =
		shared->counts.devices + shared->notes.sockets;
	unsigned long long attributes =
		shared->counts.attributes + shared->notes.attributes;

	if (devices)
		image_note("devices and sockets were left out: %llu", devices);
	if (attributes)
		image_note("extended attributes that could not be kept: %llu",
			   attributes);
	if (shared->counts.owners)
		image_note("files that became yours, for only root may give "
			   "files away: %llu",
			   (unsigned long long)shared->counts.owners);
	if (shared->notes.changed)
		image_note("files that changed while they were read: %llu",
			   (unsigned long long)shared->notes.changed);
}

static void say_done(const struct copy *copy)
{
	if (copy->options->quiet == FLAG_YES)
		return;
	say_notes(copy->shared);
	if (!isatty(STDERR_FILENO))
		return;
	scoped(char) *size = human_size(copy->shared->counts.bytes);
	fprintf(stderr, "Successfully copied %s to %s\n", size, copy->to_text);
}

static int copy_files(struct copy *copy, const struct store *store,
		      struct error *err)
{
	int r = copy_end_find(&copy->from, store, copy->from_text, err);

	if (r == 0)
		r = copy_end_find(&copy->to, store, copy->to_text, err);
	if (r == 0)
		r = check_streams(copy, err);
	if (r < 0)
		return r;
	if (!copy->from.argument.stream)
		copy->name = copy_source_name(copy->from.argument.path);
	copy->shared = mmap(NULL, sizeof(*copy->shared), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (copy->shared == MAP_FAILED) {
		copy->shared = NULL;
		return error_set(err, errno, "share memory");
	}
	r = copy_between(copy, store, err);
	if (r == 0)
		say_done(copy);
	return r;
}

static int cp(const struct cp_options *options, const struct store *store,
	      char *const *paths)
{
	struct copy copy = {
		.options = options,
		.from_text = paths[0],
		.to_text = paths[1],
		.stages = { .records_fd = -1 },
	};
	struct error err;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	signal(SIGCHLD, SIG_DFL); /* an ignored one reaps by itself */
	int r = copy_files(&copy, store, &err);
	copy_end_close(&copy.from);
	copy_end_close(&copy.to);
	unpack_stages_kill(&copy.stages);
	if (copy.shared)
		munmap(copy.shared, sizeof(*copy.shared));
	free(copy.name);
	return r < 0 ? image_fail(&err, "cannot copy %s to %s", copy.from_text,
				  copy.to_text)
		     : 0;
}

int verb_cp(int argc, char *const argv[])
{
	struct cp_options options = { 0 };
	struct container_verb verb = {
		.table = cp_table,
		.usage = "cp [OPTION...] CONTAINER:PATH PATH|-, or "
			 "PATH|- CONTAINER:PATH",
		.least = 2,
		.most = 2,
		.missing = "the source or the target",
	};
	const struct call call = { .argc = argc, .argv = (char **)argv };
	int r = container_verb_begin(&verb, &call, &options);
	int status = r > 0 ? 0 : STATUS_WOLFFIA;

	if (r == 0)
		status = cp(&options, &verb.store, verb.arguments.v);
	container_verb_end(&verb);
	return status;
}
