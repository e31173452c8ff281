/*
 * Machines that nobody has at hand, as facts; and what is said about them.
 */
#include <check.h>
#include <endian.h>
#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/capability.h>

#include "base/memory.h"
#include "userns/diagnose.h"
#include "userns/outer.h"

/* all is well; each line of the tables spoils something */
/* kernel.unprivileged_userns_clone, user.max_user_namespaces and
 * kernel.apparmor_restrict_unprivileged_userns; M: there is none */
#define M SYSCTL_MISSING
#define SYSCTLS(clone, max, apparmor)                                          \
	.supported = true, .proc_there = true,                                 \
	.unprivileged_userns_clone = (clone), .max_user_namespaces = (max),    \
	.apparmor_restrict = (apparmor), .executable = "/usr/bin/wolffia"
/* all is well */
#define FINE    SYSCTLS(M, 15000, M)

#define C(name) USERNS_CAUSE_##name

/* clang-format off */
static const struct {
	struct userns_facts facts;
	enum userns_cause cause;
	const char *text, *hint; /* parts of what is said */
} machines[] = {
	/* no fact accuses anything: a security module, or nobody knows */
	{ { FINE, .code = EPERM }, C(UNKNOWN), "create a user namespace",
	  "security module" },
	{ { FINE, .code = EPERM, .security_modules = "lockdown,selinux" },
	  C(UNKNOWN), "", "selinux" },
	{ { FINE, .code = EIO }, C(UNKNOWN), "Input/output error", "" },
	/* Debian 10, Arch's hardened kernel */
	{ { SYSCTLS(0, 15000, M), .code = EPERM }, C(SYSCTL),
	  "unprivileged_userns_clone is 0",
	  "sudo sysctl -w kernel.unprivileged_userns_clone=1" },
	{ { SYSCTLS(1, 15000, M), .code = EPERM }, C(UNKNOWN),
	  "", "" },
	/* the sysctl answers our probe for the filter as well */
	{ { SYSCTLS(0, 15000, M), .code = EPERM,
	    .filtered = true }, C(SYSCTL), "", "" },
	/* RHEL 7; a container that forbids them */
	{ { SYSCTLS(M, 0, M), .code = ENOSPC }, C(NONE_ALLOWED),
	  "max_user_namespaces is 0",
	  "sudo sysctl -w user.max_user_namespaces=15000" },
	{ { SYSCTLS(M, 0, M), .code = ENOSPC,
	    .in_user_namespace = true }, C(NONE_ALLOWED), "",
	  "container that forbids" },
	{ { FINE, .code = ENOSPC }, C(LIMIT), "user.max_user_namespaces = 15000",
	  "sudo sysctl -w user.max_user_namespaces=30000" },
	{ { SYSCTLS(M, 10, M), .code = ENOSPC }, C(LIMIT), "",
	  "=15000" },
	{ { SYSCTLS(M, 1, M), .code = ENOSPC,
	    .in_user_namespace = true }, C(LIMIT), "", "--profile nested" },
	{ { FINE, .code = EUSERS }, C(LIMIT), "", "" },
	/* ENOSPC has only this cause, whatever else there is */
	{ { SYSCTLS(M, 0, M), .code = ENOSPC, .in_chroot = true,
	    .filtered = true }, C(NONE_ALLOWED), "", "" },
	/* the limit is no cause of EPERM */
	{ { SYSCTLS(M, 0, M), .code = EPERM }, C(UNKNOWN), "",
	  "" },
	/* docker, podman */
	{ { FINE, .code = EPERM, .filtered = true }, C(SECCOMP), "seccomp",
	  "--security-opt seccomp=unconfined" },
	{ { FINE, .code = ENOSYS, .filtered = true }, C(SECCOMP), "", "" },
	{ { FINE, .code = EPERM, .filtered = true, .in_chroot = true },
	  C(SECCOMP), "", "" },
	{ { FINE, .code = EPERM, .in_chroot = true }, C(CHROOT), "chroot",
	  "pivot_root" },
	{ { FINE, .code = EINVAL, .in_chroot = true }, C(UNKNOWN), "", "" },
	/* Ubuntu 23.10 */
	{ { SYSCTLS(M, 15000, 1), .code = EPERM }, C(APPARMOR),
	  "apparmor_restrict_unprivileged_userns",
	  "profile wolffia \"/usr/bin/wolffia\" flags=(unconfined) "
	  "{ userns, }" },
	{ { SYSCTLS(M, 15000, 1), .code = EACCES }, C(APPARMOR), "",
	  "apparmor_parser -r /etc/apparmor.d/wolffia" },
	{ { SYSCTLS(M, 15000, 0), .code = EPERM }, C(UNKNOWN), "", "" },
	/* a process whose user has no id where it lives */
	{ { FINE, .code = EPERM, .id_unmapped = true }, C(UNMAPPED), "no id",
	  "" },
	{ { FINE, .code = EPERM, .id_unmapped = true, .in_chroot = true },
	  C(UNMAPPED), "", "" },
	{ { FINE, .code = EAGAIN }, C(PROCESS_LIMIT), "limit of processes",
	  "ulimit -u" },
	{ { FINE, .code = ENOMEM }, C(MEMORY), "Cannot allocate memory", "" },
	{ { .code = EINVAL, .proc_there = true, .supported = false,
	    .unprivileged_userns_clone = SYSCTL_MISSING,
	    .max_user_namespaces = SYSCTL_MISSING,
	    .apparmor_restrict = SYSCTL_MISSING }, C(NOT_BUILT),
	  "built without", "CONFIG_USER_NS" },
	/* nothing can be read: nobody is accused */
	{ { .code = ENOSPC, .supported = true,
	    .unprivileged_userns_clone = SYSCTL_MISSING,
	    .max_user_namespaces = SYSCTL_MISSING,
	    .apparmor_restrict = SYSCTL_MISSING }, C(LIMIT), "", "" },
};
/* clang-format on */

