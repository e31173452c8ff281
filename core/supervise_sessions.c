/*
 * core/supervise_sessions.c - the commands of "exec" that nobody waits for
 *
 * A client that waits for its command tells of its end.  Of the others PID 1
 * tells us; and those that end with the container have nobody else.
 */
#include <signal.h>
#include <string.h>

#include "base/process.h"
#include "core/launch_record.h"
#include "core/watch.h"

enum { EXIT_KILLED = 128 + SIGKILL };

void watch_session(struct watch *w, const struct init_news *news)
{
	if (strnlen(news->session, SESSION_ID_SIZE) == SESSION_ID_SIZE)
		return;
	/* one that was left counts once, then and not at its end */
	bool known = news->word == INIT_ENDED &&
		     strv_remove(&w->unattended, news->session);
	if (!known && w->sessions_told == w->sessions_asked)
		return;
	w->sessions_told += !known;
	if (news->word == INIT_LEFT)
		strv_add(&w->unattended, news->session);
	else
		launch_event_of_session(w->l, news->session,
					process_exit_status(news->wait_status));
}

void watch_sessions_end(struct watch *w)
{
	for (size_t i = 0; i < w->unattended.n; i++)
		launch_event_of_session(w->l, w->unattended.v[i], EXIT_KILLED);
	strv_free(&w->unattended);
}
