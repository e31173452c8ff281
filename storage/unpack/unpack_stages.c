#include "storage/unpack/unpack_stages.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <openssl/evp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/process.h"
#include "storage/media.h"
#include "storage/unpack/unpack_confine.h"
#include "storage/unpack/unpack_gzip.h"
#include "storage/unpack/unpack_records.h"
#include "storage/unpack/unpack_tar.h"

/* Inside a stage, after unpack_confine_files(). */
enum { STAGE_IN, STAGE_OUT, STAGE_REPORT };

enum {
	INPUT_SIZE = 256 << 10,
	PIPE_SIZE = 1 << 20,
	LOOK_SIZE = 8,
	REPORT_MAGIC = 0x77753031,
};

/* The last word of a stage, in one write to its report descriptor. */
struct report {
	uint32_t magic;
	int32_t code; /* a positive errno, or 0 */
	char text[256];
	uint8_t digest[32]; /* of UNPACK_HASH */
};

/* What a stage makes before it is confined. */
struct work {
	struct archive *archive;
	EVP_MD_CTX *hash;
	uint64_t max_bytes;
	uint8_t digest[32];
	char input[INPUT_SIZE];
	size_t looked_at; /* bytes there that have been read, but not given */
	bool is_taken;    /* something has come out */
};

static ssize_t read_input(char *to, size_t size)
{
	ssize_t n;

	do {
		n = read(STAGE_IN, to, size);
	} while (n < 0 && errno == EINTR);
	return n;
}

/* Return: bytes at *@ret; 0 at the end; -errno */
static ssize_t give(void *context, const void **ret)
{
	struct work *work = context;
	ssize_t n = (ssize_t)work->looked_at;

	work->looked_at = 0;
	if (n == 0)
		n = read_input(work->input, sizeof(work->input));
	*ret = work->input;
	return n < 0 ? -errno : n;
}

static la_ssize_t give_input(struct archive *archive, void *data,
			     const void **ret)
{
	ssize_t n = give(data, ret);

	if (n < 0)
		archive_set_error(archive, (int)-n, "read: %s",
				  strerror((int)-n));
	return n < 0 ? -1 : n;
}

static int hash_prepare(struct work *work, struct error *err)
{
	work->hash = EVP_MD_CTX_new();
	if (!work->hash ||
	    EVP_DigestInit_ex(work->hash, EVP_sha256(), NULL) != 1)
		return error_say(err, EIO, "libcrypto has no SHA-256");
	return 0;
}

static int hash_run(struct work *work, struct error *err)
{
	uint64_t total = 0;
	ssize_t n;

	while ((n = read_input(work->input, sizeof(work->input))) > 0) {
		total += (uint64_t)n;
		if (total > work->max_bytes)
			return error_say(err, EFBIG,
					 "it unpacks to more than %llu bytes",
					 (unsigned long long)work->max_bytes);
		if (EVP_DigestUpdate(work->hash, work->input, (size_t)n) != 1)
			return error_say(err, EIO, "SHA-256 failed");
		int r = fd_write_all(STAGE_OUT, work->input, (size_t)n, err);
		if (r < 0)
			return r;
	}
	if (n < 0)
		return error_set(err, errno, "read");
	if (EVP_DigestFinal_ex(work->hash, work->digest, NULL) != 1)
		return error_say(err, EIO, "SHA-256 failed");
	return 0;
}

static int inflate_prepare(struct work *work, struct error *err)
{
	struct archive *archive = archive_read_new();

	work->archive = archive;
	/* anything but OK: would run a program, or has nothing to do it with */
	if (!archive || archive_read_support_format_raw(archive) ||
	    archive_read_support_filter_zstd(archive) ||
	    archive_read_support_filter_xz(archive) ||
	    archive_read_support_filter_bzip2(archive))
		return error_say(err, ENOTSUP,
				 "libarchive was built without zstd, xz or "
				 "bzip2");
	return 0;
}

static int compressed_twice(struct error *err)
{
	return error_say(err, EBADMSG, "it is compressed twice");
}

static int take_inflated(void *context, const void *data, size_t size,
			 struct error *err)
{
	struct work *work = context;

	if (!work->is_taken && *media_compression(data, size))
		return compressed_twice(err);
	work->is_taken = true;
	return fd_write_all(STAGE_OUT, data, size, err);
}

