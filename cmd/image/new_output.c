#include "cmd/image/new_output.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/path.h"
#include "cmd/image/stale_output.h"

static const int ending[] = { SIGINT, SIGTERM, SIGHUP };
static volatile sig_atomic_t caught;

static void note_signal(int number)
{
	caught = number;
}

/* one that is ignored, as by nohup(1), stays so */
static void catch_signals(void)
{
	const struct sigaction action = { .sa_handler = note_signal,
					  .sa_flags = SA_RESTART };
	struct sigaction before;

	for (size_t i = 0; i < ARRAY_SIZE(ending); i++)
		if (sigaction(ending[i], NULL, &before) == 0 &&
		    before.sa_handler != SIG_IGN)
			sigaction(ending[i], &action, NULL);
}

/* now as if nobody had caught it */
static void release_signals(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(ending); i++) {
		struct sigaction now;
		if (sigaction(ending[i], NULL, &now) == 0 &&
		    now.sa_handler == note_signal)
			signal(ending[i], SIG_DFL);
	}
	if (caught)
		raise(caught);
}

bool new_output_is_cancelled(void)
{
	return caught != 0;
}

static int open_stream(struct new_output *output, int from_fd, const char *path,
		       struct error *err)
{
	output->fd =
		from_fd < 0
			? open(path, O_WRONLY | O_TRUNC | O_CLOEXEC | O_NOCTTY)
			: fcntl(from_fd, F_DUPFD_CLOEXEC, 3);
	return output->fd >= 0 ? 0 : error_set(err, errno, "open %s", path);
}

static int open_standard(struct new_output *output, const char *path,
			 struct error *err)
{
	if (!path && isatty(STDOUT_FILENO)) {
		error_say(err, EINVAL, "an archive is nothing for a terminal");
		return error_hint(err, "send it to a file or a pipe, or write "
				       "--output FILE");
	}
	return open_stream(output, STDOUT_FILENO, "standard output", err);
}

/* the directory that @path is in, and its path without links */
static int open_parent(struct new_output *output, const char *path,
		       struct error *err)
{
	scoped(char) *there = realpath(path, NULL);

	if (!*path)
		return error_say(err, EINVAL, "the name of a file is empty");
	char *whole = there ? take_ptr(there) : xstrdup(path);
	size_t n = strlen(whole);

