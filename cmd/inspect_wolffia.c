#include <linux/capability.h>

#include "base/memory.h"
#include "cmd/inspect_json.h"
#include "cmd/show_json.h"
#include "core/explain.h"

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
			json_pack("{s:I, s:I, s:I}", "Container",
				  (json_int_t)map.extents[i].inside, "Host",
				  (json_int_t)map.extents[i].outside, "Count",
				  (json_int_t)map.extents[i].count));
	return array;
}

static void set_flag(json_t *object, const char *key, bool value)
{
	json_object_set_new(object, key, json_boolean(value));
}

json_t *inspect_wolffia(const struct inspect_facts *facts)
{
	const struct record *record = &facts->container->record;
	const struct spec *spec = facts->spec;
	bool nested = spec->capabilities & UINT64_C(1) << CAP_SYS_ADMIN;
	scoped(char) *upper = xasprintf("%s/upper", facts->directory);
	json_t *all = json_object();

	show_set(all, "Userns", userns_mode_name(spec->userns));
	json_object_set_new(all, "UidMap",
			    describe_map(&spec->inner_uids, &spec->outer_uids));
	json_object_set_new(all, "GidMap",
			    describe_map(&spec->inner_gids, &spec->outer_gids));
	show_set(all, "Driver", driver_name(spec->driver));
	show_set(all, "Upper", spec->rootfs == ROOTFS_DIR_RW ? "" : upper);
	set_flag(all, "Squash", spec->squash);
	show_set(all, "Seccomp",
		 spec->seccomp == SECCOMP_OFF ? "off"
		 : nested                     ? "nested"
					      : "default");
	set_flag(all, "Landlock", spec->landlock);
	set_flag(all, "NoNewPrivileges", spec->no_new_privileges);
	set_flag(all, "Masks", spec->masks);
	set_flag(all, "Pid1", spec->pid1);
	set_flag(all, "Keep", spec->keep);
	json_object_set_new(all, "TimeoutMs",
			    json_integer((json_int_t)spec->timeout_ms));
	json_object_set_new(all, "LauncherPid",
			    json_integer(facts->container->alive
						 ? record->launcher_pid
						 : 0));
	/* how it ended the last time */
	show_set(all, "Cause", record->cause);
	json_object_set_new(all, "Signal", json_integer(record->signal));
	return all;
}
