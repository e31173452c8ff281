/*
 * What the container may do, and who it is.  A profile sets the single fields
 * first; every option that is given besides has the last word.
 */
#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "base/path.h"
#include "base/text.h"
#include "cmd/spec_parts.h"
#include "core/confine/capabilities.h"
#include "core/confine/rlimits.h"

#define DEFAULT_PIDS_LIMIT 2048

/* clang-format off */
static const struct profile {
	const char *name;
	bool all_capabilities;
	uint64_t capabilities; /* besides those of every container */
	bool no_new_privileges;
	enum seccomp_mode seccomp;
	bool landlock;
	bool masks;
	uint32_t pids_limit;
	const char *notice;
} profiles[] = {
	{ "default", false, 0, true, SECCOMP_DEFAULT, true, true,
	  DEFAULT_PIDS_LIMIT, NULL },
	{ "setuid", false, 0, false, SECCOMP_DEFAULT, true, true,
	  DEFAULT_PIDS_LIMIT, NULL },
	/* Landlock denies mounts, and the kernel refuses a new /proc below a
	 * masked one; the filter is the wider one of CAP_SYS_ADMIN */
	{ "nested", true, 0, false, SECCOMP_DEFAULT, false, false,
	  DEFAULT_PIDS_LIMIT,
	  "profile nested: all capabilities, no Landlock, no masks, and a wider "
	  "system call filter" },
	{ "debug", false, UINT64_C(1) << CAP_SYS_PTRACE, true, SECCOMP_DEFAULT,
	  true, true, DEFAULT_PIDS_LIMIT, NULL },
	{ "none", true, 0, false, SECCOMP_OFF, false, false, 0,
	  "profile none: user namespaces alone keep the container in" },
};
/* clang-format on */

static int take_profile(struct spec_build *build, struct error *err)
{
	const char *name = build->options->profile;
	struct spec *spec = build->spec;
	int i = option_choice("--profile", CHOICES_PROFILE,
			      name ? name : "default", err);

	if (i < 0)
		return i;
	if (strcmp(profiles[i].name, "none") == 0 &&
	    build->options->i_know != FLAG_YES) {
		error_say(err, EINVAL,
			  "--profile none takes away all that "
			  "keeps a container in but its user "
			  "namespaces");
		return error_hint(err, "add --i-know if that is meant; "
				       "--profile nested is for containers in "
				       "the container");
	}
	spec->capabilities =
		profiles[i].all_capabilities
			? capabilities_all()
			: capabilities_default() | profiles[i].capabilities;
	spec->no_new_privileges = profiles[i].no_new_privileges;
	spec->seccomp = profiles[i].seccomp;
	spec->landlock = profiles[i].landlock;
	spec->masks = profiles[i].masks;
	spec->pids_limit = profiles[i].pids_limit;
	if (profiles[i].notice)
		spec_notice(build, "%s", profiles[i].notice);
	return 0;
}

/* @value of no-new-privileges: nothing, true, false */
static int security_no_new_privileges(struct spec_build *build,
				      const char *value, struct error *err)
{
	int r = value ? option_choice("no-new-privileges", "true|false", value,
				      err)
		      : 0;

	if (r >= 0)
		build->spec->no_new_privileges = r == 0;
	return r;
}

static int security_seccomp(struct spec_build *build, const char *value,
			    struct error *err)
{
	if (strchr(value, '/') || text_ends_with(value, ".json"))
		return error_say(err, EOPNOTSUPP,
				 "seccomp: filters of your own are not there "
				 "yet");
	int r = option_choice("seccomp", "default|unconfined", value, err);
	if (r >= 0)
		build->spec->seccomp = r ? SECCOMP_OFF : SECCOMP_DEFAULT;
	return r;
}

static int security_landlock(struct spec_build *build, const char *value,
			     struct error *err)
{
	int r = option_choice("landlock", "on|off", value, err);

	if (r >= 0)
		build->spec->landlock = r == 0;
	return r;
}

static int security_systempaths(struct spec_build *build, const char *value,
				struct error *err)
{
	int r = option_choice("systempaths", "unconfined", value, err);

	if (r >= 0)
		build->spec->masks = false;
	return r;
}

