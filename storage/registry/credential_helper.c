#include "storage/registry/credential_helper.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <fcntl.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/process.h"
#include "storage/registry/http.h"

enum { OUTPUT_MAX = 64 * 1024 };

/* a program under way, and what it has said so far */
struct helper {
	char *program;
	pid_t pid;
	int pidfd, out_fd;
	char *output; /* OUTPUT_MAX bytes and a NUL; may be a secret */
	size_t size;
};

static void helper_free(struct helper *helper)
{
	if (helper->output)
		explicit_bzero(helper->output, OUTPUT_MAX);
	free(helper->output);
	free(helper->program);
	fd_close(&helper->pidfd);
	fd_close(&helper->out_fd);
}

#define scoped_helper __attribute__((cleanup(helper_free))) struct helper

/* a file in memory: the program may end without having read its input */
static int input_file(const char *text, struct error *err)
{
	scoped_fd fd = memfd_create("wolffia-credential", MFD_CLOEXEC);

	if (fd < 0)
		return error_set(err, errno, "make a file in memory");
	int r = fd_write_all(fd, text, strlen(text), err);
	if (r < 0)
		return r;
	lseek(fd, 0, SEEK_SET);
	return take_fd(fd);
}

static int start(struct helper *helper, const char *verb, const char *input,
		 struct error *err)
{
	char *argv[] = { helper->program, (char *)(uintptr_t)verb, NULL };
	scoped_fd in = input_file(input, err);
	int ends[2];

	if (in < 0)
		return in;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_set(err, errno, "make a pipe");
	helper->out_fd = ends[0];
	scoped_fd out = ends[1];
	helper->pid = process_spawn(
		argv, &(struct process_stdio){ in, out, -1 }, err);
	if (helper->pid < 0)
		return helper->pid;
	helper->pidfd = (int)syscall(SYS_pidfd_open, helper->pid, 0);
	if (helper->pidfd < 0)
		return error_set(err, errno, "watch %s", helper->program);
	return 0;
}

/* Return: 1 there may be more, 0 end of file, -errno */
static int read_some(struct helper *helper, struct error *err)
{
	ssize_t n = read(helper->out_fd, helper->output + helper->size,
			 OUTPUT_MAX - helper->size);

	if (n < 0)
		return errno == EINTR ? 1
				      : error_set(err, errno, "read from %s",
						  helper->program);
	helper->size += (size_t)n;
	if (helper->size == OUTPUT_MAX)
		return error_say(err, EPROTO, "%s says more than %d bytes",
				 helper->program, OUTPUT_MAX);
	return n > 0;
}

static int left_ms(const struct timespec *start, unsigned int timeout_ms)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	int64_t gone = (now.tv_sec - start->tv_sec) * 1000 +
		       (now.tv_nsec - start->tv_nsec) / 1000000;
	return gone >= timeout_ms ? 0 : (int)(timeout_ms - gone);
}

/* until it has closed its output, or ended: what it left running may have
 * inherited the pipe */
static int read_output(struct helper *helper, unsigned int timeout_ms,
		       struct error *err)
{
	struct pollfd polled[] = {
		{ .fd = helper->out_fd, .events = POLLIN },
		{ .fd = helper->pidfd, .events = POLLIN },
	};
	struct timespec begin;
	int r = 1;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	while (r > 0) {
		int n = poll(polled, 2, left_ms(&begin, timeout_ms));
		if (n < 0 && errno != EINTR)
			return error_set(err, errno, "poll");
		if (n == 0)
			return error_say(err, ETIMEDOUT,
					 "%s did not answer within %u seconds",
					 helper->program, timeout_ms / 1000);
		if (n > 0 && polled[0].revents)
			r = read_some(helper, err);
		else if (n > 0)
			r = 0;
	}
	return r;
}

/* it may have closed its output and go on: as long as there is time */
static int await_end(struct helper *helper, unsigned int timeout_ms)
{
	struct pollfd polled = { .fd = helper->pidfd, .events = POLLIN };

	return poll(&polled, 1, (int)timeout_ms) > 0 ? 0 : -ETIMEDOUT;
}

