#include "cmd/systemd_unit.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/status.h"

enum {
	NAME_LONGEST = 255 - (int)sizeof(".service") + 1,
	PATIENCE_MS = 10000, /* for our own work after the stop timeout */
};

/* systemd.unit(5); no blank, so that nobody has to quote it */
bool systemd_unit_name_is_valid(const char *name)
{
	size_t n = strlen(name);

	return n > 0 && n <= NAME_LONGEST &&
	       name[strspn(name, "abcdefghijklmnopqrstuvwxyz"
				 "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				 "0123456789:-_.\\@")] == '\0';
}

char *systemd_quote(const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789/-_.,:+=@";
	char *quoted = NULL;
	size_t size = 0;

	if (*word && word[strspn(word, plain)] == '\0')
		return xstrdup(word);
	FILE *to = open_memstream(&quoted, &size);
	if (!to)
		return xstrdup("\"\"");
	fputc('"', to);
	for (; *word; word++) {
		unsigned char c = (unsigned char)*word;
		if (c == '"' || c == '\\')
			fprintf(to, "\\%c", c);
		else if (c == '%')
			fputs("%%", to);
		else if (c < 0x20 || c == 0x7f)
			fprintf(to, "\\x%02x", c);
		else
			fputc(c, to);
	}
	fputc('"', to);
	fclose(to);
	return quoted;
}

static const char *restart_of(const struct unit_facts *facts)
{
	if (facts->restart)
		return facts->restart;
	switch (facts->spec->restart) {
	case RESTART_ON_FAILURE:
		return "on-failure";
	case RESTART_ALWAYS:
	case RESTART_UNLESS_STOPPED:
		return "always";
	default:
		return "no";
	}
}

/*
 * docker's limit counts starts in a row, and forgets them when the container
 * has run for ten seconds; "always" has none.
 */
static void print_limit(FILE *to, const struct unit_facts *facts)
{
	uint32_t most = facts->spec->restart_max;

	if (facts->restart || facts->spec->restart == RESTART_NO)
		return;
	if (most == 0)
		fprintf(to, "StartLimitIntervalSec=0\n");
	else
		fprintf(to,
			"StartLimitIntervalSec=%u\n"
			"StartLimitBurst=%u\n",
			(most + 1) * 10, most + 1);
}

static void print_head(FILE *to, const struct unit_facts *facts)
{
	fprintf(to,
		"# %s.service, made by \"wolffia systemd %s\"\n"
		"#\n"
		"#   put it into ~/.config/systemd/user/, and then:\n"
		"#   systemctl --user daemon-reload\n"
		"#   systemctl --user enable --now %s.service\n"
		"#   loginctl enable-linger     it starts at boot, and "
		"outlives "
		"the logout\n"
		"\n"
		"[Unit]\n"
		"Description=Container %s\n"
		"Documentation=man:wolffia-systemd(1)\n",
		facts->unit, facts->name, facts->unit, facts->name);
}

static void print_service(FILE *to, const struct unit_facts *facts)
{
	const struct spec *spec = facts->spec;
	scoped(char) *program = systemd_quote(facts->program);
	scoped(char) *store = systemd_quote(facts->store);
	uint64_t stop_ms =
		facts->has_stop ? facts->stop_ms : spec->stop_timeout_ms;
	scoped(char) *time =
		facts->has_stop
			? xasprintf(" --time %llu.%03llus",
				    (unsigned long long)facts->stop_ms / 1000,
				    (unsigned long long)facts->stop_ms % 1000)
			: xstrdup("");

	/* the colon: a $ in a command is a $ */
	const char *exact =
		strchr(program, '$') || strchr(store, '$') ? ":" : "";

	fprintf(to,
		"\n"
		"[Service]\n"
		"Type=notify\n"
		"NotifyAccess=main\n"
		"ExecStart=%s%s --store %s start --foreground %s\n"
		"ExecStop=%s%s --store %s stop --ignore%s %s\n"
		"KillMode=mixed\n"
		"TimeoutStopSec=%llu\n"
		"# ended by the signal that asks it to stop: that is no "
		"failure\n"
		"SuccessExitStatus=%d\n"
		"Restart=%s\n"
		"SyslogIdentifier=%s\n",
		exact, program, store, facts->name, exact, program, store, time,
		facts->name,
		(unsigned long long)((stop_ms + PATIENCE_MS + 999) / 1000),
		STATUS_SIGNAL + spec->stop_signal, restart_of(facts),
		facts->name);
}

char *systemd_unit_text(const struct unit_facts *facts)
{
	char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);
	scoped(char) *store = systemd_quote(facts->store);

	if (!to)
		return xstrdup("");
	print_head(to, facts);
	fprintf(to, "RequiresMountsFor=%s\n", store);
	print_limit(to, facts);
	print_service(to, facts);
	fprintf(to, "\n"
		    "[Install]\n"
		    "WantedBy=default.target\n");
	fclose(to);
	return text;
}
