#include "cmd/container_row.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "cmd/human.h"
#include "cmd/show_json.h"

enum {
	SECOND = 1000000000,
	ID_SHOWN = 12,
	COMMAND_SHOWN = 20, /* characters */
	MOUNT_SHOWN = 15,
};

/* Go's year 1, in which for podman happened what never did */
#define NEVER (-INT64_C(62135596800))

/* member, heading */
/* clang-format off */
static const char *const headings[][2] = {
	{ "ID",           "CONTAINER ID" },
	{ "Names",        "NAMES" },
	{ "Image",        "IMAGE" },
	{ "Command",      "COMMAND" },
	{ "CreatedAt",    "CREATED AT" },
	{ "RunningFor",   "CREATED" },
	{ "Ports",        "PORTS" },
	{ "State",        "STATE" },
	{ "Status",       "STATUS" },
	{ "Size",         "SIZE" },
	{ "Label",        "LABEL" },
	{ "Labels",       "LABELS" },
	{ "Mounts",       "MOUNTS" },
	{ "LocalVolumes", "LOCAL VOLUMES" },
	{ "Networks",     "NETWORKS" },
	/* podman's */
	{ "AutoRemove",   "AUTO REMOVE" },
	{ "ExitCode",     "EXIT CODE" },
	{ "Exited",       "EXITED" },
	{ "ImageID",      "IMAGE ID" },
	{ "Pid",          "PID" },
	{ "Restarts",     "RESTARTS" },
	{ "Created",      "CREATED" },
	{ "StartedAt",    "STARTED AT" },
	{ "ExitedAt",     "EXITED AT" },
};
/* clang-format on */

json_t *container_row_headings(void)
{
	json_t *object = json_object();

	for (size_t i = 0; i < ARRAY_SIZE(headings); i++)
		json_object_set_new(object, headings[i][0],
				    json_string(headings[i][1]));
	return object;
}

static char *age(uint64_t then_ns, uint64_t now_ns)
{
	return human_duration(now_ns > then_ns ? (now_ns - then_ns) / SECOND
					       : 0);
}

char *container_row_status(const struct record *record, uint64_t now_ns)
{
	scoped(char) *up = age(record->started_ns, now_ns);
	scoped(char) *down = age(record->finished_ns, now_ns);

	switch (record->phase) {
	case PHASE_CREATED:
		return xstrdup("Created");
	case PHASE_RUNNING:
		return xasprintf("Up %s", up);
	case PHASE_PAUSED:
		return xasprintf("Up %s (Paused)", up);
	case PHASE_RESTARTING:
		return xasprintf("Restarting (%d) %s ago", record->exit_code,
				 down);
	case PHASE_EXITED:
		break;
	}
	if (record->finished_ns == 0)
		return xasprintf("Exited (%d)", record->exit_code);
	return xasprintf("Exited (%d) %s ago", record->exit_code, down);
}

/* at most @most characters (code points), of which the last tells of more */
static char *shorten(const char *text, size_t most)
{
	size_t characters = 0, cut = 0;

	for (size_t i = 0; text[i]; i++) {
		if (((unsigned char)text[i] & 0xc0) == 0x80)
			continue;
		characters++;
		if (characters == most)
			cut = i;
	}
	return characters <= most ? xstrdup(text)
				  : xasprintf("%.*s…", (int)cut, text);
}

/* in quotation marks, as Go's %q: who reads it sees where it begins and ends */
static char *quote(const char *text)
{
	char *quoted = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&quoted, &size);

	if (!to)
		return xstrdup(text);
	fputc('"', to);
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		if (c == '"' || c == '\\')
			fprintf(to, "\\%c", c);
		else if (c == '\n')
			fputs("\\n", to);
		else if (c == '\t')
			fputs("\\t", to);
		else if (c < 0x20 || c == 0x7f)
			fprintf(to, "\\x%02x", c);
		else
			fputc(c, to);
	}
	fputc('"', to);
	fclose(to);
	return quoted;
}

static char *join(const struct strv *list, size_t shown)
{
	char *text = xstrdup("");

	for (size_t i = 0; i < list->n; i++) {
		scoped(char) *before = text;
		scoped(char) *part = shown ? shorten(list->v[i], shown)
					   : xstrdup(list->v[i]);
		text = xasprintf("%s%s%s", before, i ? "," : "", part);
	}
	return text;
}

/* takes @text */
static void set(json_t *object, const char *key, char *text)
{
	show_set(object, key, text);
	free(text);
}

/* as Go prints a time */
static char *local_time(uint64_t ns)
{
	time_t seconds = (time_t)(ns / SECOND);
	char text[64];
	struct tm tm;

	localtime_r(&seconds, &tm);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S %z %Z", &tm);
	return xstrdup(text);
}

static char *size_text(const struct row_more *more)
{
	if (!more->has_size)
		return xstrdup("");
	scoped(char) *written = human_size(more->written);
	scoped(char) *whole = human_size(more->whole);
	return xasprintf("%s (virtual %s)", written, whole);
}