/* Return: its exit status (0..255), or -errno */
static int run(struct helper *helper, const char *verb, const char *input,
	       unsigned int timeout_ms, struct error *err)
{
	char how[64];
	struct error ignored;
	int r = start(helper, verb, input, err);

	if (r == 0)
		r = read_output(helper, timeout_ms, err);
	if (r == 0 && await_end(helper, timeout_ms) < 0)
		r = error_say(err, ETIMEDOUT, "%s does not end",
			      helper->program);
	if (r < 0) {
		if (helper->pid > 0) {
			kill(helper->pid, SIGKILL);
			process_wait(helper->pid, &ignored);
		}
		return r;
	}
	int status = process_wait(helper->pid, err);
	if (status < 0)
		return status;
	if (!WIFEXITED(status))
		return error_say(err, EIO, "%s %s", helper->program,
				 process_describe(status, how, sizeof(how)));
	return WEXITSTATUS(status);
}

static struct helper prepare(const char *name)
{
	return (struct helper){
		.program = xasprintf("docker-credential-%s", name),
		.pidfd = -1,
		.out_fd = -1,
		.output = xcalloc(OUTPUT_MAX + 1, 1),
	};
}

/* in the first line; what follows a secret's key never gets here */
static int failed(const struct helper *helper, int status, struct error *err)
{
	size_t n = strcspn(helper->output, "\r\n");
	bool json = helper->output[strspn(helper->output, " \t\r\n")] == '{';

	if (json || n == 0)
		return error_say(err, EIO, "%s exited with status %d",
				 helper->program, status);
	return error_say(err, EIO, "%s: %.*s", helper->program,
			 (int)(n < 200 ? n : 200), helper->output);
}

static int parse_answer(const struct helper *helper, struct credential *ret,
			struct error *err)
{
	scoped_json *document = NULL;
	const char *user = NULL, *secret = NULL;
	struct error ignored; /* a message of the parser could quote it */

	if (json_parse(helper->output, helper->size, "", &document, &ignored) <
		    0 ||
	    !json_is_object(document) ||
	    json_get_string(document, "Username", &user, &ignored) <= 0 ||
	    json_get_string(document, "Secret", &secret, &ignored) <= 0)
		return error_say(err, EPROTO, "%s says no user name and secret",
				 helper->program);
	if (!*user && !*secret)
		return 0;
	if (strcmp(user, "<token>") == 0) {
		ret->identity_token = xstrdup(secret);
	} else {
		ret->username = xstrdup(user);
		ret->password = xstrdup(secret);
	}
	explicit_bzero((char *)(uintptr_t)secret, strlen(secret));
	return 1;
}

int credential_helper_get(const char *name, const char *key,
			  unsigned int timeout_ms, struct credential *ret,
			  struct error *err)
{
	scoped_helper helper = prepare(name);
	int status = run(&helper, "get", key, timeout_ms, err);

	if (status < 0)
		return status;
	/* the words of the protocol; the status is 1 for all failures */
	if (status != 0 && strstr(helper.output, "credentials not found"))
		return 0;
	if (status != 0)
		return failed(&helper, status, err);
	return parse_answer(&helper, ret, err);
}

int credential_helper_store(const char *name, const char *key,
			    unsigned int timeout_ms,
			    const struct credential *credential,
			    struct error *err)
{
	scoped_helper helper = prepare(name);
	scoped_json *document = json_object();
	bool token = credential->identity_token;
	json_t *user = json_string(token ? "<token>" : credential->username);
	json_t *secret = json_string(token ? credential->identity_token
					   : credential->password);

	if (!json_is_string(secret) || !json_is_string(user)) {
		json_decref(user);
		json_decref(secret);
		return error_say(err, EINVAL,
				 "%s takes no name or password that is not "
				 "UTF-8",
				 helper.program);
	}
	json_object_set_new(document, "ServerURL", json_string(key));
	json_object_set_new(document, "Username", user);
	json_object_set_new(document, "Secret", secret);
	scoped_secret *input = json_dumps(document, JSON_COMPACT);
	int status = run(&helper, "store", input ? input : "", timeout_ms, err);
	return status > 0 ? failed(&helper, status, err) : status;
}

int credential_helper_erase(const char *name, const char *key,
			    unsigned int timeout_ms, struct error *err)
{
	scoped_helper helper = prepare(name);
	int status = run(&helper, "erase", key, timeout_ms, err);

	if (status > 0 && strstr(helper.output, "credentials not found"))
		return 0;
	return status > 0 ? failed(&helper, status, err) : status;
}
