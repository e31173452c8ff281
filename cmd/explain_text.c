#include "cmd/explain_text.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/strv.h"
#include "base/text.h"
#include "cmd/wrap.h"

enum { COLUMN = 16 }; /* where values begin */

/* All values come from explain_spec(): a missing key is "" or 0. */
static const char *string(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value ? value : "";
}

static long long number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static bool is_true(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

static bool is_null(const json_t *object, const char *key)
{
	return json_is_null(json_object_get(object, key));
}

static void line(FILE *to, const char *label, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void line(FILE *to, const char *label, const char *format, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, format);
	int n = vasprintf(&text, format, ap);
	va_end(ap);
	if (n < 0)
		abort();
	size_t size = (size_t)n * 4 + 1;
	scoped(char) *escaped = xcalloc(size, 1);
	text_escape(escaped, size, text);
	free(text);
	wrap_print(to, label, COLUMN, escaped);
}

/* the strings of an array with @separator between; the caller's to free */
static char *join(const json_t *array, const char *separator)
{
	char *all = xstrdup("");
	const json_t *value;
	size_t i;

	json_array_foreach (array, i, value) {
		const char *text = json_string_value(value);
		char *next = xasprintf("%s%s%s", all, i ? separator : "",
				       text ? text : "");
		free(all);
		all = next;
	}
	return all;
}

/* "Risk: high because A; B", of the level that decides */
static void print_risk(FILE *to, const json_t *all)
{
	const json_t *risk = json_object_get(all, "risk");
	const json_t *reasons = json_object_get(risk, "reasons"), *reason;
	const char *level = string(risk, "level");
	scoped(char) *text = xasprintf("Risk: %s", level);
	bool first = true;
	size_t i;

	json_array_foreach (reasons, i, reason) {
		if (strcmp(string(reason, "level"), level) != 0)
			continue;
		char *next =
			xasprintf("%s%s%s", text, first ? " because " : "; ",
				  string(reason, "text"));
		free(text);
		text = next;
		first = false;
	}
	if (first) {
		free(text);
		text = xstrdup("Risk: low because nothing of yours can be "
			       "changed or reached, and all walls stand");
	}
	size_t size = strlen(text) * 4 + 1;
	scoped(char) *escaped = xcalloc(size, 1);
	text_escape(escaped, size, text);
	wrap_print(to, "", 0, escaped);
	json_array_foreach (reasons, i, reason)
		if (strcmp(string(reason, "level"), level) != 0)
			line(to, "  and", "(%s) %s", string(reason, "level"),
			     string(reason, "text"));
	fputc('\n', to);
}

static void print_root(FILE *to, const json_t *all)
{
	const json_t *root = json_object_get(all, "root");
	const char *kind = string(root, "kind");
	const char *changes = string(root, "changes");
	size_t layers = json_array_size(json_object_get(root, "layers"));

	if (strcmp(kind, "image") == 0)
		line(to, "root", "image %s (%s), %zu layer%s",
		     string(root, "image"), string(root, "digest"), layers,
		     layers == 1 ? "" : "s");
	else if (strcmp(kind, "host") == 0)
		line(to, "root", "this machine's own /");
	else
		line(to, "root", "%s", string(root, "directory"));
	line(to, "", "%s%s",
	     strcmp(string(root, "driver"), "none") == 0 ? "as it is"
							 : "mounted with ",
	     strcmp(string(root, "driver"), "none") == 0
		     ? ""
		     : string(root, "driver"));
	if (is_true(root, "squash"))
		line(to, "", "all of its files are shown as root's");
	line(to, "", "%s",
	     strcmp(changes, "none") == 0 ? "read-only"
	     : strcmp(changes, "kept") == 0
		     ? "WRITABLE: changes are made in place"
		     : "writable; changes are thrown away at the "
		       "end");
}

static void print_command(FILE *to, const json_t *all)
{
	const json_t *streams = json_object_get(all, "streams");
	scoped(char) *command = join(json_object_get(all, "command"), " ");

	line(to, "command", "%s", command);
	line(to, "", "in %s, %s%s", string(all, "workdir"),
	     is_true(streams, "pid1") ? "as PID 1 itself"
				      : "below wolffia's init, which is PID 1",
	     is_true(streams, "keep")
		     ? "; goes on when its starter ends (--keep)"
		     : "; ends with its starter");
	line(to, "streams", "%s; standard input %s",
	     is_true(streams, "terminal") ? "a terminal of its own"
					  : "no terminal",
	     is_true(streams, "stdin") ? "is passed on" : "is empty");
}

/* "0-999 = 100000-100999" for each extent */
static void print_map(FILE *to, const char *label, const json_t *map,
		      const char *what)
{
	const json_t *extent;
	size_t i;

	json_array_foreach (map, i, extent) {
		long long inside = number(extent, "container");
		long long host = number(extent, "host");
		long long count = number(extent, "count");

		if (count == 1)
			line(to, i ? "" : label, "%lld is %s %lld of the host",
			     inside, what, host);
		else
			line(to, i ? "" : label,
			     "%lld-%lld are %ss %lld-%lld of the host", inside,
			     inside + count - 1, what, host, host + count - 1);
	}
}

static void print_user(FILE *to, const json_t *all)
{
	const json_t *user = json_object_get(all, "user");
	const char *name = string(user, "name");

	if (*string(user, "error"))
		line(to, "user", "not known before the start: %s",
		     string(user, "error"));
	else if (is_null(user, "host_uid"))
		line(to, "user",
		     "%s%s%lld:%lld, which the container has no id "
		     "for: it will not start",
		     name, *name ? ", " : "", number(user, "uid"),
		     number(user, "gid"));
	else
		line(to, "user", "%s%s%lld:%lld, on the host %lld:%lld, %s",
		     name, *name ? ", " : "", number(user, "uid"),
		     number(user, "gid"), number(user, "host_uid"),
		     number(user, "host_gid"),
		     is_true(user, "is_caller") ? "which is you"
						: "which owns nothing there");
	if (is_null(user, "caller_uid_inside"))
		line(to, "your files",
		     "look like nobody's (65534): what "
		     "others may do with them, the container "
		     "may");
	else
		line(to, "your files", "belong to user %lld of the container",
		     number(user, "caller_uid_inside"));
	line(to, "id map", "%s", string(user, "mode"));
	print_map(to, "  users", json_object_get(user, "uid_map"), "user");
	print_map(to, "  groups", json_object_get(user, "gid_map"), "group");
}

static void print_mount(FILE *to, const json_t *mount)
{
	const char *kind = string(mount, "kind");
	const char *source = string(mount, "source");
	const char *real = string(mount, "real");
	scoped(char) *label = xasprintf("  %s", string(mount, "target"));
	scoped(char) *flags = join(json_object_get(mount, "flags"), ",");
	scoped(char) *owner = NULL;
	size_t size = strlen(label) * 4 + 1;
	scoped(char) *escaped = xcalloc(size, 1);

	text_escape(escaped, size, label);
	if (strcmp(kind, "tmpfs") == 0) {
		line(to, escaped, "tmpfs, %s (%s)",
		     is_true(mount, "writable") ? "writable" : "read-only",
		     flags);
		return;
	}
	if (!*real)
		owner = xstrdup("not there yet");
	else if (is_null(mount, "owner_inside"))
		owner = xstrdup("owner nobody");
	else
		owner = xasprintf("owner user %lld",
				  number(mount, "owner_inside"));
	line(to, escaped, "%s %s%s%s%s: %s, %s (%s)",
	     is_true(mount, "socket") ? "socket" : kind, source,
	     *real && strcmp(real, source) ? " -> " : "",
	     strcmp(real, source) ? real : "", "",
	     is_true(mount, "writable") ? "WRITABLE" : "read-only", owner,
	     flags);
}

static void print_mounts(FILE *to, const json_t *all)
{
	const json_t *mounts = json_object_get(all, "mounts"), *value;
	size_t i;

	line(to, "mounts", "%s",
	     json_array_size(mounts) == 0 ? "none of yours" : "");
	json_array_foreach (mounts, i, value)
		print_mount(to, value);
	json_array_foreach (json_object_get(all, "exposures"), i, value)
		line(to, i ? "" : "exposed", "%s", json_string_value(value));
}

static void print_namespaces(FILE *to, const json_t *all)
{
	const json_t *namespaces = json_object_get(all, "namespaces"), *value;
	scoped(char) *own = xstrdup("");
	const char *key;

	json_object_foreach ((json_t *)namespaces, key, value) {
		if (!json_is_string(value) ||
		    strcmp(json_string_value(value), "own") != 0)
			continue;
		char *next = xasprintf("%s%s%s", own, *own ? ", " : "", key);
		free(own);
		own = next;
	}
	line(to, "namespaces", "its own: %s", own);
	if (strcmp(string(namespaces, "network"), "host") == 0)
		line(to, "", "the HOST's: network");
	line(to, "", "%s; more user namespaces %s",
	     is_true(namespaces, "configurable") ? "may configure them"
						 : "may not configure them",
	     is_true(namespaces, "more_user_namespaces") ? "may be made"
							 : "are refused");
	line(to, "network", "%s",
	     strcmp(string(json_object_get(all, "network"), "mode"), "host") ==
			     0
		     ? "the HOST's, with all that listens on its loopback"
		     : "loopback only");
}

static void print_confinement(FILE *to, const json_t *all)
{
	const json_t *landlock = json_object_get(all, "landlock");
	const json_t *masks = json_object_get(all, "masks");
	const char *of = string(all, "capabilities_of");
	const char *missing = string(landlock, "missing");
	scoped(char) *capabilities =
		join(json_object_get(all, "capabilities"), " ");
	scoped(char) *hidden = join(json_object_get(masks, "hidden"), " ");
	scoped(char) *frozen = join(json_object_get(masks, "read_only"), " ");

	line(to, "capabilities", "%s", *capabilities ? capabilities : "none");
	if (strcmp(of, "workload") != 0)
		line(to, "",
		     strcmp(of, "nobody") == 0
			     ? "none of them for the command, which is "
			       "not root"
			     : "for the command, which is not root, only "
			       "by set-user-ID programs");
	line(to, "no_new_privs", "%s",
	     is_true(all, "no_new_privileges") ? "on" : "OFF");
	line(to, "seccomp", "%s",
	     strcmp(string(all, "seccomp"), "off") == 0
		     ? "OFF"
		     : string(all, "seccomp"));
	if (!is_true(landlock, "wanted"))
		line(to, "Landlock", "OFF");
	else if (is_null(landlock, "abi"))
		line(to, "Landlock", "this kernel has none");
	else
		line(to, "Landlock", "on, ABI %lld%s%s",
		     number(landlock, "abi"), *missing ? "; not guarded: " : "",
		     missing);
	if (is_true(masks, "on") || *hidden) {
		line(to, "hidden", "%s", *hidden ? hidden : "nothing");
		line(to, "read-only", "%s", *frozen ? frozen : "nothing");
	} else {
		line(to, "hidden", "NOTHING of /proc and /sys");
	}
}

static void limit_text(const json_t *value, char *to, size_t size)
{
	if (json_is_null(value))
		snprintf(to, size, "unlimited");
	else
		snprintf(to, size, "%lld", json_integer_value(value));
}

static void print_limits(FILE *to, const json_t *all)
{
	const json_t *limits = json_object_get(all, "limits"), *pair;
	long long shm = number(limits, "shm_bytes");
	long long timeout = number(limits, "timeout_ms");
	const char *name;

	if (is_null(limits, "processes"))
		line(to, "limits", "processes: NONE");
	else
		line(to, "limits", "%lld processes in the whole container",
		     number(limits, "processes"));
	if (shm % (1 << 20))
		line(to, "", "/dev/shm %lld bytes", shm);
	else
		line(to, "", "/dev/shm %lld MiB", shm >> 20);
	if (timeout)
		line(to, "", "ends after %lld.%03lld s", timeout / 1000,
		     timeout % 1000);
	json_object_foreach (json_object_get(limits, "rlimits"), name, pair) {
		char soft[32], hard[32];
		limit_text(json_array_get(pair, 0), soft, sizeof(soft));
		limit_text(json_array_get(pair, 1), hard, sizeof(hard));
		line(to, "", "%s %s, at most %s (of each process)", name, soft,
		     hard);
	}
}

static void print_environment(FILE *to, const json_t *all)
{
	const json_t *variable;
	size_t i;

	json_array_foreach (json_object_get(all, "environment"), i, variable)
		line(to, i ? "" : "environment", "%s=%s",
		     string(variable, "name"), string(variable, "value"));
}

static void print_plan(FILE *to, const json_t *all)
{
	const json_t *step;
	size_t i;

	fputs("\nplan\n", to);
	json_array_foreach (json_object_get(all, "plan"), i, step) {
		scoped(char) *label =
			xasprintf("%4zu  %s", i + 1, string(step, "actor"));
		line(to, label, "%s", string(step, "step"));
	}
}

void explain_print(FILE *to, const json_t *all)
{
	print_risk(to, all);
	print_root(to, all);
	print_command(to, all);
	print_user(to, all);
	print_mounts(to, all);
	print_namespaces(to, all);
	print_confinement(to, all);
	print_limits(to, all);
	print_environment(to, all);
	print_plan(to, all);
}
