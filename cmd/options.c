#include "cmd/options.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "cmd/option_rows.h"

/* clang-format off */
#define TO options
const struct option_entry options_table[] = {
HEADING("What it runs"),
LIST('e', "env", env, "NAME[=VALUE]",
     "set a variable; without a value, take the caller's"),
LIST(0, "env-file", env_files, "FILE",
     "set the variables of a file of NAME=VALUE lines"),
VALUE('w', "workdir", workdir, "DIR",
      "start in this directory of the container"),
VALUE('u', "user", user, "USER[:GROUP]",
      "run as this user: a name or a number"),
LIST(0, "group-add", group_add, "GROUP",
     "be in this group as well"),
VALUE(0, "entrypoint", entrypoint, "COMMAND",
      "run this instead of the image's entrypoint; \"\" for none"),
FLAG(0, "init", init,
     "have a small init as PID 1 (the default; --init=false is --pid1)"),
FLAG(0, "pid1", pid1,
     "the command is PID 1 itself: it has to reap and to handle signals"),
VALUE(0, "stop-signal", stop_signal, "SIGNAL",
      "what asks the command to end; SIGTERM unless the image says"),
VALUE(0, "timeout", timeout, "TIME",
      "end the container after 90 (seconds), 5m, 1h30m"),

HEADING("How it is attached and named"),
FLAG('i', "interactive", interactive, "connect standard input"),
FLAG('t', "tty", tty, "give it a terminal of its own"),
FLAG('d', "detach", detach,
     "go on in the background, and print the container's id"),
FLAG(0, "rm", remove,
     "remove the container when it has ended: the default, but for -d, "
     "--restart and create; --rm=false keeps it"),
VALUE(0, "restart", restart, "POLICY",
      "start it again when it has ended: no, on-failure[:N], always, "
      "unless-stopped"),
VALUE(0, "stop-timeout", stop_timeout, "SECONDS",
      "what stop waits before it kills; 10"),
VALUE(0, "cidfile", cidfile, "FILE", "write the container's id to a new file"),
VALUE(0, "pidfile", pidfile, "FILE",
      "write the number of its PID 1 on this machine to a file"),
CHOICE("log-driver", NULL, log_driver, "DRIVER", CHOICES_LOG_DRIVER,
       "where what it writes is kept: k8s-file (json-file and local mean the "
       "same), or none; none unless -d or create"),
LIST(0, "log-opt", log_opts, "NAME=VALUE", "max-size=10m, max-file=2"),
VALUE(0, "detach-keys", detach_keys, "KEYS",
      "with -it: these keys let go of it, and it goes on; ctrl-p,ctrl-q"),
FLAG(0, "die-with-parent", die_with_parent,
     "end with the process that started wolffia (the default)"),
FLAG(0, "keep", keep,
     "go on when the process that started wolffia ends"),
FLAG('q', "quiet", quiet, "no notices, only errors"),
VALUE(0, "status-fd", status_fd, "N",
      "write what happens to descriptor N, as lines of JSON"),
VALUE(0, "name", name, "NAME",
      "the container's name; made up if not given"),
VALUE('h', "hostname", hostname, "NAME",
      "its host name; the start of its id if not given"),
LIST('l', "label", labels, "KEY[=VALUE]", "note something about it"),
LIST(0, "label-file", label_files, "FILE",
     "take labels from a file of KEY=VALUE lines"),

HEADING("Its root and its files"),
VALUE(0, "rootfs", rootfs, "DIR[:rw]",
      "this directory is its root, under a throw-away layer, or with :rw "
      "written in place; the first argument is then the command"),
FLAG(0, "read-only", read_only, "nothing in its root can be written"),
LIST('v', "volume", volumes, "SRC:DST[:OPTIONS]",
     "mount a directory, a file, or a named volume; OPTIONS are ro, rw, "
     "exec, noexec, rbind, bind, nosymfollow, z, Z"),
LIST(0, "mount", mounts, "KEY=VALUE,...",
     "the same in many words: type=bind|volume|tmpfs,src=,dst=,readonly,..."),
LIST(0, "tmpfs", tmpfs, "DST[:OPTIONS]",
     "an empty directory in memory; OPTIONS are size=64m, mode=1777, ro, "
     "exec"),
VALUE(0, "shm-size", shm_size, "SIZE", "size of /dev/shm; 64m"),
CHOICE("driver", NULL, driver, "DRIVER", CHOICES_DRIVER,
       "what makes the writable root: auto, fuse-overlayfs, overlay"),
CHOICE("pull", NULL, pull, "WHEN", CHOICES_PULL,
       "when the image is fetched: always, if the registry has another one; "
       "missing, if the store has none (the default); never"),
VALUE(0, "platform", platform, "OS/ARCHITECTURE[/VARIANT]",
      "take the image for this platform, which has to run here"),
VALUE(0, "store", global.store, "DIR",
      "where images and volumes lie; $WOLFFIA_STORE or "
      "~/.local/share/wolffia"),

HEADING("What it may do"),
CHOICE("profile", NULL, profile, "PROFILE", CHOICES_PROFILE,
       "a set of the following: default, setuid, nested, debug, none"),
FLAG(0, "i-know", i_know, "--profile none is meant"),
CHOICE("userns", NULL, userns, "MODE", CHOICES_USERNS,
       "who it is on this machine: auto, nomap, as-me, keep-id, single"),
CHOICE("network", "net", network, "NETWORK", CHOICES_NETWORK,
       "none: nothing but a loopback (the default); host: this machine's"),
LIST(0, "cap-add", cap_add, "CAPABILITY", "grant a capability, or ALL"),
LIST(0, "cap-drop", cap_drop, "CAPABILITY",
     "take a capability away, or ALL"),
LIST(0, "security-opt", security_opts, "OPTION",
     "no-new-privileges=false, seccomp=unconfined, landlock=off, "
     "mask=PATH[:PATH], unmask=ALL|PATH[:PATH], systempaths=unconfined"),
VALUE(0, "pids-limit", pids_limit, "N",
      "processes in the whole container; 2048; 0 for no limit"),
LIST(0, "ulimit", ulimits, "NAME=SOFT[:HARD]",
     "limit a resource of each process, as in nofile=1024"),
FLAG(0, "strict", strict,
     "whatever cannot be given in full is an error, not a notice"),

HEADING("About wolffia itself"),
FLAG(0, "debug", global.debug, "say what is done: --log-level debug"),
CHOICE("log-level", NULL, global.log_level, "LEVEL", CHOICES_LOG_LEVEL,
       "error, warning, info, debug"),
FLAG(0, "help", help, "show this"),

/* What docker(1) and podman(1) have besides. */
REFUSED(0, "privileged", "wolffia has no privileged mode",
        "grant what is needed: --cap-add, --security-opt, --network host, "
        "-v; or a set of them: --profile nested, --profile none --i-know"),
REFUSED('p', "publish", "publishing ports is not there yet",
        "--network host lets the container listen on this machine"),
REFUSED('P', "publish-all", "publishing ports is not there yet",
        "--network host lets the container listen on this machine"),
REFUSED('m', "memory", "limits of control groups are not there yet",
        "--ulimit as=BYTES limits the memory of each process"),
REFUSED(0, "cpus", "limits of control groups are not there yet",
        "start wolffia with nice(1) or taskset(1): the container inherits it"),
REFUSED(0, "device", "giving a device to a container is not there yet", NULL),
REFUSED(0, "gpus", "giving a device to a container is not there yet", NULL),
REFUSED(0, "pid", "a container always has processes of its own", NULL),
REFUSED(0, "ipc", "a container always has an IPC namespace of its own",
        "leave it out; share memory through a volume"),
REFUSED(0, "uts", "a container always has a host name of its own",
        "leave it out; --hostname chooses the name"),
REFUSED(0, "cgroupns", "a container always has a cgroup namespace of its own",
        "leave it out"),
REFUSED(0, "dns", "there is no network of its own for a container yet",
        "--network host uses this machine's resolver"),
REFUSED(0, "add-host", "writing /etc/hosts is not there yet",
        "bind a file of your own: -v ./hosts:/etc/hosts:ro"),
REFUSED(0, "sysctl", "setting kernel parameters is not there yet", NULL),
REFUSED(0, "volumes-from", "one container's mounts cannot be taken over",
        "name the volumes again: -v NAME:DST"),
REFUSED('a', "attach", "standard output and error are always connected",
        "leave it out; -i connects standard input"),

OPTION_TABLE_END
};
#undef TO

