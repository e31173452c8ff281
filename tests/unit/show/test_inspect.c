#include "cmd/inspect_json.h"

#include <signal.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "core/confine/capabilities.h"
#include "tests/unit/images/suite.h"

#define NOW (UINT64_C(1795341600) * 1000000000)

static char id[] =
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
static char name[] = "web", image[] = "debian:12", none[] = "";
static char user[] = "", cause[] = "exit";
static char source[] = "/srv/data", target[] = "/data", volume[] = "/s/vol";
static char workdir[] = "/", hostname[] = "web";

struct made {
	struct spec spec;
	struct container container;
	struct spec_mount mounts[3];
	struct spec_rlimit rlimit;
	struct inspect_facts facts;
};

static void make(struct made *m)
{
	*m = (struct made){
		.spec = {
			.id = id, .name = name, .hostname = hostname,
			.workdir = workdir, .user.text = user,
			.stop_signal = SIGTERM, .stop_timeout_ms = 10000,
			.capabilities = capabilities_default(),
			.shm_size = 65536, .driver = DRIVER_OVERLAY,
			.log = { .max_size = 4096, .max_file = 2 },
			.no_new_privileges = true, .landlock = true,
			.userns = USERNS_NOMAP,
		},
		.container = {
			.alive = true,
			.record = {
				.id = id, .name = name, .image = image,
				.command = none, .cause = none, .message = none,
				.created_ns = NOW, .started_ns = NOW + 5,
				.phase = PHASE_RUNNING, .pid = 77,
				.launcher_pid = 70,
			},
		},
		.mounts = {
			{ .kind = MOUNT_BIND, .source = source,
			  .target = target, .exec = true },
			{ .kind = MOUNT_VOLUME, .source = volume,
			  .target = target, .read_only = true, .exec = true },
			{ .kind = MOUNT_TMPFS, .target = target,
			  .mode = 01777, .size = 4096 },
		},
		.rlimit = { RLIMIT_NOFILE, { 64, RLIM_INFINITY } },
	};
	m->spec.mounts = m->mounts;
	m->spec.n_mounts = ARRAY_SIZE(m->mounts);
	m->spec.rlimits = &m->rlimit;
	m->spec.n_rlimits = 1;
	m->facts = (struct inspect_facts){ .container = &m->container,
					   .spec = &m->spec,
					   .directory = "/s/containers/0123",
					   .image_id = "abcd" };
	strv_add(&m->spec.argv, "sh");
	strv_add(&m->spec.argv, "-c");
	strv_add(&m->spec.argv, "true");
	m->spec.entrypoint_words = 2;
	strv_add(&m->spec.env, "A=1");
	strv_add(&m->spec.labels, "x=1");
}

static void release(struct made *m)
{
	strv_free(&m->spec.argv);
	strv_free(&m->spec.env);
	strv_free(&m->spec.labels);
}

