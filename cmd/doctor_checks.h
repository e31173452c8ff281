/*
 * cmd/doctor_checks.h - what a start needs, each thing as a test of its own
 *
 * A test runs in a child process with a time limit and writes what it found
 * into memory that it shares with its parent: so it may change its
 * namespaces, and may hang or die, without harm.
 */
#pragma once

#include <limits.h>
#include <stddef.h>

#include "base/error.h"
#include "userns/outer.h"

enum verdict {
	VERDICT_OK,
	VERDICT_WARN, /* a container starts, but something is not at its best */
	VERDICT_FAIL, /* a plain "wolffia run" does not start */
	VERDICT_SKIP, /* cannot be tested because of another failure */
	N_VERDICTS,
};

/* What a test found; no pointers, for it crosses processes. */
struct finding {
	enum verdict verdict;
	char text[768];
	char remedy[PATH_MAX + 512]; /* "" none */
};

/* What the tests work on; made before the first one, and constant. */
struct doctor {
	struct outer_ids ids;
	int ids_result;         /* of outer_find_ids() */
	struct error ids_error; /* its words; also with ids.single */
	const char *store_path; /* absolute; NULL: there is no place for it */
	struct error store_error;
	/* a directory of ours on the file system of the store, with what is
	 * mounted in it; NULL: none could be made */
	const char *scratch;
	struct error scratch_error;
};

struct check {
	const char *name;
	void (*function)(const struct doctor *doctor, const char *argument,
			 struct finding *ret);
	const char *argument; /* for functions that test several things */
	const char *needs;    /* the check without which this one cannot be
			       * done; NULL: none */
};

extern const struct check doctor_checks[]; /* ends with a NULL name */

void finding_say(struct finding *f, enum verdict verdict, const char *format,
		 ...) __attribute__((format(printf, 3, 4)));
void finding_remedy(struct finding *f, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* the words and the hint of @err */
void finding_error(struct finding *f, enum verdict verdict,
		   const struct error *err);

/* cmd/doctor_checks.c */
void check_caller(const struct doctor *d, const char *, struct finding *f);
void check_kernel(const struct doctor *d, const char *, struct finding *f);
void check_subids(const struct doctor *d, const char *, struct finding *f);
void check_helper(const struct doctor *d, const char *name, struct finding *f);
void check_seccomp(const struct doctor *d, const char *, struct finding *f);
void check_landlock(const struct doctor *d, const char *, struct finding *f);

/* cmd/doctor_places.c */
void check_store(const struct doctor *d, const char *, struct finding *f);
void check_home(const struct doctor *d, const char *, struct finding *f);
void check_runtime(const struct doctor *d, const char *, struct finding *f);
void check_cgroups(const struct doctor *d, const char *, struct finding *f);
void check_network(const struct doctor *d, const char *, struct finding *f);

/* cmd/doctor_mounts.c */
void check_userns(const struct doctor *d, const char *, struct finding *f);
void check_mapping(const struct doctor *d, const char *, struct finding *f);
void check_inner(const struct doctor *d, const char *, struct finding *f);
void check_mount(const struct doctor *d, const char *type, struct finding *f);
void check_overlay(const struct doctor *d, const char *, struct finding *f);
void check_fuse_device(const struct doctor *d, const char *, struct finding *f);
void check_fuse_program(const struct doctor *d, const char *,
			struct finding *f);
void check_fuse_serves(const struct doctor *d, const char *, struct finding *f);

/*
 * kernel_lacks - what a newer kernel than @release brings, as in "5.13:
 * kernel overlay; 5.14: ..."; pure
 * Return: 0; -ENOSYS too old to start anything; -EINVAL no version
 */
int kernel_lacks(const char *release, char *to, size_t size);
