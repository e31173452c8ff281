/* cmd/info.c - "wolffia info" and "wolffia version" */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/landlock.h"
#include "base/memory.h"
#include "base/process.h"
#include "base/status.h"
#include "cmd/container_verb.h"
#include "cmd/format.h"
#include "cmd/human.h"
#include "cmd/print.h"
#include "cmd/show_json.h"
#include "cmd/show_tables.h"
#include "core/state.h"
#include "core/usage.h"
#include "storage/layout.h"
#include "userns/outer.h"

struct info_options {
	struct container_options common;
	const char *format;
};

#define TO info_options
/* clang-format off */
const struct option_entry info_table[] = {
HEADING("How it is shown"),
VALUE('f', "format", format, "TEMPLATE",
      "json, or a template such as {{.ServerVersion}}"),
CONTAINER_ROWS
};
const struct option_entry version_table[] = {
HEADING("How it is shown"),
VALUE('f', "format", format, "TEMPLATE",
      "json, or a template such as {{.Client.Version}}"),
FLAG('h', "help", common.help, "show this"), OPTION_TABLE_END
};
/* clang-format on */
#undef TO

static void set_number(json_t *object, const char *key, uint64_t number)
{
	json_object_set_new(object, key, json_integer((json_int_t)number));
}

static uint64_t number_of(const json_t *object, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(object, key));
}

static const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static int count_containers(const struct store *store, json_t *info,
			    struct error *err)
{
	uint64_t by_phase[PHASE_EXITED + 1] = { 0 };
	struct container *list = NULL;
	size_t n = 0;
	int r = container_list(store, &list, &n, err);

	for (size_t i = 0; i < n; i++)
		by_phase[list[i].record.phase]++;
	containers_free(list, n);
	set_number(info, "Containers", n);
	set_number(info, "ContainersRunning",
		   by_phase[PHASE_RUNNING] + by_phase[PHASE_RESTARTING]);
	set_number(info, "ContainersPaused", by_phase[PHASE_PAUSED]);
	set_number(info, "ContainersStopped",
		   by_phase[PHASE_CREATED] + by_phase[PHASE_EXITED]);
	return r;
}

/* an image with several names is one */
static int count_images(const struct store *store, json_t *info,
			struct error *err)
{
	scoped_index index = { 0 };
	scoped_strv digests = { 0 };
	int r = layout_read_images(store, &index, NULL, err);

	for (size_t i = 0; i < index.n; i++)
		if (!strv_contains(&digests, index.entries[i].digest))
			strv_add(&digests, index.entries[i].digest);
	set_number(info, "Images", digests.n);
	return r;
}

/* PRETTY_NAME="..." of os-release(5) */
static char *system_name(void)
{
	struct error ignored;
	scoped(char) *text = NULL;

	if (fd_read_file(AT_FDCWD, "/etc/os-release", 1 << 16, &text,
			 &ignored) < 0)
		return xstrdup("Linux");
	const char *line = strstr(text, "PRETTY_NAME=");
	if (!line)
		return xstrdup("Linux");
	line += strlen("PRETTY_NAME=");
	line += *line == '"';
	return xstrndup(line, strcspn(line, "\"\n"));
}

static void set_machine(json_t *info)
{
	scoped(char) *name = system_name();
	struct utsname machine;

	uname(&machine);
	show_set(info, "Name", machine.nodename);
	show_set(info, "KernelVersion", machine.release);
	show_set(info, "OperatingSystem", name);
	show_set(info, "OSType", "linux");
	show_set(info, "Architecture", machine.machine);
	set_number(info, "NCPU", (uint64_t)sysconf(_SC_NPROCESSORS_ONLN));
	set_number(info, "MemTotal", usage_total_memory());
}

static uint64_t count_ids(const struct idmap *map)
{
	uint64_t n = 0;

	for (size_t i = 0; i < map->n; i++)
		n += map->extents[i].count;
	return n;
}

/* what a container is started with, and what keeps it in */
static void set_wolffia(json_t *info)
{
	static const char *const security[] = { "name=rootless",
						"name=seccomp,profile=default",
						"name=userns" };
	scoped(char) *server = process_find_program("fuse-overlayfs");
	json_t *options = json_array(), *own = json_object();
	int abi = landlock_abi();
	struct outer_ids ids;
	struct error ignored;

	for (size_t i = 0; i < ARRAY_SIZE(security); i++)
		json_array_append_new(options, json_string(security[i]));
	json_object_set_new(info, "SecurityOptions", options);
	set_number(own, "LandlockABI", abi > 0 ? (uint64_t)abi : 0);
	show_set(own, "FuseOverlayfs", server);
	bool known = outer_find_ids(false, &ids, &ignored) == 0;
	set_number(own, "UserIDs", known ? count_ids(&ids.uids) : 0);
	set_number(own, "GroupIDs", known ? count_ids(&ids.gids) : 0);
	json_object_set_new(info, "Wolffia", own);
}

