/*
 * The rule of the risk, line by line, and what stands in the object.
 */
#include <check.h>
#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cmd/explain_text.h"
#include "core/confine/capabilities.h"
#include "core/explain.h"

/* A container as run makes it without any option, on Linux 6.12. */
struct world {
	struct spec spec;
	struct explain_facts facts;
	struct explain_source sources[4];
};

static struct spec_mount *add_mount(struct world *w, enum mount_kind kind,
				    const char *source, const char *target)
{
	struct spec *spec = &w->spec;

	spec->mounts = xreallocarray(spec->mounts, spec->n_mounts + 1,
				     sizeof(*spec->mounts));
	struct spec_mount *m = &spec->mounts[spec->n_mounts++];
	*m = (struct spec_mount){ .kind = kind,
				  .target = xstrdup(target),
				  .source = source ? xstrdup(source) : NULL,
				  .symlinks = true };
	w->facts.n_sources = spec->n_mounts;
	return m;
}

static void make_nomap(struct world *w)
{
	struct error err;

	w->spec.userns = USERNS_NOMAP;
	ck_assert_int_eq(idmap_inner_nomap(&w->spec.inner_uids, 65537, &err),
			 0);
	w->spec.inner_gids = w->spec.inner_uids;
}

static void make_as_me(struct world *w)
{
	struct error err;

	w->spec.userns = USERNS_AS_ME;
	ck_assert_int_eq(idmap_inner_as(&w->spec.inner_uids, 0, 65537, &err),
			 0);
	w->spec.inner_gids = w->spec.inner_uids;
}

static void make(struct world *w)
{
	struct idrange range = { 100000, 65536 };
	struct error err;

	*w = (struct world){ 0 };
	w->spec.hostname = xstrdup("host");
	w->spec.workdir = xstrdup("/");
	w->spec.user.text = xstrdup("");
	w->spec.image = xstrdup("alpine");
	w->spec.image_digest = xstrdup("sha256:0");
	strv_add(&w->spec.argv, "sh");
	strv_add(&w->spec.env, "PATH=/bin");
	strv_add(&w->spec.layers, "/store/layers/0");
	w->spec.driver = DRIVER_FUSE_BELOW_OVERLAY;
	w->spec.capabilities = capabilities_default();
	w->spec.no_new_privileges = true;
	w->spec.landlock = true;
	w->spec.masks = true;
	w->spec.pids_limit = 2048;
	w->spec.shm_size = 64 << 20;
	ck_assert_int_eq(
		idmap_outer(&w->spec.outer_uids, 1000, &range, 1, 65537, &err),
		0);
	w->spec.outer_gids = w->spec.outer_uids;
	make_nomap(w);
	w->facts.uid = w->facts.gid = 1000;
	w->facts.landlock_abi = 6;
	w->facts.sources = w->sources;
}

static void done(struct world *w)
{
	spec_free(&w->spec);
	strv_free(&w->facts.exposures);
}

#define SPOIL(name, body)                                                      \
	static void name(struct world *w)                                      \
	{                                                                      \
		body;                                                          \
	}

SPOIL(nothing, (void)w)
SPOIL(read_only_bind,
      add_mount(w, MOUNT_BIND, "/src", "/src")->read_only = true)
SPOIL(bind, add_mount(w, MOUNT_BIND, "/src", "/src"))
SPOIL(tmpfs, add_mount(w, MOUNT_TMPFS, NULL, "/t"))
SPOIL(volume, add_mount(w, MOUNT_VOLUME, "/store/volumes/c", "/c"))
SPOIL(socket_bind,
      add_mount(w, MOUNT_BIND, "/run/x.sock", "/x")->read_only = true;
      w->sources[0].is_socket = true)
SPOIL(exposure, strv_add(&w->facts.exposures, "your ssh keys"))
SPOIL(no_filter, w->spec.seccomp = SECCOMP_OFF)
SPOIL(landlock_off, w->spec.landlock = false)
SPOIL(landlock_none, w->facts.landlock_abi = -ENOSYS)
SPOIL(landlock_first, w->facts.landlock_abi = 1)
SPOIL(landlock_second, w->facts.landlock_abi = 2)
SPOIL(masks_off, w->spec.masks = false)
SPOIL(unmasked, strv_add(&w->spec.unmask, "/proc/acpi"))
SPOIL(more_masks, strv_add(&w->spec.mask, "/proc/uptime"))
SPOIL(setuid, w->spec.no_new_privileges = false)
SPOIL(no_limit, w->spec.pids_limit = 0)
SPOIL(fewer_capabilities, w->spec.capabilities = 0)
SPOIL(ptrace, w->spec.capabilities |= 1ull << CAP_SYS_PTRACE)
SPOIL(net_admin, w->spec.capabilities |= 1ull << CAP_NET_ADMIN)
SPOIL(sys_admin, w->spec.capabilities |= 1ull << CAP_SYS_ADMIN)
SPOIL(host_network, w->spec.network = NETWORK_HOST)
SPOIL(host_network_old_kernel, w->spec.network = NETWORK_HOST;
      w->facts.landlock_abi = 5)
