#include "core/spec.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/path.h"
#include "core/confine/capabilities.h"
#include "core/confine/user.h"

enum {
	NAME_LONGEST = 128,    /* of a container */
	HOSTNAME_LONGEST = 64, /* HOST_NAME_MAX, gethostname(2) */
	LABEL_LONGEST = 64 * 1024,
	/* execve(2): MAX_ARG_STRLEN, and a quarter of an 8 MiB stack */
	ARGUMENT_LONGEST = 128 * 1024 - 1,
	ARGUMENTS_LONGEST = 2 * 1024 * 1024 - 4096,
	PIDS_MOST = 4 * 1024 * 1024, /* PID_MAX_LIMIT, proc(5) pid_max */
	SHM_LEAST = 4096,
	MOUNTS_MOST = 1024,
};

#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define UPPER  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

/* clang-format off */
static const char *const userns_mode_names[] = {
	[USERNS_AUTO]    = "auto",
	[USERNS_NOMAP]   = "nomap",
	[USERNS_AS_ME]   = "as-me",
	[USERNS_KEEP_ID] = "keep-id",
	[USERNS_SINGLE]  = "single",
};
static const char *const driver_names[] = {
	[DRIVER_AUTO]               = "auto",
	[DRIVER_FUSE_BELOW_OVERLAY] = "fuse-overlayfs below overlay",
	[DRIVER_FUSE_OVERLAYFS]     = "fuse-overlayfs",
	[DRIVER_OVERLAY]            = "overlay",
};
const char *const restart_names[] = {
	[RESTART_NO]             = "no",
	[RESTART_ON_FAILURE]     = "on-failure",
	[RESTART_ALWAYS]         = "always",
	[RESTART_UNLESS_STOPPED] = "unless-stopped",
	NULL,
};
/* clang-format on */
static_assert(ARRAY_SIZE(userns_mode_names) == USERNS_SINGLE + 1, "names");
static_assert(ARRAY_SIZE(driver_names) == DRIVER_OVERLAY + 1, "names");

const char *userns_mode_name(enum userns_mode mode)
{
	return (size_t)mode < ARRAY_SIZE(userns_mode_names)
		       ? userns_mode_names[mode]
		       : NULL;
}

int userns_mode_from_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(userns_mode_names); i++)
		if (strcmp(userns_mode_names[i], name) == 0)
			return (int)i;
	return -1;
}

const char *driver_name(enum driver driver)
{
	return (size_t)driver < ARRAY_SIZE(driver_names) ? driver_names[driver]
							 : NULL;
}

int driver_from_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(driver_names); i++)
		if (i != DRIVER_FUSE_BELOW_OVERLAY &&
		    strcmp(driver_names[i], name) == 0)
			return (int)i;
	return -1;
}

void spec_free(struct spec *spec)
{
	for (size_t i = 0; i < spec->n_mounts; i++) {
		free(spec->mounts[i].source);
		free(spec->mounts[i].target);
	}
	free(spec->mounts);
	free(spec->rlimits);
	free(spec->id);
	free(spec->name);
	free(spec->hostname);
	free(spec->workdir);
	free(spec->user.text);
	free(spec->image);
	free(spec->image_digest);
	free(spec->rootfs_dir);
	strv_free(&spec->labels);
	strv_free(&spec->argv);
	strv_free(&spec->env);
	strv_free(&spec->user.groups);
	strv_free(&spec->layers);
	strv_free(&spec->mask);
	strv_free(&spec->unmask);
	*spec = (struct spec){ 0 };
}

static bool has_control(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return true;
	return false;
}

/* is @text one of @first, and then @others only, @longest at most? */
static bool is_word(const char *text, const char *first, const char *others,
		    size_t longest)
{
	return text && *text && strchr(first, *text) &&
	       !text[strspn(text, others)] && strlen(text) <= longest;
}

static bool is_absolute_and_normal(const char *path)
{
	if (!path || path[0] != '/' || strlen(path) >= PATH_MAX)
		return false;
	scoped(char) *normal = path_normalize("/", path);
	return strcmp(path, normal) == 0;
}

int spec_check_name(const char *name, struct error *err)
{
	if (is_word(name, LOWER UPPER DIGITS, LOWER UPPER DIGITS "_.-",
		    NAME_LONGEST))
		return 0;
	error_say(err, EINVAL, "\"%s\" cannot be a container's name",
		  name ? name : "");
	return error_hint(err,
			  "up to %d letters and digits, and from the second on "
			  "also \"_\", \".\", \"-\"",
			  NAME_LONGEST);
}

