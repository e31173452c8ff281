/*
 * tests/hostile/unpack_one.c - unpack one archive and say how it went
 *
 *   unpack_one [layer] [single] [ids=N] [bytes=N] [files=N] ARCHIVE TARGET
 *
 * Prints one line, fields separated by tabs:
 *   errno name or "ok", greatest memory of a confined process in KiB,
 *   diff id, files, bytes, skipped nodes, skipped attributes, ".wh." files,
 *   highest id, message
 *
 *   unpack_one sanitized   succeeds when AddressSanitizer is built in, with
 *                          which no process can limit its memory
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/fd.h"
#include "base/text.h"
#include "storage/confine.h"
#include "storage/unpack/unpack.h"

static uint64_t number_of(const char *argument)
{
	return strtoull(strchr(argument, '=') + 1, NULL, 10);
}

static void take_option(struct unpack_options *options, const char *argument)
{
	if (strcmp(argument, "layer") == 0)
		options->layer = true;
	else if (strcmp(argument, "single") == 0)
		options->single = true;
	else if (text_starts_with(argument, "ids="))
		options->ids = (uint32_t)number_of(argument);
	else if (text_starts_with(argument, "bytes="))
		options->max_bytes = number_of(argument);
	else if (text_starts_with(argument, "files="))
		options->max_files = number_of(argument);
	else
		abort();
}

int main(int argc, char **argv)
{
	struct unpack_options options = { .what = "it", .ids = 65536 };
	struct unpack_result result = { 0 };
	struct error err = { 0 };
	struct rusage usage;

	if (argc == 2 && strcmp(argv[1], "sanitized") == 0)
		return !SANITIZED;
	if (argc < 3)
		return 2;
	for (int i = 1; i < argc - 2; i++)
		take_option(&options, argv[i]);
	scoped_fd tar = open(argv[argc - 2], O_RDONLY | O_CLOEXEC);
	scoped_fd target =
		open(argv[argc - 1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (tar < 0 || target < 0) {
		perror("open");
		return 2;
	}
	int r = unpack_stream(tar, target, &options, &result, &err);
	getrusage(RUSAGE_CHILDREN, &usage);
	printf("%s\t%ld\t%s\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64
	       "\t%" PRIu64 "\t%u\t%s\n",
	       r == 0 ? "ok" : strerrorname_np(-r), usage.ru_maxrss,
	       result.diff_id, result.files, result.bytes,
	       result.skipped_devices, result.skipped_xattrs,
	       result.whiteout_files, result.highest_id, err.text);
	return 0;
}