static size_t count_volumes(const struct strv *mounts)
{
	size_t n = 0;

	for (size_t i = 0; i < mounts->n; i++)
		n += mounts->v[i][0] != '/';
	return n;
}

static void set_docker(json_t *row, const struct record *record,
		       const struct row_more *more)
{
	bool whole = more->no_trunc;
	scoped(char) *command =
		shorten(record->command, whole ? SIZE_MAX : COMMAND_SHOWN);
	scoped(char) *created = age(record->created_ns, more->now_ns);

	set(row, "ID",
	    whole ? xstrdup(record->id) : xstrndup(record->id, ID_SHOWN));
	show_set(row, "Names", record->name);
	show_set(row, "Image", record->image);
	set(row, "Command", quote(command));
	set(row, "CreatedAt", local_time(record->created_ns));
	set(row, "RunningFor", xasprintf("%s ago", created));
	set(row, "Created", xasprintf("%s ago", created));
	show_set(row, "Ports", "");
	show_set(row, "State", phase_name(record->phase));
	set(row, "Status", container_row_status(record, more->now_ns));
	set(row, "Size", size_text(more));
	set(row, "Labels", join(&record->labels, 0));
	/* what {{.Label "key"}} looks into */
	json_object_set_new(row, "Label", show_pairs(&record->labels));
	set(row, "Mounts", join(&record->mounts, whole ? 0 : MOUNT_SHOWN));
	set(row, "LocalVolumes",
	    xasprintf("%zu", count_volumes(&record->mounts)));
	show_set(row, "Networks", more->network);
}

static bool is_over(const struct record *record)
{
	return record->phase == PHASE_EXITED;
}

static void set_number(json_t *row, const char *key, int64_t number)
{
	json_object_set_new(row, key, json_integer((json_int_t)number));
}

static int64_t seconds_of(uint64_t ns)
{
	return ns ? (int64_t)(ns / SECOND) : NEVER;
}

/* what docker's and podman's rows have in common */
static void set_common(json_t *row, const struct container *container)
{
	const struct record *record = &container->record;

	json_object_set_new(row, "AutoRemove", json_boolean(record->removes));
	json_object_set_new(row, "Exited", json_boolean(is_over(record)));
	set_number(row, "ExitCode", record->exit_code);
	set_number(row, "ExitedAt", seconds_of(record->finished_ns));
	set_number(row, "StartedAt", seconds_of(record->started_ns));
	set_number(row, "Pid", container->alive ? record->pid : 0);
	set_number(row, "Restarts", record->restarts);
}

json_t *container_row(const struct container *container,
		      const struct row_more *more)
{
	json_t *row = json_object();
	scoped(char) *id = xstrdup(more->image_id ? more->image_id : "");

	set_docker(row, &container->record, more);
	set_common(row, container);
	if (!more->no_trunc && strlen(id) > ID_SHOWN)
		id[ID_SHOWN] = '\0';
	show_set(row, "ImageID", id);
	return row;
}

static json_t *one_text(const char *text)
{
	json_t *array = json_array();

	if (text)
		json_array_append_new(array, show_text(text));
	return array;
}

static json_t *size_object(const struct row_more *more)
{
	return more->has_size ? json_pack("{s:I, s:I}", "rootFsSize",
					  (json_int_t)more->whole, "rwSize",
					  (json_int_t)more->written)
			      : json_null();
}

json_t *container_row_podman(const struct container *container,
			     const struct row_more *more)
{
	const struct record *record = &container->record;
	scoped(char) *created = age(record->created_ns, more->now_ns);
	json_t *row = json_object();

	set_common(row, container);
	json_object_set_new(row, "Command",
			    more->argv ? show_list(more->argv)
				       : one_text(record->command));
	set(row, "CreatedAt", xasprintf("%s ago", created));
	show_set(row, "CIDFile", "");
	json_object_set_new(row, "ExposedPorts", json_null());
	show_set(row, "Id", record->id);
	show_set(row, "Image", record->image);
	show_set(row, "ImageID", more->image_id);
	json_object_set_new(row, "IsInfra", json_false());
	json_object_set_new(row, "Labels", show_pairs(&record->labels));
	json_object_set_new(
		row, "Mounts",
		show_list(more->paths ? more->paths : &record->mounts));
	json_object_set_new(row, "Names", one_text(record->name));
	json_object_set_new(row, "Namespaces", json_object());
	json_object_set_new(row, "Networks", one_text(more->network));
	show_set(row, "Pod", "");
	show_set(row, "PodName", "");
	json_object_set_new(row, "Ports", json_null());
	json_object_set_new(row, "Size", size_object(more));
	show_set(row, "State", phase_name(record->phase));
	set(row, "Status", container_row_status(record, more->now_ns));
	set_number(row, "Created", seconds_of(record->created_ns));
	return row;
}
