#include <string.h>

#include "base/memory.h"
#include "cmd/inspect_json.h"
#include "cmd/show_json.h"
#include "cmd/signal_name.h"
#include "core/confine/capabilities.h"

static json_t *signal_text(int number)
{
	const char *name = signal_name(number);
	scoped(char) *text = name ? xstrdup(name) : xasprintf("%d", number);

	return show_text(text);
}

static json_t *describe_state(const struct container *container)
{
	const struct record *record = &container->record;
	enum phase phase = record->phase;
	bool up = container->alive && phase != PHASE_EXITED;
	json_t *state = json_object();

	show_set(state, "Status", phase_name(phase));
	json_object_set_new(state, "Running",
			    json_boolean(up && phase != PHASE_CREATED));
	json_object_set_new(state, "Paused",
			    json_boolean(phase == PHASE_PAUSED));
	json_object_set_new(state, "Restarting",
			    json_boolean(phase == PHASE_RESTARTING));
	json_object_set_new(
		state, "OOMKilled",
		json_boolean(strcmp(record->cause, CAUSE_OOM) == 0));
	json_object_set_new(state, "Dead", json_false());
	json_object_set_new(state, "Pid", json_integer(up ? record->pid : 0));
	json_object_set_new(state, "ConmonPid",
			    json_integer(up ? record->launcher_pid : 0));
	json_object_set_new(state, "ExitCode", json_integer(record->exit_code));
	show_set(state, "Error", record->message);
	json_object_set_new(state, "StartedAt", show_time(record->started_ns));
	json_object_set_new(state, "FinishedAt",
			    show_time(record->finished_ns));
	show_set(state, "CgroupPath", "");
	json_object_set_new(state, "Checkpointed", json_false());
	json_object_set_new(state, "Restored", json_false());
	json_object_set_new(
		state, "StoppedByUser",
		json_boolean(strcmp(record->cause, CAUSE_STOPPED) == 0));
	return state;
}

static json_t *describe_config(const struct inspect_facts *facts)
{
	const struct spec *spec = facts->spec;
	struct strv entrypoint = spec->argv, command = spec->argv;
	json_t *config = json_object();

	entrypoint.n = spec->entrypoint_words;
	command.v += entrypoint.n;
	command.n -= entrypoint.n;
	show_set(config, "Hostname", spec->hostname);
	show_set(config, "Domainname", "");
	show_set(config, "User", spec->user.text);
	json_object_set_new(config, "AttachStdin", json_false());
	json_object_set_new(config, "AttachStdout", json_false());
	json_object_set_new(config, "AttachStderr", json_false());
	json_object_set_new(config, "Tty", json_boolean(spec->tty));
	json_object_set_new(config, "OpenStdin",
			    json_boolean(spec->interactive));
	json_object_set_new(config, "StdinOnce",
			    json_boolean(spec->stdin_once));
	json_object_set_new(config, "Env", show_list(&spec->env));
	json_object_set_new(config, "Cmd", show_list(&command));
	show_set(config, "Image", facts->container->record.image);
	json_object_set_new(config, "Volumes", json_object());
	show_set(config, "WorkingDir", spec->workdir);
	json_object_set_new(config, "Entrypoint", show_list(&entrypoint));
	json_object_set_new(config, "OnBuild", json_null());
	json_object_set_new(config, "Labels", show_pairs(&spec->labels));
	json_object_set_new(config, "Annotations", json_object());
	json_object_set_new(config, "StopSignal",
			    signal_text(spec->stop_signal));
	json_object_set_new(
		config, "StopTimeout",
		json_integer((json_int_t)(spec->stop_timeout_ms / 1000)));
	json_object_set_new(
		config, "Timeout",
		json_integer((json_int_t)(spec->timeout_ms / 1000)));
	return config;
}

static const char *name_of(const struct spec_mount *m)
{
	const char *slash = strrchr(m->source, '/');

	return m->kind == MOUNT_VOLUME && slash ? slash + 1 : "";
}

static json_t *describe_mount(const struct spec_mount *m)
{
	bool volume = m->kind == MOUNT_VOLUME;
	json_t *mount = json_object();
	scoped_strv options = { 0 };

	strv_add(&options, "nosuid");
	strv_add(&options, "nodev");
	if (!m->exec)
		strv_add(&options, "noexec");
	strv_add(&options, m->no_recurse ? "bind" : "rbind");
	show_set(mount, "Type", volume ? "volume" : "bind");
	show_set(mount, "Name", name_of(m));
	show_set(mount, "Source", m->source);
	show_set(mount, "Destination", m->target);
	show_set(mount, "Driver", volume ? "local" : "");
	show_set(mount, "Mode", "");
	json_object_set_new(mount, "Options", show_list(&options));
	json_object_set_new(mount, "RW", json_boolean(!m->read_only));
	show_set(mount, "Propagation", "rprivate");
	return mount;
}

/* as podman: a tmpfs is in HostConfig.Tmpfs only */
static json_t *describe_mounts(const struct spec *spec)
{
	json_t *array = json_array();

	for (size_t i = 0; i < spec->n_mounts; i++)
		if (spec->mounts[i].kind != MOUNT_TMPFS)
			json_array_append_new(array,
					      describe_mount(&spec->mounts[i]));
	return array;
}