static int check_identity(const struct spec *spec, struct error *err)
{
	if (!is_word(spec->id, DIGITS "abcdef", DIGITS "abcdef", 64) ||
	    strlen(spec->id) != 64)
		return error_say(err, EINVAL,
				 "the id \"%s\" is not 64 hexadecimal digits",
				 spec->id ? spec->id : "");
	int r = spec_check_name(spec->name, err);
	if (r < 0)
		return r;
	if (!is_word(spec->hostname, LOWER UPPER DIGITS,
		     LOWER UPPER DIGITS "_.-", HOSTNAME_LONGEST)) {
		error_say(err, EINVAL, "\"%s\" cannot be a host name",
			  spec->hostname ? spec->hostname : "");
		return error_hint(err,
				  "up to %d letters and digits, and from "
				  "the second on also \"_\", \".\", \"-\"",
				  HOSTNAME_LONGEST);
	}
	return 0;
}

static int check_labels(const struct spec *spec, struct error *err)
{
	for (size_t i = 0; i < spec->labels.n; i++) {
		const char *label = spec->labels.v[i];
		size_t length = strcspn(label, "=");

		if (length == 0 || !label[length])
			return error_say(err, EINVAL,
					 "the label \"%s\" is not KEY=VALUE",
					 label);
		if (has_control(label))
			return error_say(err, EINVAL,
					 "the label %.*s has control "
					 "characters in it",
					 (int)length, label);
		if (strlen(label) > LABEL_LONGEST)
			return error_say(err, EINVAL,
					 "the label %.*s has more than %d "
					 "bytes",
					 (int)length, label, LABEL_LONGEST);
	}
	return 0;
}

/* a value may be a secret: messages name the variable only */
static int check_env(const struct spec *spec, struct error *err)
{
	for (size_t i = 0; i < spec->env.n; i++) {
		const char *pair = spec->env.v[i];
		size_t length = strcspn(pair, "=");
		scoped(char) *name = xstrndup(pair, length);

		if (length == 0 || !pair[length])
			return error_say(err, EINVAL,
					 "the variable \"%s\" is not "
					 "NAME=VALUE",
					 name);
		if (has_control(name))
			return error_say(err, EINVAL,
					 "the name of the variable \"%s\" has "
					 "control characters in it",
					 name);
	}
	return 0;
}

/* what execve(2) would answer with E2BIG, said before anything is done */
static int check_size(const struct spec *spec, struct error *err)
{
	const struct strv *lists[] = { &spec->argv, &spec->env };
	size_t total = 0;

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		for (size_t j = 0; j < lists[i]->n; j++) {
			size_t length = strlen(lists[i]->v[j]);

			if (length > ARGUMENT_LONGEST)
				return error_say(
					err, EINVAL,
					"%s %zu has %zu bytes; the kernel "
					"takes %d",
					i == 0 ? "argument" : "variable", j,
					length, ARGUMENT_LONGEST);
			total += length + 1 + sizeof(char *);
		}
	if (total > ARGUMENTS_LONGEST)
		return error_say(err, EINVAL,
				 "arguments and environment have %zu bytes; "
				 "the kernel takes %d",
				 total, ARGUMENTS_LONGEST);
	return 0;
}

static int check_command(const struct spec *spec, struct error *err)
{
	if (spec->argv.n == 0)
		return error_say(err, EINVAL, "there is no command to run");
	if (!*spec->argv.v[0])
		return error_say(err, EINVAL, "the command is empty");
	if (spec->entrypoint_words > spec->argv.n)
		return error_say(err, EINVAL,
				 "the entrypoint has %u words, and the command "
				 "line %zu",
				 spec->entrypoint_words, spec->argv.n);
	if (!is_absolute_and_normal(spec->workdir)) {
		error_say(err, EINVAL,
			  "the working directory \"%s\" is not absolute",
			  spec->workdir ? spec->workdir : "");
		return error_hint(err, "write the path as it is in the "
				       "container, beginning with \"/\"");
	}
	if (spec->stop_signal < 1 || spec->stop_signal > SIGRTMAX)
		return error_say(err, EINVAL,
				 "the stop signal %d is not 1 to %d",
				 spec->stop_signal, SIGRTMAX);
	return check_size(spec, err);
}

