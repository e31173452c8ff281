#include "core/masking.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mountfd.h"
#include "base/path.h"
#include "core/confine/masks.h"

int masking_hide(struct launch *l, int base, const char *path, int *empty_fd,
		 struct error *err)
{
	struct stat st;
	struct error ignored;
	scoped_fd target = path_open_beneath(base, path, O_PATH, 0, &ignored);

	if (target < 0)
		return ignored.code == ENOENT ? 0
					      : (*err = ignored, -err->code);
	if (fstat(target, &st) < 0)
		return error_set(err, errno, "%s", path);
	if (S_ISDIR(st.st_mode) && *empty_fd < 0) {
		*empty_fd = mountfd_new(
			"tmpfs", NULL, MASKING_SYSTEM | MOUNT_ATTR_RDONLY, err);
		if (*empty_fd < 0)
			return *empty_fd;
	}
	struct fd_path null = fd_link(l->null_fd);
	scoped_fd cover =
		S_ISDIR(st.st_mode)
			? mountfd_clone(*empty_fd, "", AT_EMPTY_PATH, err)
			: mountfd_clone(AT_FDCWD, null.text, 0, err);
	if (cover < 0)
		return cover;
	int r = S_ISDIR(st.st_mode)
			? 0
			: mountfd_set(cover,
				      MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC |
					      MOUNT_ATTR_RDONLY,
				      0, err);
	return r < 0 ? r : mountfd_attach(cover, target, err);
}

int masking_freeze(int base, const char *path, struct error *err)
{
	struct error ignored;
	scoped_fd target = path_open_beneath(base, path, O_PATH, 0, &ignored);

	if (target < 0)
		return ignored.code == ENOENT ? 0
					      : (*err = ignored, -err->code);
	scoped_fd copy =
		mountfd_clone(target, "", AT_EMPTY_PATH | AT_RECURSIVE, err);
	if (copy < 0)
		return copy;
	int r = mountfd_set(copy, MOUNT_ATTR_RDONLY | MASKING_SYSTEM,
			    AT_RECURSIVE, err);
	return r < 0 ? r : mountfd_attach(copy, target, err);
}

bool masking_is_lifted(const struct spec *spec, const char *path)
{
	for (size_t i = 0; i < spec->unmask.n; i++)
		if (path_is_below(path, spec->unmask.v[i]))
			return true;
	return false;
}

int masking_cover(struct launch *l, int base, const char *top,
		  struct error *err)
{
	bool masks = l->spec->masks;
	scoped_fd empty = -1;
	int r = 0;

	for (size_t i = 0; r == 0 && masks && masks_read_only[i]; i++)
		if (path_is_below(masks_read_only[i], top) &&
		    !masking_is_lifted(l->spec, masks_read_only[i]))
			r = masking_freeze(base, masks_read_only[i] + 1, err);
	for (size_t i = 0; r == 0 && masks && masks_hidden[i]; i++)
		if (path_is_below(masks_hidden[i], top) &&
		    !masking_is_lifted(l->spec, masks_hidden[i]))
			r = masking_hide(l, base, masks_hidden[i] + 1, &empty,
					 err);
	for (size_t i = 0; r == 0 && i < l->spec->mask.n; i++)
		if (path_is_below(l->spec->mask.v[i], top))
			r = masking_hide(l, base, l->spec->mask.v[i] + 1,
					 &empty, err);
	return r;
}
