/* wolffia-image sweep: what killed ones left goes.  The launcher's "images"
 * calls it when there is something. */
#include "base/status.h"
#include "cmd/image/image_say.h"
#include "cmd/image/image_tables.h"
#include "cmd/image/image_verbs.h"

const struct option_entry sweep_table[] = {
	{ OPTION_STRING, 0, "store", NULL, "DIR",
	  offsetof(struct image_options, store), NULL,
	  "Directory of images and layers.", NULL },
	{ OPTION_FLAG, 'h', "help", NULL, NULL,
	  offsetof(struct image_options, help), NULL, "Show this help.", NULL },
	OPTION_TABLE_END,
};

int verb_sweep(int argc, char *const argv[])
{
	struct image_options options = { 0 };
	struct image_work work;
	scoped_strv arguments = { 0 };
	struct error err;
	int r = image_parse(sweep_table, "sweep [OPTION...]", argc, argv,
			    &options, &options, &arguments);

	if (r != 0)
		return r > 0 ? 0 : STATUS_WOLFFIA;
	if (arguments.n > 0)
		return image_usage("sweep: write no names");
	options.quiet = FLAG_YES;
	if (image_begin(&work, &options, false, &err) < 0 ||
	    image_end(&work, &err) < 0)
		return image_fail(&err, "sweep");
	return 0;
}