/* there is no network but the host's and none */
static json_t *describe_network(const struct container *container)
{
	static const char *const texts[] = {
		"EndpointID", "Gateway",
		"IPAddress",  "IPv6Gateway",
		"MacAddress", "GlobalIPv6Address",
		"Bridge",     "SandboxID",
		"SandboxKey", "LinkLocalIPv6Address",
	};
	static const char *const numbers[] = { "IPPrefixLen",
					       "GlobalIPv6PrefixLen",
					       "LinkLocalIPv6PrefixLen" };
	json_t *network = json_object();

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		show_set(network, texts[i], "");
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		json_object_set_new(network, numbers[i], json_integer(0));
	json_object_set_new(network, "HairpinMode", json_false());
	json_object_set_new(network, "Ports", json_object());
	json_object_set_new(network, "Networks", json_object());
	if (container->alive && container->record.pid) {
		scoped(char) *key = xasprintf("/proc/%d/ns/net",
					      (int)container->record.pid);
		show_set(network, "SandboxKey", key);
	}
	return network;
}

static json_t *describe_storage(const struct inspect_facts *facts)
{
	const struct spec *spec = facts->spec;
	json_t *data = json_object();
	scoped(char) *upper = xasprintf("%s/upper", facts->directory);
	scoped(char) *work = xasprintf("%s/work", facts->directory);
	scoped(char) *lower = xstrdup("");

	for (size_t i = 0; i < spec->layers.n; i++) {
		char *longer = xasprintf("%s%s%s", lower, i ? ":" : "",
					 spec->layers.v[i]);
		free(lower);
		lower = longer;
	}
	show_set(data, "LowerDir", spec->rootfs_dir ? spec->rootfs_dir : lower);
	show_set(data, "UpperDir", upper);
	show_set(data, "WorkDir", work);
	return json_pack("{s:s, s:o}", "Name", driver_name(spec->driver),
			 "Data", data);
}

/* another user than root has none that are effective (capabilities(7)) */
static void set_capabilities(json_t *all, const struct spec *spec)
{
	static const char *const roots[] = { "", "0", "root" };
	const char *user = spec->user.text ? spec->user.text : "";
	size_t n = strcspn(user, ":");
	scoped_strv names = { 0 };
	bool root = false;

	for (size_t i = 0; i < ARRAY_SIZE(roots); i++)
		root |= strlen(roots[i]) == n &&
			strncmp(user, roots[i], n) == 0;
	capabilities_list(spec->capabilities, &names);
	json_object_set_new(all, "BoundingCaps", show_list(&names));
	json_object_set_new(all, "EffectiveCaps",
			    root ? show_list(&names) : json_array());
}

static void set_places(json_t *all, const struct inspect_facts *facts)
{
	static const char *const none[] = {
		"Pod",        "ResolvConfPath", "HostnamePath",
		"HostsPath",  "ConmonPidFile",  "PidFile",
		"MountLabel", "ProcessLabel",   "AppArmorProfile",
		"Namespace",
	};
	scoped(char) *log = xasprintf("%s/log", facts->directory);

	for (size_t i = 0; i < ARRAY_SIZE(none); i++)
		show_set(all, none[i], "");
	show_set(all, "StaticDir", facts->directory);
	show_set(all, "LogPath", facts->spec->log.none ? "" : log);
	show_set(all, "OCIRuntime", "wolffia");
	show_set(all, "Platform", "linux");
	json_object_set_new(all, "ExecIDs", json_array());
	json_object_set_new(all, "Dependencies", json_array());
	json_object_set_new(all, "IsInfra", json_false());
}

json_t *inspect_container(const struct inspect_facts *facts)
{
	const struct record *record = &facts->container->record;
	const struct spec *spec = facts->spec;
	struct strv arguments = { spec->argv.n ? spec->argv.v + 1 : NULL,
				  spec->argv.n ? spec->argv.n - 1 : 0 };
	json_t *all = json_object();

	show_set(all, "Id", record->id);
	json_object_set_new(all, "Created", show_time(record->created_ns));
	show_set(all, "Path", spec->argv.n ? spec->argv.v[0] : "");
	json_object_set_new(all, "Args", show_list(&arguments));
	json_object_set_new(all, "State", describe_state(facts->container));
	show_set(all, "Image", facts->image_id);
	show_set(all, "ImageDigest", spec->image_digest);
	show_set(all, "ImageName", record->image);
	show_set(all, "Rootfs", spec->rootfs_dir);
	show_set(all, "Name", record->name);
	json_object_set_new(all, "RestartCount",
			    json_integer(record->restarts));
	show_set(all, "Driver", driver_name(spec->driver));
	set_places(all, facts);
	set_capabilities(all, spec);
	json_object_set_new(all, "GraphDriver", describe_storage(facts));
	if (facts->has_size) {
		json_object_set_new(all, "SizeRw",
				    json_integer((json_int_t)facts->written));
		json_object_set_new(all, "SizeRootFs",
				    json_integer((json_int_t)facts->whole));
	}
	json_object_set_new(all, "Mounts", describe_mounts(spec));
	json_object_set_new(all, "NetworkSettings",
			    describe_network(facts->container));
	json_object_set_new(all, "Config", describe_config(facts));
	json_object_set_new(all, "HostConfig", inspect_host_config(spec));
	json_object_set_new(all, "Wolffia", inspect_wolffia(facts));
	return all;
}
