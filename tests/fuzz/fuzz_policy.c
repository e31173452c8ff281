/* policy.json: what is accepted has a default, and a rule for each image. */
#include <stdint.h>
#include <stdlib.h>

#include "storage/trust/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scoped_policy policy = { 0 };
	scoped_reference ref = { 0 };
	struct error err;

	if (policy_parse((const char *)data, size, "x", &policy, &err) < 0)
		return 0;
	if (reference_parse("a.b.io:5000/n/r:1", &ref, &err) < 0)
		abort();
	const struct policy_rule *rule = policy_of_image(&policy, &ref);
	if (!rule || rule->n == 0)
		abort();
	for (size_t i = 0; i < rule->n; i++)
		identity_accepts(&rule->v[i].identity, &ref, "a.io/r:1");
	if (!policy_of_archive(&policy, "oci-archive", "/a/b"))
		abort();
	return 0;
}
