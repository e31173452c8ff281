#include "storage/registry/retry.h"

#include <errno.h>
#include <stddef.h>

#include <curl/curl.h>

#include "base/memory.h"

bool retry_status(long status)
{
	static const long passing[] = { 408, 425, 429, 500, 502, 503, 504 };

	for (size_t i = 0; i < ARRAY_SIZE(passing); i++)
		if (status == passing[i])
			return true;
	return false;
}

static bool is_in(int code, const CURLcode *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (code == (int)list[i])
			return true;
	return false;
}

unsigned int retry_tries(const struct retry_policy *policy, int code)
{
	/* a broken line, but not a malformed answer or a certificate */
	static const CURLcode passing[] = {
		CURLE_PARTIAL_FILE, CURLE_OPERATION_TIMEDOUT, CURLE_GOT_NOTHING,
		CURLE_SEND_ERROR,   CURLE_SEND_FAIL_REWIND, /* and it may not be
							       sent again */
		CURLE_RECV_ERROR,
	};
	static const CURLcode lasting[] = {
		CURLE_COULDNT_RESOLVE_PROXY,
		CURLE_COULDNT_RESOLVE_HOST,
		CURLE_COULDNT_CONNECT,
		CURLE_SSL_CONNECT_ERROR,
	};

	if (is_in(code, passing, ARRAY_SIZE(passing)))
		return policy->tries;
	return is_in(code, lasting, ARRAY_SIZE(lasting)) && policy->tries > 1
		       ? policy->tries / 2
		       : 1;
}

int retry_wait(const struct retry_policy *policy, unsigned int tries_made,
	       const uint64_t *asked_s, uint32_t random, uint64_t *ret_ms)
{
	enum { DOUBLINGS_MAX = 10 };
	unsigned int doublings =
		tries_made - 1 < DOUBLINGS_MAX ? tries_made - 1 : DOUBLINGS_MAX;
	uint64_t backoff = policy->backoff_ms << doublings;

	if (tries_made >= policy->tries)
		return -EBUSY;
	/* not all at the same moment: half of it is by chance */
	uint64_t wait = backoff / 2 + random % (backoff / 2 + 1);
	if (asked_s) {
		if (*asked_s > policy->patience_ms / 1000)
			return -EBUSY;
		if (*asked_s * 1000 > wait)
			wait = *asked_s * 1000;
	}
	*ret_ms = wait;
	return 0;
}
