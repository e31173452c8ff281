#include "core/attached.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "core/relay.h"
#include "core/terminal.h"

/* The connection while it lasts. */
struct connection {
	struct attached *a;
	struct relay *input, *output[2];
	struct terminal terminal;
	int signal_fd;
	sigset_t old_mask;
	size_t typed; /* so many of the detach keys */
	bool detached;
	int ended_by; /* a signal that is for us, or 0 */
};

size_t attached_find_keys(const char *keys, size_t *typed, char *data,
			  size_t size, bool *ret_found)
{
	char out[RELAY_SIZE + RELAY_SLACK];
	size_t n = 0;

	*ret_found = false;
	for (size_t i = 0; i < size && !*ret_found; i++) {
		/* what was held back may hold a later begin of the keys */
		while (*typed > 0 && data[i] != keys[*typed]) {
			size_t rest = *typed - 1;
			while (rest > 0 &&
			       memcmp(keys, keys + *typed - rest, rest) != 0)
				rest--;
			memcpy(out + n, keys, *typed - rest);
			n += *typed - rest;
			*typed = rest;
		}
		if (data[i] == keys[*typed])
			*ret_found = !keys[++*typed];
		else
			out[n++] = data[i];
	}
	memcpy(data, out, n);
	return n;
}

static ssize_t look_for_keys(void *context, char *data, size_t size)
{
	struct connection *c = context;

	return (ssize_t)attached_find_keys(c->a->detach_keys, &c->typed, data,
					   size, &c->detached);
}

/* as nohup(1) wants it */
static bool is_ignored(int number)
{
	struct sigaction now;

	return sigaction(number, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
}

static int catch_signals(struct connection *c, struct error *err)
{
	static const int caught[] = { SIGTERM, SIGINT,  SIGHUP,
				      SIGQUIT, SIGUSR1, SIGUSR2 };
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGWINCH);
	for (size_t i = 0; i < ARRAY_SIZE(caught); i++)
		if (!is_ignored(caught[i]))
			sigaddset(&mask, caught[i]);
	signal(SIGPIPE, SIG_IGN);
	if (sigprocmask(SIG_BLOCK, &mask, &c->old_mask) < 0)
		return error_set(err, errno, "block signals");
	c->signal_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	return c->signal_fd < 0 ? error_set(err, errno, "receive signals") : 0;
}

static void pass_size(struct connection *c)
{
	struct winsize size;

	if (c->a->resize && terminal_size(&size))
		c->a->resize(c->a->context, &size);
}

