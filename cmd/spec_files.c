/*
 * The root of the container, and what is mounted on it.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/path.h"
#include "base/text.h"
#include "cmd/mount_option.h"
#include "cmd/spec_parts.h"

#define DEFAULT_SHM_SIZE (64 * 1024 * 1024)

int spec_absolute(const char *path, char **ret, struct error *err)
{
	scoped(char) *here = NULL;

	if (path[0] == '/') {
		*ret = path_normalize("/", path);
		return 0;
	}
	here = getcwd(NULL, 0);
	if (!here)
		return error_set(err, errno, "find the working directory");
	/* getcwd(3): outside of the root it is "(unreachable)/..." */
	if (here[0] != '/')
		return error_say(err, ENOENT,
				 "the working directory is out of reach");
	*ret = path_normalize(here, path);
	return 0;
}

/* DIR, DIR:rw; podman's DIR:O is what DIR is anyway */
static int take_rootfs_dir(struct spec_build *build, struct error *err)
{
	scoped(char) *dir = xstrdup(build->options->rootfs);
	struct spec *spec = build->spec;
	struct stat st;

	spec->rootfs = ROOTFS_DIR;
	if (text_ends_with(dir, ":rw"))
		spec->rootfs = ROOTFS_DIR_RW;
	if (text_ends_with(dir, ":rw") || text_ends_with(dir, ":O"))
		*strrchr(dir, ':') = '\0';
	if (!*dir)
		return error_say(err, EINVAL, "--rootfs: the path is empty");
	int r = spec_absolute(dir, &spec->rootfs_dir, err);
	if (r < 0)
		return error_prefix(err, "--rootfs %s", dir);
	if (stat(spec->rootfs_dir, &st) < 0)
		return error_set(err, errno, "--rootfs %s", spec->rootfs_dir);
	if (!S_ISDIR(st.st_mode))
		return error_set(err, ENOTDIR, "--rootfs %s", spec->rootfs_dir);
	return 0;
}

static int take_image(struct spec_build *build, struct error *err)
{
	const struct image *image = build->source->image;
	struct spec *spec = build->spec;
	const char *name = build->options->image;

	if (!name || !*name) {
		error_say(err, EINVAL, "there is no image to run");
		return error_hint(err,
				  "write wolffia run IMAGE [COMMAND]; @host "
				  "instead of IMAGE takes this machine's own "
				  "root, --rootfs DIR a directory");
	}
	if (strcmp(name, "@host") == 0) {
		spec->rootfs = ROOTFS_HOST;
		return 0;
	}
	if (name[0] == '@') {
		error_say(err, EINVAL, "there is no root \"%s\"", name);
		return error_hint(err, "only @host begins with \"@\"");
	}
	if (!image)
		return error_say(err, EINVAL, "there is no image \"%s\"", name);
	spec->rootfs = ROOTFS_IMAGE;
	spec->image = xstrdup(name);
	if (image->digest)
		spec->image_digest = xstrdup(image->digest);
	strv_extend(&spec->layers, image->layers.v);
	return 0;
}

static int check_pull(const struct options *options, struct error *err)
{
	if (options->pull)
		return option_choice("--pull", CHOICES_PULL, options->pull,
				     err);
	return 0;
}

int spec_take_root(struct spec_build *build, struct error *err)
{
	const struct options *options = build->options;
	struct spec *spec = build->spec;
	int r = check_pull(options, err);

	if (r < 0)
		return r;
	r = options->rootfs ? take_rootfs_dir(build, err)
			    : take_image(build, err);
	if (r < 0)
		return r;
	spec->read_only = options->read_only == FLAG_YES;
	spec->driver = DRIVER_AUTO;
	if (options->driver) {
		int driver = driver_from_name(options->driver);

		if (driver < 0)
			return option_choice("--driver", CHOICES_DRIVER,
					     options->driver, err);
		spec->driver = (enum driver)driver;
	}
	return 0;
}

