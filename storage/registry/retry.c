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

/* a broken line, but not a malformed answer or a certificate */
bool retry_curl(int code)
{
	static const CURLcode passing[] = {
		CURLE_COULDNT_RESOLVE_PROXY,
		CURLE_COULDNT_RESOLVE_HOST,
		CURLE_COULDNT_CONNECT,
		CURLE_PARTIAL_FILE,
		CURLE_OPERATION_TIMEDOUT,
		CURLE_GOT_NOTHING,
		CURLE_SEND_ERROR,
		CURLE_SEND_FAIL_REWIND, /* and it may not be sent again */
		CURLE_RECV_ERROR,
		CURLE_SSL_CONNECT_ERROR,
	};

	for (size_t i = 0; i < ARRAY_SIZE(passing); i++)
		if (code == (int)passing[i])
			return true;
	return false;
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