START_TEST(each_machine_has_its_cause)
{
	ck_assert_int_eq(userns_cause(&machines[_i].facts), machines[_i].cause);
}
END_TEST

START_TEST(each_cause_is_said_with_its_remedy)
{
	struct error err = { 0 };
	int r = userns_explain(&machines[_i].facts, &err);

	ck_assert_int_eq(r, -machines[_i].facts.code);
	ck_assert_int_eq(err.code, machines[_i].facts.code);
	ck_assert_ptr_nonnull(strstr(err.text, machines[_i].text));
	ck_assert_ptr_nonnull(strstr(err.hint, machines[_i].hint));
	ck_assert_ptr_null(strchr(err.hint, '\n'));
	/* every cause but a full memory has something to be done about */
	if (machines[_i].cause != C(MEMORY) && machines[_i].facts.code != EIO &&
	    machines[_i].facts.code != EINVAL)
		ck_assert_str_ne(err.hint, "");
}
END_TEST

START_TEST(every_cause_has_a_machine)
{
	bool seen[N_USERNS_CAUSES] = { false };

	for (size_t i = 0; i < ARRAY_SIZE(machines); i++)
		seen[machines[i].cause] = true;
	for (int i = 0; i < N_USERNS_CAUSES; i++)
		ck_assert_msg(seen[i], "cause %d", i);
}
END_TEST

START_TEST(this_machine_accuses_nobody)
{
	struct userns_facts facts;

	/* the tests are run where user namespaces can be made */
	userns_facts_collect(EPERM, &facts);
	ck_assert(facts.supported);
	ck_assert(!facts.filtered);
	ck_assert(!facts.in_chroot);
	ck_assert(!facts.id_unmapped);
	ck_assert(strstr(facts.executable, "test_diagnose"));
}
END_TEST

