/* wolffia export: the root of a container as a tar. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/status.h"
#include "cmd/image/image_say.h"
#include "cmd/image/image_verbs.h"
#include "cmd/option_rows.h"
#include "core/containers.h"
#include "core/launch_record.h"
#include "core/visit.h"
#include "storage/tarball.h"
#include "storage/tree_confine.h"
#include "storage/upper.h"

struct options {
	struct image_options common;
	const char *output;
};

#define TO options
/* clang-format off */
static const struct option_entry table[] = {
VALUE('o', "output", output, "FILE", "write to FILE instead of standard "
      "output"),
VALUE(0, "store", common.store, "DIR",
      "where images, containers and volumes lie"),
FLAG('h', "help", common.help, "show this"),
OPTION_TABLE_END
};
/* clang-format on */
#undef TO

/* What the process in the container's root has of its parent. */
struct writing {
	struct tarball *tarball;
	int out_fd;
};

static int write_root(void *argument, struct error *err)
{
	const struct writing *writing = argument;
	scoped_fd root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (root < 0)
		return error_set(err, errno, "open the container's root");
	int r = tree_confine(&root, 1, writing->out_fd, err);
	if (r == 0)
		r = tarball_add_tree(writing->tarball, root, err);
	return r < 0 ? r : tarball_finish(writing->tarball, err);
}

/*
 * The tar is begun out here: what is loaded for it is not to come from the
 * container, and the process in there has "/" of the container.
 */
static int write_visited(struct visit *visit, int out_fd,
			 struct tarball_notes *notes, struct error *err)
{
	scoped_strv mount_points = { 0 };
	const struct tarball_options options = {
		.owners.single = visit_spec(visit)->userns == USERNS_SINGLE,
		.partly = true,
		.mount_points = &mount_points,
	};
	struct writing writing = { .out_fd = out_fd };

	upper_mount_points(&mount_points);
	int r = tarball_new(out_fd, &options, notes, &writing.tarball, err);

	if (r == 0)
		r = visit_start(visit, false, &out_fd, 1, write_root, &writing,
				err);
	if (r == 0)
		r = visit_await(visit, err);
	tarball_free(writing.tarball);
	return r;
}

static void say(uint64_t n, const char *what)
{
	if (n)
		image_note("%llu %s", (unsigned long long)n, what);
}

static void say_notes(const struct tarball_notes *notes)
{
	say(notes->sockets, "sockets were left out");
	say(notes->closed, "files were left out: the container's root may not "
			   "read them");
	say(notes->attributes, "attributes of files were left out");
	say(notes->changed, "files changed while they were read");
}

static int export_found(const struct store *store,
			const struct container *container, int out_fd,
			struct error *err)
{
	struct tarball_notes *notes =
		mmap(NULL, sizeof(*notes), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct visit *visit = NULL;

	if (notes == MAP_FAILED)
		return error_set(err, errno, "map memory");
	int r = visit_begin(store, container, &visit, err);
	if (r == 0)
		r = write_visited(visit, out_fd, notes, err);
	visit_end(visit);
	if (r == 0)
		say_notes(notes);
	munmap(notes, sizeof(*notes));
	return r;
}

static int open_output(const struct options *options, struct error *err)
{
	if (options->output && strcmp(options->output, "-") != 0) {
		int fd = open(options->output,
			      O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
		return fd >= 0 ? fd
			       : error_set(err, errno, "open %s",
					   options->output);
	}
	if (!options->output && isatty(STDOUT_FILENO)) {
		error_say(err, EINVAL, "a tar is nothing for a terminal");
		return error_hint(err, "send it to a file or a pipe, or write "
				       "--output FILE");
	}
	int fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	return fd >= 0 ? fd : error_set(err, errno, "standard output");
}

/* half a tar is none */
static void remove_half(const struct options *options, int out_fd)
{
	struct stat st;

	if (options->output && strcmp(options->output, "-") != 0 &&
	    fstat(out_fd, &st) == 0 && S_ISREG(st.st_mode))
		unlink(options->output);
}

static int export_named(const struct options *options, const char *name,
			struct error *err)
{
	struct container container = { 0 };
	scoped(char) *path = NULL;
	scoped_store store = { .dirfd = -1 };
	int r = store_default_path(options->common.store, &path, err);

	if (r == 0)
		r = store_open(&store, path, err);
	if (r == 0)
		r = container_find(&store, name, &container, err);
	scoped_fd out = r < 0 ? -1 : open_output(options, err);
	if (r == 0 && out < 0)
		r = out;
	if (r == 0)
		r = export_found(&store, &container, out, err);
	if (r == 0)
		record_event(&store, &container.record, EVENT_EXPORT, NULL);
	if (r < 0 && out >= 0)
		remove_half(options, out);
	container_free(&container);
	return r;
}

int verb_export(int argc, char *const argv[])
{
	struct options options = { 0 };
	scoped_strv names = { 0 };
	struct error err;
	int r = image_parse(table, "export [OPTION...] CONTAINER", argc, argv,
			    &options, &options.common, &names);

	if (r != 0)
		return r > 0 ? 0 : STATUS_WOLFFIA;
	if (names.n != 1)
		return image_usage("export: write the name of one container");
	/* a reader that goes away is an error like others */
	signal(SIGPIPE, SIG_IGN);
	umask(022);
	if (export_named(&options, names.v[0], &err) < 0)
		return image_fail(&err, "cannot export %s", names.v[0]);
	return 0;
}
