/* wolffia check: is the store whole?  And --repair. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/status.h"
#include "cmd/check_options.h"
#include "cmd/format.h"
#include "cmd/human.h"
#include "cmd/image/image_say.h"
#include "cmd/image/image_verbs.h"
#include "core/names.h"
#include "core/state.h"
#include "storage/check/check.h"

enum { STATUS_DAMAGED = 1 };

static const char *const level_names[] = {
	[FINDING_DAMAGED] = "damaged",
	[FINDING_UNUSED] = "unused",
};

/* names/<name> that lead to no container any more */
static void find_names(struct check *check)
{
	scoped_strv names = { 0 };
	struct error ignored;

	if (names_stale(check->store, &names, &ignored) < 0)
		return;
	for (size_t i = 0; i < names.n; i++) {
		struct finding *finding =
			check_add(check, FINDING_UNUSED, "name", names.v[i],
				  "its container is gone");
		free(finding->remedy);
		finding->remedy = xstrdup("wolffia check --repair");
		finding->repaired = check->repair;
		if (check->repair)
			finding->done = xstrdup("removed");
	}
	if (check->repair && names.n)
		names_sweep(check->store);
}

/* stages of killed ones: image_sweep() has removed them, if it could */
static void note_swept(struct check *check)
{
	for (size_t i = 0; i < check->n; i++) {
		struct finding *finding = &check->findings[i];
		scoped(char) *path = xasprintf("tmp/%s", finding->name);
		if (strcmp(finding->kind, "work") != 0 ||
		    faccessat(check->store->dirfd, path, F_OK,
			      AT_SYMLINK_NOFOLLOW) == 0)
			continue;
		finding->repaired = true;
		finding->done = xstrdup("removed");
	}
}

static void print_finding(const struct finding *finding)
{
	printf("%s: %s %s: %s", level_names[finding->level], finding->kind,
	       finding->name, finding->message);
	for (size_t i = 0; i < finding->images.n; i++)
		printf("%s%s", i ? ", " : " (", finding->images.v[i]);
	fputs(finding->images.n ? ")" : "", stdout);
	if (finding->done)
		printf("; %s", finding->done);
	if (!finding->repaired && finding->remedy[0])
		printf("; remedy: %s", finding->remedy);
	putchar('\n');
}

static json_t *finding_json(const struct finding *finding)
{
	json_t *object = json_object();

	json_object_set_new(object, "Level",
			    json_string(level_names[finding->level]));
	json_object_set_new(object, "Kind", json_string(finding->kind));
	json_object_set_new(object, "Name", json_from_text(finding->name));
	json_object_set_new(object, "Message",
			    json_from_text(finding->message));
	json_object_set_new(object, "Images",
			    json_from_texts(&finding->images));
	json_object_set_new(
		object, "Remedy",
		json_from_text(finding->repaired ? "" : finding->remedy));
	json_object_set_new(object, "Done",
			    json_from_text(finding->done ? finding->done : ""));
	json_object_set_new(object, "Repaired",
			    json_boolean(finding->repaired));
	return object;
}

static json_t *headings_json(void)
{
	static const char *const names[] = { "Level",   "Kind",    "Name",
					     "Message", "Images",  "Remedy",
					     "Done",    "Repaired" };
	json_t *object = json_object();

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		json_object_set_new(object, names[i], json_string(names[i]));
	return object;
}

static void print_summary(const struct check *check)
{
	scoped(char) *size = human_size(check->bytes);
	size_t damaged = 0, unused = 0, repaired = 0;

	for (size_t i = 0; i < check->n; i++) {
		const struct finding *finding = &check->findings[i];
		repaired += finding->repaired;
		damaged +=
			finding->level == FINDING_DAMAGED && !finding->repaired;
		unused +=
			finding->level == FINDING_UNUSED && !finding->repaired;
	}
	scoped(char) *images = human_count(check->images, "image");
	scoped(char) *blobs = human_count(check->n_blobs, "blob");
	scoped(char) *layers = human_count(check->n_layers, "layer");
	printf("%s, %s (%s read), %s (%llu compared): %zu damaged, %zu unused, "
	       "%zu repaired\n",
	       images, blobs, size, layers, (unsigned long long)check->compared,
	       damaged, unused, repaired);
}

