/* wolffia login: who the user is to a registry. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/status.h"
#include "cmd/image/ask.h"
#include "cmd/image/image_say.h"
#include "cmd/image/image_verbs.h"
#include "cmd/image/registry_name.h"
#include "cmd/image/registry_work.h"
#include "cmd/login_options.h"
#include "storage/registry/credentials.h"
#include "storage/registry/http.h"

struct login {
	const struct login_options *options;
	struct registry_work registry;
	struct places places; /* one */
	char *key;            /* that it is kept under */
};

static const struct strv *helpers_of(const struct login *login)
{
	return login->registry.client.helpers;
}

/* what was kept before, if anything; Return: 1 there is */
static int find(const struct login *login, struct credential *ret,
		struct error *err)
{
	const struct place *place = &login->places.v[0];

	return credentials_find(
		helpers_of(login), place->registry,
		strchr(login->key, '/') ? place->repository : NULL, ret, err);
}

/* are these right?  @ret_asked: did the registry want to know? */
static int try_them(const struct login *login,
		    const struct credential *credential, bool *ret_asked,
		    struct error *err)
{
	struct client_options options = login->registry.client;

	options.credential = credential;
	scoped_client *client = client_open(&options, &login->places.v[0]);
	int r = client_login(client, err);
	if (r == -EACCES)
		error_hint(err, "look at the name and the password; some "
				"registries want a token in its place");
	*ret_asked = client_asks(client);
	return r;
}

static int check_user(const char *user, struct error *err)
{
	if (!*user)
		return error_say(err, EINVAL, "the name is empty");
	/* RFC 7617, 2: it ends there */
	if (strchr(user, ':'))
		return error_say(err, EINVAL,
				 "a name with a colon cannot be sent");
	return 0;
}

static int how_else(struct error *err)
{
	return err->code == ENOTTY
		       ? error_hint(err, "wolffia login -u NAME "
					 "--password-stdin REGISTRY reads the "
					 "password from standard input")
		       : -err->code;
}

static int ask_user(const struct login *login, struct credential *to,
		    struct error *err)
{
	const struct login_options *options = login->options;
	scoped(char) *prompt = xasprintf("Name at %s: ", login->key);
	int r = 0;

	if (options->user)
		to->username = xstrdup(options->user);
	else
		r = ask(prompt, false, login->registry.cancel_fd, &to->username,
			err);
	return r < 0 ? how_else(err) : check_user(to->username, err);
}

static int ask_password(const struct login *login, struct credential *to,
			struct error *err)
{
	const struct login_options *options = login->options;
	int cancel_fd = login->registry.cancel_fd;
	scoped(char) *prompt =
		xasprintf("Password of %s at %s: ", to->username, login->key);
	int r = 0;

	if (options->password_stdin == FLAG_YES)
		r = ask_stdin(cancel_fd, &to->password, err);
	else if (options->password)
		to->password = xstrdup(options->password);
	else
		r = ask(prompt, true, cancel_fd, &to->password, err);
	if (r < 0)
		return how_else(err);
	return *to->password ? 0
			     : error_say(err, EINVAL, "the password is empty");
}

/* nothing was typed, and what is kept is right.  Return: 1 so it is */
static int is_logged_in(const struct login *login, struct error *err)
{
	const struct login_options *options = login->options;
	scoped_credential kept = { 0 };
	bool asked = false;
	struct error ignored;

	if (options->user || options->password ||
	    options->password_stdin == FLAG_YES)
		return 0;
	int r = find(login, &kept, err);
	if (r <= 0)
		return r;
	r = try_them(login, &kept, &asked, &ignored);
	if (r == -ECANCELED) {
		*err = ignored;
		return r;
	}
	if (r < 0 || !asked)
		return 0;
	printf("Logged in to %s already%s%s\n", login->key,
	       kept.username ? " as " : "", kept.username ? kept.username : "");
	return 1;
}

static int log_in(const struct login *login, struct error *err)
{
	scoped_credential typed = { 0 };
	scoped(char) *where = NULL;
	bool asked = false;
	int r = is_logged_in(login, err);

	if (r != 0)
		return r;
	r = ask_user(login, &typed, err);
	if (r == 0)
		r = ask_password(login, &typed, err);
	if (r == 0)
		r = try_them(login, &typed, &asked, err);
	if (r < 0)
		return r;
	if (!asked)
		image_note("%s asks nobody for a password: whether it is right "
			   "nobody knows",
			   login->key);
	registry_let_signals();
	r = credentials_store(helpers_of(login), login->key, &typed, &where,
			      err);
	if (r < 0)
		return error_prefix(err, "it is right, but cannot be kept");
	printf("Logged in to %s as %s: kept in %s\n", login->key,
	       typed.username, where);
	return 0;
}

static int print_name(const struct login *login, struct error *err)
{
	scoped_credential kept = { 0 };
	int r = find(login, &kept, err);

	if (r < 0)
		return r;
	if (r == 0)
		return error_say(err, ENOENT, "you are not logged in to %s",
				 login->key);
	puts(kept.username ? kept.username : "<token>");
	return 0;
}

/* Return: the exit status */
static int do_it(const struct login *login, struct error *err)
{
	if (login->options->get_login == FLAG_YES)
		return print_name(login, err) < 0 ? image_fail(err, "login")
						  : 0;
	int r = log_in(login, err);
	if (r < 0)
		image_fail(err, "cannot log in to %s", login->key);
	return r == -ECANCELED ? registry_status(&login->registry)
	       : r < 0         ? STATUS_WOLFFIA
			       : 0;
}

static int run(const struct login_options *options, const char *name)
{
	struct login login = { .options = options };
	struct error err;
	int r = registry_begin_to_keep(&login.registry, &options->registry,
				       &err);

	if (r == 0)
		r = registry_name_parse(&login.registry.registries, name,
					&login.places, &login.key, &err);
	int status =
		r < 0 ? image_fail(&err, "cannot log in") : do_it(&login, &err);
	free(login.key);
	places_free(&login.places);
	registry_end(&login.registry);
	return status;
}

/* "ps" shows it no longer, from here on */
static void hide_password(struct login_options *options, char **ret)
{
	if (!options->password)
		return;
	image_note("--password can be seen by everybody in the list of "
		   "processes; --password-stdin cannot");
	*ret = xstrdup(options->password);
	memset((char *)(uintptr_t)options->password, '*',
	       strlen(options->password));
	options->password = *ret;
}

static int check(const struct login_options *options, const struct strv *names)
{
	if (names->n > 1)
		return image_usage("login: write one registry, and no more: "
				   "\"%s\"",
				   names->v[1]);
	if (options->password_stdin == FLAG_YES && options->password)
		return image_usage("login: --password and --password-stdin "
				   "exclude each other");
	if (options->password_stdin == FLAG_YES && !options->user)
		return image_usage("login: --password-stdin needs --username: "
				   "standard input has the password only");
	return 0;
}

int verb_login(int argc, char *const argv[])
{
	struct login_options options = { 0 };
	scoped_secret *password = NULL;
	scoped_strv names = { 0 };
	int r = image_parse_with(login_table, "login [OPTION...] [REGISTRY]",
				 argc, argv, &options, &options.help, &names);

	if (r != 0)
		return r > 0 ? 0 : STATUS_WOLFFIA;
	hide_password(&options, &password);
	r = check(&options, &names);
	return r != 0 ? r : run(&options, names.n ? names.v[0] : NULL);
}
