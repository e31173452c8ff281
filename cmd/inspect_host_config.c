#include <string.h>

#include "base/memory.h"
#include "cmd/inspect_json.h"
#include "cmd/show_json.h"
#include "core/confine/capabilities.h"
#include "core/confine/rlimits.h"

/* What docker and podman limit by cgroups, and nothing here does. */
static void set_unlimited(json_t *config)
{
	static const char *const numbers[] = {
		"BlkioWeight",
		"CpuCount",
		"CpuPercent",
		"CpuPeriod",
		"CpuQuota",
		"CpuRealtimePeriod",
		"CpuRealtimeRuntime",
		"CpuShares",
		"DiskQuota",
		"IOMaximumBandwidth",
		"IOMaximumIOps",
		"KernelMemory",
		"Memory",
		"MemoryReservation",
		"MemorySwap",
		"MemorySwappiness",
		"NanoCpus",
		"OomScoreAdj",
	};
	static const char *const texts[] = { "Cgroup",          "CgroupParent",
					     "ContainerIDFile", "CpusetCpus",
					     "CpusetMems",      "Isolation",
					     "VolumeDriver" };
	static const char *const flags[] = { "OomKillDisable", "Privileged",
					     "PublishAllPorts" };
	static const char *const lists[] = { "Devices",    "Dns",
					     "DnsOptions", "DnsSearch",
					     "ExtraHosts", "Links",
					     "VolumesFrom" };

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		json_object_set_new(config, numbers[i], json_integer(0));
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		show_set(config, texts[i], "");
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		json_object_set_new(config, flags[i], json_false());
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		json_object_set_new(config, lists[i], json_array());
	json_object_set_new(config, "PortBindings", json_object());
}

static void set_namespaces(json_t *config, const struct spec *spec)
{
	static const char *const own[] = { "CgroupMode", "IpcMode", "PidMode",
					   "UTSMode", "UsernsMode" };

	for (size_t i = 0; i < ARRAY_SIZE(own); i++)
		show_set(config, own[i], "private");
	show_set(config, "NetworkMode", show_network(spec->network));
}

/* "SOURCE:TARGET:ro,rprivate,rbind", as podman has it */
static json_t *describe_binds(const struct spec *spec)
{
	json_t *array = json_array();

	for (size_t i = 0; i < spec->n_mounts; i++) {
		const struct spec_mount *m = &spec->mounts[i];
		const char *slash = m->source ? strrchr(m->source, '/') : NULL;
		if (m->kind == MOUNT_TMPFS)
			continue;
		scoped(char) *bind =
			xasprintf("%s:%s:%s,rprivate,%s",
				  m->kind == MOUNT_VOLUME && slash ? slash + 1
								   : m->source,
				  m->target, m->read_only ? "ro" : "rw",
				  m->no_recurse ? "bind" : "rbind");
		json_array_append_new(array, show_text(bind));
	}
	return array;
}

static json_t *describe_tmpfs(const struct spec *spec)
{
	json_t *object = json_object();

	for (size_t i = 0; i < spec->n_mounts; i++) {
		const struct spec_mount *m = &spec->mounts[i];
		if (m->kind != MOUNT_TMPFS)
			continue;
		scoped(char) *size =
			m->size ? xasprintf(",size=%llu",
					    (unsigned long long)m->size)
				: xstrdup("");
		scoped(char) *options =
			xasprintf("%s,nosuid,nodev%s,mode=%o%s",
				  m->read_only ? "ro" : "rw",
				  m->exec ? "" : ",noexec", m->mode, size);
		show_set(object, m->target, options);
	}
	return object;
}

static json_t *list_capabilities(uint64_t set)
{
	scoped_strv names = { 0 };

	capabilities_list(set, &names);
	return show_list(&names);
}

static json_t *describe_security(const struct spec *spec)
{
	scoped_strv options = { 0 };

	if (spec->no_new_privileges)
		strv_add(&options, "no-new-privileges");
	if (spec->seccomp == SECCOMP_OFF)
		strv_add(&options, "seccomp=unconfined");
	for (size_t i = 0; i < spec->mask.n; i++)
		strv_addf(&options, "mask=%s", spec->mask.v[i]);
	for (size_t i = 0; i < spec->unmask.n; i++)
		strv_addf(&options, "unmask=%s", spec->unmask.v[i]);
	return show_list(&options);
}

static json_t *limit(rlim_t value)
{
	return json_integer(value == RLIM_INFINITY ? -1 : (json_int_t)value);
}

static json_t *describe_ulimits(const struct spec *spec)
{
	json_t *array = json_array();

	for (size_t i = 0; i < spec->n_rlimits; i++) {
		const struct spec_rlimit *one = &spec->rlimits[i];
		const char *name = rlimit_name(one->resource);
		json_array_append_new(
			array,
			json_pack("{s:s, s:o, s:o}", "Name", name ? name : "",
				  "Soft", limit(one->limit.rlim_cur), "Hard",
				  limit(one->limit.rlim_max)));
	}
	return array;
}

static json_t *describe_log(const struct log_options *log)
{
	json_t *config = json_object();
	bool bounded = !log->none && log->max_size != UINT64_MAX;
	scoped(char) *size = xasprintf(
		"%llu", bounded ? (unsigned long long)log->max_size : 0ull);
	scoped(char) *files = xasprintf("%u", log->max_file);

	if (bounded) {
		show_set(config, "max-size", size);
		show_set(config, "max-file", files);
	}
	return json_pack("{s:s, s:o}", "Type", log->none ? "none" : "k8s-file",
			 "Config", config);
}

json_t *inspect_host_config(const struct spec *spec)
{
	uint64_t usual = capabilities_default();
	json_t *config = json_object();

	json_object_set_new(config, "Binds", describe_binds(spec));
	json_object_set_new(config, "Tmpfs", describe_tmpfs(spec));
	set_namespaces(config, spec);
	json_object_set_new(config, "LogConfig", describe_log(&spec->log));
	json_object_set_new(
		config, "RestartPolicy",
		json_pack("{s:s, s:I}", "Name", restart_names[spec->restart],
			  "MaximumRetryCount", (json_int_t)spec->restart_max));
	json_object_set_new(config, "AutoRemove", json_boolean(spec->remove));
	json_object_set_new(config, "CapAdd",
			    list_capabilities(spec->capabilities & ~usual));
	json_object_set_new(config, "CapDrop",
			    list_capabilities(usual & ~spec->capabilities));
	json_object_set_new(config, "GroupAdd", show_list(&spec->user.groups));
	json_object_set_new(config, "ReadonlyRootfs",
			    json_boolean(spec->read_only));
	json_object_set_new(config, "SecurityOpt", describe_security(spec));
	json_object_set_new(config, "ShmSize",
			    json_integer((json_int_t)spec->shm_size));
	json_object_set_new(config, "PidsLimit",
			    json_integer(spec->pids_limit));
	json_object_set_new(config, "Ulimits", describe_ulimits(spec));
	json_object_set_new(config, "Init", json_boolean(!spec->pid1));
	show_set(config, "Runtime", "wolffia");
	set_unlimited(config);
	return config;
}