static int show(const struct check_options *options, const struct check *check,
		struct error *err)
{
	image_progress(NULL);
	for (size_t i = 0; i < check->notes.n; i++)
		image_note("%s", check->notes.v[i]);
	if (options->format) {
		scoped_json *objects = json_array(), *names = headings_json();
		for (size_t i = 0; i < check->n; i++)
			json_array_append_new(
				objects, finding_json(&check->findings[i]));
		return format_print(options->format, objects, names, stdout,
				    err);
	}
	for (size_t i = 0; i < check->n; i++)
		print_finding(&check->findings[i]);
	if (options->quiet != FLAG_YES)
		print_summary(check);
	return 0;
}

/* where nothing can be written, what can be read is checked */
static int open_stage(struct image_work *work, struct check *check,
		      struct error *err)
{
	struct error why;

	if (check->quick && !check->repair)
		return 0;
	int r = image_stage(work, &why);
	if (r < 0 && (check->repair || (r != -EROFS && r != -EACCES))) {
		*err = why;
		return r;
	}
	if (r < 0)
		strv_addf(&check->notes, "layers are not compared: %s",
			  why.text);
	else
		check->stage = &work->stage;
	return 0;
}

/* its own ids, for layers that were unpacked for one id */
static void single_ids(const struct image_work *work, struct outer_ids *outer,
		       struct stage_ids *ret)
{
	struct error ignored;

	*ret = work->ids;
	if (work->ids.single || outer_find_ids(true, outer, &ignored) < 0)
		return;
	ret->single = true;
	ret->ids = 1;
	ret->context = outer;
}

static int do_check(struct image_work *work, struct check *check,
		    struct error *err)
{
	struct error ignored;
	int r = check_store(check, err);

	if (r < 0)
		return r;
	find_names(check);
	r = check_finish(check, err);
	if (r == 0 && check->repair) {
		image_sweep(work);
		note_swept(check);
		state_sweep(&work->store, &ignored);
		image_events(&work->store, EVENT_REMOVE, &check->dropped);
	}
	return r;
}

static int check_and_end(const struct check_options *options)
{
	struct outer_ids outer = { 0 };
	struct stage_ids single;
	const struct image_options common = { .store = options->store,
					      .quiet = options->quiet };
	struct image_work work;
	struct error err;
	int r = image_begin_unswept(&work, &common, false, &err);

	if (r < 0)
		return image_fail(&err, "cannot check the store");
	single_ids(&work, &outer, &single);
	struct check found = {
		.store = &work.store,
		.ids = &work.ids,
		.single = &single,
		.quick = options->quick == FLAG_YES,
		.repair = options->repair == FLAG_YES,
	};
	r = open_stage(&work, &found, &err);
	if (r == 0)
		r = do_check(&work, &found, &err);
	if (r == 0)
		r = show(options, &found, &err);
	int status = check_is_whole(&found) ? 0 : STATUS_DAMAGED;
	if (r < 0)
		status = image_fail(&err, "cannot check the store");
	if (image_end(&work, &err) < 0)
		status = image_fail(&err, "check");
	check_free(&found);
	return status;
}

int verb_check(int argc, char *const argv[])
{
	struct check_options options = { 0 };
	scoped_strv arguments = { 0 };
	int r = image_parse_with(check_table, "check [OPTION...]", argc, argv,
				 &options, &options.help, &arguments);

	if (r != 0)
		return r > 0 ? 0 : STATUS_WOLFFIA;
	if (arguments.n)
		return image_usage("check: \"%s\" is one argument too many",
				   arguments.v[0]);
	return check_and_end(&options);
}
