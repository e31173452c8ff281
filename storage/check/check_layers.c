/*
 * Layers: is each tree what its blob unpacks to?
 *
 * It is unpacked into the stage by stage_unpack_layer(), as when it came; so
 * what is compared is all that unpacking decides, and the new tree is there
 * to take the place of the other.  One at a time: that is the room it takes.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/path.h"
#include "storage/check/check_private.h"
#include "storage/check/tree_compare.h"
#include "storage/image_store.h"
#include "storage/stage_layers.h"

/* One form of a layer: layers/<name>. */
struct form {
	struct check *check;
	const struct check_layer *layer;
	struct stage stage; /* the check's, with the ids of this form */
	char *name;
	char *fresh;  /* in the stage: the tree that it should be */
	bool missing; /* from layers/ */
};

/* What crosses between the process in the outer namespace and this one. */
struct call {
	int store_fd, stage_fd;
	char name[DIGEST_MAX], fresh[64];
	char differs[TREE_DIFFERENCE_MAX];
	int result;
};

static int open_tree(int dirfd, const char *parent, const char *name)
{
	scoped(char) *path = xasprintf("%s%s", parent, name);
	int fd = openat(dirfd, path,
			O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	return fd < 0 ? -errno : fd;
}

static int call_compare(void *argument, struct error *err)
{
	struct call *call = argument;
	scoped_fd wanted = open_tree(call->stage_fd, "", call->fresh);
	scoped_fd found = open_tree(call->store_fd, "layers/", call->name);

	if (wanted < 0)
		return error_set(err, -wanted, "open %s", call->fresh);
	if (found < 0) {
		snprintf(call->differs, sizeof(call->differs),
			 "cannot be opened: %s", strerror(-found));
		call->result = 1;
		return 0;
	}
	call->result = tree_compare(wanted, found, call->differs, err);
	return call->result < 0 ? call->result : 0;
}

/* in one step, so that there is a tree at every moment */
static int call_exchange(void *argument, struct error *err)
{
	struct call *call = argument;
	scoped(char) *to = xasprintf("layers/%s", call->name);

	if (renameat2(call->stage_fd, call->fresh, call->store_fd, to,
		      RENAME_EXCHANGE) == 0 ||
	    (errno == ENOENT &&
	     renameat(call->stage_fd, call->fresh, call->store_fd, to) == 0))
		return 0;
	if (errno != EINVAL)
		return error_set(err, errno, "put %s into its place", to);
	/* a file system that cannot exchange: killed between the two, the
	 * layer is missing, and the next run unpacks it */
	if (renameat(call->store_fd, to, call->stage_fd, "removed/old") < 0 ||
	    renameat(call->stage_fd, call->fresh, call->store_fd, to) < 0)
		return error_set(err, errno, "put %s into its place", to);
	return 0;
}

static int call_remove(void *argument, struct error *err)
{
	struct call *call = argument;
	int r = path_remove_tree(call->stage_fd, call->fresh, err);

	return r < 0 ? r : path_remove_tree(call->stage_fd, "removed/old", err);
}

/* Return: 0 with *ret filled; -errno */
static int call_in_outer(struct form *form,
			 int (*function)(void *argument, struct error *err),
			 struct call *ret, struct error *err)
{
	const struct stage_ids *ids = form->stage.ids;
	struct call *call = mmap(NULL, sizeof(*call), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (call == MAP_FAILED)
		return error_set(err, errno, "share memory");
	*call = (struct call){ .store_fd = form->check->store->dirfd,
			       .stage_fd = form->stage.dirfd };
	snprintf(call->name, sizeof(call->name), "%s", form->name);
	snprintf(call->fresh, sizeof(call->fresh), "%s", form->fresh);
	int r = ids->call(ids->context, function, call, err);
	*ret = *call;
	munmap(call, sizeof(*call));
	return r;
}

static struct finding *add_finding(struct form *form, const char *message)
{
	struct finding *finding = check_add(form->check, FINDING_DAMAGED,
					    "layer", form->name, message);

	check_concerns(finding, &form->layer->users, true);
	return finding;
}

static void set_done(struct finding *finding, bool repaired, char *text)
{
	free(finding->done);
	finding->done = text;
	finding->repaired = repaired;
	if (repaired)
		finding->remedy[0] = '\0';
}

/* what a container uses while it runs is not touched */
static int replace(struct form *form, struct finding *finding,
		   struct error *err)
{
	const struct store *store = form->check->store;
	scoped_fd holds = store_open_holds(store, err);
	struct call call;
	int r = holds < 0 ? holds : store_seize_layer(holds, form->name, err);

	if (r == -EBUSY) {
		free(finding->remedy);
		finding->remedy = xstrdup("end the containers that use it, "
					  "then wolffia check --repair");
		set_done(finding, false, xstrdup("not repaired: it is in use"));
		return 0;
	}
	if (r < 0)
		return r;
	/* before it is seen */
	if (syncfs(store->dirfd) < 0)
		return error_set(err, errno, "sync %s", store->path);
	r = call_in_outer(form, call_exchange, &call, err);
	if (r == 0)
		r = store_sync_dir(store, "layers", err);
	if (r == 0)
		set_done(finding, true, xstrdup("unpacked again"));
	return r;
}

/* the kernel's overlayfs would show what such a layer removes */
static int check_marker(struct form *form, bool wanted, struct error *err)
{
	const struct store *store = form->check->store;
	scoped(char) *path = xasprintf("layers/%s.wh", form->name);

	if (!wanted || faccessat(store->dirfd, path, F_OK, 0) == 0)
		return 0;
	struct finding *finding =
		add_finding(form, "its whiteouts are not noted");
	if (!form->check->repair)
		return 0;
	scoped_fd fd = openat(store->dirfd, path,
			      O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_set(err, errno, "make %s", path);
	set_done(finding, true, xstrdup("noted"));
	return 0;
}

/* it differs, or seems to: it may have been removed meanwhile */
static int still_matters(struct form *form, ino_t inode, bool *ret,
			 struct error *err)
{
	const struct store *store = form->check->store;
	scoped(char) *path = xasprintf("layers/%s", form->name);
	struct stat st;
	scoped_fd lock = store_lock(store, err);

	if (lock < 0)
		return lock;
	bool there = fstatat(store->dirfd, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
	*ret = (form->missing ? !there : !there || st.st_ino == inode) &&
	       check_is_needed(store, &form->layer->users.digests);
	return 0;
}

static int compare(struct form *form, ino_t inode, struct error *err)
{
	struct call call;
	bool matters = true;
	int r = 0;

	if (!form->missing) {
		r = call_in_outer(form, call_compare, &call, err);
		form->check->compared++;
		if (r < 0 || call.result == 0)
			return r;
	}
	r = still_matters(form, inode, &matters, err);
	if (r < 0 || !matters)
		return r;
	struct finding *finding = add_finding(
		form, form->missing ? "is not unpacked" : call.differs);
	return form->check->repair ? replace(form, finding, err) : 0;
}

static int unpack(struct form *form, struct unpack_result *result,
		  struct error *err)
{
	scoped(char) *blob = digest_blob_path(form->layer->blob);
	scoped(char) *path = xasprintf("oci/%s", blob);
	scoped(char) *what = xasprintf("layer %s", form->layer->blob);
	scoped_fd fd = openat(form->check->store->dirfd, path,
			      O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0 && errno == ENOENT) {
		fd = image_store_blob(form->check->store, form->layer->blob);
		errno = ENOENT;
	}
	if (fd < 0)
		return error_set(err, errno, "open %s", path);
	return stage_unpack_layer(&form->stage, fd, form->fresh, what, result,
				  err);
}

/* the blob has its digest, so what is wrong with it came so */
static bool is_content(int code)
{
	return code == -EBADMSG || code == -ERANGE || code == -EXDEV ||
	       code == -EFBIG || code == -ELOOP || code == -ENAMETOOLONG ||
	       code == -ENOTDIR;
}

static int check_unpacked(struct form *form, ino_t inode, struct error *err)
{
	struct unpack_result result = { 0 };
	struct error why;
	int r = unpack(form, &result, &why);

	/* it was removed since its blob was read */
	if (r == -ENOENT)
		return 0;
	if (r < 0 && is_content(r)) {
		check_concerns(check_add(form->check, FINDING_DAMAGED, "layer",
					 form->name, why.text),
			       &form->layer->users, false);
		return 0;
	}
	if (r < 0) {
		*err = why;
		return r;
	}
	if (strcmp(result.diff_id, form->layer->diff_id) != 0) {
		scoped(char) *message =
			xasprintf("its blob unpacks to %s", result.diff_id);
		check_concerns(check_add(form->check, FINDING_DAMAGED, "layer",
					 form->name, message),
			       &form->layer->users, false);
		return 0;
	}
	r = compare(form, inode, err);
	return r < 0 ? r : check_marker(form, result.whiteout_files, err);
}

static int check_form(struct check *check, const struct check_layer *layer,
		      const struct stage_ids *ids, bool missing, ino_t inode,
		      struct error *err)
{
	struct form form = { .check = check,
			     .layer = layer,
			     .stage = *check->stage,
			     .missing = missing };
	struct call call;
	struct error second;

	form.stage.ids = ids;
	form.name = store_layer_name(layer->diff_id, ids->single);
	form.fresh = stage_new_layer(check->stage);
	check->stage->foreign_files = true;
	int r = check_unpacked(&form, inode, err);
	/* what is left of it, or what it took the place of */
	int s = call_in_outer(&form, call_remove, &call, r < 0 ? &second : err);
	free(form.name);
	free(form.fresh);
	return r < 0 ? r : s;
}

static bool find_form(const struct check *check, const char *diff_id,
		      bool single, ino_t *ret)
{
	scoped(char) *name = store_layer_name(diff_id, single);
	scoped(char) *path = xasprintf("layers/%s", name);
	struct stat st;

	if (fstatat(check->store->dirfd, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	*ret = st.st_ino;
	return true;
}

static void add_missing(struct check *check, const struct check_layer *layer)
{
	check_concerns(check_add(check, FINDING_DAMAGED, "layer",
				 digest_hex(layer->diff_id), "is not unpacked"),
		       &layer->users, true);
}

static int check_layer(struct check *check, const struct check_layer *layer,
		       struct error *err)
{
	const struct check_blob *blob = check_find_blob(check, layer->blob);
	ino_t many_inode = 0, single_inode = 0;
	bool many = find_form(check, layer->diff_id, false, &many_inode);
	bool single = find_form(check, layer->diff_id, true, &single_inode);
	int r = 0;

	scoped(char) *name =
		store_layer_name(layer->diff_id, check->ids->single);
	scoped(char) *elsewhere = image_store_layer(check->store, name);
	if (!many && !single && elsewhere)
		return 0;
	if (check->quick || !check->stage) {
		if (!many && !single)
			add_missing(check, layer);
		return 0;
	}
	/* that is a finding already, and there is nothing to compare with */
	if (blob->bad)
		return 0;
	if (!many && !single)
		return check_form(check, layer, check->ids, true, 0, err);
	if (many && check->ids->single)
		strv_addf(&check->notes,
			  "layer %s was not compared: its files belong to "
			  "subordinate ids, which this user does not have",
			  layer->diff_id);
	else if (many)
		r = check_form(check, layer, check->ids, false, many_inode,
			       err);
	if (r == 0 && single)
		r = check_form(check, layer, check->single, false, single_inode,
			       err);
	return r;
}

int check_layers(struct check *check, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < check->n_layers; i++) {
		if (check->stage)
			stage_say(check->stage, "Comparing layer %zu of %zu",
				  i + 1, check->n_layers);
		r = check_layer(check, &check->layers[i], err);
	}
	return r;
}