static void handle_signal(struct connection *c)
{
	struct signalfd_siginfo info;

	if (read(c->signal_fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGWINCH)
		pass_size(c);
	else if (!c->a->pass_signals)
		c->ended_by = (int)info.ssi_signo;
	else
		c->a->signal(c->a->context, (int)info.ssi_signo);
}

static void connect_streams(struct connection *c)
{
	struct attached *a = c->a;
	/* a terminal's end of input is typed when the relay has let go */
	int in =
		a->tty && a->in >= 0 ? fcntl(a->in, F_DUPFD_CLOEXEC, 3) : a->in;

	c->input = relay_new(in >= 0 ? STDIN_FILENO : -1, false, in, true);
	if (a->tty && a->detach_keys && *a->detach_keys) {
		c->input->filter = look_for_keys;
		c->input->context = c;
	}
	for (int i = 0; i < 2; i++)
		c->output[i] = relay_new(a->out[i], true, i + 1, false);
	if (a->tty && a->in >= 0)
		terminal_set_raw(&c->terminal);
	pass_size(c);
}

/* without an end that is typed the other side waits for more */
static void type_end_of_input(struct connection *c)
{
	const struct attached *a = c->a;
	char last = c->input->end ? c->input->data[c->input->end - 1] : 0;

	if (isatty(a->in)) {
		terminal_type_end(a->in, last);
		return;
	}
	/* the way to it is a pipe: what is usual, for an open line twice */
	size_t n = last && last != '\n' ? 2 : 1;
	ssize_t ignored = write(a->in, "\004\004", n);
	(void)ignored;
}

/* Return: true when it is over */
static bool wait_and_move(struct connection *c)
{
	enum { INPUT, OUTPUT, SIGNALS = OUTPUT + 2, END, N };
	bool had_input = !c->input->ended;
	struct pollfd fds[N] = {
		relay_poll(c->input),        relay_poll(c->output[0]),
		relay_poll(c->output[1]),    { c->signal_fd, POLLIN, 0 },
		{ c->a->end_fd, POLLIN, 0 },
	};

	if (poll(fds, N, -1) < 0)
		return false;
	relay_move(c->input, fds[INPUT].revents);
	for (int i = 0; i < 2; i++)
		relay_move(c->output[i], fds[OUTPUT + i].revents);
	if (fds[SIGNALS].revents)
		handle_signal(c);
	if (c->detached || c->ended_by)
		return true;
	/* a terminal has no end but its own, of which SIGHUP tells */
	if (had_input && c->input->ended && c->a->tty && !c->terminal.raw &&
	    !c->output[0]->ended)
		type_end_of_input(c);
	return fds[END].revents != 0;
}

/* what was written before the end is passed on, as long as it is read; there
 * is no command any more that a signal could be for */
static int drain(struct connection *c, struct error *err)
{
	c->a->pass_signals = false;
	while (!c->ended_by && (!c->output[0]->ended || !c->output[1]->ended)) {
		struct pollfd fds[] = { relay_poll(c->output[0]),
					relay_poll(c->output[1]),
					{ c->signal_fd, POLLIN, 0 } };
		bool blocked = (fds[0].events | fds[1].events) & POLLOUT;
		int n = poll(fds, 3, blocked ? -1 : 0);
		if (n < 0 && errno != EINTR)
			return error_set(err, errno,
					 "pass the command's output on");
		if (n == 0)
			break;
		for (int i = 0; i < 2; i++)
			relay_move(c->output[i], fds[i].revents);
		if (fds[2].revents)
			handle_signal(c);
	}
	return 0;
}

static void end_by(int number)
{
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, number);
	sigprocmask(SIG_UNBLOCK, &mask, NULL);
	raise(number);
}

int attached_run(struct attached *attached, struct error *err)
{
	struct connection c = { .a = attached, .signal_fd = -1 };
	int r = catch_signals(&c, err);

	if (r < 0)
		return r;
	connect_streams(&c);
	while (!wait_and_move(&c))
		;
	if (!c.detached && !c.ended_by)
		r = drain(&c, err);
	terminal_set_cooked(&c.terminal);
	for (int i = 0; i < 2 && r == 0; i++)
		if (c.output[i]->error)
			r = error_set(err, c.output[i]->error,
				      "pass the command's output on");
	relay_free(c.input);
	relay_free(c.output[0]);
	relay_free(c.output[1]);
	/* one that is a terminal went with the output */
	if (attached->tty && attached->in != attached->out[0])
		fd_close(&attached->in);
	fd_close(&c.signal_fd);
	sigprocmask(SIG_SETMASK, &c.old_mask, NULL);
	/* as if it had not been caught, but with the terminal as it was */
	if (c.ended_by)
		end_by(c.ended_by);
	if (r < 0)
		return r;
	return c.detached ? ATTACHED_DETACHED : ATTACHED_ENDED;
}

/* "a", "ctrl-p", "ctrl-[": Return: the byte, or -1 */
static int parse_key(const char *text)
{
	if (strlen(text) == 1)
		return (unsigned char)text[0];
	if (strncmp(text, "ctrl-", 5) != 0 || strlen(text) != 6)
		return -1;
	int c = tolower((unsigned char)text[5]);
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 1;
	return strchr("@[\\]^_", c) ? c - '@' : -1;
}

int attached_parse_keys(const char *text, char ret[16], struct error *err)
{
	scoped(char) *copy = xstrdup(text);
	char keys[16] = "";
	size_t n = 0;

	for (char *next = copy, *word; *text && (word = strsep(&next, ","));) {
		int key = parse_key(word);
		if (key <= 0 || n + 1 >= sizeof(keys)) {
			error_say(err, EINVAL,
				  "--detach-keys: \"%s\" is no key", word);
			return error_hint(err, "write them as in "
					       "ctrl-p,ctrl-q; \"\" is none");
		}
		keys[n++] = (char)key;
	}
	memcpy(ret, keys, sizeof(keys));
	return 0;
}
