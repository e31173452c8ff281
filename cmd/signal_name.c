#include "cmd/signal_name.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "base/text.h"

/* clang-format off */
static const struct {
	const char *name;
	int number;
} signals[] = {
	{ "SIGHUP", SIGHUP },       { "SIGINT", SIGINT },
	{ "SIGQUIT", SIGQUIT },     { "SIGILL", SIGILL },
	{ "SIGTRAP", SIGTRAP },     { "SIGABRT", SIGABRT },
	{ "SIGBUS", SIGBUS },       { "SIGFPE", SIGFPE },
	{ "SIGKILL", SIGKILL },     { "SIGUSR1", SIGUSR1 },
	{ "SIGSEGV", SIGSEGV },     { "SIGUSR2", SIGUSR2 },
	{ "SIGPIPE", SIGPIPE },     { "SIGALRM", SIGALRM },
	{ "SIGTERM", SIGTERM },     { "SIGSTKFLT", SIGSTKFLT },
	{ "SIGCHLD", SIGCHLD },     { "SIGCONT", SIGCONT },
	{ "SIGSTOP", SIGSTOP },     { "SIGTSTP", SIGTSTP },
	{ "SIGTTIN", SIGTTIN },     { "SIGTTOU", SIGTTOU },
	{ "SIGURG", SIGURG },       { "SIGXCPU", SIGXCPU },
	{ "SIGXFSZ", SIGXFSZ },     { "SIGVTALRM", SIGVTALRM },
	{ "SIGPROF", SIGPROF },     { "SIGWINCH", SIGWINCH },
	{ "SIGIO", SIGIO },         { "SIGPWR", SIGPWR },
	{ "SIGSYS", SIGSYS },
	/* other names of the same */
	{ "SIGIOT", SIGABRT },      { "SIGPOLL", SIGIO },
	{ "SIGCLD", SIGCHLD },
};
/* clang-format on */

/* "RTMIN+3", "RTMAX"; Return: its number, or -1 */
static int real_time_signal(const char *name)
{
	int base = 0, number = 0, sign = 0;
	uint32_t offset = 0;
	struct error ignored;

	if (strncasecmp(name, "RTMIN", 5) == 0) {
		base = SIGRTMIN;
		sign = '+';
	} else if (strncasecmp(name, "RTMAX", 5) == 0) {
		base = SIGRTMAX;
		sign = '-';
	} else {
		return -1;
	}
	if (name[5] && (name[5] != sign ||
			text_to_u32(name + 6, 64, &offset, &ignored) < 0))
		return -1;
	number = sign == '+' ? base + (int)offset : base - (int)offset;
	return number < SIGRTMIN || number > SIGRTMAX ? -1 : number;
}

static int unknown_signal(const char *text, struct error *err)
{
	const char *words[2 * ARRAY_SIZE(signals) + 1] = { NULL };
	size_t n = 0;
	char upper[32] = "";

	for (size_t i = 0; text[i] && i < sizeof(upper) - 1; i++)
		upper[i] = text[i] >= 'a' && text[i] <= 'z'
				   ? (char)(text[i] - 'a' + 'A')
				   : text[i];
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		words[n++] = signals[i].name;
		words[n++] = signals[i].name + 3;
	}
	error_say(err, EINVAL, "\"%s\" is not a signal", text);
	const char *nearest = text_nearest(upper, words);
	if (nearest)
		return error_hint(err, "did you mean %s?", nearest);
	return error_hint(err, "write a name or a number, as in SIGTERM, TERM "
			       "or 15");
}

int signal_from_name(const char *text, int *ret, struct error *err)
{
	const char *name = strncasecmp(text, "SIG", 3) == 0 ? text + 3 : text;
	uint32_t number = 0;

	if (text_to_u32(text, 64, &number, err) == 0 && number > 0) {
		*ret = (int)number;
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		if (strcasecmp(signals[i].name + 3, name) == 0) {
			*ret = signals[i].number;
			return 0;
		}
	int real_time = real_time_signal(name);
	if (real_time > 0) {
		*ret = real_time;
		return 0;
	}
	return unknown_signal(text, err);
}

const char *signal_name(int number)
{
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		if (signals[i].number == number)
			return signals[i].name;
	return NULL;
}