static int describe(const struct store *store, json_t *info, struct error *err)
{
	int r = count_containers(store, info, err);

	if (r >= 0)
		r = count_images(store, info, err);
	show_set(info, "ServerVersion", WOLFFIA_VERSION);
	show_set(info, "DockerRootDir", store->path);
	/* chosen for each container: wolffia-run(1) */
	show_set(info, "Driver", "auto");
	show_set(info, "CgroupDriver", "none");
	show_set(info, "CgroupVersion",
		 access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0 ? "2"
									: "1");
	set_machine(info);
	set_wolffia(info);
	return r < 0 ? r : 0;
}

static void print_info(const json_t *info)
{
	const json_t *own = json_object_get(info, "Wolffia");
	scoped(char) *memory = human_bytes(number_of(info, "MemTotal"));

	printf("Containers: %llu\n Running: %llu\n Paused: %llu\n"
	       " Stopped: %llu\nImages: %llu\n",
	       (unsigned long long)number_of(info, "Containers"),
	       (unsigned long long)number_of(info, "ContainersRunning"),
	       (unsigned long long)number_of(info, "ContainersPaused"),
	       (unsigned long long)number_of(info, "ContainersStopped"),
	       (unsigned long long)number_of(info, "Images"));
	printf("Version: %s\nStore: %s\nStorage Driver: %s\n"
	       "fuse-overlayfs: %s\nLandlock ABI: %llu\n"
	       "Your ids: %llu users, %llu groups\n",
	       text_of(info, "ServerVersion"), text_of(info, "DockerRootDir"),
	       text_of(info, "Driver"),
	       *text_of(own, "FuseOverlayfs") ? text_of(own, "FuseOverlayfs")
					      : "not found",
	       (unsigned long long)number_of(own, "LandlockABI"),
	       (unsigned long long)number_of(own, "UserIDs"),
	       (unsigned long long)number_of(own, "GroupIDs"));
	printf("Kernel Version: %s\nOperating System: %s\nArchitecture: %s\n"
	       "CPUs: %llu\nTotal Memory: %s\nName: %s\n",
	       text_of(info, "KernelVersion"), text_of(info, "OperatingSystem"),
	       text_of(info, "Architecture"),
	       (unsigned long long)number_of(info, "NCPU"), memory,
	       text_of(info, "Name"));
}

int verb_info(const struct call *call)
{
	struct info_options options = { 0 };
	struct container_verb verb = { .table = info_table,
				       .usage = "info [OPTION...]",
				       .images = true };
	scoped_json *info = json_object();
	struct error err;
	int r = container_verb_begin(&verb, call, &options);
	int status = r > 0 ? 0 : STATUS_WOLFFIA;

	if (r == 0) {
		state_sweep(&verb.store, &err);
		r = describe(&verb.store, info, &err);
		if (r == 0 && options.format)
			r = format_print_one(options.format, info, stdout,
					     &err);
		else if (r == 0)
			print_info(info);
		if (r < 0)
			print_error(&err);
		status = r < 0 ? STATUS_WOLFFIA : 0;
	}
	container_verb_end(&verb);
	return status;
}

/* There is no server; scripts ask for its version to see whether it works. */
static json_t *describe_version(void)
{
	json_t *both = json_object();
	static const char *const sides[] = { "Client", "Server" };
	struct utsname machine;

	uname(&machine);
	for (size_t i = 0; i < ARRAY_SIZE(sides); i++) {
		json_t *side = json_object();
		scoped(char) *os_arch =
			xasprintf("linux/%s", manifest_architecture());
		show_set(side, "Version", WOLFFIA_VERSION);
		show_set(side, "Os", "linux");
		show_set(side, "Arch", manifest_architecture());
		show_set(side, "OsArch", os_arch);
		show_set(side, "KernelVersion", machine.release);
		json_object_set_new(both, sides[i], side);
	}
	return both;
}

int verb_version(const struct call *call)
{
	struct info_options options = { 0 };
	scoped_json *both = describe_version();
	struct error err;
	int r = 1;

	if (call->argc > 0)
		r = option_table_parse(version_table, call->argc, call->argv,
				       &options, &err);
	if (r >= 0 && options.common.help == FLAG_YES) {
		puts("Usage: wolffia version [OPTION...]");
		option_table_help(version_table, stdout);
		return 0;
	}
	if (r >= 0 && call->argc > r)
		r = error_say(&err, EINVAL, "\"%s\" is one argument too many",
			      call->argv[r]);
	if (r >= 0 && options.format)
		r = format_print_one(options.format, both, stdout, &err);
	else if (r >= 0)
		puts("wolffia " WOLFFIA_VERSION);
	if (r < 0)
		print_error(&err);
	return r < 0 ? STATUS_WOLFFIA : 0;
}