/* the path behind a bind mount's source as it was typed */
static int resolve_bind(struct spec_mount *mount, struct error *err)
{
	char *path = NULL;
	struct stat st;
	int r = spec_absolute(mount->source, &path, err);

	if (r < 0)
		return r;
	free(mount->source);
	mount->source = path;
	if (stat(path, &st) == 0)
		return 0;
	if (errno != ENOENT)
		return error_set(err, errno, "the source %s", path);
	error_say(err, ENOENT, "there is no %s on this machine", path);
	return error_hint(err,
			  "wolffia makes no directories of yours; make "
			  "it first: mkdir -p %s",
			  path);
}

static int resolve_source(const struct spec_build *build,
			  struct spec_mount *mount, struct error *err)
{
	if (mount->kind == MOUNT_BIND)
		return resolve_bind(mount, err);
	if (mount->kind == MOUNT_VOLUME) {
		char *path =
			xasprintf("%s/volumes/%s", build->source->store_path,
				  mount->source);
		free(mount->source);
		mount->source = path;
	}
	return 0;
}

static size_t depth(const char *path)
{
	size_t n = 0;

	for (; *path; path++)
		n += *path == '/';
	return n;
}

/* what lies in another mount is made after it, else in the order as typed */
static void insert_mount(struct spec *spec, const struct spec_mount *mount)
{
	size_t i = spec->n_mounts++;

	spec->mounts = xreallocarray(spec->mounts, spec->n_mounts,
				     sizeof(*spec->mounts));
	for (; i && depth(spec->mounts[i - 1].target) > depth(mount->target);
	     i--)
		spec->mounts[i] = spec->mounts[i - 1];
	spec->mounts[i] = *mount;
}

typedef int mount_parser(const char *text, struct mount_option *ret,
			 struct error *err);

static int take_mount_list(struct spec_build *build, const char *name,
			   const struct strv *list, mount_parser *parse,
			   struct error *err)
{
	for (size_t i = 0; i < list->n; i++) {
		struct mount_option option = { 0 };
		int r = parse(list->v[i], &option, err);

		if (r == 0)
			r = resolve_source(build, &option.mount, err);
		if (r < 0) {
			mount_option_free(&option);
			return error_prefix(err, "%s %s", name, list->v[i]);
		}
		if (option.notice)
			spec_notice(build, "%s", option.notice);
		insert_mount(build->spec, &option.mount);
	}
	return 0;
}

/* "VOLUME" of an image is a directory like any other: all of the root is
 * thrown away at the end.  Only if the root is read-only does it matter. */
static void notice_image_volumes(struct spec_build *build)
{
	const struct image *image = build->source->image;
	const struct spec *spec = build->spec;

	for (size_t i = 0; image && spec->read_only && i < image->volumes.n;
	     i++) {
		const char *path = image->volumes.v[i];
		bool mounted = false;

		for (size_t j = 0; j < spec->n_mounts; j++)
			mounted |= strcmp(spec->mounts[j].target, path) == 0;
		if (!mounted)
			spec_notice(
				build,
				"the image wants to write to %s, which is "
				"read-only like all of its root; --tmpfs %s "
				"would let it",
				path, path);
	}
}

int spec_take_mounts(struct spec_build *build, struct error *err)
{
	const struct options *options = build->options;
	struct spec *spec = build->spec;
	const struct {
		const char *name;
		const struct strv *list;
		mount_parser *parse;
	} lists[] = {
		{ "-v", &options->volumes, mount_option_parse_volume },
		{ "--mount", &options->mounts, mount_option_parse_mount },
		{ "--tmpfs", &options->tmpfs, mount_option_parse_tmpfs },
	};

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		int r = take_mount_list(build, lists[i].name, lists[i].list,
					lists[i].parse, err);
		if (r < 0)
			return r;
	}
	notice_image_volumes(build);
	spec->shm_size = DEFAULT_SHM_SIZE;
	if (options->shm_size &&
	    text_to_size(options->shm_size, &spec->shm_size, err) < 0)
		return error_prefix(err, "--shm-size");
	return 0;
}
