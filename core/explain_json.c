/*
 * The description of a container as one JSON object.
 */
#include <linux/capability.h>
#include <string.h>
#include <unistd.h>

#include "base/landlock.h"
#include "base/memory.h"
#include "base/path.h"
#include "core/confine/capabilities.h"
#include "core/confine/masks.h"
#include "core/confine/rlimits.h"
#include "core/explain.h"
#include "core/plan.h"

/* json_string() of what may be no UTF-8: those bytes as in latin-1 */
static json_t *text(const char *value)
{
	json_t *string = json_string(value);

	if (string)
		return string;
	scoped(char) *copy = xcalloc(strlen(value) * 2 + 1, 1);
	char *to = copy;
	for (const unsigned char *c = (const unsigned char *)value; *c; c++) {
		if (*c < 0x80) {
			*to++ = (char)*c;
			continue;
		}
		*to++ = (char)(0xc0 | *c >> 6);
		*to++ = (char)(0x80 | (*c & 0x3f));
	}
	return json_string(copy);
}

static json_t *list(const struct strv *values)
{
	json_t *array = json_array();

	for (size_t i = 0; i < values->n; i++)
		json_array_append_new(array, text(values->v[i]));
	return array;
}

/* a member that is null when there is nothing to say */
static void set_text(json_t *object, const char *key, const char *value)
{
	json_object_set_new(object, key, value ? text(value) : json_null());
}

static json_t *describe_risk(const struct spec *spec,
			     const struct explain_facts *facts)
{
	struct strv reasons[N_RISKS] = { 0 };
	enum risk risk = explain_risk(spec, facts, reasons);
	json_t *array = json_array();

	for (int level = RISK_HIGH; level > RISK_LOW; level--)
		for (size_t i = 0; i < reasons[level].n; i++) {
			json_t *one = json_object();
			set_text(one, "level", risk_name((enum risk)level));
			set_text(one, "text", reasons[level].v[i]);
			json_array_append_new(array, one);
		}
	for (int level = 0; level < N_RISKS; level++)
		strv_free(&reasons[level]);
	return json_pack("{s:s, s:o}", "level", risk_name(risk), "reasons",
			 array);
}

static json_t *describe_root(const struct spec *spec)
{
	static const char *const kinds[] = {
		[ROOTFS_IMAGE] = "image",
		[ROOTFS_DIR] = "directory",
		[ROOTFS_DIR_RW] = "directory, written in place",
		[ROOTFS_HOST] = "host",
	};
	json_t *root = json_object();
	bool in_place = spec->rootfs == ROOTFS_DIR_RW;

	set_text(root, "kind", kinds[spec->rootfs]);
	set_text(root, "image", spec->image);
	set_text(root, "digest", spec->image_digest);
	set_text(root, "directory", spec->rootfs_dir);
	set_text(root, "driver", in_place ? "none" : driver_name(spec->driver));
	json_object_set_new(root, "layers", list(&spec->layers));
	json_object_set_new(root, "squash", json_boolean(spec->squash));
	json_object_set_new(root, "read_only", json_boolean(spec->read_only));
	set_text(root, "changes",
		 spec->read_only ? "none"
		 : in_place      ? "kept"
				 : "thrown away");
	return root;
}

static json_t *describe_map(const struct idmap *inner,
			    const struct idmap *outer)
{
	json_t *array = json_array();
	struct error ignored;
	struct idmap map;

	if (explain_host_map(inner, outer, &map, &ignored) < 0)
		return array;
	for (size_t i = 0; i < map.n; i++)
		json_array_append_new(
			array,
			json_pack("{s:I, s:I, s:I}", "container",
				  (json_int_t)map.extents[i].inside, "host",
				  (json_int_t)map.extents[i].outside, "count",
				  (json_int_t)map.extents[i].count));
	return array;
}

static json_t *number_or_null(uint32_t id)
{
	return id == ID_NONE ? json_null() : json_integer(id);
}

/* a host's id in the container */
static uint32_t inside_of(const struct idmap *inner, const struct idmap *outer,
			  uint32_t host)
{
	uint32_t id = idmap_to_inside(outer, host);

	return id == ID_NONE ? ID_NONE : idmap_to_inside(inner, id);
}

static uint32_t host_of(const struct idmap *inner, const struct idmap *outer,
			uint32_t id)
{
	uint32_t out = idmap_to_outside(inner, id);

	return out == ID_NONE ? ID_NONE : idmap_to_outside(outer, out);
}

