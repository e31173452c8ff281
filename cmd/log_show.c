#include "cmd/log_show.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "base/fd.h"
#include "base/memory.h"
#include "cmd/waiting.h"
#include "cmd/when.h"

void log_sources_free(struct log_source *sources, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		log_read_close(sources[i].reader);
		fd_close(&sources[i].ended_fd);
		free(sources[i].prefix);
	}
	free(sources);
}

/* a piece of each that has one; Return: 0, -errno */
static int fetch(struct log_show *show, struct error *err)
{
	for (size_t i = 0; i < show->n; i++) {
		struct log_source *source = &show->sources[i];
		if (source->has_piece)
			continue;
		int r = log_read(source->reader, &source->piece, err);
		if (r < 0)
			return r;
		source->has_piece = r > 0;
	}
	return 0;
}

/* the earliest; but what has begun a line goes on with it, if it can */
static struct log_source *choose(struct log_show *show)
{
	struct log_source *best = NULL;

	for (size_t i = 0; i < show->n; i++) {
		struct log_source *source = &show->sources[i];
		if (!source->has_piece)
			continue;
		if (source->in_line)
			return source;
		if (!best || source->piece.time_ns < best->piece.time_ns)
			best = source;
	}
	return best;
}

static void print_piece(struct log_show *show, struct log_source *source,
			FILE **last)
{
	const struct log_piece *piece = &source->piece;
	FILE *to = piece->stream == LOG_STDOUT ? show->out : show->err;
	char time[WHEN_SIZE];

	/* in a terminal both are one, and the order is to be seen */
	if (*last && *last != to)
		fflush(*last);
	*last = to;
	if (piece->starts && source->prefix)
		fprintf(to, "%s ", source->prefix);
	if (piece->starts && show->timestamps)
		fprintf(to, "%s ", when_utc(time, piece->time_ns));
	/* what the writer of the log had to say */
	if (piece->starts && piece->stream == LOG_NOTICE)
		fputs("wolffia: note: from the log: ", to);
	fwrite(piece->text, 1, piece->size, to);
	if (piece->ends)
		putc('\n', to);
	source->in_line = !piece->ends;
	source->has_piece = false;
}

/* Return: 1 there may be more, 0 there will not be, -errno */
static int wait_for_more(struct log_show *show, struct error *err)
{
	scoped_waiting waiting = { 0 };
	int r = 0;

	waiting_add(&waiting, fileno(show->out), 0);
	for (size_t i = 0; i < show->n; i++) {
		struct log_source *source = &show->sources[i];
		if (source->ended_fd < 0)
			continue;
		waiting_add(&waiting, source->ended_fd, 0);
		waiting_add_watch(&waiting, log_read_watch(source->reader));
	}
	if (waiting.n == 1)
		return 0;
	r = waiting_poll(&waiting, show->until_ns, err);
	if (r <= 0 || waiting_ready(&waiting, fileno(show->out)))
		return r < 0 ? r : 0;
	for (size_t i = 0; r > 0 && i < show->n; i++) {
		struct log_source *source = &show->sources[i];
		log_read_watched(source->reader);
		if (!waiting_ready(&waiting, source->ended_fd))
			continue;
		fd_close(&source->ended_fd);
		if (log_read_finish(source->reader, err) < 0)
			r = -err->code;
	}
	return r;
}

int log_show(struct log_show *show, struct error *err)
{
	FILE *last = NULL;
	int r;

	do {
		struct log_source *source;
		while ((r = fetch(show, err)) == 0 && (source = choose(show)))
			print_piece(show, source, &last);
		fflush(show->err);
		if (fflush(show->out) < 0 || ferror(show->out))
			return error_set(err, errno, "write the log");
		if (r == 0)
			r = wait_for_more(show, err);
	} while (r > 0);
	return r;
}
