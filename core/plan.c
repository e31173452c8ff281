#include "core/plan.h"

#include <linux/capability.h>

#include "core/steps.h"

static bool has_tty(const struct spec *spec)
{
	return spec->tty;
}

static bool has_no_tty(const struct spec *spec)
{
	return !spec->tty;
}

static bool is_pid1(const struct spec *spec)
{
	return spec->pid1;
}

static bool has_init(const struct spec *spec)
{
	return !spec->pid1;
}

static bool has_process_limit(const struct spec *spec)
{
	return spec->pids_limit > 0;
}

static bool forbids_namespaces(const struct spec *spec)
{
	return !(spec->capabilities & 1ull << CAP_SYS_ADMIN);
}

static bool has_upper(const struct spec *spec)
{
	return spec->rootfs != ROOTFS_DIR_RW;
}

static bool has_file_server(const struct spec *spec)
{
	return spec->driver == DRIVER_FUSE_OVERLAYFS ||
	       spec->driver == DRIVER_FUSE_BELOW_OVERLAY;
}

static bool has_masks(const struct spec *spec)
{
	/* asking for one by name counts, even with the others off */
	return spec->masks || spec->mask.n > 0;
}

static bool has_volumes(const struct spec *spec)
{
	return spec->n_mounts > 0;
}

static bool has_network(const struct spec *spec)
{
	return spec->network == NETWORK_NONE;
}

/*
 * Who owns the network, IPC, host name and cgroup namespaces?  The outer user
 * namespace, so that nothing in the container can configure them, and their
 * file systems are as locked as the other mounts.  Only a container that was
 * given a capability for them gets them in its own user namespace.
 */
static bool outer_owns(const struct spec *spec)
{
	return !spec_inner_owns_namespaces(spec);
}

static bool inner_owns(const struct spec *spec)
{
	return spec_inner_owns_namespaces(spec);
}

static bool has_outer_network(const struct spec *spec)
{
	return outer_owns(spec) && has_network(spec);
}

static bool has_inner_network(const struct spec *spec)
{
	return inner_owns(spec) && has_network(spec);
}