/* PATH[:PATH...] */
static int take_paths(struct strv *to, const char *value, struct error *err)
{
	scoped(char) *copy = xstrdup(value);
	char *rest = copy, *path = NULL;

	while ((path = strsep(&rest, ":"))) {
		if (path[0] != '/')
			return error_say(err, EINVAL,
					 "the path \"%s\" is not absolute",
					 path);
		if (strpbrk(path, "*?[")) {
			error_say(err, EINVAL,
				  "\"%s\": there are no patterns here", path);
			return error_hint(err, "name the paths, or ALL with "
					       "unmask=");
		}
		strv_take(to, path_normalize("/", path));
	}
	return 0;
}

static int security_mask(struct spec_build *build, const char *value,
			 struct error *err)
{
	return take_paths(&build->spec->mask, value, err);
}

static int security_unmask(struct spec_build *build, const char *value,
			   struct error *err)
{
	if (strcasecmp(value, "ALL") != 0)
		return take_paths(&build->spec->unmask, value, err);
	build->spec->masks = false;
	return 0;
}

static int security_label(struct spec_build *build, const char *value,
			  struct error *err)
{
	(void)build;
	(void)value;
	error_say(err, EOPNOTSUPP, "label: wolffia sets no SELinux labels");
	return error_hint(err, "leave it out: Landlock keeps the container "
			       "inside its own root (landlock=off lifts it)");
}

static int security_apparmor(struct spec_build *build, const char *value,
			     struct error *err)
{
	(void)build;
	(void)value;
	error_say(err, EOPNOTSUPP,
		  "apparmor: wolffia sets no AppArmor profiles");
	return error_hint(err, "leave it out: Landlock keeps the container "
			       "inside its own root (landlock=off lifts it)");
}

static const struct security_key {
	const char *name;
	int (*take)(struct spec_build *, const char *value, struct error *);
	bool no_value; /* may stand alone */
} security_keys[] = {
	{ "no-new-privileges", security_no_new_privileges, true },
	{ "seccomp", security_seccomp, false },
	{ "landlock", security_landlock, false },
	{ "mask", security_mask, false },
	{ "unmask", security_unmask, false },
	{ "systempaths", security_systempaths, false },
	{ "label", security_label, true },
	{ "apparmor", security_apparmor, true },
};

/* KEY=VALUE; as in docker, KEY:VALUE is the same */
static int take_security_opt(struct spec_build *build, const char *text,
			     struct error *err)
{
	const char *names[ARRAY_SIZE(security_keys) + 1] = { NULL };
	size_t length = strcspn(text, "=:");
	scoped(char) *name = xstrndup(text, length);
	const char *value = text[length] ? text + length + 1 : NULL;

	for (size_t i = 0; i < ARRAY_SIZE(security_keys); i++) {
		const struct security_key *key = &security_keys[i];

		names[i] = key->name;
		if (strcmp(key->name, name) != 0)
			continue;
		if (!key->no_value && (!value || !*value))
			return error_say(err, EINVAL,
					 "%s wants a value: %s=...", name,
					 name);
		return key->take(build, value, err);
	}
	error_say(err, EINVAL, "there is no option \"%s\"", name);
	error_hint(err, "wolffia-run(1) lists them");
	return option_suggest(name, names, "", err);
}

/* the union of a list of names; "ALL" is not among them, but in *@ret_all */
static int parse_capabilities(const char *option, const struct strv *list,
			      uint64_t *ret, bool *ret_all, struct error *err)
{
	uint64_t mask = 0;

	for (size_t i = 0; i < list->n; i++) {
		uint64_t one = 0;

		if (strcasecmp(list->v[i], "ALL") == 0) {
			*ret_all = true;
			continue;
		}
		if (capabilities_parse(list->v[i], &one, err) < 0)
			return error_prefix(err, "%s", option);
		mask |= one;
	}
	*ret = mask;
	return 0;
}

/* docker's rule: with ALL added, what is dropped by name is missing; with ALL
 * dropped, what is added by name is left */
