/*
 * core/explain.h - what a container gets of the host, computed from its spec
 *
 * Nothing is started and nothing is changed.  What is not in the spec (where
 * links lead, who the user is, what the kernel can do) is collected first;
 * all else is a pure function, so that tests can ask about any machine.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/strv.h"
#include "core/confine/user.h"
#include "core/spec.h"
#include "storage/store.h"

/*
 * The rule, as wolffia-explain(1) documents it: the risk is that of the
 * gravest reason there is, and low when there is none.
 *   high    the container reaches what acts in the user's name or as root of
 *           the machine, or one of the walls around the kernel is missing
 *   medium  it can change files of the user's or has the user's own id, or one
 *           of the further walls is missing
 */
enum risk {
	RISK_LOW,
	RISK_MEDIUM,
	RISK_HIGH,
	N_RISKS,
};

/* Of each mount that has a source; index as in spec->mounts. */
struct explain_source {
	char *real;     /* links resolved; NULL: not there (a volume is made) */
	bool is_socket; /* who connects talks to a program outside */
	bool has_owner;
	uid_t owner; /* on the host */
};

struct explain_facts {
	uid_t uid; /* the caller's, on the host */
	gid_t gid;
	struct user user;        /* who the workload runs as */
	struct error user_error; /* .code != 0: why that is not known */
	int landlock_abi;        /* of landlock_abi(): negative for none */
	struct explain_source *sources; /* spec->n_mounts of them */
	size_t n_sources;
	struct strv exposures; /* lines of exposure_find(), filled by the caller
				* of explain_collect() */
};

/* explain_collect - look at the system; explain_facts_free() afterwards */
void explain_collect(const struct spec *spec, struct explain_facts *ret);
void explain_facts_free(struct explain_facts *facts);

/*
 * explain_risk - the risk, by the rule above
 * @ret_reasons: N_RISKS lists, to which the reasons of each level are appended
 */
enum risk explain_risk(const struct spec *spec,
		       const struct explain_facts *facts,
		       struct strv *ret_reasons);

const char *risk_name(enum risk risk); /* "low", "medium", "high" */

/*
 * explain_spec - everything as one JSON object
 *
 * The keys are documented in wolffia-explain(1).  Values of variables that
 * look like a secret are "***".  Return: the caller's to json_decref().
 */
json_t *explain_spec(const struct spec *spec,
		     const struct explain_facts *facts);

/*
 * explain_is_secret - does a variable look like a password, key or token?
 * By the words in its name, or by the form of its value: the beginnings that
 * providers give their tokens, PEM keys, a password in a URL.
 */
bool explain_is_secret(const char *name, const char *value);

/*
 * explain_host_map - what the container's ids are on the host
 * @inner: the container's in the outer namespace; @outer: that one's outside
 */
int explain_host_map(const struct idmap *inner, const struct idmap *outer,
		     struct idmap *ret, struct error *err);
