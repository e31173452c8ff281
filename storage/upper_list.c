#include "storage/upper_list.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "storage/tree_confine.h"

/* The reader writes to a file in memory, for nobody reads while it runs. */
struct list_call {
	const struct upper_place *place;
	int out_fd;
	size_t used;
	char buffer[65536];
};

static int flush(struct list_call *call, struct error *err)
{
	size_t used = call->used;

	call->used = 0;
	return fd_write_all(call->out_fd, call->buffer, used, err);
}

static int add(void *context, const struct upper_change *change,
	       struct error *err)
{
	struct list_call *call = context;
	size_t n = strlen(change->path);

	if (call->used + n + 3 > sizeof(call->buffer)) {
		int r = flush(call, err);
		if (r < 0)
			return r;
	}
	call->buffer[call->used++] = (char)change->kind;
	call->buffer[call->used++] = '/';
	memcpy(call->buffer + call->used, change->path, n + 1);
	call->used += n + 1;
	return 0;
}

static int list_changes(void *argument, struct error *err)
{
	struct list_call *call = argument;
	scoped(int) *trees = NULL;
	struct upper upper;
	int r = upper_open(call->place, &upper, err);

	if (r < 0)
		return r;
	size_t n = upper_trees(&upper, &trees);
	r = tree_confine(trees, n, call->out_fd, err);
	if (r == 0)
		r = upper_walk(&upper, add, call, err);
	if (r == 0)
		r = flush(call, err);
	upper_close(&upper);
	return r;
}

int upper_list(const struct stage_ids *ids, const struct upper_place *place,
	       struct upper_list *ret, struct error *err)
{
	scoped_fd out = memfd_create("changes", MFD_CLOEXEC);
	scoped(struct list_call) *call = xcalloc(1, sizeof(*call));
	char *text = NULL;

	if (out < 0)
		return error_set(err, errno, "make a file in memory");
	call->place = place;
	call->out_fd = out;
	int r = ids->call(ids->context, list_changes, call, err);
	if (r == 0 && lseek(out, 0, SEEK_SET) < 0)
		r = error_set(err, errno, "seek");
	ssize_t n = r < 0 ? r : fd_read_all(out, SIZE_MAX / 4, &text, err);
	if (n < 0)
		return (int)n;
	*ret = (struct upper_list){ text, (size_t)n };
	return 0;
}

void upper_list_free(struct upper_list *list)
{
	free(list->text);
	*list = (struct upper_list){ 0 };
}

int upper_list_next(const struct upper_list *list, size_t *at,
		    struct upper_line *ret)
{
	const char *line = list->text + *at;
	const char *end =
		*at < list->size ? memchr(line, '\0', list->size - *at) : NULL;

	if (!end || end == line)
		return 0;
	*ret = (struct upper_line){ (enum upper_kind)line[0], line + 1 };
	*at += (size_t)(end - line) + 1;
	return 1;
}