	while (n > 1 && whole[n - 1] == '/')
		whole[--n] = '\0';
	const char *slash = strrchr(whole, '/');
	output->path = xstrdup(slash ? slash + 1 : whole);
	output->directory =
		!slash ? xstrdup(".")
		       : xstrndup(whole,
				  slash == whole ? 1 : (size_t)(slash - whole));
	free(whole);
	output->parent_fd =
		open(output->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (output->parent_fd < 0)
		return error_set(err, errno, "open the directory %s",
				 output->directory);
	stale_output_sweep(output->parent_fd);
	return 0;
}

static int open_hidden(struct new_output *output)
{
	const int file = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
	const int directory = O_RDONLY | O_DIRECTORY | O_CLOEXEC;

	if (output->is_directory &&
	    mkdirat(output->parent_fd, output->name, 0777) < 0)
		return -1;
	return openat(output->parent_fd, output->name,
		      output->is_directory ? directory : file, 0666);
}

/* under a name of its own; again when somebody swept it before it was held */
static int make_hidden(struct new_output *output, struct error *err)
{
	int tries = 0;

	do {
		fd_close(&output->fd);
		free(output->name);
		output->name = stale_output_name();
		output->fd = open_hidden(output);
		if (output->fd < 0 && (errno != ENOENT || ++tries == 3))
			return error_set(err, errno, "make a %s in %s",
					 output->is_directory ? "directory"
							      : "file",
					 output->directory);
	} while (output->fd < 0 || !stale_output_hold(output->fd));
	return 0;
}

/* not every file system has files without a name */
static int open_file(struct new_output *output, struct error *err)
{
	output->fd = openat(output->parent_fd, ".",
			    O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
	if (output->fd < 0 && errno != EOPNOTSUPP && errno != EISDIR &&
	    errno != EINVAL)
		return error_set(err, errno, "make a file in %s",
				 output->directory);
	if (output->fd < 0)
		return make_hidden(output, err);
	/* before it has a name */
	stale_output_hold(output->fd);
	return 0;
}

int new_output_file(struct new_output *ret, const char *path, struct error *err)
{
	struct stat st;

	*ret = (struct new_output)NEW_OUTPUT_NONE;
	if (!path || strcmp(path, "-") == 0)
		return open_standard(ret, path, err);
	if (stat(path, &st) == 0) {
		if (S_ISDIR(st.st_mode))
			return error_set(err, EISDIR, "write %s", path);
		/* a descriptor's file without a name cannot be replaced */
		if (!S_ISREG(st.st_mode) || st.st_nlink == 0)
			return open_stream(ret, -1, path, err);
		/* what may not be written is not to be replaced either */
		if (access(path, W_OK) < 0)
			return error_set(err, errno, "write %s", path);
	}
	int r = open_parent(ret, path, err);
	if (r < 0)
		return r;
	catch_signals();
	return open_file(ret, err);
}

/* nothing is there, or an empty directory: rename(2) replaces that one */
static int check_vacant(const struct new_output *output, const char *path,
			struct error *err)
{
	int fd = openat(output->parent_fd, output->path,
			O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *there = fd >= 0 ? fdopendir(fd) : NULL;
	size_t n = 0;

	if (fd < 0 && errno == ENOENT)
		return 0;
	while (there && readdir(there))
		n++;
	if (there)
		closedir(there);
	if (there && n == 2)
		return 0;
	error_say(err, EEXIST,
		  "%s is there already, and is not an empty directory", path);
	return error_hint(err, "choose another name, or remove it");
}

int new_output_directory(struct new_output *ret, const char *path,
			 struct error *err)
{
	*ret = (struct new_output)NEW_OUTPUT_NONE;
	int r = open_parent(ret, path, err);
	if (r < 0)
		return r;
	r = check_vacant(ret, path, err);
	if (r < 0)
		return r;
	catch_signals();
	ret->is_directory = true;
	return make_hidden(ret, err);
}

/* linkat(2) takes no name that is in use: so under another one, and renamed */
static int give_name(struct new_output *output, struct error *err)
{
	struct fd_path from = fd_link(output->fd);

	if (output->name)
		return 0;
	char *name = stale_output_name();
	if (linkat(AT_FDCWD, from.text, output->parent_fd, name,
		   AT_SYMLINK_FOLLOW) < 0) {
		free(name);
		return error_set(err, errno, "make a file in %s",
				 output->directory);
	}
	output->name = name;
	return 0;
}

int new_output_finish(struct new_output *output, struct error *err)
{
	if (!output->path)
		return 0;
	if (fsync(output->fd) < 0)
		return error_set(err, errno, "sync %s", output->path);
	int r = give_name(output, err);
	if (r < 0)
		return r;
	if (renameat(output->parent_fd, output->name, output->parent_fd,
		     output->path) < 0)
		return error_set(err, errno, "rename %s/%s to %s",
				 output->directory, output->name, output->path);
	free(take_ptr(output->name));
	/* the name is on the disk, too */
	if (fsync(output->parent_fd) < 0)
		return error_set(err, errno, "sync %s", output->directory);
	return 0;
}

void new_output_end(struct new_output *output)
{
	bool caught_signals = output->path != NULL;
	struct error ignored;

	fd_close(&output->fd);
	if (output->name && output->is_directory)
		path_remove_tree(output->parent_fd, output->name, &ignored);
	else if (output->name)
		unlinkat(output->parent_fd, output->name, 0);
	fd_close(&output->parent_fd);
	free(output->path);
	free(output->directory);
	free(output->name);
	if (caught_signals)
		release_signals();
	*output = (struct new_output)NEW_OUTPUT_NONE;
}