/* clang-format off */
const struct step run_plan[] = {
	{ LAUNCHER, "prepare the standard streams",      step_make_streams,      NULL,               false },
	{ LAUNCHER, "create the outer user namespace",   step_fork_outer,        NULL,               false },
	{ LAUNCHER, "begin to map user and group ids",   step_begin_mapping,     NULL,               false },
	{ LAUNCHER, "write the container down",          step_record,            NULL,               false },
	{ OUTER,    "isolate the mounts",                step_isolate_mounts,    NULL,               false },
	{ LAUNCHER, "map user and group ids",            step_await_mapping,     NULL,               false },
	{ OUTER,    "become root of the outer namespace", step_become_outer_root, NULL,              false },
	{ OUTER,    "limit the number of processes",     step_limit_processes,   has_process_limit,  false },
	{ OUTER,    "make the writable layer",           step_make_upper,        has_upper,          false },
	{ OUTER,    "start the file system server",      step_start_file_server, has_file_server,    false },
	{ OUTER,    "create PID 1",                      step_fork_init,         NULL,               false },
	{ OUTER,    "forbid more user namespaces",       step_forbid_namespaces, forbids_namespaces, false },
	/* while the file system server starts: */
	{ INIT,     "create the container's namespaces", step_new_namespaces,    outer_owns,         false },
	{ INIT,     "set up the network",                step_set_up_network,    has_outer_network,  false },
	{ INIT,     "set the host name",                 step_set_hostname,      outer_owns,         false },
	{ INIT,     "prepare the system's directories",  step_make_stage,        NULL,               false },
	{ INIT,     "mount /proc",                       step_mount_proc,        NULL,               false },
	{ INIT,     "mask paths in /proc",               step_mask_proc,         has_masks,          false },
	{ INIT,     "mount /dev",                        step_mount_dev,         NULL,               false },
	{ INIT,     "mount /sys",                        step_mount_system,      outer_owns,         false },
	{ INIT,     "write the network's files",         step_write_files,       NULL,               false },
	/* from here on it must answer */
	{ INIT,     "mount the root file system",        step_mount_root,        NULL,               false },
	{ INIT,     "find the container's user",         step_find_user,         NULL,               false },
	{ INIT,     "put the network's files in place",  step_bind_files,        NULL,               false },
	{ INIT,     "put the system's directories in place", step_attach_stage,      NULL,               false },
	{ INIT,     "mount the volumes",                 step_mount_volumes,     has_volumes,        false },
	{ INIT,     "protect the root file system",      step_protect_root,      NULL,               false },
	{ INIT,     "hand over the standard streams",    step_hand_over_streams, has_no_tty,         false },
	{ INIT,     "create the inner user namespace",   step_enter_inner,       NULL,               false },
	{ OUTER,    "map the container's ids",           step_map_inner,         NULL,               false },
	{ INIT,     "become root of the container",      step_become_inner_root, NULL,               false },
	{ INIT,     "create the container's namespaces", step_new_namespaces,    inner_owns,         false },
	{ INIT,     "set up the network",                step_set_up_network,    has_inner_network,  false },
	{ INIT,     "set the host name",                 step_set_hostname,      inner_owns,         false },
	{ INIT,     "mount /sys",                        step_mount_system,      inner_owns,         false },
	{ INIT,     "enter the root file system",        step_enter_root,        NULL,               false },
	{ INIT,     "open a terminal",                   step_open_terminal,     has_tty,            false },
	{ LAUNCHER, "take over the terminal",            step_take_terminal,     has_tty,            false },
	{ INIT,     "confine the container",             step_confine,           NULL,               false },
	{ INIT,     "run the command",                   step_start_command,     has_init,           false },
	{ INIT,     "give up the rights of the start",   step_settle,            has_init,           false },
	{ INIT,     "run the command",                   step_become_command,    is_pid1,            true },
	{ LAUNCHER, "take over the root",                step_take_root,         NULL,               false },
	{ LAUNCHER, "note the start",                    step_note_start,        NULL,               false },
	{ 0 },
};

/* the root of a container that does not run, for who copies files */
const struct step visit_plan[] = {
	{ LAUNCHER, "prepare a socket",                  step_make_root_socket,  NULL,               false },
	{ LAUNCHER, "create the outer user namespace",   step_fork_outer,        NULL,               false },
	{ LAUNCHER, "begin to map user and group ids",   step_begin_mapping,     NULL,               false },
	{ OUTER,    "isolate the mounts",                step_isolate_mounts,    NULL,               false },
	{ LAUNCHER, "map user and group ids",            step_await_mapping,     NULL,               false },
	{ OUTER,    "become root of the outer namespace", step_become_outer_root, NULL,              false },
	{ OUTER,    "make the writable layer",           step_make_upper,        has_upper,          false },
	{ OUTER,    "start the file system server",      step_start_file_server, has_file_server,    false },
	{ OUTER,    "create a process for the root",     step_fork_init,         NULL,               false },
	{ INIT,     "mount the root file system",        step_mount_root,        NULL,               false },
	{ INIT,     "mount the volumes",                 step_mount_volumes,     has_volumes,        false },
	{ INIT,     "protect the root file system",      step_protect_root,      NULL,               false },
	{ INIT,     "create the inner user namespace",   step_enter_inner,       NULL,               false },
	{ OUTER,    "map the container's ids",           step_map_inner,         NULL,               false },
	{ INIT,     "become root of the container",      step_become_inner_root, NULL,               false },
	{ INIT,     "hand over the root",                step_hand_over_root,    NULL,               false },
	{ LAUNCHER, "take over the root",                step_take_root,         NULL,               false },
	{ 0 },
};
/* clang-format on */

const char *actor_name(enum actor actor)
{
	static const char *const names[] = {
		[LAUNCHER] = "launcher",
		[OUTER] = "outer",
		[INIT] = "init",
	};

	return names[actor];
}
