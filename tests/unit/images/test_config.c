#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "storage/manifest.h"
#include "tests/unit/images/suite.h"

#define HEX16 "0123456789abcdef"
#define D     "\"sha256:" HEX16 HEX16 HEX16 HEX16 "\""
#define R     "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[" D "]}"

static const char *const wrong[] = {
	"",
	"[]",
	"{}",
	"{\"rootfs\":7}",
	"{\"rootfs\":null}",
	"{\"rootfs\":{\"type\":\"squashfs\",\"diff_ids\":[]}}",
	"{\"rootfs\":{\"type\":7,\"diff_ids\":[]}}",
	"{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":{}}}",
	"{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[7]}}",
	"{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:..\"]}}",
	"{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha512:" HEX16 HEX16
		HEX16 HEX16 HEX16 HEX16 HEX16 HEX16 "\"]}}",
	"{" R ",\"created\":7}",
	"{" R ",\"os\":7}",
	"{" R ",\"architecture\":[]}",
	"{" R ",\"architecture\":\"a\\nb\"}",
	"{" R ",\"config\":7}",
	"{" R ",\"config\":[]}",
	"{" R ",\"config\":\"x\"}",
	"{" R ",\"config\":{\"User\":7}}",
	"{" R ",\"config\":{\"User\":\"a\\nroot::0:0\"}}",
	"{" R ",\"config\":{\"User\":\"a\\u0000b\"}}",
	"{" R ",\"config\":{\"WorkingDir\":{}}}",
	"{" R ",\"config\":{\"WorkingDir\":\"/a\\u001bb\"}}",
	"{" R ",\"config\":{\"StopSignal\":9}}",
	"{" R ",\"config\":{\"Env\":\"A=b\"}}",
	"{" R ",\"config\":{\"Env\":{\"A\":\"b\"}}}",
	"{" R ",\"config\":{\"Env\":[7]}}",
	"{" R ",\"config\":{\"Env\":[\"A\"]}}",
	"{" R ",\"config\":{\"Env\":[\"=b\"]}}",
	"{" R ",\"config\":{\"Env\":[\"\"]}}",
	"{" R ",\"config\":{\"Cmd\":\"sh\"}}",
	"{" R ",\"config\":{\"Cmd\":[[]]}}",
	"{" R ",\"config\":{\"Entrypoint\":7}}",
	"{" R ",\"config\":{\"Entrypoint\":[null]}}",
	"{" R ",\"config\":{\"Volumes\":[\"/a\"]}}",
	"{" R ",\"config\":{\"Volumes\":{\"/a\":7}}}",
	"{" R ",\"config\":{\"Volumes\":{\"a\":{}}}}",
	"{" R ",\"config\":{\"Volumes\":{\"\":{}}}}",
	"{" R ",\"config\":{\"Volumes\":{\"/a\\nb\":{}}}}",
	"{" R ",\"config\":{\"ExposedPorts\":[]}}",
	"{" R ",\"config\":{\"Labels\":[]}}",
	"{" R ",\"config\":{\"Labels\":{\"a\":1}}}",
	"{" R ",\"config\":{\"User\":\"a\",\"User\":\"b\"}}",
};

START_TEST(a_wrong_type_is_one_clear_error)
{
	const char *text = wrong[_i];
	struct image_config config = { 0 };
	struct error err = { 0 };
	int r = config_parse(text, strlen(text), &config, &err);

	ck_assert_msg(r == -EINVAL, "%s", text);
	ck_assert_ptr_nonnull(strstr(err.text, "the image configuration"));
	ck_assert_ptr_null(strchr(err.text, '\n'));
	ck_assert_ptr_null(config.user);
}
END_TEST

START_TEST(another_system_than_linux_is_refused)
{
	static const char text[] = "{" R ",\"os\":\"windows\"}";
	struct image_config config = { 0 };
	struct error err;

	ck_assert_int_eq(config_parse(text, strlen(text), &config, &err),
			 -ENOTSUP);
}
END_TEST

START_TEST(null_is_as_good_as_nothing)
{
	static const char text[] =
		"{" R ",\"created\":null,\"config\":{\"User\":null,"
		"\"Env\":null,\"Cmd\":null,\"Entrypoint\":null,"
		"\"Volumes\":null,\"Labels\":null,\"ExposedPorts\":null,"
		"\"WorkingDir\":\"\"},\"history\":[{}]}";
	scoped_config config = { 0 };
	struct error err = { 0 };

	int r = config_parse(text, strlen(text), &config, &err);
	ck_assert_msg(r == 0, "%s", err.text);
	ck_assert_str_eq(config.user, "");
	ck_assert_str_eq(config.workdir, "");
	ck_assert_uint_eq(config.env.n, 0);
	ck_assert_uint_eq(config.diff_ids.n, 1);
}
END_TEST

START_TEST(all_members_arrive_and_survive_a_round_trip)
{
	static const char text[] =
		"{" R ",\"os\":\"linux\",\"architecture\":\"amd64\","
		"\"config\":{\"User\":\"1:2\",\"Env\":[\"A=b\\nc\",\"B=\"],"
		"\"Cmd\":[\"x\",\"\"],\"Entrypoint\":[\"/e\"],"
		"\"Volumes\":{\"/v\":{}},\"Labels\":{\"k\":\"v=w\"},"
		"\"ExposedPorts\":{\"80/tcp\":{}},\"StopSignal\":\"SIGINT\","
		"\"WorkingDir\":\"/w\"}}";
	scoped_config first = { 0 }, config = { 0 };
	struct error err = { 0 };

	ck_assert_int_eq(config_parse(text, strlen(text), &first, &err), 0);
	scoped(char) *again = config_text(&first, "a test", "");
	ck_assert_int_eq(config_parse(again, strlen(again), &config, &err), 0);
	ck_assert_str_eq(config.user, "1:2");
	ck_assert_str_eq(config.workdir, "/w");
	ck_assert_str_eq(config.stop_signal, "SIGINT");
	ck_assert_str_eq(config.env.v[0], "A=b\nc");
	ck_assert_str_eq(config.env.v[1], "B=");
	ck_assert_str_eq(config.cmd.v[1], "");
	ck_assert_str_eq(config.entrypoint.v[0], "/e");
	ck_assert_str_eq(config.volumes.v[0], "/v");
	ck_assert_str_eq(config.labels.v[0], "k=v=w");
	ck_assert_str_eq(config.ports.v[0], "80/tcp");
}
END_TEST

START_TEST(layers_and_diff_ids_must_be_equally_many)
{
	scoped_config config = { 0 };
	struct manifest manifest = { 0 };
	struct error err;

	strv_add(&config.diff_ids, "sha256:x");
	ck_assert_int_eq(config_check_layers(&config, &manifest, &err),
			 -EINVAL);
	manifest.n_layers = 1;
	ck_assert_int_eq(config_check_layers(&config, &manifest, &err), 0);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("config");

	tcase_add_loop_test(tests, a_wrong_type_is_one_clear_error, 0,
			    ARRAY_SIZE(wrong));
	tcase_add_test(tests, another_system_than_linux_is_refused);
	tcase_add_test(tests, null_is_as_good_as_nothing);
	tcase_add_test(tests, all_members_arrive_and_survive_a_round_trip);
	tcase_add_test(tests, layers_and_diff_ids_must_be_equally_many);
	return suite_run("config", tests);
}