static int inflate_by_libarchive(struct work *work, struct error *err)
{
	struct archive *archive = work->archive;
	struct archive_entry *entry;
	const void *data;
	size_t size;
	la_int64_t offset;
	int r = archive_read_open(archive, work, NULL, give_input, NULL);

	if (r == ARCHIVE_OK)
		r = archive_read_next_header(archive, &entry);
	if (r == ARCHIVE_EOF)
		return error_say(err, EBADMSG, "it is empty");
	if (r != ARCHIVE_OK)
		return unpack_archive_failed(archive, err);
	/* libarchive would peel up to 25 layers; one is what the formats know,
	 * and the last "filter" is the reading itself */
	if (archive_filter_count(archive) > 2)
		return compressed_twice(err);
	while ((r = archive_read_data_block(archive, &data, &size, &offset)) ==
	       ARCHIVE_OK) {
		r = size > 0 ? take_inflated(work, data, size, err) : 0;
		if (r < 0)
			return r;
	}
	return r == ARCHIVE_EOF ? 0 : unpack_archive_failed(archive, err);
}

/* as much as tells how it is compressed; Return: 0, -errno */
static int look_at_input(struct work *work, struct error *err)
{
	while (work->looked_at < LOOK_SIZE) {
		ssize_t n = read_input(work->input + work->looked_at,
				       sizeof(work->input) - work->looked_at);
		if (n < 0)
			return error_set(err, errno, "read");
		if (n == 0)
			break;
		work->looked_at += (size_t)n;
	}
	return 0;
}

static int inflate_run(struct work *work, struct error *err)
{
	const struct gzip_ends gzip = { give, take_inflated, work };
	int r = look_at_input(work, err);

	if (r < 0)
		return r;
	return strcmp(media_compression(work->input, work->looked_at),
		      "+gzip") == 0
		       ? unpack_gzip(&gzip, err)
		       : inflate_by_libarchive(work, err);
}

/* What is behind the end of the archive belongs to the diff id. */
static int read_rest(struct work *work, struct error *err)
{
	ssize_t n;

	do {
		n = read_input(work->input, sizeof(work->input));
	} while (n > 0);
	return n < 0 ? error_set(err, errno, "read") : 0;
}

static int parse_prepare(struct work *work, struct error *err)
{
	work->archive = unpack_tar_new(err);
	return work->archive ? 0 : -err->code;
}

static int parse_run(struct work *work, struct error *err)
{
	static struct unpack_sender sender = { .fd = STAGE_OUT };
	int r = archive_read_open(work->archive, work, NULL, give_input, NULL);

	if (r != ARCHIVE_OK)
		return unpack_archive_failed(work->archive, err);
	r = unpack_tar_send(work->archive, &sender, err);
	if (r == 0)
		r = read_rest(work, err);
	return r < 0 ? r : unpack_send_end(&sender, err);
}

/* clang-format off */
static const struct {
	const char *name;
	int (*prepare)(struct work *work, struct error *err);
	int (*run)(struct work *work, struct error *err);
} stages_table[UNPACK_STAGES] = {
	[UNPACK_INFLATE] = { "decompress",      inflate_prepare, inflate_run },
	[UNPACK_HASH]    = { "hash",            hash_prepare,    hash_run },
	[UNPACK_PARSE]   = { "read the archive", parse_prepare,  parse_run },
};
/* clang-format on */

static _Noreturn void stage_main(int number, int in, int out, int report_fd,
				 uint64_t max_bytes, pid_t parent)
{
	static struct work work;
	struct error err = { 0 };
	struct report report = { .magic = REPORT_MAGIC };

	process_die_with_parent(parent);
	process_reset_signals();
	/* names are bytes: no locale may make libarchive normalize them */
	setlocale(LC_ALL, "C");
	work.max_bytes = max_bytes;
	int r = stages_table[number].prepare(&work, &err);
	if (r == 0)
		r = unpack_confine(in, out, report_fd, &err);
	else
		r = unpack_confine_files(in, out, report_fd, &err) < 0
			    ? -err.code
			    : r;
	if (r == 0)
		r = stages_table[number].run(&work, &err);
	if (r < 0) {
		report.code = err.code;
		snprintf(report.text, sizeof(report.text), "%.255s", err.text);
	}
	memcpy(report.digest, work.digest, sizeof(report.digest));
	_exit(write(STAGE_REPORT, &report, sizeof(report)) ==
			      (ssize_t)sizeof(report)
		      ? 0
		      : 1);
}

