#include "cmd/image/registry_work.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/status.h"
#include "cmd/image/ask.h"

static void ending_signals(sigset_t *mask)
{
	sigemptyset(mask);
	sigaddset(mask, SIGINT);
	sigaddset(mask, SIGTERM);
	sigaddset(mask, SIGHUP);
}

/* those that end us end the transfer, which keeps what it has */
static int catch_signals(int *ret_fd, struct error *err)
{
	sigset_t mask;

	ending_signals(&mask);
	signal(SIGPIPE, SIG_IGN);
	if (sigprocmask(SIG_BLOCK, &mask, NULL) < 0)
		return error_set(err, errno, "block signals");
	*ret_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	return *ret_fd < 0 ? error_set(err, errno, "receive signals") : 0;
}

static void tick(void *context)
{
	(void)context;
	transfer_show();
}

static int choose_style(const struct registry_options *options, bool quiet,
			enum transfer_style *ret, struct error *err)
{
	const char *progress = options->progress ? options->progress : "auto";
	const enum transfer_style styles[] = {
		transfer_style(),
		TRANSFER_LINES,
		TRANSFER_BRIEF,
	};
	int r = option_choice("--progress", CHOICES_PROGRESS, progress, err);

	if (r < 0)
		return r;
	*ret = quiet ? TRANSFER_QUIET : styles[r];
	return 0;
}

void registry_let_signals(void)
{
	sigset_t mask;

	ending_signals(&mask);
	sigprocmask(SIG_UNBLOCK, &mask, NULL);
}

/* NAME:PASSWORD, or NAME, whose password is asked for */
static int take_creds(struct registry_work *work, const char *creds,
		      struct error *err)
{
	const char *colon = strchr(creds, ':');
	scoped(char) *name = xstrndup(creds, colon ? (size_t)(colon - creds)
						   : strlen(creds));
	scoped(char) *prompt = xasprintf("Password of %s: ", name);
	int r = *name ? 0
		      : error_say(err, EINVAL,
				  "--creds: write NAME:PASSWORD, or NAME");

	if (r == 0 && colon) {
		work->typed.password = xstrdup(colon + 1);
		/* "ps" shows it no longer, from here on */
		memset((char *)(uintptr_t)colon + 1, '*', strlen(colon + 1));
	}
	if (r == 0 && !colon)
		r = ask(prompt, true, work->cancel_fd, &work->typed.password,
			err);
	if (r == -ENOTTY)
		error_hint(err, "write --creds %s:PASSWORD, or log in", name);
	if (r < 0)
		return r;
	work->typed.username = take_ptr(name);
	work->client.credential = &work->typed;
	return 0;
}

static int take_access(struct registry_work *work,
		       const struct registry_options *options, bool writes,
		       struct error *err)
{
	static const struct strv none = { 0 };

	work->client = (struct client_options){
		.http = work->http,
		.helpers = &work->registries.helpers,
		.insecure = options->tls_verify == FLAG_NO,
		.cert_dir = options->cert_dir,
	};
	if (options->auth_file && !writes &&
	    access(options->auth_file, R_OK) < 0)
		return error_set(err, errno, "--authfile %s",
				 options->auth_file);
	if (options->auth_file) {
		setenv("REGISTRY_AUTH_FILE", options->auth_file, 1);
		work->client.helpers = &none;
	}
	return options->creds ? take_creds(work, options->creds, err) : 0;
}

static int begin(struct registry_work *work,
		 const struct registry_options *options, bool quiet,
		 struct error *err)
{
	*work = (struct registry_work){ .cancel_fd = -1 };
	int r = choose_style(options, quiet, &work->style, err);

	if (r == 0)
		r = registries_load(&work->registries, err);
	if (r == 0)
		r = catch_signals(&work->cancel_fd, err);
	const struct http_options http = {
		.cancel_fd = work->cancel_fd,
		.tick = tick,
	};
	if (r == 0)
		r = http_open(&http, &work->http, err);
	return r;
}

int registry_begin(struct registry_work *work,
		   const struct registry_options *options, bool quiet,
		   struct error *err)
{
	int r = begin(work, options, quiet, err);

	return r < 0 ? r : take_access(work, options, false, err);
}

int registry_begin_to_keep(struct registry_work *work,
			   const struct registry_options *options,
			   struct error *err)
{
	int r = begin(work, options, true, err);

	return r < 0 ? r : take_access(work, options, true, err);
}

void registry_end(struct registry_work *work)
{
	credential_free(&work->typed);
	http_close(&work->http);
	fd_close(&work->cancel_fd);
	registries_free(&work->registries);
}

int registry_status(const struct registry_work *work)
{
	struct signalfd_siginfo info = { .ssi_signo = SIGTERM };

	if (read(work->cancel_fd, &info, sizeof(info)) < 0)
		return STATUS_WOLFFIA;
	return STATUS_SIGNAL + (int)info.ssi_signo;
}

void registry_show_begin(void *context, const struct transfer *layers, size_t n)
{
	const struct registry_work *work = context;

	transfer_show_begin(work->style, layers, n);
}

void registry_show_end(void *context)
{
	(void)context;
	transfer_show_end();
}
