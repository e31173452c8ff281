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
#include "storage/unpack/unpack_confine.h"
#include "storage/unpack/unpack_records.h"

/* Inside a stage, after unpack_confine_files(). */
enum { STAGE_IN, STAGE_OUT, STAGE_REPORT };

enum {
	INPUT_SIZE = 256 << 10,
	PIPE_SIZE = 1 << 20,
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
};

static ssize_t read_input(char *to, size_t size)
{
	ssize_t n;

	do {
		n = read(STAGE_IN, to, size);
	} while (n < 0 && errno == EINTR);
	return n;
}

static la_ssize_t give_input(struct archive *archive, void *data,
			     const void **ret)
{
	struct work *work = data;
	ssize_t n = read_input(work->input, sizeof(work->input));

	if (n < 0)
		archive_set_error(archive, errno, "read: %s", strerror(errno));
	*ret = work->input;
	return n;
}

/* libarchive's numbers that are no errno are about the archive's format. */
static int archive_failed(struct archive *archive, struct error *err)
{
	int code = archive_errno(archive);
	const char *text = archive_error_string(archive);

	switch (code) {
	case ENOMEM:
		return error_say(err, EFBIG,
				 "reading it takes more than "
				 "%u MiB of memory",
				 (unsigned)(UNPACK_MEMORY >> 20));
	case EIO:
	case EISDIR:
	case EBADF:
		break;
	default:
		code = EBADMSG;
	}
	return error_say(err, code, "%s", text ? text : "malformed archive");
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
	    archive_read_support_filter_gzip(archive) ||
	    archive_read_support_filter_zstd(archive) ||
	    archive_read_support_filter_xz(archive) ||
	    archive_read_support_filter_bzip2(archive))
		return error_say(err, ENOTSUP,
				 "libarchive was built without gzip, zstd, "
				 "xz or bzip2");
	return 0;
}

static int inflate_run(struct work *work, struct error *err)
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
		return archive_failed(archive, err);
	/* libarchive would peel up to 25 layers; one is what the formats know,
	 * and the last "filter" is the reading itself */
	if (archive_filter_count(archive) > 2)
		return error_say(err, EBADMSG, "it is compressed twice");
	while ((r = archive_read_data_block(archive, &data, &size, &offset)) ==
	       ARCHIVE_OK) {
		r = fd_write_all(STAGE_OUT, data, size, err);
		if (r < 0)
			return r;
	}
	return r == ARCHIVE_EOF ? 0 : archive_failed(archive, err);
}

static int parse_prepare(struct work *work, struct error *err)
{
	struct archive *archive = archive_read_new();

	work->archive = archive;
	if (!archive || archive_read_support_format_tar(archive))
		return error_say(err, ENOTSUP, "libarchive cannot read tar");
	return 0;
}

static enum unpack_type entry_type(struct archive_entry *entry)
{
	if (archive_entry_hardlink(entry))
		return UNPACK_HARDLINK;
	switch (archive_entry_filetype(entry)) {
	case AE_IFREG:
		return UNPACK_FILE;
	case AE_IFDIR:
		return UNPACK_DIRECTORY;
	case AE_IFLNK:
		return UNPACK_SYMLINK;
	case AE_IFIFO:
		return UNPACK_FIFO;
	case AE_IFCHR:
	case AE_IFBLK:
	case AE_IFSOCK:
		return UNPACK_NODE;
	default:
		return UNPACK_TYPES_END;
	}
}

static int take_xattrs(struct archive_entry *from, struct unpack_entry *to,
		       struct error *err)
{
	const char *name;
	const void *value;
	size_t size, total = 0;

	archive_entry_xattr_reset(from);
	while (archive_entry_xattr_next(from, &name, &value, &size) ==
	       ARCHIVE_OK) {
		if (!name || !unpack_xattr_allowed(name)) {
			to->skipped_xattrs++;
			continue;
		}
		total += strlen(name) + 1 + size;
		if (to->n_xattrs >= UNPACK_XATTRS_MAX ||
		    size > UNPACK_XATTR_VALUE_MAX ||
		    total > UNPACK_XATTRS_BYTES)
			return error_say(err, EFBIG,
					 "'%s' has too many or too long "
					 "extended attributes",
					 to->path);
		to->xattrs[to->n_xattrs++] = (struct unpack_xattr){
			.name = name, .value = value, .size = size
		};
	}
	return 0;
}

static int take_entry(struct archive_entry *from, struct unpack_entry *to,
		      struct error *err)
{
	const char *path = archive_entry_pathname(from);
	const char *link = NULL;
	long nsec = archive_entry_mtime_nsec(from);

	*to = (struct unpack_entry){
		.type = entry_type(from),
		.mode = archive_entry_perm(from) & 07777,
		.uid = archive_entry_uid(from),
		.gid = archive_entry_gid(from),
		.mtime = archive_entry_mtime(from),
		.mtime_nsec =
			nsec >= 0 && nsec < 1000000000 ? (uint32_t)nsec : 0,
		.path = path ? path : "",
		.link = "",
	};
	if (to->type == UNPACK_TYPES_END)
		return error_say(err, EBADMSG, "'%s' is of no known type",
				 to->path);
	if (to->type == UNPACK_FILE && archive_entry_size(from) < 0)
		return error_say(err, EBADMSG, "'%s' has a negative size",
				 to->path);
	if (to->type == UNPACK_FILE)
		to->size = (uint64_t)archive_entry_size(from);
	if (to->type == UNPACK_HARDLINK)
		link = archive_entry_hardlink(from);
	else if (to->type == UNPACK_SYMLINK)
		link = archive_entry_symlink(from);
	if (link)
		to->link = link;
	return take_xattrs(from, to, err);
}

static int send_content(struct archive *archive, struct unpack_sender *sender,
			struct error *err)
{
	const void *data;
	size_t size;
	la_int64_t offset;
	int r;

	while ((r = archive_read_data_block(archive, &data, &size, &offset)) ==
	       ARCHIVE_OK) {
		if (offset < 0)
			return error_say(err, EBADMSG, "a negative offset");
		r = unpack_send_data(sender, (uint64_t)offset, data, size, err);
		if (r < 0)
			return r;
	}
	return r == ARCHIVE_EOF ? 0 : archive_failed(archive, err);
}

/*
 * A warning means that libarchive left something out or guessed.  The one
 * that is harmless: names that it cannot translate to the "C" locale, which
 * it then gives as the bytes they are, just as we want them.
 */
static bool is_harmless(struct archive *archive)
{
	const char *text = archive_error_string(archive);

	return text && strstr(text, "can't be converted");
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

static int parse_run(struct work *work, struct error *err)
{
	static struct unpack_sender sender = { .fd = STAGE_OUT };
	struct archive *archive = work->archive;
	struct archive_entry *entry;
	struct unpack_entry ours;
	int r = archive_read_open(archive, work, NULL, give_input, NULL);

	if (r != ARCHIVE_OK)
		return archive_failed(archive, err);
	while ((r = archive_read_next_header(archive, &entry)) != ARCHIVE_EOF) {
		if (r != ARCHIVE_OK &&
		    !(r == ARCHIVE_WARN && is_harmless(archive)))
			return archive_failed(archive, err);
		r = take_entry(entry, &ours, err);
		if (r == 0)
			r = unpack_send_entry(&sender, &ours, err);
		if (r == 0 && ours.type == UNPACK_FILE && ours.size > 0)
			r = send_content(archive, &sender, err);
		if (r < 0)
			return r;
	}
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