static int start_stage(struct unpack_stage *ret, int number, int in, int out,
		       uint64_t max_bytes, struct error *err)
{
	pid_t self = getpid();
	int report[2];

	if (pipe2(report, O_CLOEXEC) < 0)
		return error_set(err, errno, "make a pipe");
	pid_t pid = fork();
	if (pid == 0)
		stage_main(number, in, out, report[1], max_bytes, self);
	int saved = errno;
	fd_close(&report[1]);
	if (pid < 0) {
		fd_close(&report[0]);
		return error_set(err, saved, "fork");
	}
	ret->pid = pid;
	ret->report_fd = report[0];
	return 0;
}

int unpack_stages_start(struct unpack_stages *ret, int tar_fd, unsigned wanted,
			uint64_t max_bytes, struct error *err)
{
	scoped_fd in = fcntl(tar_fd, F_DUPFD_CLOEXEC, 3);
	struct unpack_stages stages = { .records_fd = -1, .wanted = wanted };

	if (in < 0)
		return error_set(err, errno, "use descriptor %d", tar_fd);
	for (int i = 0; i < UNPACK_STAGES; i++)
		stages.stage[i].report_fd = -1;
	for (int i = 0; i < UNPACK_STAGES; i++) {
		int out[2];

		if (!(wanted & 1u << i))
			continue;
		if (pipe2(out, O_CLOEXEC) < 0) {
			unpack_stages_kill(&stages);
			return error_set(err, errno, "make a pipe");
		}
		/* only quicker; a user may have too many large pipes */
		fcntl(out[1], F_SETPIPE_SZ, PIPE_SIZE);
		int r = start_stage(&stages.stage[i], i, in, out[1], max_bytes,
				    err);
		fd_close(&out[1]);
		fd_close(&in);
		in = out[0];
		if (r < 0) {
			unpack_stages_kill(&stages);
			return r;
		}
	}
	stages.records_fd = take_fd(in);
	*ret = stages;
	return 0;
}

/* One stage's last word; @ret_secondary: it only says that a neighbour died */
static int finish_stage(struct unpack_stage *stage, int number,
			struct report *ret, bool *ret_secondary,
			struct error *err)
{
	char how[64];
	ssize_t n;

	do {
		n = read(stage->report_fd, ret, sizeof(*ret));
	} while (n < 0 && errno == EINTR);
	int status = process_wait(stage->pid, err);
	stage->pid = 0;
	*ret_secondary = false;
	if (status < 0)
		return status;
	if (n == (ssize_t)sizeof(*ret) && ret->magic == REPORT_MAGIC &&
	    status == 0) {
		ret->text[sizeof(ret->text) - 1] = '\0';
		if (ret->code == 0)
			return 0;
		return error_say(err, ret->code > 0 ? ret->code : EBADMSG, "%s",
				 ret->text);
	}
	*ret_secondary = WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE;
	return error_say(err, EBADMSG, "the process to %s it %s",
			 stages_table[number].name,
			 process_describe(status, how, sizeof(how)));
}

int unpack_stages_finish(struct unpack_stages *stages, uint8_t diff_id[32],
			 struct error *err)
{
	struct error first = { 0 };
	bool first_is_secondary = false;

	fd_close(&stages->records_fd);
	for (int i = 0; i < UNPACK_STAGES; i++) {
		struct report report = { 0 };
		struct error here;
		bool secondary;

		if (!(stages->wanted & 1u << i))
			continue;
		int r = finish_stage(&stages->stage[i], i, &report, &secondary,
				     &here);

		if (r == 0 && i == UNPACK_HASH)
			memcpy(diff_id, report.digest, sizeof(report.digest));
		if (r < 0 && (!first.code || first_is_secondary)) {
			first = here;
			first_is_secondary = secondary;
		}
	}
	if (!first.code)
		return 0;
	*err = first;
	return -err->code;
}

void unpack_stages_kill(struct unpack_stages *stages)
{
	fd_close(&stages->records_fd);
	for (int i = 0; i < UNPACK_STAGES; i++) {
		struct unpack_stage *stage = &stages->stage[i];

		if (stage->pid > 0) {
			kill(stage->pid, SIGKILL);
			while (waitpid(stage->pid, NULL, 0) < 0 &&
			       errno == EINTR)
				;
			stage->pid = 0;
		}
		fd_close(&stage->report_fd);
	}
}
