#include "cmd/prepared_image.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/strv.h"
#include "base/text.h"
#include "cmd/image_tool.h"
#include "storage/digest.h"
#include "storage/registry/platform.h"

/* in the order of CHOICES_PULL */
enum pull { PULL_ALWAYS, PULL_MISSING, PULL_NEVER };

/* the first run with, or without, subordinate ids unpacks the layers anew */
static int unpack(struct prepared *p, const char *name, struct error *err)
{
	scoped_strv verb = { 0 };

	strv_add(&verb, "unpack");
	strv_addf(&verb, "--store=%s", p->store.path);
	if (p->ids.single)
		strv_add(&verb, "--single");
	if (p->options.quiet == FLAG_YES)
		strv_add(&verb, "--quiet");
	strv_add(&verb, "--");
	strv_add(&verb, name);
	return image_tool_call(strv_argv(&verb), err);
}

static int find(struct prepared *p, const char *name, struct error *err)
{
	bool single = p->ids.single; /* unpacked in another form */
	int r = image_find(&p->store, name, single, &p->image, err);

	if (r != -ENODATA)
		return r;
	r = unpack(p, name, err);
	return r == 0 ? image_find(&p->store, name, single, &p->image, err) : r;
}

/* Is it for the platform that was asked for?  Only then is anything compared:
 * an image that was made for no machine in particular runs as it is. */
static bool is_for(const struct image *image, const struct platform *wanted)
{
	return !wanted ||
	       (strcmp(image->os, wanted->os) == 0 &&
		strcmp(image->architecture, wanted->architecture) == 0);
}

/*
 * Standard output is the workload's: nothing else comes there, and to a
 * standard error that is no terminal only a line.
 */
static int fetch(struct prepared *p, char digest[DIGEST_MAX], struct error *err)
{
	scoped_strv verb = { 0 };

	strv_add(&verb, "pull");
	strv_addf(&verb, "--store=%s", p->store.path);
	if (p->options.platform)
		strv_addf(&verb, "--platform=%s", p->options.platform);
	if (p->log_level < LOG_LEVEL_INFO)
		strv_add(&verb, "--quiet");
	else if (!isatty(STDERR_FILENO))
		strv_add(&verb, "--progress=brief");
	strv_add(&verb, "--");
	strv_add(&verb, p->options.image);
	return image_tool_ask(strv_argv(&verb), digest, DIGEST_MAX, err);
}

/* what the name means now; else the very image that was fetched */
static int find_fetched(struct prepared *p, const struct platform *platform,
			struct error *err)
{
	char digest[DIGEST_MAX] = "";
	int r = fetch(p, digest, err);

	if (r < 0)
		return r;
	image_free(&p->image);
	r = find(p, p->options.image, err);
	if (digest_is_valid(digest) &&
	    (r == -ENOENT || (r == 0 && !is_for(&p->image, platform)))) {
		image_free(&p->image);
		r = find(p, digest, err);
	}
	return r;
}

static int not_there(const struct prepared *p, struct error *err)
{
	const char *platform = p->options.platform;

	/* an id is no name that a registry knows */
	if (!text_starts_with(p->options.image, "sha256:"))
		error_hint(err, "fetch it with: wolffia pull %s%s%s%s",
			   platform ? "--platform " : "",
			   platform ? platform : "", platform ? " " : "",
			   p->options.image);
	return -ENOENT;
}

static int hold(struct prepared *p, struct error *err)
{
	int fd = image_hold(&p->store, &p->image, err);

	if (fd < 0)
		return fd;
	p->hold_fd = fd;
	return 0;
}

static int choose(const struct options *options, enum pull *ret_pull,
		  struct platform *platform, struct error *err)
{
	int r = options->pull ? option_choice("--pull", CHOICES_PULL,
					      options->pull, err)
			      : PULL_MISSING;

	if (r < 0)
		return r;
	*ret_pull = (enum pull)r;
	if (options->platform &&
	    platform_parse(options->platform, platform, err) < 0)
		return error_prefix(err, "--platform");
	return 0;
}

int prepared_find_image(struct prepared *p, struct error *err)
{
	const char *name = p->options.image;
	struct platform parsed;
	enum pull pull;
	int r = choose(&p->options, &pull, &parsed, err);
	const struct platform *platform = p->options.platform ? &parsed : NULL;

	if (r < 0)
		return r;
	if (!p->may_pull)
		pull = PULL_NEVER;
	if (pull == PULL_ALWAYS) {
		r = find_fetched(p, platform, err);
		return r < 0 ? r : hold(p, err);
	}
	r = find(p, name, err);
	if (r == 0 && !is_for(&p->image, platform)) {
		error_say(err, ENOENT, "the image %s in the store is for %s/%s",
			  name, p->image.os, p->image.architecture);
		r = -ENOENT;
	}
	if (r == -ENOENT && pull == PULL_NEVER)
		return not_there(p, err);
	if (r == -ENOENT && !text_starts_with(name, "sha256:"))
		r = find_fetched(p, platform, err);
	return r < 0 ? r : hold(p, err);
}

int prepared_no_image(const struct options *options, struct error *err)
{
	return options->platform
		       ? error_say(err, EINVAL,
				   "--platform is about images, and there is "
				   "none")
		       : 0;
}
