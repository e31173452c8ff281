#include "storage/registry/retry.h"

#include <errno.h>
#include <stddef.h>

#include <curl/curl.h>

#include "base/memory.h"
#include "tests/unit/images/suite.h"

static const struct retry_policy policy = {
	.tries = 6,
	.backoff_ms = 500,
	.patience_ms = 60000,
};

START_TEST(waits_grow_and_are_not_all_the_same)
{
	uint64_t least = 0, most = 0, full = 500;

	for (unsigned int tried = 1; tried < 6; tried++, full *= 2) {
		ck_assert_int_eq(retry_wait(&policy, tried, NULL, 0, &least),
				 0);
		ck_assert_int_eq(retry_wait(&policy, tried, NULL,
					    (uint32_t)full / 2, &most),
				 0);
		ck_assert_uint_eq(least, full / 2);
		ck_assert_uint_eq(most, full);
	}
}
END_TEST

START_TEST(there_is_an_end_to_it)
{
	uint64_t wait = 0;

	ck_assert_int_eq(retry_wait(&policy, 6, NULL, 0, &wait), -EBUSY);
	ck_assert_int_eq(retry_wait(&policy, 7, NULL, 0, &wait), -EBUSY);
}
END_TEST

START_TEST(a_server_is_given_the_time_that_it_asks_for)
{
	uint64_t wait = 0, ten = 10, nothing = 0;

	ck_assert_int_eq(retry_wait(&policy, 1, &ten, 7, &wait), 0);
	ck_assert_uint_eq(wait, 10000);
	/* it may not have us come faster than we would */
	ck_assert_int_eq(retry_wait(&policy, 4, &nothing, 0, &wait), 0);
	ck_assert_uint_eq(wait, 2000);
}
END_TEST

START_TEST(nobody_waits_for_a_year)
{
	static const uint64_t too_long[] = { 61, 31536000, UINT64_MAX / 1000,
					     UINT64_MAX };
	uint64_t wait = 0, minute = 60;

	ck_assert_int_eq(retry_wait(&policy, 1, &minute, 0, &wait), 0);
	for (size_t i = 0; i < ARRAY_SIZE(too_long); i++)
		ck_assert_int_eq(retry_wait(&policy, 1, &too_long[i], 0, &wait),
				 -EBUSY);
}
END_TEST

START_TEST(many_tries_do_not_overflow)
{
	struct retry_policy patient = { 1000, UINT64_C(1) << 40, 0 };
	uint64_t wait = 0;

	ck_assert_int_eq(retry_wait(&patient, 900, NULL, UINT32_MAX, &wait), 0);
	ck_assert_uint_ge(wait, UINT64_C(1) << 49);
}
END_TEST

START_TEST(what_passes_is_tried_again)
{
	static const long passing[] = { 408, 425, 429, 500, 502, 503, 504 };
	static const long lasting[] = { 200, 301, 304, 400, 401, 403,
					404, 405, 416, 501, 505, 0 };

	for (size_t i = 0; i < ARRAY_SIZE(passing); i++)
		ck_assert(retry_status(passing[i]));
	for (size_t i = 0; i < ARRAY_SIZE(lasting); i++)
		ck_assert(!retry_status(lasting[i]));
}
END_TEST

START_TEST(what_seldom_passes_is_soon_said)
{
	static const struct {
		CURLcode code;
		unsigned int tries;
	} ends[] = {
		{ CURLE_RECV_ERROR, 6 },
		{ CURLE_PARTIAL_FILE, 6 },
		{ CURLE_COULDNT_RESOLVE_HOST, 3 },
		{ CURLE_COULDNT_CONNECT, 3 },
		{ CURLE_SSL_CONNECT_ERROR, 3 },
		{ CURLE_PEER_FAILED_VERIFICATION, 1 },
		{ CURLE_WRITE_ERROR, 1 },
		{ CURLE_OK, 1 },
	};
	const struct retry_policy once = { .tries = 1 };

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		ck_assert_uint_eq(retry_tries(&policy, ends[i].code),
				  ends[i].tries);
		ck_assert_uint_eq(retry_tries(&once, ends[i].code), 1);
	}
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("retry");

	tcase_add_test(tests, waits_grow_and_are_not_all_the_same);
	tcase_add_test(tests, there_is_an_end_to_it);
	tcase_add_test(tests, a_server_is_given_the_time_that_it_asks_for);
	tcase_add_test(tests, nobody_waits_for_a_year);
	tcase_add_test(tests, many_tries_do_not_overflow);
	tcase_add_test(tests, what_passes_is_tried_again);
	tcase_add_test(tests, what_seldom_passes_is_soon_said);
	return suite_run("retry", tests);
}