/* as the filters of docker and podman do: no user namespace, by any call */
static void refuse_user_namespaces(uint32_t action)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	const struct scmp_arg_cmp newuser =
		SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_NEWUSER, CLONE_NEWUSER);

	ck_assert_ptr_nonnull(filter);
	ck_assert_int_eq(
		seccomp_rule_add(filter, action, SCMP_SYS(clone), 1, newuser),
		0);
	ck_assert_int_eq(seccomp_load(filter), 0);
	seccomp_release(filter);
}

START_TEST(a_filter_that_refuses_user_namespaces_is_found)
{
	struct userns_facts facts;
	struct error err;

	refuse_user_namespaces(_i == 0 ? SCMP_ACT_ERRNO(EPERM)
				       : SCMP_ACT_ERRNO(ENOSYS));
	userns_facts_collect(EPERM, &facts);
	ck_assert(facts.filtered);
	ck_assert_int_eq(userns_cause(&facts), C(SECCOMP));
	/* and the call that every start makes says so */
	ck_assert_int_lt(outer_clone(CLONE_NEWUSER, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.text, "seccomp"));
}
END_TEST

START_TEST(a_filter_that_lets_them_pass_is_not_accused)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	struct userns_facts facts;

	ck_assert_int_eq(seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM),
					  SCMP_SYS(reboot), 0),
			 0);
	ck_assert_int_eq(seccomp_load(filter), 0);
	seccomp_release(filter);
	userns_facts_collect(EPERM, &facts);
	ck_assert(!facts.filtered);
}
END_TEST

/* clang-format off */
static const struct {
	const char *text;
	bool has_root;
} mounts[] = {
	{ "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n", true },
	{ "22 27 0:21 / /proc rw - proc proc rw\n"
	  "27 1 254:0 / / rw - ext4 /dev/vda rw\n", true },
	/* a subvolume, as btrfs has it */
	{ "27 1 0:30 /@ / rw - btrfs /dev/vda rw\n", true },
	/* what is seen from a chroot into a plain directory */
	{ "22 27 0:21 / /proc rw - proc proc rw\n", false },
	{ "22 27 0:21 / /mnt rw - proc / / rw\n", false },
	{ "", false },
	{ "27 1 254:0 /", false },
	{ "\n\n", false },
	{ "27 1\n254:0 / / rw\n", false },
};

static const struct {
	const char *text;
	uint32_t id;
	bool has, initial;
} maps[] = {
	{ "         0          0 4294967295\n", 1000, true, true },
	{ "0 1000 1\n", 0, true, false },
	{ "0 1000 1\n", 1000, false, false },
	{ "0 1000 1\n1 100000 65536\n", 65534, true, false },
	{ "0 1000 1\n1 100000 65536\n", 65536, true, false },
	{ "0 1000 1\n1 100000 65536\n", 65537, false, false },
	{ "65534 1000 1\n", 65534, true, false },
	{ "0 0 4294967294\n", 0, true, false },
	{ "", 0, false, false },
	{ "garbage\n", 0, false, false },
};

static const struct {
	const char *text;
	int result;
	const char *hidden;
} procs[] = {
	{ "22 27 0:21 / /proc rw - proc proc rw\n", 0, NULL },
	{ "22 27 0:21 / /proc rw - proc proc rw\n"
	  "40 22 0:9 / /proc/sys/fs/binfmt_misc rw - autofs x rw\n", 0, NULL },
	{ "22 27 0:21 / /proc rw - proc proc rw\n"
	  "41 22 0:22 / /proc/acpi ro - tmpfs tmpfs ro\n", 1, "/proc/acpi" },
	{ "22 27 0:21 / /proc rw - proc proc rw\n"
	  "41 22 0:5 /null /proc/kcore rw - devtmpfs d rw\n", 1, "/proc/kcore" },
	/* only a part of it is bound */
	{ "22 27 0:21 /sys /proc rw - proc proc rw\n", -ENOENT, NULL },
	{ "22 27 0:21 / /process rw - proc proc rw\n", -ENOENT, NULL },
	{ "", -ENOENT, NULL },
};
/* clang-format on */

