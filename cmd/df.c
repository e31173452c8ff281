/* cmd/df.c - "wolffia df": the room that images, containers and volumes take */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/status.h"
#include "cmd/container_verb.h"
#include "cmd/format.h"
#include "cmd/human.h"
#include "cmd/print.h"
#include "cmd/show_tables.h"
#include "core/store_usage.h"
#include "storage/digest.h"

struct df_options {
	struct container_options common;
	enum flag verbose;
	const char *format;
};

#define TO df_options
/* clang-format off */
const struct option_entry df_table[] = {
HEADING("What is shown"),
FLAG('v', "verbose", verbose, "each image, container and volume"),
VALUE(0, "format", format, "TEMPLATE",
      "json, or a template such as {{.Type}} {{.Reclaimable}}"),
CONTAINER_ROWS
};

static const char *const headings[][2] = {
	{ "Type",           "TYPE" },
	{ "TotalCount",     "TOTAL" },
	{ "Total",          "TOTAL" },
	{ "Active",         "ACTIVE" },
	{ "Size",           "SIZE" },
	{ "RawSize",        "SIZE" },
	{ "Reclaimable",    "RECLAIMABLE" },
	{ "RawReclaimable", "RECLAIMABLE" },
};
static const char *const more_headings[][2] = {
	{ "Repository",   "REPOSITORY" },
	{ "Tag",          "TAG" },
	{ "ID",           "IMAGE ID" },
	{ "CreatedSince", "CREATED" },
	{ "Size",         "SIZE" },
	{ "SharedSize",   "SHARED SIZE" },
	{ "UniqueSize",   "UNIQUE SIZE" },
	{ "Containers",   "CONTAINERS" },
	{ "Links",        "LINKS" },
	{ "Name",         "VOLUME NAME" },
	{ "ContainerID",  "CONTAINER ID" },
	{ "Image",        "IMAGE" },
	{ "Status",       "STATUS" },
	{ "Names",        "NAMES" },
};
/* clang-format on */
#undef TO

#define TABLE                                                                  \
	"table "                                                               \
	"{{.Type}}\t{{.TotalCount}}\t{{.Active}}\t{{.Size}}\t{{.Reclaimable}}"
#define TABLE_IMAGES                                                           \
	"table {{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t"        \
	"{{.Size}}\t{{.SharedSize}}\t{{.UniqueSize}}\t{{.Containers}}"
#define TABLE_CONTAINERS                                                       \
	"table "                                                               \
	"{{.ContainerID}}\t{{.Image}}\t{{.Size}}\t{{.Status}}\t{{.Names}}"
#define TABLE_VOLUMES "table {{.Name}}\t{{.Links}}\t{{.Size}}"

/* A row of the short table. */
struct row {
	const char *type;
	size_t total, active;
	uint64_t size, reclaimable;
};

/* takes @text */
static void set_text(json_t *object, const char *key, char *text)
{
	json_object_set_new(object, key, json_from_text(text));
	free(text);
}

static void set_number(json_t *object, const char *key, uint64_t number)
{
	json_object_set_new(object, key, json_integer((json_int_t)number));
}

static json_t *row_json(const struct row *row)
{
	json_t *object = json_object();
	scoped(char) *size = human_size(row->reclaimable);

	json_object_set_new(object, "Type", json_string(row->type));
	set_number(object, "Total", row->total);
	set_number(object, "TotalCount", row->total);
	set_number(object, "Active", row->active);
	set_number(object, "RawSize", row->size);
	set_number(object, "RawReclaimable", row->reclaimable);
	set_text(object, "Size", human_size(row->size));
	/* docker's: with the part of the whole */
	set_text(object, "Reclaimable",
		 row->size ? xasprintf("%s (%u%%)", size,
				       (unsigned)(row->reclaimable * 100 /
						  row->size))
			   : xstrdup(size));
	return object;
}

static struct row images_row(const struct store_usage *usage)
{
	struct row row = {
		.type = "Images",
		.total = usage->n_images,
		.size = usage->images_size,
		.reclaimable = usage->images_size - usage->images_needed,
	};

	for (size_t i = 0; i < usage->n_images; i++)
		row.active += usage->images[i].containers > 0;
	return row;
}

static struct row containers_row(const struct store_usage *usage)
{
	struct row row = { .type = "Containers", .total = usage->n_containers };

	for (size_t i = 0; i < usage->n_containers; i++) {
		bool alive = usage->containers[i].alive;
		row.active += alive;
		row.size += usage->container_sizes[i];
		row.reclaimable += alive ? 0 : usage->container_sizes[i];
	}
	return row;
}

static struct row volumes_row(const struct store_usage *usage)
{
	struct row row = { .type = "Local Volumes", .total = usage->n_volumes };

