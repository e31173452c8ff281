/*
 * storage/unpack/unpack_stages.h - the confined processes between a tar and its
 * records: inflate, hash, parse (storage/unpack/unpack.h says why there are
 * three)
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

enum { UNPACK_INFLATE, UNPACK_HASH, UNPACK_PARSE, UNPACK_STAGES };
enum { UNPACK_ALL_STAGES = (1 << UNPACK_STAGES) - 1 };

struct unpack_stages {
	int records_fd; /* what the parser sends; the reader's to close */
	unsigned wanted;
	struct unpack_stage {
		pid_t pid; /* 0: not running */
		int report_fd;
	} stage[UNPACK_STAGES];
};

/*
 * unpack_stages_start - start them on @tar_fd
 * @wanted:    a set of 1 << UNPACK_*, UNPACK_PARSE always in it: what is not
 *             compressed needs no inflating, what is not stored no hash
 * @max_bytes: of the uncompressed stream; more is -EFBIG.  Seen by the hash.
 */
int unpack_stages_start(struct unpack_stages *ret, int tar_fd, unsigned wanted,
			uint64_t max_bytes, struct error *err);

/*
 * unpack_stages_finish - wait for them, and learn how they ended
 * @diff_id: 32 bytes, the SHA-256 of the uncompressed stream; left alone if it
 *           was not wanted
 *
 * Return: 0 when all of them read all that there was; -EBADMSG, -EFBIG,
 * -ENAMETOOLONG or an errno of reading the stream: the first cause in the
 * order of the data.
 */
int unpack_stages_finish(struct unpack_stages *stages, uint8_t diff_id[32],
			 struct error *err);

/* unpack_stages_kill - end those that still run; to be called always */
void unpack_stages_kill(struct unpack_stages *stages);
