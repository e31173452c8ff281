/*
 * storage/copy/copy_path.h - what the two paths of a copy mean
 *
 * The rules of docker(1) cp.  All functions here are pure.
 *
 *   the source is   the target is             what is made
 *   a file          a directory               target/NAME
 *   a file          a file                    the target, replaced
 *   a file          missing                   the target; with a "/" at its end
 *                                             an error
 *   a directory     a directory               target/NAME/..., or target/... if
 *                                             the source ends in "/."
 *   a directory     a file                    an error
 *   a directory     missing                   target/...
 *   a tar           a directory               target/...; else an error
 *
 * In any case the directory in which the target is must exist.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "storage/unpack/unpack_records.h"

/* A path as it was typed, in its parts. */
struct copy_path {
	char *directory; /* in which .name is; never "" */
	char *name;      /* the last component; "": .directory itself */
	bool slash;      /* "/", "/." or "..": it has to be a directory */
	bool content;    /* "/.", ".", "..", "/": what is in it, not itself */
};

/* copy_path_split - @path is not ""; copy_path_free() afterwards */
void copy_path_split(const char *path, struct copy_path *ret);
void copy_path_free(struct copy_path *path);

/*
 * copy_path_link - where a path leads that is a link
 * @path: the link
 * @goal: what the link says
 * Return: the caller's to free; it ends in "/" if @path does.
 */
char *copy_path_link(const struct copy_path *path, const char *goal);

/* What comes. */
struct copy_from {
	const char *name; /* of the file or directory */
	bool content;     /* of a directory: names begin in it */
	bool stream;      /* the user's own tar: names begin in the target */
};

/* What is there. */
struct copy_to {
	const char
		*name; /* in its directory; "": it is the root, or the like */
	bool exists, directory, slash;
};

/* How the names of a tar become paths. */
struct copy_plan {
	bool inside;      /* paths begin in the target, not in its directory */
	const char *from; /* the first component of every name; NULL: any */
	const char *to;   /* what it becomes, or is put before; NULL: nothing */
};

/*
 * copy_decide - what is made where
 * @directory: what comes is a directory; not looked at for a stream
 * @ret: its texts are those of @from and @to
 * Return: 0; -EISDIR, -ENOTDIR, -ENOENT
 */
int copy_decide(const struct copy_from *from, bool directory,
		const struct copy_to *to, struct copy_plan *ret,
		struct error *err);

/*
 * copy_place - the path of an entry
 * @name: clean, as of unpack_path_clean()
 * @to:   clean, too; "" is the target itself
 * Return: 0; -EXDEV it is not below what was asked for; -ENAMETOOLONG
 */
int copy_place(const struct copy_plan *plan, const char *name,
	       char to[UNPACK_PATH_MAX], struct error *err);
