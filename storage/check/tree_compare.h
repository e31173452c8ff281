/*
 * storage/check/tree_compare.h - is a tree what it should be?
 */
#pragma once

#include "base/error.h"

enum { TREE_DIFFERENCE_MAX = 256 };

/*
 * tree_compare - the first difference between two trees of files
 * @wanted_fd, @found_fd: directories, open for reading
 * @ret: what it is: "'etc/passwd' has other content"
 *
 * Names, kinds, modes, owners, sizes, links, contents, the attributes user.*
 * and security.capability, and the times of what is no directory.  Nothing is
 * followed (storage/tree_walk.h).  What cannot be read in @found_fd is a
 * difference, too.
 *
 * Return: 1 there is one; 0 there is none; -errno @wanted_fd cannot be read.
 */
int tree_compare(int wanted_fd, int found_fd, char ret[TREE_DIFFERENCE_MAX],
		 struct error *err);
