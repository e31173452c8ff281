/*
 * cmd/explain.c - "wolffia explain run ...": what this command line would give
 * the container of the host; nothing is started
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "cmd/explain_text.h"
#include "cmd/exposure.h"
#include "cmd/prepared.h"
#include "cmd/print.h"
#include "cmd/verbs.h"
#include "core/explain.h"

#define CHOICES_FORMAT "text|json"
#define CHOICES_RISK   "low|medium|high"

enum { STATUS_TOO_RISKY = 1 };

struct explain_options {
	enum flag help;
	const char *format, *max_risk;
};

/* clang-format off */
static const struct option_entry explain_options_table[] = {
	{ .kind = OPTION_STRING, .name = "format", .placeholder = "FORMAT",
	  .offset = offsetof(struct explain_options, format),
	  .choices = CHOICES_FORMAT, .help = "text, or one JSON object" },
	{ .kind = OPTION_STRING, .name = "max-risk", .placeholder = "LEVEL",
	  .offset = offsetof(struct explain_options, max_risk),
	  .choices = CHOICES_RISK,
	  .help = "end with status 1 when the risk is higher" },
	{ .kind = OPTION_FLAG, .letter = 'h', .name = "help",
	  .offset = offsetof(struct explain_options, help),
	  .help = "print this" },
	OPTION_TABLE_END,
};
/* clang-format on */

static void print_usage(FILE *to)
{
	fputs("Usage: wolffia explain [--format json] [--max-risk LEVEL] run "
	      "[OPTION...]\n"
	      "                       IMAGE [COMMAND [ARGUMENT...]]\n"
	      "Say what this command line would give the container of the "
	      "host, "
	      "and start\nnothing.\n\n",
	      to);
	option_table_help(explain_options_table, to);
	fputs("\nWhat follows \"run\" is what wolffia run takes.\n"
	      "More: wolffia-explain(1)\n",
	      to);
}

/* what is asked for, as numbers */
struct wish {
	int json;     /* 1: --format json */
	int max_risk; /* an enum risk, or -1: none */
};

static int read_wish(const struct explain_options *options, struct wish *ret,
		     struct error *err)
{
	*ret = (struct wish){ .json = 0, .max_risk = -1 };
	if (options->format) {
		ret->json = option_choice("--format", CHOICES_FORMAT,
					  options->format, err);
		if (ret->json < 0)
			return ret->json;
	}
	if (options->max_risk) {
		ret->max_risk = option_choice("--max-risk", CHOICES_RISK,
					      options->max_risk, err);
		if (ret->max_risk < 0)
			return ret->max_risk;
	}
	return 0;
}

static enum risk explain(const struct prepared *p, const struct wish *wish)
{
	struct strv reasons[N_RISKS] = { 0 };
	struct explain_facts facts;

	explain_collect(&p->spec, &facts);
	exposure_find(&p->spec, p->store.path, &facts.exposures);
	json_t *all = explain_spec(&p->spec, &facts);
	enum risk risk = explain_risk(&p->spec, &facts, reasons);
	if (wish->json) {
		json_dumpf(all, stdout, JSON_INDENT(2));
		putchar('\n');
	} else {
		explain_print(stdout, all);
	}
	json_decref(all);
	for (int i = 0; i < N_RISKS; i++)
		strv_free(&reasons[i]);
	explain_facts_free(&facts);
	return risk;
}

static int explain_run(int argc, char **argv, const struct call *call,
		       const struct wish *wish)
{
	struct prepared p = { .options.global = call->global };
	int status = STATUS_WOLFFIA;
	struct error err;
	int r = prepared_make(argc, argv, &p, &err);

	if (r < 0) {
		/* without a text it was said already */
		if (*err.text)
			print_error(&err);
	} else if (p.options.help == FLAG_YES) {
		options_print_help(stdout);
		status = 0;
	} else {
		enum risk risk = explain(&p, wish);
		if (p.log_level >= LOG_LEVEL_INFO)
			print_notices(&p.notices);
		status = 0;
		if (wish->max_risk >= 0 && (int)risk > wish->max_risk) {
			fprintf(stderr,
				"wolffia: the risk is %s, above --max-risk "
				"%s\n",
				risk_name(risk),
				risk_name((enum risk)wish->max_risk));
			status = STATUS_TOO_RISKY;
		}
	}
	prepared_free(&p);
	return status;
}

int verb_explain(const struct call *call)
{
	struct explain_options options = { 0 };
	struct wish wish;
	struct error err;
	int next = option_table_parse(explain_options_table, call->argc,
				      call->argv, &options, &err);

	if (next >= 0 && options.help == FLAG_YES) {
		print_usage(stdout);
		return 0;
	}
	if (next >= 0 && read_wish(&options, &wish, &err) < 0)
		next = -err.code;
	if (next >= 0 &&
	    (next == call->argc || strcmp(call->argv[next], "run") != 0)) {
		error_say(&err, EINVAL, "explain wants a command line of run");
		next = error_hint(
			&err, "write wolffia explain [OPTION...] run ...; "
			      "the options of explain stand before \"run\"");
	}
	if (next < 0) {
		print_error(&err);
		return STATUS_WOLFFIA;
	}
	return explain_run(call->argc - next, call->argv + next, call, &wish);
}