SPOIL(host_network_no_landlock, w->spec.network = NETWORK_HOST;
      w->spec.landlock = false)
SPOIL(secret, strv_add(&w->spec.env, "API_TOKEN=x"))
SPOIL(secret_and_network, strv_add(&w->spec.env, "API_TOKEN=hunter2");
      w->spec.network = NETWORK_HOST)
SPOIL(as_me, make_as_me(w))
SPOIL(in_place, make_as_me(w); w->spec.rootfs = ROOTFS_DIR_RW;
      w->spec.rootfs_dir = xstrdup("/home/me/root"))
SPOIL(host_root, w->spec.rootfs = ROOTFS_HOST)
SPOIL(host_root_as_me, make_as_me(w); w->spec.rootfs = ROOTFS_HOST)

/* clang-format off */
static const struct {
	void (*spoil)(struct world *w);
	enum risk risk;
	const char *reason; /* part of one of that level; NULL: none at all */
} cases[] = {
	{ nothing, RISK_LOW, NULL },
	{ read_only_bind, RISK_LOW, NULL },
	{ tmpfs, RISK_LOW, NULL },
	{ volume, RISK_LOW, NULL },
	{ secret, RISK_LOW, NULL },
	{ fewer_capabilities, RISK_LOW, NULL },
	{ more_masks, RISK_LOW, NULL },
	{ landlock_second, RISK_LOW, NULL },
	{ host_root, RISK_LOW, NULL },
	{ bind, RISK_MEDIUM, "/src of the host can be changed" },
	{ as_me, RISK_MEDIUM, "user 0 of the container is you" },
	{ in_place, RISK_MEDIUM, "/home/me/root of the host can be changed" },
	{ host_root_as_me, RISK_MEDIUM, "@host" },
	{ ptrace, RISK_MEDIUM, "CAP_SYS_PTRACE" },
	{ setuid, RISK_MEDIUM, "set-user-ID" },
	{ landlock_off, RISK_MEDIUM, "Landlock is off" },
	{ landlock_none, RISK_MEDIUM, "no Landlock" },
	{ landlock_first, RISK_MEDIUM, "no Landlock" },
	{ masks_off, RISK_MEDIUM, "nothing of /proc" },
	{ unmasked, RISK_MEDIUM, "/proc/acpi is not masked" },
	{ no_limit, RISK_MEDIUM, "no limit of processes" },
	{ host_network, RISK_MEDIUM, "loopback" },
	{ secret_and_network, RISK_MEDIUM, "API_TOKEN" },
	{ exposure, RISK_HIGH, "your ssh keys" },
	{ socket_bind, RISK_HIGH, "/run/x.sock" },
	{ no_filter, RISK_HIGH, "system call filter" },
	{ net_admin, RISK_HIGH, "CAP_NET_ADMIN" },
	{ sys_admin, RISK_HIGH, "CAP_SYS_ADMIN" },
	{ host_network_old_kernel, RISK_HIGH, "abstract sockets" },
	{ host_network_no_landlock, RISK_HIGH, "abstract sockets" },
};
/* clang-format on */

static bool mentions(const struct strv *list, const char *part)
{
	for (size_t i = 0; i < list->n; i++)
		if (strstr(list->v[i], part))
			return true;
	return false;
}

START_TEST(each_reason_has_its_level)
{
	struct strv reasons[N_RISKS] = { 0 };
	struct world w;

	make(&w);
	cases[_i].spoil(&w);
	ck_assert_int_eq(explain_risk(&w.spec, &w.facts, reasons),
			 cases[_i].risk);
	if (cases[_i].reason)
		ck_assert(mentions(&reasons[cases[_i].risk], cases[_i].reason));
	else
		ck_assert_uint_eq(reasons[RISK_MEDIUM].n + reasons[RISK_HIGH].n,
				  0);
	for (int i = 0; i < N_RISKS; i++)
		ck_assert(!mentions(&reasons[i], "hunter2"));
	for (int i = 0; i < N_RISKS; i++)
		strv_free(&reasons[i]);
	done(&w);
}
END_TEST

