/*
 * base/path.h - paths that lead through somebody else's directories
 *
 * A path inside a root file system, a volume or the store is never joined to
 * a string and walked: it is resolved beneath a directory descriptor, and the
 * result is a descriptor (R2).  Source: openat2(2), Linux 5.6.  Nothing stands
 * in for the call: a kernel without it is older than the oldest we run on.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/*
 * path_resolve - openat2(2), tried again when a signal or a rename came between
 * @flags:   as for open(2); O_CLOEXEC is added
 * @mode:    for O_CREAT
 * @resolve: how far the path may lead: RESOLVE_* of <linux/openat2.h>;
 *           RESOLVE_NO_MAGICLINKS is added
 *
 * Return: a descriptor that the caller closes; -1 with errno, EAGAIN when the
 * tree never came to rest.
 */
int path_resolve(int dirfd, const char *path, int flags, mode_t mode,
		 uint64_t resolve);

/*
 * path_open_in_root - open @path as if @root_fd were "/"
 * @path:  absolute or relative; ".." stops at the root, symbolic links are
 *         followed inside it
 * @flags: as for open(2); O_CLOEXEC is added
 * @mode:  for O_CREAT
 *
 * Magic links (those of /proc) are refused: -ELOOP.
 * Return: a descriptor that the caller closes, or -errno.
 */
int path_open_in_root(int root_fd, const char *path, int flags, mode_t mode,
		      struct error *err);

/*
 * path_open_beneath - open a path that may not leave @dirfd, nor contain links
 * With RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS: -EXDEV, -ELOOP.
 */
int path_open_beneath(int dirfd, const char *path, int flags, mode_t mode,
		      struct error *err);

/*
 * path_mkdir_in_root - make the directories of @path that are missing
 * @mode: of the new ones; owned by the caller's file system ids
 *
 * Return: an O_PATH descriptor of the last one; -ENOTDIR when a part of the
 * path is something else.
 */
int path_mkdir_in_root(int root_fd, const char *path, mode_t mode,
		       struct error *err);

/* path_mkdir_parents - mkdir -p for a path of our own; 0 also if it exists */
int path_mkdir_parents(const char *path, mode_t mode, struct error *err);

/* path_is_below - is @path @ancestor itself or in it?  By components, so
 * that "/scratch2" is not below "/scratch".  Both absolute and normal. */
bool path_is_below(const char *path, const char *ancestor);

/*
 * path_normalize - the absolute, textual form: no "//", ".", "..", last "/"
 * @base: what a relative @path is relative to; absolute
 * Return: the caller's to free.  Links are not looked at.
 */
char *path_normalize(const char *base, const char *path);

/*
 * path_remove_tree - remove @name below @dirfd with all that is in it
 *
 * Never follows a link and does not leave the file system it starts on.
 * Directories without permission are made passable first.
 * Return: 0, also when there is nothing of that name.
 */
int path_remove_tree(int dirfd, const char *name, struct error *err);
