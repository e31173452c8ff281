/* Answers in pages: tags and referrers; see client.h and referrers.h. */
#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "storage/registry/client_private.h"
#include "storage/registry/document.h"
#include "storage/registry/header.h"
#include "storage/registry/referrers.h"
#include "storage/registry/url.h"

enum { PAGE_MAX = 4 << 20, PAGES_MAX = 100, TAGS_MAX = 10000 };

void referrers_free(struct referrers *list)
{
	for (size_t i = 0; i < list->n; i++) {
		free(list->v[i].digest);
		free(list->v[i].media_type);
		free(list->v[i].artifact_type);
	}
	free(list->v);
	*list = (struct referrers){ 0 };
}

/* where the next page is, or NULL; always of the registry itself */
static int next_page(const struct call *call, char **ret, struct error *err)
{
	const struct http_answer *answer = &call->x.answer;
	scoped(char) *target = answer->link ? header_next(answer->link) : NULL;
	scoped(char) *next = NULL;

	*ret = NULL;
	if (!target)
		return 0;
	int r = url_resolve(answer->url, target, &next, err);
	if (r == 0 && !url_same_origin(next, call->client->base))
		r = error_say(err, EPERM, "the next page is somewhere else");
	if (r == 0)
		*ret = take_ptr(next);
	return r;
}

/* Return: 0 the next page is in @url, or it is NULL; -errno */
static int one_page(struct client *client, char **url,
		    int (*take)(const json_t *page, void *to,
				struct error *err),
		    void *to, struct error *err)
{
	scoped_call call;
	scoped_json *page = NULL;

	call_init(&call, client, HTTP_GET, client->pull, "%s", "");
	free(call.x.request.url);
	call.x.request.url = take_ptr(*url);
	call.x.request.keep_max = PAGE_MAX;
	int r = call_do(&call, err);
	if (r < 0)
		return r;
	const struct http_answer *answer = &call.x.answer;
	if (answer->status != 200)
		return call_failed(&call, err);
	r = document_parse(answer->body ? answer->body : "", answer->size,
			   "the answer", &page, err);
	if (r == 0 && !json_is_object(page))
		r = error_say(err, EPROTO, "the answer is not an object");
	if (r == 0)
		r = take(page, to, err);
	return r < 0 ? r : next_page(&call, url, err);
}

static int all_pages(struct client *client, char *url,
		     int (*take)(const json_t *page, void *to,
				 struct error *err),
		     void *to, struct error *err)
{
	int r = 0;

	for (int n = 0; r == 0 && url; n++)
		if (n == PAGES_MAX)
			r = error_say(err, EFBIG, "more than %d pages",
				      PAGES_MAX);
		else
			r = one_page(client, &url, take, to, err);
	free(url);
	return r;
}

static int take_tags(const json_t *page, void *to, struct error *err)
{
	struct strv *tags = to;
	int r = json_get_strv(page, "tags", tags, err);

	if (r >= 0 && tags->n > TAGS_MAX)
		r = error_say(err, EFBIG, "more than %d tags", TAGS_MAX);
	return r < 0 ? r : 0;
}

int client_list_tags(struct client *client, struct strv *ret, struct error *err)
{
	int r = client_connect(client, err);

	if (r == 0)
		r = all_pages(client,
			      xasprintf("%s/v2/%s/tags/list?n=1000",
					client->base, client->repository),
			      take_tags, ret, err);
	return r < 0 ? error_prefix(err, "the tags of %s", client->name) : r;
}

static int take_referrer(const json_t *entry, struct referrers *to,
			 struct error *err)
{
	const char *type = NULL, *digest = NULL, *artifact = "";
	uint64_t size = 0;

	if (!json_is_object(entry) ||
	    json_get_string(entry, "mediaType", &type, err) <= 0 ||
	    json_get_string(entry, "digest", &digest, err) <= 0 ||
	    json_get_u64(entry, "size", &size, err) <= 0 ||
	    json_get_string(entry, "artifactType", &artifact, err) < 0)
		return error_say(err, EPROTO, "a malformed descriptor");
	int r = digest_check(digest, err);
	if (r < 0)
		return r;
	if (to->n == REFERRERS_MAX)
		return error_say(err, EFBIG, "more than %d", REFERRERS_MAX);
	if (*to->wanted && strcmp(artifact, to->wanted) != 0)
		return 0;
	to->v = xreallocarray(to->v, to->n + 1, sizeof(*to->v));
	to->v[to->n++] = (struct referrer){
		.media_type = xstrdup(type),
		.artifact_type = xstrdup(artifact),
		.digest = xstrdup(digest),
		.size = size,
	};
	return 0;
}

static int take_referrers(const json_t *page, void *to, struct error *err)
{
	json_t *entries = NULL, *entry;
	size_t i;
	int r = json_get_array(page, "manifests", &entries, err);

	if (r == 0)
		r = error_say(err, EPROTO, "the answer has no list");
	if (r < 0)
		return r;
	json_array_foreach (entries, i, entry) {
		r = take_referrer(entry, to, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* before distribution-spec 1.1 an index with a tag made of the digest */
static int list_by_tag(struct client *client, const char *digest,
		       struct referrers *to, struct error *err)
{
	/* of sha512 only so much as fits into a tag */
	scoped(char) *tag = xstrndup(digest, strlen("sha256:") + 64);
	scoped_document document = { 0 };
	scoped_json *page = NULL;

	*strchr(tag, ':') = '-';
	int r = client_get_document(client, tag, NULL, &document, err);
	if (r == -ENOENT)
		return 0;
	if (r == 0 && document.kind != MEDIA_IS_INDEX)
		r = error_say(err, EPROTO, "the tag %s is not an index", tag);
	if (r == 0)
		r = document_parse(document.text, document.size, tag, &page,
				   err);
	return r < 0 ? r : take_referrers(page, to, err);
}

int client_list_referrers(struct client *client, const char *digest,
			  const char *artifact_type, struct referrers *ret,
			  struct error *err)
{
	struct referrers list = { .wanted =
					  artifact_type ? artifact_type : "" };
	int r = digest_check(digest, err);

	if (r == 0)
		r = client_connect(client, err);
	if (r == 0) {
		char *url = xasprintf("%s/v2/%s/referrers/%s", client->base,
				      client->repository, digest);
		if (artifact_type)
			url = url_add_query(url, "artifactType", artifact_type);
		r = all_pages(client, url, take_referrers, &list, err);
	}
	if (r == -ENOENT)
		r = list_by_tag(client, digest, &list, err);
	if (r < 0) {
		referrers_free(&list);
		return error_prefix(err, "what refers to %s in %s", digest,
				    client->name);
	}
	list.wanted = NULL;
	*ret = list;
	return 0;
}