/* Grammar only: whether there is such a user, the container's files say. */
static int check_user(const struct spec *spec, struct error *err)
{
	struct user_request request;

	if (user_parse(spec->user.text ? spec->user.text : "", &request, err) <
	    0)
		return -err->code;
	for (size_t i = 0; i < spec->user.groups.n; i++) {
		const char *group = spec->user.groups.v[i];

		if (!*group || strchr(group, ':') ||
		    user_parse(group, &request, err) < 0)
			return error_say(err, EINVAL,
					 "\"%s\" is neither the name nor the "
					 "number of a group",
					 group);
	}
	return 0;
}

static int check_layers(const struct spec *spec, struct error *err)
{
	if (spec->layers.n == 0)
		return error_say(err, EINVAL, "the image has no layers");
	for (size_t i = 0; i < spec->layers.n; i++)
		if (!is_absolute_and_normal(spec->layers.v[i]))
			return error_say(err, EINVAL,
					 "the layer \"%s\" is not an absolute "
					 "path",
					 spec->layers.v[i]);
	return 0;
}

static int check_root(const struct spec *spec, struct error *err)
{
	if (!driver_name(spec->driver))
		return error_say(err, EINVAL, "there is no driver %d",
				 (int)spec->driver);
	switch (spec->rootfs) {
	case ROOTFS_IMAGE:
		return check_layers(spec, err);
	case ROOTFS_DIR:
	case ROOTFS_DIR_RW:
		if (!is_absolute_and_normal(spec->rootfs_dir))
			return error_say(err, EINVAL,
					 "the root directory \"%s\" is not an "
					 "absolute path",
					 spec->rootfs_dir ? spec->rootfs_dir
							  : "");
		if (strcmp(spec->rootfs_dir, "/") == 0) {
			error_say(err, EINVAL,
				  "\"/\" cannot be a container's root as it "
				  "is");
			return error_hint(err, "name @host instead");
		}
		if (spec->rootfs == ROOTFS_DIR_RW && spec->read_only)
			return error_say(err, EINVAL,
					 "the root cannot be both written in "
					 "place and read-only");
		return 0;
	case ROOTFS_HOST:
		/* overlayfs cannot take / as a layer in a user namespace */
		if (spec->driver == DRIVER_OVERLAY) {
			error_say(err, EINVAL,
				  "the driver overlay cannot serve @host");
			return error_hint(err, "leave --driver out, or write "
					       "--driver fuse-overlayfs");
		}
		return 0;
	}
	return error_say(err, EINVAL, "there is no kind %d of root",
			 (int)spec->rootfs);
}

/* R4: what wolffia itself mounts is not covered by anything else */
static int check_target(const struct spec_mount *mount, struct error *err)
{
	static const char *const own[] = { "/proc", "/sys", "/dev" };
	const char *target = mount->target;

	if (!is_absolute_and_normal(target))
		return error_say(err, EINVAL,
				 "the path \"%s\" in the container is not "
				 "absolute and without \"..\"",
				 target ? target : "");
	if (strcmp(target, "/") == 0) {
		error_say(err, EPERM,
			  "nothing can be mounted on \"/\" of the container");
		return error_hint(err, "--rootfs DIR makes a directory the "
				       "container's root");
	}
	for (size_t i = 0; i < ARRAY_SIZE(own); i++)
		if (path_is_below(target, own[i])) {
			error_say(err, EPERM,
				  "nothing can be mounted on %s: %s is "
				  "made by wolffia itself",
				  target, own[i]);
			return strcmp(target, "/dev/shm") == 0
				       ? error_hint(err, "--shm-size makes it "
							 "larger or smaller")
				       : -err->code;
		}
	return 0;
}

