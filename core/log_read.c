#include "core/log_read.h"

#include "base/memory.h"
#include "base/rotated.h"
#include "core/log.h"

/* What is known of a stream at the place that has been reached. */
struct stream_state {
	bool before_tail; /* nothing is shown before .start is reached */
	struct rotated_mark start;
	int64_t start_ns; /* for when .start was rotated away before */
	bool in_line;     /* the last record was a part */
	bool shown;       /* its line is wanted */
};

struct log_reader {
	struct rotated *lines;
	struct log_query query;
	struct stream_state streams[N_LOG_STREAMS];
	struct log_record record;
	uint64_t damaged;
};

static bool is_wanted(const struct log_reader *reader)
{
	return reader->record.time_ns >= reader->query.since_ns &&
	       reader->record.time_ns <= reader->query.until_ns;
}

/* What was found going back from the end. */
struct tail {
	uint64_t left; /* lines */
	struct {
		bool seen;     /* a record of this stream */
		bool any;      /* a line of it belongs to the tail */
		bool complete; /* and .start is where that one begins */
		struct rotated_mark start;
		int64_t start_ns;
	} streams[N_LOG_STREAMS];
	struct rotated_mark counted; /* where all lines had been counted */
	int64_t counted_ns;
	struct rotated_mark first; /* the earliest of .start */
};

/*
 * A line has one record that ends it, and may have parts before that, with
 * lines of other streams between.  When all lines are counted, what is
 * missing are the first parts of some.
 */
static bool is_found(const struct tail *tail)
{
	for (int i = 0; i < N_LOG_STREAMS; i++)
		if (tail->streams[i].any && !tail->streams[i].complete)
			return false;
	return tail->left == 0;
}

static void note_record(struct tail *tail, const struct log_reader *reader,
			const struct rotated_mark *mark)
{
	__typeof__(&tail->streams[0]) of =
		&tail->streams[reader->record.stream];
	/* the last record of a stream may be of a line without an end */
	bool ends_line = reader->record.ends || !of->seen;

	of->seen = true;
	if (ends_line && tail->left == 0)
		of->complete = true;
	if (of->complete || (!ends_line && !of->any))
		return;
	of->any = true;
	of->start = tail->first = *mark;
	of->start_ns = reader->record.time_ns;
	if (ends_line && is_wanted(reader) && --tail->left == 0) {
		tail->counted = *mark;
		tail->counted_ns = reader->record.time_ns;
	}
}

/* Return: 1; 0 there are fewer lines than were asked for */
static int find_tail(struct log_reader *reader, struct tail *tail,
		     struct error *err)
{
	struct rotated_line line;

	while (!is_found(tail)) {
		int r = rotated_previous(reader->lines, &line, err);
		if (r <= 0)
			return r < 0 ? r : tail->left == 0;
		if (line.starts &&
		    log_record_parse(line.text, line.size, &reader->record))
			note_record(tail, reader, &line.mark);
	}
	return 1;
}

static int seek_tail(struct log_reader *reader, struct error *err)
{
	struct tail tail = { .left = reader->query.tail };
	const struct rotated_mark oldest = { 0 };
	int r = rotated_seek_end(reader->lines, err);

	if (r < 0 || tail.left == 0)
		return r;
	r = find_tail(reader, &tail, err);
	if (r < 0)
		return r;
	if (r == 0)
		return rotated_seek(reader->lines, &oldest, err);
	for (int i = 0; i < N_LOG_STREAMS; i++) {
		struct stream_state *of = &reader->streams[i];
		bool any = tail.streams[i].any;
		of->before_tail = true;
		of->start = any ? tail.streams[i].start : tail.counted;
		of->start_ns = any ? tail.streams[i].start_ns : tail.counted_ns;
	}
	return rotated_seek(reader->lines, &tail.first, err);
}

int log_read_open(struct log_reader **ret, int dirfd,
		  const struct log_query *query, struct error *err)
{
	struct log_reader *reader = xcalloc(1, sizeof(*reader));

	reader->query = *query;
	int r = rotated_open(&reader->lines, dirfd, LOG_NAME, query->follow,
			     err);
	if (r == 0 && query->tail != UINT64_MAX)
		r = seek_tail(reader, err);
	if (r < 0) {
		log_read_close(reader);
		return r;
	}
	*ret = reader;
	return 0;
}

void log_read_close(struct log_reader *reader)
{
	if (!reader)
		return;
	rotated_close(reader->lines);
	free(reader);
}

/* a record that was cut short has not got to its newline */
static void read_record(const struct log_reader *reader, bool cut,
			struct stream_state *of, struct log_piece *ret)
{
	const struct log_record *record = &reader->record;

	*ret = (struct log_piece){
		.stream = record->stream,
		.time_ns = record->time_ns,
		.starts = !of->in_line,
		.ends = record->ends && !cut,
		.text = record->text,
		.size = record->size,
	};
	of->in_line = !ret->ends;
	if (ret->starts)
		of->shown = is_wanted(reader);
}

static void pass_mark(struct log_reader *reader,
		      const struct rotated_mark *mark)
{
	for (int i = 0; i < N_LOG_STREAMS; i++) {
		struct stream_state *of = &reader->streams[i];
		if (of->before_tail && (rotated_is_at(mark, &of->start) ||
					reader->record.time_ns > of->start_ns))
			of->before_tail = false;
	}
}

int log_read(struct log_reader *reader, struct log_piece *ret,
	     struct error *err)
{
	struct rotated_line line;
	int r;

	while ((r = rotated_next(reader->lines, &line, err)) > 0) {
		if (!line.starts ||
		    !log_record_parse(line.text, line.size, &reader->record)) {
			reader->damaged += line.size;
			continue;
		}
		pass_mark(reader, &line.mark);
		struct stream_state *of =
			&reader->streams[reader->record.stream];
		if (of->before_tail)
			continue;
		read_record(reader, !line.ends, of, ret);
		if (of->shown)
			return 1;
	}
	return r;
}

int log_read_finish(struct log_reader *reader, struct error *err)
{
	return rotated_finish(reader->lines, err);
}

uint64_t log_read_damaged(const struct log_reader *reader)
{
	return reader->damaged;
}

int log_read_watch(const struct log_reader *reader)
{
	return rotated_watch(reader->lines);
}

void log_read_watched(struct log_reader *reader)
{
	rotated_watched(reader->lines);
}