/* clang-format off */
static const struct {
	const char *name, *value;
	bool secret;
} variables[] = {
	{ "API_TOKEN", "x", true },      { "github_token", "x", true },
	{ "DBPASSWORD", "x", true },     { "MY_SECRET_THING", "x", true },
	{ "AWS_ACCESS_KEY_ID", "x", true }, { "SSH_KEY", "x", true },
	{ "PGPASS", "x", true },         { "auth", "x", true },
	{ "X.PASS", "x", true },         { "NPM_AUTH", "x", true },
	{ "URL", "https://me:pw@host/", true },
	{ "DATABASE_URL", "postgres://me:pw@host/db?x=y", true },
	{ "X", "ghp_0123456789", true }, { "X", "AKIA0123456789", true },
	{ "X", "-----BEGIN PRIVATE KEY-----", true },
	{ "API_TOKEN", "", false },      { "PATH", "/bin", false },
	{ "MONKEY", "x", false },        { "KEYBOARD", "us", false },
	{ "PASSENGERS", "3", false },    { "AUTHOR", "me", false },
	{ "COMPASS", "north", false },   { "HOME", "/root", false },
	{ "URL", "https://host/a:b@c", false },
	{ "URL", "https://me@host/", false },
	{ "TIME", "12:30@noon", false }, { "", "x", false },
};
/* clang-format on */

START_TEST(secrets_are_told_from_other_variables)
{
	ck_assert_int_eq(
		explain_is_secret(variables[_i].name, variables[_i].value),
		variables[_i].secret);
}
END_TEST

static char *as_text(const json_t *all)
{
	char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);

	ck_assert_ptr_nonnull(to);
	explain_print(to, all);
	fclose(to);
	return text;
}

START_TEST(no_form_of_the_output_has_a_secret_in_it)
{
	struct world w;

	make(&w);
	strv_add(&w.spec.env, "API_TOKEN=hunter2");
	strv_add(&w.spec.env, "A=https://me:hunter2@host/");
	json_t *all = explain_spec(&w.spec, &w.facts);
	scoped(char) *json = json_dumps(all, 0);
	scoped(char) *text = as_text(all);
	ck_assert_ptr_nonnull(strstr(json, "API_TOKEN"));
	ck_assert_ptr_null(strstr(json, "hunter2"));
	ck_assert_ptr_nonnull(strstr(text, "API_TOKEN=***"));
	ck_assert_ptr_null(strstr(text, "hunter2"));
	json_decref(all);
	done(&w);
}
END_TEST

static const json_t *at(const json_t *all, const char *first,
			const char *second)
{
	return json_object_get(json_object_get(all, first), second);
}

START_TEST(the_host_ids_of_a_container_are_those_of_the_kernel)
{
	struct world w;

	make(&w);
	json_t *all = explain_spec(&w.spec, &w.facts);
	ck_assert_int_eq(json_integer_value(at(all, "user", "host_uid")),
			 100000);
	ck_assert(json_is_null(at(all, "user", "caller_uid_inside")));
	ck_assert(json_is_false(at(all, "user", "is_caller")));
	const json_t *map = at(all, "user", "uid_map");
	ck_assert_uint_eq(json_array_size(map), 1);
	scoped(char) *extent = json_dumps(json_array_get(map, 0),
					  JSON_COMPACT | JSON_SORT_KEYS);
	ck_assert_str_eq(extent,
			 "{\"container\":0,\"count\":65536,\"host\":100000}");
	json_decref(all);

	make_as_me(&w);
	all = explain_spec(&w.spec, &w.facts);
	ck_assert_int_eq(json_integer_value(at(all, "user", "host_uid")), 1000);
	ck_assert_int_eq(
		json_integer_value(at(all, "user", "caller_uid_inside")), 0);
	ck_assert(json_is_true(at(all, "user", "is_caller")));
	ck_assert_uint_eq(json_array_size(at(all, "user", "uid_map")), 2);
	json_decref(all);
	done(&w);
}
END_TEST

START_TEST(a_user_without_an_id_in_the_container_is_said)
{
	struct world w;

	make(&w);
	w.facts.user.uid = 70000;
	json_t *all = explain_spec(&w.spec, &w.facts);
	scoped(char) *text = as_text(all);
	ck_assert(json_is_null(at(all, "user", "host_uid")));
	ck_assert_ptr_nonnull(strstr(text, "no id"));
	json_decref(all);
	done(&w);
}
END_TEST

static bool plans(const json_t *all, const char *name)
{
	const json_t *step;
	size_t i;

	json_array_foreach (json_object_get(all, "plan"), i, step)
		if (strcmp(json_string_value(json_object_get(step, "step")),
			   name) == 0)
			return true;
	return false;
}