static json_t *describe_user(const struct spec *spec,
			     const struct explain_facts *facts)
{
	json_t *user = json_object();
	const struct user *who = &facts->user;
	json_t *groups = json_array();

	set_text(user, "asked", spec->user.text);
	if (facts->user_error.code) {
		set_text(user, "error", facts->user_error.text);
	} else {
		uint32_t uid =
			host_of(&spec->inner_uids, &spec->outer_uids, who->uid);
		uint32_t gid =
			host_of(&spec->inner_gids, &spec->outer_gids, who->gid);
		set_text(user, "name", who->name);
		json_object_set_new(user, "uid", json_integer(who->uid));
		json_object_set_new(user, "gid", json_integer(who->gid));
		for (size_t i = 0; i < who->n; i++)
			json_array_append_new(groups,
					      json_integer(who->groups[i]));
		json_object_set_new(user, "host_uid", number_or_null(uid));
		json_object_set_new(user, "host_gid", number_or_null(gid));
		json_object_set_new(user, "is_caller",
				    json_boolean(uid == facts->uid));
	}
	json_object_set_new(user, "groups", groups);
	set_text(user, "mode", userns_mode_name(spec->userns));
	/* how the caller's own files look in the container */
	json_object_set_new(
		user, "caller_uid_inside",
		number_or_null(inside_of(&spec->inner_uids, &spec->outer_uids,
					 facts->uid)));
	json_object_set_new(user, "uid_map",
			    describe_map(&spec->inner_uids, &spec->outer_uids));
	json_object_set_new(user, "gid_map",
			    describe_map(&spec->inner_gids, &spec->outer_gids));
	return user;
}

static json_t *describe_mount(const struct spec *spec,
			      const struct explain_facts *facts, size_t i)
{
	static const char *const kinds[] = { [MOUNT_BIND] = "bind",
					     [MOUNT_TMPFS] = "tmpfs",
					     [MOUNT_VOLUME] = "volume" };
	const struct spec_mount *m = &spec->mounts[i];
	const struct explain_source *source = &facts->sources[i];
	json_t *mount = json_object();
	json_t *flags = json_array();

	set_text(mount, "kind", kinds[m->kind]);
	set_text(mount, "target", m->target);
	set_text(mount, "source", m->source);
	set_text(mount, "real", source->real);
	json_object_set_new(mount, "writable", json_boolean(!m->read_only));
	json_object_set_new(mount, "socket", json_boolean(source->is_socket));
	json_object_set_new(
		mount, "owner_inside",
		source->has_owner ? number_or_null(inside_of(&spec->inner_uids,
							     &spec->outer_uids,
							     source->owner))
				  : json_null());
	json_array_append_new(flags, json_string("nosuid"));
	json_array_append_new(flags, json_string("nodev"));
	if (!m->exec)
		json_array_append_new(flags, json_string("noexec"));
	if (!m->symlinks)
		json_array_append_new(flags, json_string("nosymfollow"));
	if (m->kind != MOUNT_TMPFS && !m->no_recurse)
		json_array_append_new(flags, json_string("recursive"));
	json_object_set_new(mount, "flags", flags);
	if (m->kind == MOUNT_TMPFS)
		json_object_set_new(mount, "size",
				    json_integer((json_int_t)m->size));
	return mount;
}

static json_t *describe_mounts(const struct spec *spec,
			       const struct explain_facts *facts)
{
	json_t *array = json_array();

	for (size_t i = 0; i < spec->n_mounts; i++)
		json_array_append_new(array, describe_mount(spec, facts, i));
	return array;
}

static json_t *describe_namespaces(const struct spec *spec)
{
	bool host = spec->network == NETWORK_HOST;
	bool inner = spec_inner_owns_namespaces(spec);
	json_t *all = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "user",
				"own", "mount", "own", "pid", "own", "network",
				host ? "host" : "own", "ipc", "own", "uts",
				"own", "cgroup", "own");

	/* who may configure the network, IPC, UTS and cgroup namespaces */
	json_object_set_new(all, "configurable", json_boolean(inner));
	json_object_set_new(all, "more_user_namespaces",
			    json_boolean(spec->capabilities &
					 UINT64_C(1) << CAP_SYS_ADMIN));
	return all;
}

static json_t *describe_confinement(const struct spec *spec,
				    const struct explain_facts *facts)
{
	bool nested = spec->capabilities & UINT64_C(1) << CAP_SYS_ADMIN;
	const char *missing = landlock_missing(facts->landlock_abi);
	scoped_strv names = { 0 };
	json_t *all = json_object();
	json_t *landlock = json_object();

	capabilities_list(spec->capabilities, &names);
	json_object_set_new(all, "capabilities", list(&names));
	/* another user than root has none, and gets one by a set-uid program
	 * only: core/init.c */
	bool root = !facts->user_error.code && facts->user.uid == 0;
	set_text(all, "capabilities_of",
		 root                      ? "workload"
		 : spec->no_new_privileges ? "nobody"
					   : "set-uid");
	json_object_set_new(all, "no_new_privileges",
			    json_boolean(spec->no_new_privileges));
	set_text(all, "seccomp",
		 spec->seccomp == SECCOMP_OFF ? "off"
		 : nested                     ? "nested"
					      : "default");
	json_object_set_new(landlock, "wanted", json_boolean(spec->landlock));
	json_object_set_new(landlock, "abi",
			    facts->landlock_abi < 0
				    ? json_null()
				    : json_integer(facts->landlock_abi));
	set_text(landlock, "missing", missing);
	json_object_set_new(all, "landlock", landlock);
	return all;
}

