/*
 * Facts and risk; the description itself is in explain_json.c.
 */
#include "core/explain.h"

#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/landlock.h"
#include "base/memory.h"
#include "base/text.h"
#include "core/confine/capabilities.h"
#include "core/resolve.h"

enum {
	ABI_USED = 2,   /* the first one that is used: landlock.h */
	ABI_SCOPES = 6, /* abstract sockets and signals */
};

static const char *const risk_names[N_RISKS] = {
	[RISK_LOW] = "low",
	[RISK_MEDIUM] = "medium",
	[RISK_HIGH] = "high",
};

const char *risk_name(enum risk risk)
{
	return risk_names[risk];
}

void explain_collect(const struct spec *spec, struct explain_facts *ret)
{
	*ret = (struct explain_facts){ .uid = geteuid(), .gid = getegid() };
	ret->landlock_abi = landlock_abi();
	/* who is not named is root, and the container's passwd(5) knows more */
	char zero[] = "0";
	struct spec named = *spec;
	if (!*named.user.text)
		named.user.text = zero;
	if (spec_find_user(&named, &ret->user, &ret->user_error) == 0)
		ret->user_error.code = 0;
	ret->n_sources = spec->n_mounts;
	ret->sources = xcalloc(spec->n_mounts + 1, sizeof(*ret->sources));
	for (size_t i = 0; i < spec->n_mounts; i++) {
		struct explain_source *source = &ret->sources[i];
		struct stat st;

		if (!spec->mounts[i].source)
			continue;
		source->real = realpath(spec->mounts[i].source, NULL);
		if (!source->real || stat(source->real, &st) < 0)
			continue;
		source->is_socket = S_ISSOCK(st.st_mode);
		source->has_owner = true;
		source->owner = st.st_uid;
	}
}

void explain_facts_free(struct explain_facts *facts)
{
	for (size_t i = 0; i < facts->n_sources; i++)
		free(facts->sources[i].real);
	free(facts->sources);
	user_free(&facts->user);
	strv_free(&facts->exposures);
}

int explain_host_map(const struct idmap *inner, const struct idmap *outer,
		     struct idmap *ret, struct error *err)
{
	struct idmap split, map = { 0 };
	int r = idmap_split(&split, inner, outer, err);

	for (size_t i = 0; r == 0 && i < split.n; i++) {
		const struct idextent *e = &split.extents[i];
		r = idmap_add(&map, e->inside,
			      idmap_to_outside(outer, e->outside), e->count,
			      err);
	}
	if (r == 0)
		*ret = map;
	return r;
}

/* one of the parts between "_", "-" and "."; "MONKEY" is no key */
static bool has_word(const char *name, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = name; *at;) {
		size_t length = strcspn(at, "_-.");
		if (length == n && strncasecmp(at, word, n) == 0)
			return true;
		at += length + (at[length] != '\0');
	}
	return false;
}

static bool has_secret_name(const char *name)
{
	static const char *const words[] = {
		"pass",   "pwd", "pin", "auth",   "key", "keys",
		"cookie", "pat", "jwt", "pgpass", "dsn", "salt",
	};
	/* long enough to be meant wherever they stand: "DBPASSWORD" */
	static const char *const parts[] = {
		"secret",     "token",  "password",   "passwd",    "passphrase",
		"credential", "apikey", "privatekey", "accesskey",
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (has_word(name, words[i]))
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (strcasestr(name, parts[i]))
			return true;
	return false;
}

/* scheme://user:password@host */
static bool has_url_password(const char *value)
{
	const char *host = strstr(value, "://");

	if (!host)
		return false;
	host += 3;
	size_t length = strcspn(host, "/?# ");
	const char *at = memchr(host, '@', length);
	const char *colon = memchr(host, ':', length);
	return at && colon && colon < at;
}

bool explain_is_secret(const char *name, const char *value)
{
	/* as their providers document them */
	static const char *const beginnings[] = {
		"ghp_",   "gho_",     "ghs_",  "ghu_",  "github_pat_",
		"glpat-", "AKIA",     "ASIA",  "xoxb-", "xoxp-",
		"sk-",    "sk_live_", "npm_",  "pypi-", "dckr_pat_",
		"hf_",    "AIza",     "ya29.", "eyJhb", "-----BEGIN",
	};

	/* "" is nothing that could be lost */
	if (!*value)
		return false;
	if (has_secret_name(name) || has_url_password(value))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(beginnings); i++)
		if (text_starts_with(value, beginnings[i]))
			return true;
	return false;
}

struct risks {
	const struct spec *spec;
	const struct explain_facts *facts;
	struct strv *reasons; /* N_RISKS of them */
};

