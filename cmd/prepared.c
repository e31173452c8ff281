#include "cmd/prepared.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/strv.h"
#include "cmd/prepared_image.h"
#include "cmd/spec_from_options.h"
#include "core/resolve.h"
#include "storage/image_store.h"
#include "userns/outer.h"

static int open_store(struct prepared *p, struct error *err)
{
	scoped(char) *path = NULL;
	int r = store_default_path(p->options.global.store, &path, err);

	if (r == 0)
		r = store_open(&p->store, path, err);
	return r < 0 ? r : store_open_images(&p->store, err);
}

/* --quiet, --debug and --log-level; INFO without any */
static int choose_log_level(struct prepared *p, struct error *err)
{
	const struct global_options *global = &p->options.global;

	p->log_level =
		p->options.quiet == FLAG_YES ? LOG_LEVEL_ERROR : LOG_LEVEL_INFO;
	if (global->debug == FLAG_YES)
		p->log_level = LOG_LEVEL_DEBUG;
	if (!global->log_level)
		return 0;
	int level = option_choice("--log-level", CHOICES_LOG_LEVEL,
				  global->log_level, err);
	if (level >= 0)
		p->log_level = (enum log_level)level;
	return level < 0 ? level : 0;
}

static int find_ids(struct prepared *p, struct error *err)
{
	const char *mode = p->options.userns;
	bool single = mode && strcmp(mode, "single") == 0;
	int r = outer_find_ids(single, &p->ids, &p->ids_why);

	if (r < 0)
		*err = p->ids_why;
	return r;
}

int prepared_make(int argc, char **argv, struct prepared *ret,
		  struct error *err)
{
	ret->store.dirfd = -1;
	ret->hold_fd = -1;
	ret->spec.status_fd = -1;
	int r = options_parse(argc, argv, &ret->options, err);
	if (r < 0 || ret->options.help == FLAG_YES)
		return r;
	r = choose_log_level(ret, err);
	if (r < 0)
		return r;
	/* before anything else, so that the message is about the cause */
	r = find_ids(ret, err);
	if (r == 0)
		r = open_store(ret, err);
	if (r == 0 && options_want_image(&ret->options))
		r = prepared_find_image(ret, err);
	else if (r == 0)
		r = prepared_no_image(&ret->options, err);
	if (r < 0)
		return r;
	struct spec_source source = {
		.image = options_want_image(&ret->options) ? &ret->image : NULL,
		.store_path = ret->store.path,
		.environment = environ,
	};
	r = spec_from_options(&ret->options, &source, &ret->spec, &ret->notices,
			      err);
	ret->spec.whiteout_files = ret->image.whiteout_files;
	return r < 0 ? r
		     : spec_resolve(&ret->spec, &ret->store, &ret->ids,
				    &ret->ids_why, &ret->notices, err);
}

void prepared_free(struct prepared *p)
{
	spec_free(&p->spec);
	image_free(&p->image);
	fd_close(&p->hold_fd);
	if (p->store.dirfd >= 0)
		store_close(&p->store);
	strv_free(&p->notices);
	options_free(&p->options);
}
