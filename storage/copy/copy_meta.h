/*
 * storage/copy/copy_meta.h - owner, mode, time and attributes of a copied file
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "storage/copy/copy_write.h"
#include "storage/unpack/unpack_records.h"

/*
 * copy_meta_owner - give @name in @dirfd to whom it shall belong
 * @name: "": @dirfd itself; a link is not followed
 * Return: 0; -ERANGE the container has no such id
 */
int copy_meta_owner(const struct copy_write_options *options, int dirfd,
		    const char *name, const struct unpack_entry *entry,
		    struct copy_counts *counts, struct error *err);

/* copy_meta_attributes - of the file or directory @fd; what the file system
 * does not take is counted */
int copy_meta_attributes(const struct copy_write_options *options, int fd,
			 const struct unpack_entry *entry,
			 struct copy_counts *counts, struct error *err);

/* copy_meta_mode - the mode that it gets; pure */
uint32_t copy_meta_mode(const struct copy_write_options *options,
			const struct unpack_entry *entry);

/* copy_meta_file - all of these, and the time, for a file that is written */
int copy_meta_file(const struct copy_write_options *options, int fd,
		   const struct unpack_entry *entry, struct copy_counts *counts,
		   struct error *err);