static void judge_mounts(struct risks *r)
{
	const struct spec *spec = r->spec;

	strv_extend(&r->reasons[RISK_HIGH], r->facts->exposures.v);
	for (size_t i = 0; i < spec->n_mounts; i++) {
		const struct spec_mount *mount = &spec->mounts[i];
		const struct explain_source *source = &r->facts->sources[i];

		if (mount->kind != MOUNT_BIND)
			continue;
		if (source->is_socket)
			strv_addf(&r->reasons[RISK_HIGH],
				  "%s is the socket of a program outside",
				  mount->source);
		else if (!mount->read_only)
			strv_addf(&r->reasons[RISK_MEDIUM],
				  "%s of the host can be changed",
				  source->real ? source->real : mount->source);
	}
}

static void judge_root(struct risks *r)
{
	const struct spec *spec = r->spec;

	/* the server reads as the container's root does, outside of homes */
	if (spec->rootfs == ROOTFS_HOST &&
	    idmap_to_outside(&spec->inner_uids, 0) == 0)
		strv_add(&r->reasons[RISK_MEDIUM],
			 "@host: what you may read of this machine, but for "
			 "home directories, can be read");
	if (spec->rootfs == ROOTFS_DIR_RW)
		strv_addf(&r->reasons[RISK_MEDIUM],
			  "%s of the host can be changed", spec->rootfs_dir);
	/* outer id 0 is the caller */
	if (idmap_to_inside(&spec->inner_uids, 0) != ID_NONE)
		strv_addf(&r->reasons[RISK_MEDIUM],
			  "user %u of the container is you, outside too",
			  idmap_to_inside(&spec->inner_uids, 0));
}

static void judge_network(struct risks *r)
{
	const struct spec *spec = r->spec;
	bool scoped = spec->landlock && r->facts->landlock_abi >= ABI_SCOPES;

	if (spec->network != NETWORK_HOST)
		return;
	strv_add(&r->reasons[RISK_MEDIUM],
		 "--network host: all that this machine reaches, and what "
		 "listens on its loopback, can be reached");
	if (!scoped)
		strv_add(&r->reasons[RISK_HIGH],
			 "--network host without Landlock's scopes: abstract "
			 "sockets of the host (X11, D-Bus) can be reached");
	for (size_t i = 0; i < spec->env.n; i++) {
		const char *pair = spec->env.v[i];
		size_t length = strcspn(pair, "=");
		scoped(char) *name = xstrndup(pair, length);

		if (pair[length] && explain_is_secret(name, pair + length + 1))
			strv_addf(&r->reasons[RISK_MEDIUM],
				  "%s looks like a secret, and there is a "
				  "network to send it over",
				  name);
	}
}

static void judge_capabilities(struct risks *r)
{
	/* they open parts of the kernel that were not written with an
	 * attacker inside in mind */
	const uint64_t grave =
		UINT64_C(1) << CAP_SYS_ADMIN | UINT64_C(1) << CAP_NET_ADMIN;
	uint64_t more = r->spec->capabilities & ~capabilities_default();
	scoped_strv names = { 0 };

	if (more & grave) {
		capabilities_list(more & grave, &names);
		strv_addf(&r->reasons[RISK_HIGH],
			  "%s%s%s: much more of the kernel can be attacked",
			  names.v[0], names.n > 1 ? " and " : "",
			  names.n > 1 ? names.v[1] : "");
	} else if (more) {
		capabilities_list(more, &names);
		strv_addf(&r->reasons[RISK_MEDIUM],
			  "capabilities beyond the default ones: %s%s",
			  names.v[0], names.n > 1 ? " and more" : "");
	}
}

static void judge_walls(struct risks *r)
{
	const struct spec *spec = r->spec;

	if (spec->seccomp == SECCOMP_OFF)
		strv_add(&r->reasons[RISK_HIGH],
			 "no system call filter: all of the kernel can be "
			 "attacked");
	if (!spec->landlock)
		strv_add(&r->reasons[RISK_MEDIUM], "Landlock is off");
	else if (r->facts->landlock_abi < ABI_USED)
		strv_add(&r->reasons[RISK_MEDIUM],
			 "this kernel has no Landlock that can be used");
	if (!spec->no_new_privileges)
		strv_add(&r->reasons[RISK_MEDIUM],
			 "set-user-ID programs in the container work");
	if (!spec->masks)
		strv_add(&r->reasons[RISK_MEDIUM],
			 "nothing of /proc and /sys is masked");
	else if (spec->unmask.n > 0)
		strv_addf(&r->reasons[RISK_MEDIUM], "%s%s is not masked",
			  spec->unmask.v[0],
			  spec->unmask.n > 1 ? " and more" : "");
	if (spec->pids_limit == 0)
		strv_add(&r->reasons[RISK_MEDIUM],
			 "no limit of processes: it can take all there are");
}

enum risk explain_risk(const struct spec *spec,
		       const struct explain_facts *facts,
		       struct strv *ret_reasons)
{
	struct risks risks = { spec, facts, ret_reasons };

	judge_mounts(&risks);
	judge_root(&risks);
	judge_network(&risks);
	judge_capabilities(&risks);
	judge_walls(&risks);
	if (ret_reasons[RISK_HIGH].n > 0)
		return RISK_HIGH;
	return ret_reasons[RISK_MEDIUM].n > 0 ? RISK_MEDIUM : RISK_LOW;
}