static int take_capabilities(struct spec_build *build, struct error *err)
{
	const struct options *options = build->options;
	uint64_t *set = &build->spec->capabilities;
	uint64_t add = 0, drop = 0;
	bool add_all = false, drop_all = false;
	int r = parse_capabilities("--cap-add", &options->cap_add, &add,
				   &add_all, err);

	if (r == 0)
		r = parse_capabilities("--cap-drop", &options->cap_drop, &drop,
				       &drop_all, err);
	if (r < 0)
		return r;
	if (add & drop)
		return error_say(err, EINVAL,
				 "a capability is both in --cap-add and in "
				 "--cap-drop");
	if (add_all && drop_all)
		return error_say(err, EINVAL,
				 "ALL is both in --cap-add and in --cap-drop");
	if (add_all)
		*set = capabilities_all() & ~drop;
	else
		*set = ((drop_all ? 0 : *set) & ~drop) | add;
	return 0;
}

static int take_userns(struct spec_build *build, struct error *err)
{
	const char *name = build->options->userns;
	int mode = name ? userns_mode_from_name(name) : USERNS_AUTO;

	if (mode >= 0) {
		build->spec->userns = (enum userns_mode)mode;
		return 0;
	}
	if (strcmp(name, "host") == 0) {
		error_say(err, EOPNOTSUPP,
			  "--userns host: a container always has a user "
			  "namespace of its own");
		return error_hint(err, "--userns as-me makes the container's "
				       "user you");
	}
	if (text_starts_with(name, "keep-id:")) {
		error_say(err, EOPNOTSUPP,
			  "--userns keep-id has no further options");
		return error_hint(err, "--userns as-me makes you the user "
				       "that the container runs as, whatever "
				       "its number");
	}
	return option_choice("--userns", CHOICES_USERNS, name, err);
}

static int take_network(struct spec_build *build, struct error *err)
{
	static const char *const others[] = { "bridge",  "slirp4netns",
					      "pasta",   "private",
					      "default", "container" };
	const char *name = build->options->network;

	build->spec->network = NETWORK_NONE;
	if (!name)
		return 0;
	size_t length = strcspn(name, ":");
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (strlen(others[i]) == length &&
		    strncmp(name, others[i], length) == 0) {
			error_say(err, EOPNOTSUPP,
				  "--network %s: there are only none and "
				  "host yet",
				  name);
			return error_hint(err, "host gives the container this "
					       "machine's network, with all "
					       "that listens on localhost");
		}
	int r = option_choice("--network", CHOICES_NETWORK, name, err);
	if (r < 0)
		return r;
	build->spec->network = r == 0 ? NETWORK_NONE : NETWORK_HOST;
	return 0;
}

int spec_take_rights(struct spec_build *build, struct error *err)
{
	const struct strv *list = &build->options->security_opts;
	int r = take_profile(build, err);

	for (size_t i = 0; r >= 0 && i < list->n; i++) {
		r = take_security_opt(build, list->v[i], err);
		if (r < 0)
			return error_prefix(err, "--security-opt");
	}
	if (r >= 0)
		r = take_capabilities(build, err);
	if (r >= 0)
		r = take_userns(build, err);
	if (r >= 0)
		r = take_network(build, err);
	return r;
}

/* a later limit of the same resource replaces an earlier one */
static void set_rlimit(struct spec *spec, const struct spec_rlimit *limit)
{
	for (size_t i = 0; i < spec->n_rlimits; i++)
		if (spec->rlimits[i].resource == limit->resource) {
			spec->rlimits[i] = *limit;
			return;
		}
	spec->rlimits = xreallocarray(spec->rlimits, spec->n_rlimits + 1,
				      sizeof(*spec->rlimits));
	spec->rlimits[spec->n_rlimits++] = *limit;
}

int spec_take_limits(struct spec_build *build, struct error *err)
{
	const struct options *options = build->options;
	struct spec *spec = build->spec;

	for (size_t i = 0; i < options->ulimits.n; i++) {
		struct spec_rlimit limit = { 0 };

		if (rlimit_parse(options->ulimits.v[i], &limit, err) < 0)
			return error_prefix(err, "--ulimit");
		set_rlimit(spec, &limit);
	}
	if (!options->pids_limit)
		return 0;
	if (strcmp(options->pids_limit, "-1") == 0)
		spec->pids_limit = 0;
	else if (text_to_u32(options->pids_limit, UINT32_MAX, &spec->pids_limit,
			     err) < 0)
		return error_prefix(err, "--pids-limit");
	return 0;
}