START_TEST(the_plan_has_the_steps_that_are_wanted_and_no_others)
{
	struct world w;

	make(&w);
	json_t *all = explain_spec(&w.spec, &w.facts);
	ck_assert(plans(all, "start the file system server"));
	ck_assert(plans(all, "set up the network"));
	ck_assert(!plans(all, "mount the volumes"));
	ck_assert(!plans(all, "take over the terminal"));
	json_decref(all);

	w.spec.driver = DRIVER_OVERLAY;
	w.spec.network = NETWORK_HOST;
	w.spec.tty = true;
	add_mount(&w, MOUNT_BIND, "/a", "/b");
	all = explain_spec(&w.spec, &w.facts);
	ck_assert(!plans(all, "start the file system server"));
	ck_assert(!plans(all, "set up the network"));
	ck_assert(plans(all, "mount the volumes"));
	ck_assert(plans(all, "take over the terminal"));
	json_decref(all);
	done(&w);
}
END_TEST

START_TEST(capabilities_of_another_user_than_root_are_nobodys)
{
	struct world w;

	make(&w);
	json_t *all = explain_spec(&w.spec, &w.facts);
	ck_assert_str_eq(
		json_string_value(json_object_get(all, "capabilities_of")),
		"workload");
	json_decref(all);
	w.facts.user.uid = 5;
	all = explain_spec(&w.spec, &w.facts);
	ck_assert_str_eq(
		json_string_value(json_object_get(all, "capabilities_of")),
		"nobody");
	json_decref(all);
	w.spec.no_new_privileges = false;
	all = explain_spec(&w.spec, &w.facts);
	ck_assert_str_eq(
		json_string_value(json_object_get(all, "capabilities_of")),
		"set-uid");
	json_decref(all);
	done(&w);
}
END_TEST

/* the longest line that has a blank to be folded at */
static size_t longest_line(char *text)
{
	size_t longest = 0;

	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		if (strlen(line) > longest)
			longest = strlen(line);
	return longest;
}

START_TEST(the_text_fits_80_columns_whatever_the_case)
{
	struct world w;

	make(&w);
	cases[_i].spoil(&w);
	json_t *all = explain_spec(&w.spec, &w.facts);
	scoped(char) *text = as_text(all);
	ck_assert_ptr_nonnull(strstr(text, risk_name(cases[_i].risk)));
	ck_assert_uint_le(longest_line(text), 80);
	json_decref(all);
	done(&w);
}
END_TEST

START_TEST(nothing_from_outside_reaches_the_terminal_as_it_is)
{
	struct world w;

	make(&w);
	strv_add(&w.spec.env, "A=\x1b[31mred\x1b[0m");
	strv_add(&w.spec.argv, "\x1b]0;title\x07");
	add_mount(&w, MOUNT_BIND, "/\x1b[1m", "/\x1b[2m");
	/* no UTF-8 at all, which JSON could not hold */
	strv_add(&w.spec.env, "B=\xff\xfe");
	strv_add(&w.facts.exposures, "\x1b[3m");
	json_t *all = explain_spec(&w.spec, &w.facts);
	scoped(char) *text = as_text(all);
	scoped(char) *json = json_dumps(all, 0);
	ck_assert_ptr_nonnull(json);
	ck_assert_ptr_null(strchr(text, '\x1b'));
	ck_assert_ptr_null(strchr(text, '\x07'));
	ck_assert_ptr_nonnull(strstr(text, "B="));
	json_decref(all);
	done(&w);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("explain");
	TCase *tests = tcase_create("explain");

	suite_add_tcase(suite, tests);
	tcase_add_loop_test(tests, each_reason_has_its_level, 0,
			    ARRAY_SIZE(cases));
	tcase_add_loop_test(tests, secrets_are_told_from_other_variables, 0,
			    ARRAY_SIZE(variables));
	tcase_add_test(tests, no_form_of_the_output_has_a_secret_in_it);
	tcase_add_test(tests,
		       the_host_ids_of_a_container_are_those_of_the_kernel);
	tcase_add_test(tests, a_user_without_an_id_in_the_container_is_said);
	tcase_add_test(tests,
		       the_plan_has_the_steps_that_are_wanted_and_no_others);
	tcase_add_test(tests,
		       capabilities_of_another_user_than_root_are_nobodys);
	tcase_add_loop_test(tests, the_text_fits_80_columns_whatever_the_case,
			    0, ARRAY_SIZE(cases));
	tcase_add_test(tests,
		       nothing_from_outside_reaches_the_terminal_as_it_is);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