START_TEST(a_chroot_is_told_by_its_missing_root)
{
	ck_assert_int_eq(mountinfo_has_root(mounts[_i].text),
			 mounts[_i].has_root);
}
END_TEST

START_TEST(an_id_is_found_in_a_map)
{
	ck_assert_int_eq(id_map_text_has(maps[_i].text, maps[_i].id),
			 maps[_i].has);
	ck_assert_int_eq(id_map_text_is_initial(maps[_i].text),
			 maps[_i].initial);
}
END_TEST

START_TEST(what_hides_a_part_of_proc_is_named)
{
	char hidden[128] = "";

	ck_assert_int_eq(proc_hidden(procs[_i].text, hidden, sizeof(hidden)),
			 procs[_i].result);
	if (procs[_i].hidden)
		ck_assert_str_eq(hidden, procs[_i].hidden);
}
END_TEST

#define H(name) HELPER_CAUSE_##name
static char there[] = "/usr/bin/newuidmap";

/* clang-format off */
static const struct {
	struct helper_facts facts;
	enum helper_cause cause;
	const char *hint;
} helpers[] = {
	{ { .name = "newuidmap", .path = there, .setuid_root = true }, H(NONE),
	  "" },
	{ { .name = "newuidmap", .path = there, .capable = true }, H(NONE), "" },
	{ { .name = "newuidmap" }, H(MISSING), "apt install uidmap" },
	{ { .name = "newuidmap", .path = there, .no_root = true }, H(NO_ROOT),
	  "--userns single" },
	{ { .name = "newuidmap", .path = there }, H(NO_RIGHTS),
	  "setcap cap_setuid=ep /usr/bin/newuidmap" },
	{ { .name = "newgidmap", .path = there }, H(NO_RIGHTS),
	  "setcap cap_setgid=ep" },
	{ { .name = "newuidmap", .path = there, .setuid_root = true,
	    .nosuid = true }, H(NOSUID), "nosuid" },
	{ { .name = "newuidmap", .path = there, .capable = true,
	    .nosuid = true }, H(NOSUID), "nosuid" },
	{ { .name = "newuidmap", .path = there, .setuid_root = true,
	    .no_new_privs = true }, H(NO_NEW_PRIVS),
	  "allowPrivilegeEscalation" },
	{ { .name = "newuidmap", .path = there, .setuid_root = true,
	    .ids_unavailable = true }, H(OUTER_MAP), "/etc/subuid" },
	{ { .name = "newgidmap", .path = there, .setuid_root = true,
	    .said = "newgidmap: gid range [0-1) -> [7-8) not allowed" },
	  H(RANGE), "getsubids -g" },
	{ { .name = "newuidmap", .path = there, .setuid_root = true,
	    .said = "newuidmap: write to uid_map failed" }, H(NONE), "" },
};
/* clang-format on */

START_TEST(each_helper_has_its_cause_and_remedy)
{
	struct error err = { .code = EPERM };

	ck_assert_int_eq(helper_cause(&helpers[_i].facts), helpers[_i].cause);
	ck_assert_int_eq(helper_explain(&helpers[_i].facts, &err), -EPERM);
	ck_assert_ptr_nonnull(strstr(err.hint, helpers[_i].hint));
	ck_assert_int_eq(*err.hint == '\0', helpers[_i].cause == H(NONE));
}
END_TEST

START_TEST(every_helper_cause_is_there)
{
	bool seen[N_HELPER_CAUSES] = { false };

	for (size_t i = 0; i < ARRAY_SIZE(helpers); i++)
		seen[helpers[i].cause] = true;
	for (int i = 0; i < N_HELPER_CAUSES; i++)
		ck_assert_msg(seen[i], "cause %d", i);
}
END_TEST

