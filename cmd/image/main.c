/* wolffia-image: the verbs that read archives and write the store. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "cmd/image/image_say.h"
#include "cmd/image/image_verbs.h"
#include "cmd/print.h"

/* clang-format off */
static const struct {
	const char *name;
	int (*run)(int argc, char *const argv[]);
} verbs[] = {
	{ "check",  verb_check },
	{ "commit", verb_commit },
	{ "cp",     verb_cp },
	{ "diff",   verb_diff },
	{ "export", verb_export },
	{ "import", verb_import },
	{ "load",   verb_load },
	{ "login",  verb_login },
	{ "logout", verb_logout },
	{ "pull",   verb_pull },
	{ "push",   verb_push },
	{ "prune-images", verb_prune_images },
	{ "rmi",    verb_rmi },
	{ "save",   verb_save },
	{ "sweep", verb_sweep },
	{ "tag",    verb_tag },
	{ "unpack", verb_unpack },
	{ "untag",  verb_untag },
};
/* clang-format on */

static int unknown_verb(const char *name)
{
	const char *names[ARRAY_SIZE(verbs) + 1] = { NULL };
	struct error err;

	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		names[i] = verbs[i].name;
	error_say(&err, 0, "there is no verb \"%s\"", name);
	option_suggest(name, names, "", &err);
	print_error(&err);
	return STATUS_WOLFFIA;
}

int main(int argc, char *argv[])
{
	struct error err;

	umask(077);
	if (fd_fill_standard(&err) < 0 || fd_cloexec_above(-1, &err) < 0) {
		print_error(&err);
		return STATUS_WOLFFIA;
	}
	if (argc < 2)
		return image_usage(
			"write a verb: check, commit, cp, diff, export, "
			"import, load, login, logout, pull, push, rmi, save, "
			"tag, unpack or untag");
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (strcmp(argv[1], verbs[i].name) == 0)
			return print_close(verbs[i].run(argc - 1, argv + 1));
	return unknown_verb(argv[1]);
}
