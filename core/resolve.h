/*
 * core/resolve.h - the last unknowns of a spec: who the container is on the
 * host, and how its root is mounted
 */
#pragma once

#include "base/strv.h"
#include "core/confine/user.h"
#include "core/spec.h"
#include "storage/store.h"
#include "userns/outer.h"

/*
 * spec_resolve_mode - what USERNS_AUTO is for this container
 * as-me with a bind mount or volume, with a root that is written in place, and
 * with --driver overlay, which cannot translate ids; else nomap.
 */
enum userns_mode spec_resolve_mode(const struct spec *spec);

/*
 * spec_resolve - fill the id maps, the mode and the driver
 * @ids: of outer_find_ids(); with ids->single @why says why
 * @ret_notices: lines for the user: what could not be had and what is used
 *               instead
 *
 * Looks the workload's user up in the layers when that is to be the caller.
 * Return: 0; -ENOENT a mode was asked for that takes subordinate ids; -EINVAL
 * a mode or driver that cannot be given; errors of user_lookup().
 */
int spec_resolve(struct spec *spec, const struct store *store,
		 const struct outer_ids *ids, const struct error *why,
		 struct strv *ret_notices, struct error *err);

/*
 * spec_make_volumes - make the directories of named volumes that are not there,
 * and note that in the events of @store
 * Not part of spec_resolve(): what is only explained makes nothing.
 */
int spec_make_volumes(const struct spec *spec, const struct store *store,
		      struct error *err);

/*
 * spec_find_user - whom .user means, looked up in the layers or the directory
 * Return: 0, user_free() afterwards; errors of user_lookup().
 */
int spec_find_user(const struct spec *spec, struct user *ret,
		   struct error *err);

/*
 * resolve_why_no_overlay - why the kernel's overlayfs cannot have its upper
 * directory on the file system of @store_fd: its name, or "a kernel before
 * 5.13"; NULL: it should be able to
 */
const char *resolve_why_no_overlay(int store_fd);
