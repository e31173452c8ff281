/*
 * core/steps.h - the steps of the plans, by who does them
 *
 * Each does what its name in core/plan.c says, and nothing of it knows about
 * the other processes.
 */
#pragma once

#include "core/launch.h"

/* core/steps_launcher.c */
int step_make_streams(struct launch *l, struct error *err);
int step_fork_outer(struct launch *l, struct error *err);
int step_begin_mapping(struct launch *l, struct error *err);
int step_await_mapping(struct launch *l, struct error *err);
int step_make_root_socket(struct launch *l, struct error *err);
int step_take_root(struct launch *l, struct error *err);
int step_take_terminal(struct launch *l, struct error *err);

/* core/launch.c */
int step_record(struct launch *l, struct error *err);
int step_note_start(struct launch *l, struct error *err);

/* core/steps_outer.c */
int step_isolate_mounts(struct launch *l, struct error *err);
int step_become_outer_root(struct launch *l, struct error *err);
int step_limit_processes(struct launch *l, struct error *err);
int step_forbid_namespaces(struct launch *l, struct error *err);
int step_make_upper(struct launch *l, struct error *err);
int step_start_file_server(struct launch *l, struct error *err);
int step_fork_init(struct launch *l, struct error *err);
int step_map_inner(struct launch *l, struct error *err);

/* core/steps_stage.c */
int step_make_stage(struct launch *l, struct error *err);
int step_mount_proc(struct launch *l, struct error *err);
int step_mask_proc(struct launch *l, struct error *err);
int step_mount_dev(struct launch *l, struct error *err);
int step_mount_system(struct launch *l, struct error *err);
int step_write_files(struct launch *l, struct error *err);

/* core/steps_root.c */
int step_mount_root(struct launch *l, struct error *err);
int step_bind_files(struct launch *l, struct error *err);
int step_attach_stage(struct launch *l, struct error *err);
int step_mount_volumes(struct launch *l, struct error *err);
int step_protect_root(struct launch *l, struct error *err);

/* core/steps_init.c */
int step_find_user(struct launch *l, struct error *err);
int step_new_namespaces(struct launch *l, struct error *err);
int step_set_up_network(struct launch *l, struct error *err);
int step_set_hostname(struct launch *l, struct error *err);
int step_hand_over_streams(struct launch *l, struct error *err);
int step_open_terminal(struct launch *l, struct error *err);
int step_enter_inner(struct launch *l, struct error *err);
int step_become_inner_root(struct launch *l, struct error *err);
int step_hand_over_root(struct launch *l, struct error *err);
int step_enter_root(struct launch *l, struct error *err);
int step_confine(struct launch *l, struct error *err);
int step_start_command(struct launch *l, struct error *err);
int step_settle(struct launch *l, struct error *err);
int step_become_command(struct launch *l, struct error *err);