START_TEST(file_capabilities_count_only_when_effective)
{
	uint32_t words[6] = { htole32(VFS_CAP_REVISION_2 |
				      VFS_CAP_FLAGS_EFFECTIVE),
			      htole32(1u << CAP_SETUID),
			      0,
			      0,
			      0,
			      0 };

	ck_assert(file_capability_has(words, XATTR_CAPS_SZ_2, CAP_SETUID));
	ck_assert(!file_capability_has(words, XATTR_CAPS_SZ_2, CAP_SETGID));
	ck_assert(!file_capability_has(words, XATTR_CAPS_SZ_2 - 1, CAP_SETUID));
	ck_assert(!file_capability_has(words, 0, CAP_SETUID));
	/* bit 39, in the second word */
	ck_assert(!file_capability_has(words, XATTR_CAPS_SZ_2, 39));
	words[3] = htole32(1u << (39 - 32));
	ck_assert(file_capability_has(words, XATTR_CAPS_SZ_2, 39));
	words[0] = htole32(VFS_CAP_REVISION_3 | VFS_CAP_FLAGS_EFFECTIVE);
	ck_assert(file_capability_has(words, XATTR_CAPS_SZ_3, CAP_SETUID));
	words[0] = htole32(VFS_CAP_REVISION_2);
	ck_assert(!file_capability_has(words, XATTR_CAPS_SZ_2, CAP_SETUID));
	words[0] = htole32(VFS_CAP_REVISION_1 | VFS_CAP_FLAGS_EFFECTIVE);
	ck_assert(!file_capability_has(words, XATTR_CAPS_SZ_2, CAP_SETUID));
}
END_TEST

START_TEST(a_small_range_is_said_with_its_last_id)
{
	struct error err;

	ck_assert_int_eq(range_explain_size(65536, 65536, &err), 0);
	ck_assert_str_eq(err.text, "");
	ck_assert_int_eq(range_explain_size(65535, 65536, &err), -ERANGE);
	ck_assert_ptr_nonnull(strstr(err.text, "65535 user ids, 0 to 65534"));
	ck_assert_int_eq(range_explain_size(100000, 1000, &err), -ERANGE);
	ck_assert_ptr_nonnull(strstr(err.text, "1000 group ids, 0 to 999"));
}
END_TEST

START_TEST(the_profile_names_our_own_path)
{
	char text[512];

	userns_apparmor_command("/opt/my tools/wolffia", text, sizeof(text));
	ck_assert_ptr_nonnull(strstr(text, "\"/opt/my tools/wolffia\""));
	ck_assert_ptr_nonnull(strstr(text, "abi <abi/4.0>,"));
	userns_apparmor_command("", text, sizeof(text));
	ck_assert_ptr_nonnull(strstr(text, "\"/usr/bin/wolffia\""));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("diagnose");
	TCase *tests = tcase_create("diagnose");

	suite_add_tcase(suite, tests);
	tcase_add_loop_test(tests, each_machine_has_its_cause, 0,
			    ARRAY_SIZE(machines));
	tcase_add_loop_test(tests, each_cause_is_said_with_its_remedy, 0,
			    ARRAY_SIZE(machines));
	tcase_add_test(tests, every_cause_has_a_machine);
	tcase_add_test(tests, this_machine_accuses_nobody);
	tcase_add_loop_test(
		tests, a_filter_that_refuses_user_namespaces_is_found, 0, 2);
	tcase_add_test(tests, a_filter_that_lets_them_pass_is_not_accused);
	tcase_add_loop_test(tests, a_chroot_is_told_by_its_missing_root, 0,
			    ARRAY_SIZE(mounts));
	tcase_add_loop_test(tests, an_id_is_found_in_a_map, 0,
			    ARRAY_SIZE(maps));
	tcase_add_loop_test(tests, what_hides_a_part_of_proc_is_named, 0,
			    ARRAY_SIZE(procs));
	tcase_add_loop_test(tests, each_helper_has_its_cause_and_remedy, 0,
			    ARRAY_SIZE(helpers));
	tcase_add_test(tests, every_helper_cause_is_there);
	tcase_add_test(tests, file_capabilities_count_only_when_effective);
	tcase_add_test(tests, a_small_range_is_said_with_its_last_id);
	tcase_add_test(tests, the_profile_names_our_own_path);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