static int check_mount(const struct spec *spec, size_t i, struct error *err)
{
	const struct spec_mount *mount = &spec->mounts[i];
	int r = check_target(mount, err);

	if (r < 0)
		return r;
	if (mount->kind == MOUNT_TMPFS && mount->source)
		return error_say(err, EINVAL, "the tmpfs on %s has a source",
				 mount->target);
	if (mount->kind != MOUNT_TMPFS &&
	    !is_absolute_and_normal(mount->source))
		return error_say(err, EINVAL,
				 "the source \"%s\" of %s is not an absolute "
				 "path",
				 mount->source ? mount->source : "",
				 mount->target);
	if (mount->mode > 07777)
		return error_say(err, EINVAL,
				 "the mode %o of %s is more than 7777",
				 mount->mode, mount->target);
	for (size_t j = 0; j < i; j++) {
		if (strcmp(spec->mounts[j].target, mount->target) == 0)
			return error_say(err, EINVAL,
					 "two mounts are to be on %s",
					 mount->target);
		if (path_is_below(spec->mounts[j].target, mount->target))
			return error_say(err, EINVAL,
					 "the mount on %s would cover that on "
					 "%s, which is made before it",
					 mount->target, spec->mounts[j].target);
	}
	return 0;
}

static int check_mounts(const struct spec *spec, struct error *err)
{
	if (spec->n_mounts > MOUNTS_MOST)
		return error_say(err, EINVAL, "%zu mounts are more than %d",
				 spec->n_mounts, MOUNTS_MOST);
	for (size_t i = 0; i < spec->n_mounts; i++) {
		int r = check_mount(spec, i, err);
		if (r < 0)
			return r;
	}
	if (spec->shm_size < SHM_LEAST || spec->shm_size > INT64_MAX)
		return error_say(err, EINVAL,
				 "%llu bytes cannot be the size of /dev/shm",
				 (unsigned long long)spec->shm_size);
	return 0;
}

static int check_rlimits(const struct spec *spec, struct error *err)
{
	bool seen[RLIM_NLIMITS] = { false };

	for (size_t i = 0; i < spec->n_rlimits; i++) {
		const struct spec_rlimit *limit = &spec->rlimits[i];

		if (limit->resource < 0 || limit->resource >= RLIM_NLIMITS)
			return error_say(err, EINVAL,
					 "there is no resource %d to limit",
					 limit->resource);
		if (seen[limit->resource])
			return error_say(err, EINVAL,
					 "resource %d is limited twice",
					 limit->resource);
		seen[limit->resource] = true;
		if (limit->limit.rlim_cur > limit->limit.rlim_max)
			return error_say(
				err, EINVAL,
				"the soft limit %llu is above the "
				"hard one, %llu",
				(unsigned long long)limit->limit.rlim_cur,
				(unsigned long long)limit->limit.rlim_max);
	}
	return 0;
}

static int check_masks(const struct spec *spec, struct error *err)
{
	const struct strv *lists[] = { &spec->mask, &spec->unmask };

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		for (size_t j = 0; j < lists[i]->n; j++)
			if (!is_absolute_and_normal(lists[i]->v[j]))
				return error_say(err, EINVAL,
						 "the path \"%s\" to %s is not "
						 "absolute",
						 lists[i]->v[j],
						 i == 0 ? "mask" : "unmask");
	return 0;
}

static int check_rights(const struct spec *spec, struct error *err)
{
	if (!userns_mode_name(spec->userns))
		return error_say(err, EINVAL,
				 "there is no mode %d of the user namespace",
				 (int)spec->userns);
	if (spec->seccomp != SECCOMP_DEFAULT && spec->seccomp != SECCOMP_OFF)
		return error_say(err, EINVAL, "there is no seccomp mode %d",
				 (int)spec->seccomp);
	if (spec->network != NETWORK_NONE && spec->network != NETWORK_HOST)
		return error_say(err, EINVAL, "there is no network mode %d",
				 (int)spec->network);
	if (spec->pids_limit > PIDS_MOST)
		return error_say(err, EINVAL,
				 "%u processes are more than the kernel has "
				 "numbers for, %d",
				 spec->pids_limit, PIDS_MOST);
	if (spec->status_fd < -1)
		return error_say(err, EINVAL, "%d is not a descriptor",
				 spec->status_fd);
	return 0;
}

int spec_check(const struct spec *spec, struct error *err)
{
	static int (*const checks[])(const struct spec *, struct error *) = {
		check_identity, check_labels,  check_env,    check_command,
		check_user,     check_root,    check_mounts, check_masks,
		check_rights,   check_rlimits,
	};

	for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
		int r = checks[i](spec, err);
		if (r < 0)
			return r;
	}
	return 0;
}

bool spec_inner_owns_namespaces(const struct spec *spec)
{
	return spec->capabilities & ~capabilities_default();
}
