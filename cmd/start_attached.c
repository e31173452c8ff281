#include "cmd/start_attached.h"

#include <errno.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/status.h"
#include "core/attached.h"

/* what the launcher says at the end */
static int hear_end(int news_fd, int *ret_status, struct error *err)
{
	struct launch_news news;

	if (read(news_fd, &news, sizeof(news)) != sizeof(news)) {
		*ret_status = STATUS_WOLFFIA;
		return error_say(err, ECHILD,
				 "the launcher of the container has died");
	}
	*ret_status = news.status;
	*err = news.err;
	return news.err.code ? -news.err.code : ATTACHED_ENDED;
}

int start_attached(const struct record *record, const struct spec *spec,
		   struct state *state, struct launch_how *how,
		   const struct attach_options *options, uint64_t started_ns,
		   int *ret_status, struct error *err)
{
	/* the launcher takes it over */
	const struct store *store = state->store;
	int r = attach_make_pipes(options->input, how->attached, how->others,
				  err);

	*ret_status = STATUS_WOLFFIA;
	how->tell_end = true;
	if (r == 0)
		r = launch_in_background(spec, state, how, started_ns,
					 ret_status, err);
	if (r == 0)
		r = attach_run(store, record, options, how->others,
			       how->news_fd, err);
	scoped_fd news_fd = take_fd(how->news_fd);
	if (r == ATTACHED_ENDED)
		return hear_end(news_fd, ret_status, err);
	if (r == ATTACHED_DETACHED)
		*ret_status = 0;
	return r;
}