/* the paths of a table that stay masked */
static json_t *masked(const struct spec *spec, const char *const *table)
{
	json_t *array = json_array();

	for (size_t i = 0; spec->masks && table[i]; i++) {
		bool open = false;
		for (size_t j = 0; j < spec->unmask.n; j++)
			open |= path_is_below(table[i], spec->unmask.v[j]);
		if (!open)
			json_array_append_new(array, text(table[i]));
	}
	return array;
}

static json_t *describe_masks(const struct spec *spec)
{
	json_t *hidden = masked(spec, masks_hidden);

	for (size_t i = 0; i < spec->mask.n; i++)
		json_array_append_new(hidden, text(spec->mask.v[i]));
	return json_pack("{s:b, s:o, s:o}", "on", spec->masks, "hidden", hidden,
			 "read_only", masked(spec, masks_read_only));
}

static void set_rlimit(json_t *all, const struct spec_rlimit *limit)
{
	const char *name = rlimit_name(limit->resource);
	json_t *pair = json_array();
	const rlim_t values[] = { limit->limit.rlim_cur,
				  limit->limit.rlim_max };

	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		json_array_append_new(
			pair, values[i] == RLIM_INFINITY
				      ? json_null()
				      : json_integer((json_int_t)values[i]));
	json_object_set_new(all, name ? name : "?", pair);
}

/* as they are set: the defaults, and what was asked for over them */
static json_t *describe_limits(const struct spec *spec)
{
	struct spec_rlimit defaults[RLIMITS_DEFAULT];
	json_t *rlimits = json_object();
	struct error ignored;

	if (rlimits_default(defaults, &ignored) == 0)
		for (size_t i = 0; i < ARRAY_SIZE(defaults); i++)
			set_rlimit(rlimits, &defaults[i]);
	for (size_t i = 0; i < spec->n_rlimits; i++)
		set_rlimit(rlimits, &spec->rlimits[i]);
	return json_pack("{s:o, s:I, s:I, s:o}", "processes",
			 spec->pids_limit ? json_integer(spec->pids_limit)
					  : json_null(),
			 "shm_bytes", (json_int_t)spec->shm_size, "timeout_ms",
			 (json_int_t)spec->timeout_ms, "rlimits", rlimits);
}

static json_t *describe_environment(const struct spec *spec,
				    const struct explain_facts *facts)
{
	json_t *array = json_array();
	scoped_strv env = { 0 };

	strv_extend(&env, spec->env.v);
	/* PID 1 adds it, from the container's passwd(5) */
	if (!strv_get_env(&env, "HOME") && !facts->user_error.code)
		strv_addf(&env, "HOME=%s",
			  facts->user.home ? facts->user.home : "/");
	for (size_t i = 0; i < env.n; i++) {
		const char *pair = env.v[i];
		size_t length = strcspn(pair, "=");
		scoped(char) *name = xstrndup(pair, length);
		const char *value = pair[length] ? pair + length + 1 : "";
		bool secret = explain_is_secret(name, value);
		json_t *one = json_object();

		set_text(one, "name", name);
		set_text(one, "value", secret ? "***" : value);
		json_object_set_new(one, "secret", json_boolean(secret));
		json_array_append_new(array, one);
	}
	return array;
}

static json_t *describe_streams(const struct spec *spec)
{
	return json_pack("{s:b, s:b, s:b, s:b}", "terminal", spec->tty, "stdin",
			 spec->interactive, "pid1", spec->pid1, "keep",
			 spec->keep);
}

static json_t *describe_plan(const struct spec *spec)
{
	json_t *array = json_array();

	for (const struct step *step = run_plan; step->name; step++)
		if (!step->wanted || step->wanted(spec))
			json_array_append_new(array,
					      json_pack("{s:s, s:s}", "actor",
							actor_name(step->actor),
							"step", step->name));
	return array;
}

json_t *explain_spec(const struct spec *spec, const struct explain_facts *facts)
{
	json_t *all = json_object();
	json_t *network = json_object();

	json_object_set_new(all, "risk", describe_risk(spec, facts));
	json_object_set_new(all, "root", describe_root(spec));
	json_object_set_new(all, "command", list(&spec->argv));
	set_text(all, "workdir", spec->workdir);
	set_text(all, "hostname", spec->hostname);
	json_object_set_new(all, "user", describe_user(spec, facts));
	json_object_set_new(all, "mounts", describe_mounts(spec, facts));
	json_object_set_new(all, "exposures", list(&facts->exposures));
	json_object_set_new(all, "namespaces", describe_namespaces(spec));
	set_text(network, "mode",
		 spec->network == NETWORK_HOST ? "host" : "none");
	json_object_set_new(all, "network", network);
	json_object_update_new(all, describe_confinement(spec, facts));
	json_object_set_new(all, "masks", describe_masks(spec));
	json_object_set_new(all, "limits", describe_limits(spec));
	json_object_set_new(all, "environment",
			    describe_environment(spec, facts));
	json_object_set_new(all, "streams", describe_streams(spec));
	json_object_set_new(all, "plan", describe_plan(spec));
	return all;
}