/* "State.Status", "Mounts.0.RW" as JSON on one line; the caller's to free */
static char *at(const json_t *all, const char *path)
{
	scoped(char) *copy = xstrdup(path);
	char *rest = copy;

	for (char *key; (key = strsep(&rest, "."));)
		all = json_is_array(all)
			      ? json_array_get(all, (size_t)atoi(key))
			      : json_object_get(all, key);
	char *text =
		all ? json_dumps(all, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
	return text ? text : xstrdup("nothing");
}

/* clang-format off */
static const struct {
	const char *path, *value;
} values[] = {
	{ "Id", "\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"" },
	{ "Name", "\"web\"" },
	{ "Created", "\"2026-11-22T10:00:00.000000000Z\"" },
	{ "Path", "\"sh\"" },
	{ "Args", "[\"-c\",\"true\"]" },
	{ "Image", "\"abcd\"" },
	{ "ImageName", "\"debian:12\"" },
	{ "RestartCount", "0" },
	{ "Driver", "\"overlay\"" },
	{ "State.Status", "\"running\"" },
	{ "State.Running", "true" },
	{ "State.Paused", "false" },
	{ "State.OOMKilled", "false" },
	{ "State.Dead", "false" },
	{ "State.Pid", "77" },
	{ "State.ExitCode", "0" },
	{ "State.StartedAt", "\"2026-11-22T10:00:00.000000005Z\"" },
	{ "State.FinishedAt", "\"0001-01-01T00:00:00Z\"" },
	{ "Config.Hostname", "\"web\"" },
	{ "Config.Cmd", "[\"true\"]" },
	{ "Config.Entrypoint", "[\"sh\",\"-c\"]" },
	{ "Config.Env", "[\"A=1\"]" },
	{ "Config.Labels", "{\"x\":\"1\"}" },
	{ "Config.StopSignal", "\"SIGTERM\"" },
	{ "Config.StopTimeout", "10" },
	{ "Config.Tty", "false" },
	{ "Mounts.0.Type", "\"bind\"" },
	{ "Mounts.0.Source", "\"/srv/data\"" },
	{ "Mounts.0.Destination", "\"/data\"" },
	{ "Mounts.0.RW", "true" },
	{ "Mounts.1.Type", "\"volume\"" },
	{ "Mounts.1.Name", "\"vol\"" },
	{ "Mounts.1.RW", "false" },
	{ "Mounts.2", "nothing" },
	{ "HostConfig.Binds", "[\"/srv/data:/data:rw,rprivate,rbind\",\"vol:/data:ro,rprivate,rbind\"]" },
	{ "HostConfig.Tmpfs", "{\"/data\":\"rw,nosuid,nodev,noexec,mode=1777,size=4096\"}" },
	{ "HostConfig.NetworkMode", "\"none\"" },
	{ "HostConfig.RestartPolicy", "{\"Name\":\"no\",\"MaximumRetryCount\":0}" },
	{ "HostConfig.AutoRemove", "false" },
	{ "HostConfig.CapAdd", "[]" },
	{ "HostConfig.CapDrop", "[]" },
	{ "HostConfig.Privileged", "false" },
	{ "HostConfig.ReadonlyRootfs", "false" },
	{ "HostConfig.SecurityOpt", "[\"no-new-privileges\"]" },
	{ "HostConfig.ShmSize", "65536" },
	{ "HostConfig.Memory", "0" },
	{ "HostConfig.Ulimits", "[{\"Name\":\"nofile\",\"Soft\":64,\"Hard\":-1}]" },
	{ "HostConfig.LogConfig", "{\"Type\":\"k8s-file\",\"Config\":{\"max-size\":\"4096\",\"max-file\":\"2\"}}" },
	{ "NetworkSettings.IPAddress", "\"\"" },
	{ "NetworkSettings.Ports", "{}" },
	{ "GraphDriver.Data.UpperDir", "\"/s/containers/0123/upper\"" },
	{ "Wolffia.Userns", "\"nomap\"" },
	{ "Wolffia.Seccomp", "\"default\"" },
	{ "Wolffia.Landlock", "true" },
	{ "SizeRw", "nothing" },
};
/* clang-format on */

START_TEST(a_container_is_told_with_the_names_of_podman)
{
	struct made m;

	make(&m);
	scoped_json *all = inspect_container(&m.facts);
	scoped(char) *value = at(all, values[_i].path);
	ck_assert_msg(strcmp(value, values[_i].value) == 0, "%s is %s",
		      values[_i].path, value);
	release(&m);
}
END_TEST

START_TEST(one_that_has_ended_has_no_process)
{
	struct made m;

	make(&m);
	m.container.alive = false;
	m.container.record.phase = PHASE_EXITED;
	m.container.record.exit_code = 3;
	m.container.record.cause = cause;
	scoped_json *all = inspect_container(&m.facts);
	scoped(char) *state = at(all, "State.Status");
	scoped(char) *running = at(all, "State.Running");
	scoped(char) *pid = at(all, "State.Pid");
	scoped(char) *code = at(all, "State.ExitCode");
	scoped(char) *how = at(all, "Wolffia.Cause");
	ck_assert_str_eq(state, "\"exited\"");
	ck_assert_str_eq(running, "false");
	ck_assert_str_eq(pid, "0");
	ck_assert_str_eq(code, "3");
	ck_assert_str_eq(how, "\"exit\"");
	release(&m);
}
END_TEST

START_TEST(capabilities_are_those_of_roots)
{
	static char other[] = "1000:0", root[] = "root:x", near[] = "00";
	struct made m;

	make(&m);
	m.spec.capabilities = 1; /* CHOWN */
	scoped_json *all = inspect_container(&m.facts);
	scoped(char) *effective = at(all, "EffectiveCaps");
	scoped(char) *dropped = at(all, "HostConfig.CapDrop.0");
	ck_assert_str_eq(effective, "[\"CAP_CHOWN\"]");
	ck_assert_str_eq(dropped, "\"CAP_DAC_OVERRIDE\"");
	m.spec.user.text = other;
	scoped_json *user_all = inspect_container(&m.facts);
	scoped(char) *of_user = at(user_all, "EffectiveCaps");
	scoped(char) *bounding = at(user_all, "BoundingCaps");
	ck_assert_str_eq(of_user, "[]");
	ck_assert_str_eq(bounding, "[\"CAP_CHOWN\"]");
	m.spec.user.text = root;
	scoped_json *root_all = inspect_container(&m.facts);
	scoped(char) *of_root = at(root_all, "EffectiveCaps");
	ck_assert_str_eq(of_root, "[\"CAP_CHOWN\"]");
	m.spec.user.text = near;
	scoped_json *near_all = inspect_container(&m.facts);
	scoped(char) *of_near = at(near_all, "EffectiveCaps");
	ck_assert_str_eq(of_near, "[]");
	release(&m);
}
END_TEST

static char digest_a[] =
	"sha256:"
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
static char digest_b[] =
	"sha256:"
	"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
static char digest_c[] =
	"sha256:"
	"cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc";
static char tag_a[] = "localhost/a:1", tag_b[] = "localhost:5000/b:2";
static char tag_c[] = "localhost/c:3", text_amd64[] = "amd64";
static char text_linux[] = "linux", type[] = MEDIA_MANIFEST;

START_TEST(an_image_is_told_with_all_its_names)
{
	struct descriptor entries[] = {
		{ .digest = digest_a,
		  .name = tag_a,
		  .size = 1,
		  .media_type = type },
		{ .digest = digest_b, .name = tag_c },
		{ .digest = digest_a, .name = tag_b },
	};
	struct descriptor layers[] = { { .size = 1000 }, { .size = 20 } };
	const struct image_index index = { entries, ARRAY_SIZE(entries) };
	const struct manifest manifest = { { .digest = digest_c, .size = 300 },
					   layers,
					   ARRAY_SIZE(layers) };
	struct image_config config = { .created = none,
				       .os = text_linux,
				       .architecture = text_amd64,
				       .user = user,
				       .workdir = none,
				       .stop_signal = none };
	const struct image_facts facts = { .index = &index,
					   .entry = &entries[0],
					   .manifest = &manifest,
					   .config = &config };

	strv_add(&config.ports, "80/tcp");
	scoped_json *all = inspect_image(&facts);
	scoped(char) *image_id = at(all, "Id");
	scoped(char) *tags = at(all, "RepoTags");
	scoped(char) *repository = at(all, "RepoDigests.1");
	scoped(char) *size = at(all, "Size");
	scoped(char) *ports = at(all, "Config.ExposedPorts");
	scoped(char) *created = at(all, "Created");
	ck_assert_str_eq(image_id,
			 "\"cccccccccccccccccccccccccccccccccccccccccccccccccc"
			 "cccccccccccccc\"");
	ck_assert_str_eq(tags, "[\"localhost/a:1\",\"localhost:5000/b:2\"]");
	ck_assert_ptr_nonnull(strstr(repository, "\"localhost:5000/b@sha256:"));
	ck_assert_str_eq(size, "1321");
	ck_assert_str_eq(ports, "{\"80/tcp\":{}}");
	ck_assert_str_eq(created, "\"0001-01-01T00:00:00Z\"");
	strv_free(&config.ports);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("inspect");

	tcase_add_loop_test(tests, a_container_is_told_with_the_names_of_podman,
			    0, ARRAY_SIZE(values));
	tcase_add_test(tests, one_that_has_ended_has_no_process);
	tcase_add_test(tests, capabilities_are_those_of_roots);
	tcase_add_test(tests, an_image_is_told_with_all_its_names);
	return suite_run("inspect", tests);
}
