#include "storage/trust/attached.h"

#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "storage/registry/blob.h"
#include "storage/registry/referrers.h"

#define MEDIA_EMPTY "application/vnd.oci.empty.v1+json"

void signatures_free(struct signatures *signatures)
{
	for (size_t i = 0; i < signatures->n; i++)
		signature_free(&signatures->v[i]);
	free(signatures->v);
	strv_free(&signatures->passed);
	*signatures = (struct signatures){ 0 };
}

/* is it the fault of what was fetched, and not of the way there? */
static bool is_malformed(int r)
{
	return r == -EINVAL || r == -ENOTSUP || r == -EFBIG || r == -EBADMSG ||
	       r == -EPROTO || r == -ENOENT;
}

/* what one of them is must not keep us from looking at the others */
static int pass_over(struct signatures *to, const char *what, int r,
		     const struct error *err)
{
	if (!is_malformed(r))
		return r;
	strv_addf(&to->passed, "%s: %s", what, err->text);
	return 0;
}

static int append(struct signatures *to, struct signature *signature,
		  struct error *err)
{
	if (to->n == ATTACHED_MAX) {
		signature_free(signature);
		return error_say(err, EOVERFLOW, "more than %d signatures",
				 ATTACHED_MAX);
	}
	to->v = xreallocarray(to->v, to->n + 1, sizeof(*to->v));
	to->v[to->n++] = *signature;
	return 0;
}

static int fetch_simple(struct client *client, const struct attached *attached,
			struct signature *ret, struct error *err)
{
	scoped(char) *payload = NULL;
	int r = blob_get_text(client, attached->digest, attached->size,
			      SIMPLE_SIGNING_MAX, &payload, err);

	return r < 0 ? r
		     : signature_from_simple(payload, attached->size,
					     attached->signature, ret, err);
}

static int fetch_bundle(struct client *client, const struct attached *attached,
			struct signature *ret, struct error *err)
{
	scoped(char) *text = NULL;
	int r = blob_get_text(client, attached->digest, attached->size,
			      BUNDLE_MAX, &text, err);

	return r < 0 ? r
		     : signature_from_bundle(text, attached->size, ret, err);
}

/* all layers of the type that @fetch is for */
static int take_layers(struct client *client,
		       const struct attachment *attachment, const char *type,
		       int (*fetch)(struct client *client,
				    const struct attached *attached,
				    struct signature *ret, struct error *err),
		       struct signatures *to, struct error *err)
{
	for (size_t i = 0; i < attachment->n; i++) {
		const struct attached *attached = &attachment->v[i];
		struct signature signature = { 0 };
		if (strcmp(attached->media_type, type) != 0)
			continue;
		int r = fetch(client, attached, &signature, err);
		r = r == 0 ? append(to, &signature, err)
			   : pass_over(to, attached->digest, r, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* those without the annotation are no signatures */
static void drop_unsigned(struct attachment *attachment)
{
	for (size_t i = 0; i < attachment->n; i++)
		if (!attachment->v[i].signature)
			attachment->v[i].media_type[0] = '\0';
}

int attached_simple(struct client *client, const char *digest,
		    struct signatures *to, struct error *err)
{
	scoped(char) *tag = xasprintf("%s.sig", digest);
	scoped_document document = { 0 };
	scoped_attachment attachment = { 0 };

	*strchr(tag, ':') = '-';
	int r = client_get_document(client, tag, NULL, &document, err);
	if (r == -ENOENT)
		return 0;
	if (r == 0)
		r = attachment_parse(document.text, document.size, &attachment,
				     err);
	if (r < 0)
		return pass_over(to, tag, r, err);
	drop_unsigned(&attachment);
	return take_layers(client, &attachment, MEDIA_SIMPLE_SIGNING,
			   fetch_simple, to, err);
}

/* some clients write the type of the configuration into the list instead */
static bool may_be_bundle(const struct referrer *referrer)
{
	return strcmp(referrer->artifact_type, MEDIA_BUNDLE) == 0 ||
	       strcmp(referrer->artifact_type, MEDIA_EMPTY) == 0 ||
	       !*referrer->artifact_type;
}

static int take_referrer(struct client *client, const char *subject,
			 const struct referrer *referrer, struct signatures *to,
			 struct error *err)
{
	scoped_document document = { 0 };
	scoped_attachment attachment = { 0 };
	int r = client_get_document(client, referrer->digest, NULL, &document,
				    err);

	if (r == 0)
		r = attachment_parse(document.text, document.size, &attachment,
				     err);
	if (r == 0 &&
	    (!attachment.subject || strcmp(attachment.subject, subject) != 0))
		r = error_say(err, EPROTO, "it is attached to something else");
	if (r < 0)
		return pass_over(to, referrer->digest, r, err);
	return take_layers(client, &attachment, MEDIA_BUNDLE, fetch_bundle, to,
			   err);
}

int attached_bundles(struct client *client, const char *digest,
		     struct signatures *to, struct error *err)
{
	struct referrers list = { 0 };
	size_t looked_at = 0;
	int r = client_list_referrers(client, digest, NULL, &list, err);

	if (r < 0)
		return pass_over(to, "the list of attachments", r, err);
	for (size_t i = 0; r == 0 && i < list.n; i++) {
		if (!may_be_bundle(&list.v[i]))
			continue;
		r = looked_at++ == ATTACHED_MAX
			    ? error_say(err, EOVERFLOW,
					"more than %d attachments",
					ATTACHED_MAX)
			    : take_referrer(client, digest, &list.v[i], to,
					    err);
	}
	referrers_free(&list);
	return r;
}
