/* wolffia logout: credentials go. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/status.h"
#include "cmd/image/image_say.h"
#include "cmd/image/image_verbs.h"
#include "cmd/image/registry_name.h"
#include "cmd/image/registry_work.h"
#include "cmd/login_options.h"
#include "storage/registry/credentials.h"

/* what other programs keep is theirs, but "pull" would find it */
static int check_others(const struct strv *helpers, const struct place *place,
			const char *key, struct error *err)
{
	scoped_credential other = { 0 };
	/* those of the registry are for its namespaces, too */
	int r = strchr(key, '/') ? 0
				 : credentials_find(helpers, place->registry,
						    NULL, &other, err);

	if (r <= 0)
		return r;
	error_say(err, EEXIST,
		  "there are credentials for %s still, which another program "
		  "keeps",
		  key);
	return error_hint(err, "remove them with what made them, as with: "
			       "docker logout");
}

static int log_out(const struct registry_work *work, const char *name,
		   struct error *err)
{
	scoped_places places = { 0 };
	scoped(char) *key = NULL, *where = NULL;
	int r = registry_name_parse(&work->registries, name, &places, &key,
				    err);

	if (r == 0)
		r = credentials_erase(work->client.helpers, key, &where, err);
	if (r < 0)
		return r;
	if (r > 0)
		printf("Logged out of %s: removed from %s\n", key, where);
	else
		image_note("you were not logged in to %s", key);
	fflush(stdout);
	return check_others(work->client.helpers, &places.v[0], key, err);
}

static int log_out_of_all(const struct registry_work *work, struct error *err)
{
	scoped_strv keys = { 0 };
	int r = credentials_keys(work->client.helpers, &keys, err);

	if (r == 0 && keys.n == 0)
		image_note("you were not logged in to any registry");
	for (size_t i = 0; r >= 0 && i < keys.n; i++) {
		scoped(char) *where = NULL;
		r = credentials_erase(work->client.helpers, keys.v[i], &where,
				      err);
		if (r < 0)
			return error_prefix(err, "%s", keys.v[i]);
		printf("Logged out of %s: removed from %s\n", keys.v[i], where);
	}
	return r < 0 ? r : 0;
}

static int run(const struct login_options *options, const char *name)
{
	struct registry_work work;
	struct error err;
	int r = registry_begin_to_keep(&work, &options->registry, &err);

	registry_let_signals();
	if (r == 0)
		r = options->all == FLAG_YES ? log_out_of_all(&work, &err)
					     : log_out(&work, name, &err);
	registry_end(&work);
	return r < 0 ? image_fail(&err, "cannot log out%s%s",
				  name ? " of " : "", name ? name : "")
		     : 0;
}

int verb_logout(int argc, char *const argv[])
{
	struct login_options options = { 0 };
	scoped_strv names = { 0 };
	int r = image_parse_with(logout_table, "logout [OPTION...] [REGISTRY]",
				 argc, argv, &options, &options.help, &names);

	if (r != 0)
		return r > 0 ? 0 : STATUS_WOLFFIA;
	if (names.n > 1 || (names.n == 1 && options.all == FLAG_YES))
		return image_usage("logout: write one registry, or --all");
	return run(&options, names.n ? names.v[0] : NULL);
}
