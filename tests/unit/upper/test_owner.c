#include "storage/owner.h"

#include <endian.h>
#include <errno.h>

#include <linux/capability.h>

#include "tests/unit/upper/trees.h"

static uint32_t minus_one(const void *context, uint32_t id)
{
	(void)context;
	return id == 0 ? UINT32_MAX : id - 1;
}

static const struct owner_map same = { 0 };
static const struct owner_map nomap = { .uid = minus_one, .gid = minus_one };
static const struct owner_map squash = { .squash = true };
static const struct owner_map single = { .single = true };

static const struct stat some_file = { .st_mode = S_IFREG | 04751,
				       .st_uid = 6,
				       .st_gid = 7 };

static void check_owner(struct owner owner, uint32_t uid, uint32_t gid,
			uint32_t mode)
{
	ck_assert_uint_eq(owner.uid, uid);
	ck_assert_uint_eq(owner.gid, gid);
	ck_assert_uint_eq(owner.mode, mode);
}

START_TEST(ids_become_those_of_the_container)
{
	struct stat ours = { .st_mode = S_IFREG | 0644 };

	check_owner(owner_find(&same, -1, &some_file), 6, 7, 04751);
	check_owner(owner_find(&nomap, -1, &some_file), 5, 6, 04751);
	/* the caller's id is none in the container: it was one of ours */
	check_owner(owner_find(&nomap, -1, &ours), 0, 0, 0644);
	check_owner(owner_find(&squash, -1, &some_file), 0, 0, 04751);
}
END_TEST

START_TEST(with_one_id_the_owner_is_in_an_attribute)
{
	struct stat st;

	file("f", "");
	attribute("f", "user.containers.override_stat", "12:34:04755");
	scoped_fd fd = open("f", O_RDONLY | O_CLOEXEC);
	/* as the unpacker makes it */
	ck_sys(chmod("f", 0755));
	ck_sys(fstat(fd, &st));
	check_owner(owner_find(&single, fd, &st), 12, 34, 04755);
	/* somebody changed the mode: that counts */
	ck_sys(chmod("f", 0700));
	ck_sys(fstat(fd, &st));
	check_owner(owner_find(&single, fd, &st), 12, 34, 0700);
	/* a file without it is root's */
	ck_sys(removexattr("f", "user.containers.override_stat"));
	check_owner(owner_find(&single, fd, &st), 0, 0, 0700);
	/* as is one whose attribute is nonsense */
	attribute("f", "user.containers.override_stat", "me:you:rwx");
	check_owner(owner_find(&single, fd, &st), 0, 0, 0700);
}
END_TEST

static const struct {
	const char *text;
	int result;
} owners[] = {
	{ "0:0:0755", 0 },
	{ "4294967294:4294967294:07777", 0 },
	{ "1:2:644", 0 },
	{ "4294967295:0:0644", -EINVAL }, /* (uid_t)-1 */
	{ "18446744073709551616:0:0644", -EINVAL },
	{ "0:0:017777", -EINVAL },
	{ "0:0:0788", -EINVAL },
	{ "0:0:", -EINVAL },
	{ "0:0", -EINVAL },
	{ ":0:0644", -EINVAL },
	{ "", -EINVAL },
	{ "-1:0:0644", -EINVAL },
	{ " 1:0:0644", -EINVAL },
	{ "1:0:0644 ", -EINVAL },
	{ "1:0:0644:5", -EINVAL },
	{ "0:0:0000000000000000000000000000000000000000000000000000000000644",
	  -EINVAL },
};

START_TEST(only_a_whole_owner_is_one)
{
	struct owner owner;

	for (size_t i = 0; i < ARRAY_SIZE(owners); i++)
		ck_assert_msg(owner_parse(owners[i].text,
					  strlen(owners[i].text),
					  &owner) == owners[i].result,
			      "\"%s\"", owners[i].text);
	ck_assert_int_eq(owner_parse("0:0:0644\0x", 10, &owner), -EINVAL);
}
END_TEST

START_TEST(capabilities_are_those_of_the_containers_root)
{
	struct vfs_ns_cap_data data = {
		.magic_etc =
			htole32(VFS_CAP_REVISION_3 | VFS_CAP_FLAGS_EFFECTIVE),
		.data = { { .permitted = htole32(1u << CAP_NET_RAW) } },
		.rootid = htole32(1),
	};
	struct vfs_ns_cap_data to;

	ck_assert_int_eq(owner_capability(&nomap, &data, sizeof(data), &to),
			 sizeof(struct vfs_cap_data));
	ck_assert_uint_eq(le32toh(to.magic_etc),
			  VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE);
	ck_assert_uint_eq(to.data[0].permitted, data.data[0].permitted);
	/* of id 1: root of a namespace below the container's */
	ck_assert_int_eq(owner_capability(&same, &data, sizeof(data), &to),
			 -ERANGE);
	/* of the outer namespace's root: copied from the image */
	data.rootid = 0;
	ck_assert_int_gt(owner_capability(&nomap, &data, sizeof(data), &to), 0);
	/* the kernel has translated it already */
	data.magic_etc = htole32(VFS_CAP_REVISION_2);
	ck_assert_int_gt(owner_capability(&same, &data,
					  sizeof(struct vfs_cap_data), &to),
			 0);
	/* revision and size disagree */
	ck_assert_int_eq(owner_capability(&same, &data, sizeof(data), &to),
			 -EINVAL);
	ck_assert_int_eq(owner_capability(&same, &data, 3, &to), -EINVAL);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("owner");

	tcase_add_checked_fixture(tests, make_directory, remove_directory);
	tcase_add_test(tests, ids_become_those_of_the_container);
	tcase_add_test(tests, with_one_id_the_owner_is_in_an_attribute);
	tcase_add_test(tests, only_a_whole_owner_is_one);
	tcase_add_test(tests, capabilities_are_those_of_the_containers_root);
	return suite_run("owner", tests);
}