	for (size_t i = 0; i < usage->n_volumes; i++) {
		bool active = usage->volumes[i].containers > 0;
		row.active += active;
		row.size += usage->volumes[i].size;
		row.reclaimable += active ? 0 : usage->volumes[i].size;
	}
	return row;
}

static json_t *images_json(const struct store_usage *usage)
{
	json_t *all = json_array();

	for (size_t i = 0; i < usage->n_images; i++) {
		const struct usage_image *image = &usage->images[i];
		const char *name = image->entry->name ? image->entry->name
						      : "<none>:<none>";
		const char *colon = strrchr(name, ':');
		const char *id = image->id ? image->id : image->entry->digest;
		time_t created =
			image->created ? human_parse_time(image->created) : -1;
		json_t *object = json_object();
		set_text(object, "Repository",
			 xstrndup(name, (size_t)(colon - name)));
		set_text(object, "Tag", xstrdup(colon + 1));
		set_text(object, "ID", xasprintf("%.12s", digest_hex(id)));
		set_text(object, "CreatedSince",
			 created < 0 ? xstrdup("N/A")
				     : human_since(created, time(NULL)));
		set_text(object, "Size", human_size(image->size));
		set_text(object, "SharedSize", human_size(image->shared));
		set_text(object, "UniqueSize",
			 human_size(image->size - image->shared));
		set_number(object, "Containers", image->containers);
		json_array_append_new(all, object);
	}
	return all;
}

static json_t *containers_json(const struct store_usage *usage)
{
	json_t *all = json_array();

	for (size_t i = 0; i < usage->n_containers; i++) {
		const struct record *record = &usage->containers[i].record;
		json_t *object = json_object();
		set_text(object, "ContainerID", xasprintf("%.12s", record->id));
		set_text(object, "Image", xstrdup(record->image));
		set_text(object, "Size", human_size(usage->container_sizes[i]));
		set_text(object, "Status", xstrdup(phase_name(record->phase)));
		set_text(object, "Names", xstrdup(record->name));
		json_array_append_new(all, object);
	}
	return all;
}

static json_t *volumes_json(const struct store_usage *usage)
{
	json_t *all = json_array();

	for (size_t i = 0; i < usage->n_volumes; i++) {
		json_t *object = json_object();
		set_text(object, "Name", xstrdup(usage->volumes[i].name));
		set_number(object, "Links", usage->volumes[i].containers);
		set_text(object, "Size", human_size(usage->volumes[i].size));
		json_array_append_new(all, object);
	}
	return all;
}

static json_t *headings_json(const char *const (*pairs)[2], size_t n)
{
	json_t *object = json_object();

	for (size_t i = 0; i < n; i++)
		json_object_set_new(object, pairs[i][0],
				    json_string(pairs[i][1]));
	return object;
}

static int show(const struct store_usage *usage, const char *format,
		struct error *err)
{
	const struct row rows[] = { images_row(usage), containers_row(usage),
				    volumes_row(usage) };
	scoped_json *names = headings_json(headings, ARRAY_SIZE(headings));
	scoped_json *all = json_array();

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		json_array_append_new(all, row_json(&rows[i]));
	return format_print(format, all, names, stdout, err);
}

static int show_each(const struct store_usage *usage, struct error *err)
{
	const struct {
		const char *title, *template;
		json_t *(*make)(const struct store_usage *usage);
	} parts[] = {
		{ "Images space usage:", TABLE_IMAGES, images_json },
		{ "\nContainers space usage:", TABLE_CONTAINERS,
		  containers_json },
		{ "\nLocal Volumes space usage:", TABLE_VOLUMES, volumes_json },
	};
	scoped_json *names =
		headings_json(more_headings, ARRAY_SIZE(more_headings));
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(parts); i++) {
		scoped_json *objects = parts[i].make(usage);
		printf("%s\n\n", parts[i].title);
		r = format_print(parts[i].template, objects, names, stdout,
				 err);
	}
	return r;
}

int verb_df(const struct call *call)
{
	struct df_options options = { 0 };
	struct container_verb verb = { .table = df_table,
				       .usage = "df [OPTION...]" };
	struct store_usage usage = { 0 };
	struct error err;
	int r = container_verb_begin(&verb, call, &options);
	int status = r > 0 ? 0 : STATUS_WOLFFIA;

	if (r == 0) {
		if (verb.arguments.n)
			r = error_say(&err, EINVAL,
				      "\"%s\" is one argument too many",
				      verb.arguments.v[0]);
		if (r == 0)
			r = store_usage_find(&verb.store, &usage, &err);
		if (r == 0 && options.verbose == FLAG_YES && !options.format)
			r = show_each(&usage, &err);
		else if (r == 0)
			r = show(&usage,
				 options.format ? options.format : TABLE, &err);
		if (r < 0)
			print_error(&err);
		else
			status = 0;
	}
	store_usage_free(&usage);
	container_verb_end(&verb);
	return status;
}