#define TO global_options
const struct option_entry global_options_table[] = {
HEADING("About wolffia itself"),
VALUE(0, "store", store, "DIR",
      "where images and volumes lie; $WOLFFIA_STORE or "
      "~/.local/share/wolffia"),
LIST(0, "imagestore", imagestores, "DIR",
     "a store whose images are used and never changed; $WOLFFIA_IMAGESTORE"),
FLAG('D', "debug", debug, "say what is done: --log-level debug"),
CHOICE("log-level", NULL, log_level, "LEVEL", CHOICES_LOG_LEVEL,
       "error, warning, info, debug"),
FLAG('h', "help", help, "show the verbs"),
FLAG(0, "version", version, "show the version"),
OPTION_TABLE_END
};
#undef TO
/* clang-format on */

void options_free(struct options *options)
{
	strv_free(&options->env);
	strv_free(&options->env_files);
	strv_free(&options->group_add);
	strv_free(&options->labels);
	strv_free(&options->label_files);
	strv_free(&options->volumes);
	strv_free(&options->mounts);
	strv_free(&options->tmpfs);
	strv_free(&options->cap_add);
	strv_free(&options->cap_drop);
	strv_free(&options->security_opts);
	strv_free(&options->ulimits);
	strv_free(&options->log_opts);
}

int options_parse(int argc, char *const argv[], struct options *ret,
		  struct error *err)
{
	int next = option_table_parse(options_table, argc, argv, ret, err);

	if (next < 0)
		return next;
	if (!ret->rootfs && next < argc)
		ret->image = argv[next++];
	ret->command = &argv[next];
	return 0;
}

int global_options_parse(int argc, char *const argv[],
			 struct global_options *ret, struct error *err)
{
	return option_table_parse(global_options_table, argc, argv, ret, err);
}

bool options_want_image(const struct options *options)
{
	return !options->rootfs && options->image &&
	       strcmp(options->image, "@host") != 0;
}

void options_print_help(FILE *to)
{
	fputs("Usage: wolffia run [OPTION...] IMAGE [COMMAND [ARGUMENT...]]\n"
	      "       wolffia run [OPTION...] @host [COMMAND [ARGUMENT...]]\n"
	      "       wolffia run [OPTION...] --rootfs DIR "
	      "[COMMAND [ARGUMENT...]]\n"
	      "Run a command in a new container and wait for it.\n",
	      to);
	option_table_help(options_table, to);
	fputs("\n@host is this machine's own root under a throw-away layer.\n"
	      "The exit status is the command's own; 128+N when signal N ended "
	      "it; 125 when\nwolffia failed; 126 and 127 when the command "
	      "cannot be run or is not there.\nMore: wolffia-run(1)\n",
	      to);
}
