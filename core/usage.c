#include "core/usage.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/process.h"
#include "base/status.h"
#include "core/processes.h"

enum { FILE_LARGEST = 1 << 20, KIBIBYTE = 1024 };

/* of struct proc(5) "stat", counted from the one behind the name */
enum { STAT_UTIME = 11, STAT_CSTIME = 14, STAT_THREADS = 17 };

int usage_parse_stat(const char *text, uint64_t *ret_ticks,
		     uint64_t *ret_threads)
{
	/* a name may have blanks and parentheses: the last ends it */
	const char *at = strrchr(text, ')');
	uint64_t ticks = 0, threads = 0;

	if (!at)
		return -EINVAL;
	at++;
	for (int field = 0; field <= STAT_THREADS; field++) {
		at += strspn(at, " ");
		size_t n = strcspn(at, " \n");
		if (n == 0)
			return -EINVAL;
		if (field >= STAT_UTIME && field <= STAT_CSTIME)
			ticks += strtoull(at, NULL, 10);
		if (field == STAT_THREADS)
			threads = strtoull(at, NULL, 10);
		at += n;
	}
	*ret_ticks = ticks;
	*ret_threads = threads;
	return 0;
}

int usage_parse_line(const char *text, const char *name, uint64_t *ret)
{
	size_t n = strlen(name);

	for (const char *line = text; line;) {
		if (strncmp(line, name, n) == 0 && line[n] == ':') {
			const char *value = line + n + 1;
			value += strspn(value, " \t");
			if (*value < '0' || *value > '9')
				return -ENOENT;
			*ret = strtoull(value, NULL, 10);
			return 0;
		}
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	return -ENOENT;
}

/* two lines of heading, then "  eth0: " and 16 numbers; the first is what was
 * received, the ninth what was sent */
int usage_parse_network(const char *text, uint64_t *ret_received,
			uint64_t *ret_sent)
{
	uint64_t received = 0, sent = 0;
	int headings = 2;

	for (const char *line = text; *line; line += strcspn(line, "\n")) {
		unsigned long long in, out;
		char name[64];
		line += strspn(line, "\n");
		if (!*line || headings-- > 0)
			continue;
		if (sscanf(line,
			   " %63[^: ]: %llu %*u %*u %*u %*u %*u %*u %*u %llu",
			   name, &in, &out) != 3)
			return -EINVAL;
		if (strcmp(name, "lo") == 0)
			continue;
		received += in;
		sent += out;
	}
	if (headings > 0)
		return -EINVAL;
	*ret_received = received;
	*ret_sent = sent;
	return 0;
}

/* Return: the caller's to free, or NULL: it is gone, or not for us to see */
static char *read_of(pid_t pid, const char *name)
{
	scoped(char) *path = xasprintf("/proc/%d/%s", (int)pid, name);
	struct error ignored;
	char *text = NULL;

	return fd_read_file(AT_FDCWD, path, FILE_LARGEST, &text, &ignored) < 0
		       ? NULL
		       : text;
}

/* Return: bytes; 0 when it is gone */
static uint64_t memory_of(pid_t pid)
{
	scoped(char) *rollup = read_of(pid, "smaps_rollup");
	uint64_t part = 0, swapped = 0, own = 0;

	if (rollup && usage_parse_line(rollup, "Pss", &part) == 0) {
		usage_parse_line(rollup, "SwapPss", &swapped);
		return (part + swapped) * KIBIBYTE;
	}
	/* PID 1 shows this to nobody: then what no file is behind */
	scoped(char) *status = read_of(pid, "status");
	if (status)
		usage_parse_line(status, "RssAnon", &own);
	return own * KIBIBYTE;
}

/* What crosses from the process that may read it. */
struct block_io {
	uint64_t read, written; /* bytes, or USAGE_UNKNOWN */
};

static struct block_io sum_block_io(const struct processes *all)
{
	struct block_io sum = { USAGE_UNKNOWN, USAGE_UNKNOWN };

	/* PID 1 shows it to nobody, and it reads and writes nothing */
	for (size_t i = 1; i < all->n; i++) {
		scoped(char) *io = read_of(all->pids[i], "io");
		uint64_t in = 0, out = 0;
		if (!io || usage_parse_line(io, "read_bytes", &in) < 0 ||
		    usage_parse_line(io, "write_bytes", &out) < 0)
			continue;
		if (sum.read == USAGE_UNKNOWN)
			sum = (struct block_io){ 0 };
		sum.read += in;
		sum.written += out;
	}
	return sum;
}

/* /proc/PID/io is its owner's: an id of the container, mapped in there */
static struct block_io read_block_io(const struct processes *all, int userns_fd)
{
	struct block_io sum = { USAGE_UNKNOWN, USAGE_UNKNOWN };
	struct error ignored;
	int ends[2];

	if (userns_fd < 0 || pipe2(ends, O_CLOEXEC) < 0)
		return sum_block_io(all);
	scoped_fd from = ends[0], to = ends[1];
	pid_t pid = fork();
	if (pid == 0) {
		if (setns(userns_fd, CLONE_NEWUSER) < 0)
			_exit(STATUS_WOLFFIA);
		sum = sum_block_io(all);
		_exit(write(to, &sum, sizeof(sum)) == sizeof(sum)
			      ? 0
			      : STATUS_WOLFFIA);
	}
	fd_close(&to);
	struct block_io got;
	if (pid > 0 && read(from, &got, sizeof(got)) == sizeof(got))
		sum = got;
	if (pid > 0)
		process_wait(pid, &ignored);
	return sum;
}

static void add_process(pid_t pid, struct usage *usage)
{
	scoped(char) *stat = read_of(pid, "stat");
	uint64_t ticks = 0, threads = 0;

	if (!stat || usage_parse_stat(stat, &ticks, &threads) < 0)
		return;
	usage->cpu_ticks += ticks;
	usage->threads += threads;
	usage->memory += memory_of(pid);
}

int usage_read(const struct usage_of *of, struct usage *ret, struct error *err)
{
	struct usage usage = { .received = USAGE_UNKNOWN,
			       .sent = USAGE_UNKNOWN };
	scoped_processes all = { 0 };
	int r = processes_find(of->init_pid, &all, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < all.n; i++)
		add_process(all.pids[i], &usage);
	scoped(char) *network =
		of->host_network ? NULL : read_of(of->init_pid, "net/dev");
	if (network)
		usage_parse_network(network, &usage.received, &usage.sent);
	struct block_io io = read_block_io(&all, of->outer_userns_fd);
	usage.read = io.read;
	usage.written = io.written;
	*ret = usage;
	return 0;
}

uint64_t usage_total_memory(void)
{
	struct error ignored;
	scoped(char) *text = NULL;
	uint64_t total = 0;

	if (fd_read_file(AT_FDCWD, "/proc/meminfo", FILE_LARGEST, &text,
			 &ignored) >= 0)
		usage_parse_line(text, "MemTotal", &total);
	return total * KIBIBYTE;
}
