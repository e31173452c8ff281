/*
 * cmd/container_filter.h - --filter of "ps" and "prune"
 *
 * As docker(1) has it: filters of one key are alternatives, those of
 * different keys must all be true; but labels must all be there.
 *
 *   ancestor=IMAGE         made from it, or from one that was made from it
 *   before=C, since=C      made before, after the container C
 *   exited=N               ended, with that exit status
 *   id=, name=             a regular expression (POSIX extended) in it, or all
 *                          of it; of a name also with docker's "/" before it
 *   label=KEY[=VALUE], label!=KEY[=VALUE]
 *   status=STATE           as "ps" says it
 *   until=TIME             made before it; cmd/when.h
 *   volume=NAME or PATH    mounted, or mounted there
 */
#pragma once

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strv.h"
#include "core/record.h"

enum filter_key {
	FILTER_ANCESTOR,
	FILTER_BEFORE,
	FILTER_EXITED,
	FILTER_ID,
	FILTER_LABEL,
	FILTER_NO_LABEL,
	FILTER_NAME,
	FILTER_SINCE,
	FILTER_STATUS,
	FILTER_UNTIL,
	FILTER_VOLUME,
	N_FILTERS,
};
#define FILTER_BIT(key) (1u << (key))

/* those of prune, for containers and for images */
#define PRUNE_FILTERS                                                          \
	(FILTER_BIT(FILTER_UNTIL) | FILTER_BIT(FILTER_LABEL) |                 \
	 FILTER_BIT(FILTER_NO_LABEL))

struct container_filter {
	enum filter_key key;
	const char *value; /* borrowed */
	regex_t regex;     /* of ID and NAME */
	long number;       /* of EXITED */
	enum phase phase;  /* of STATUS; -1: none that there is here */
	uint64_t ns;       /* of UNTIL; of BEFORE and SINCE: the caller's */
};

struct container_filters {
	struct container_filter *list;
	size_t n;
};

/* What is asked of a container besides its record; NULL: nothing is known. */
struct filter_facts {
	const struct record *record;
	const struct strv *paths; /* where its mounts are */
	/* is it made from that image, or a descendant?  May be NULL */
	bool (*descends)(void *context, const char *image);
	void *context;
};

/*
 * container_filters_parse - Return: 0; -EINVAL with what would be right
 * @texts: KEY=VALUE; must outlive *@ret
 * @keys:  FILTER_BIT()s of those that the verb has
 * @now_ns: CLOCK_REALTIME
 */
int container_filters_parse(const struct strv *texts, unsigned keys,
			    uint64_t now_ns, struct container_filters *ret,
			    struct error *err);
void container_filters_free(struct container_filters *filters);

/* container_filters_has - is there one of these FILTER_BIT()s? */
bool container_filters_has(const struct container_filters *filters,
			   unsigned keys);

bool container_filters_pass(const struct container_filters *filters,
			    const struct filter_facts *facts);
