/*
 * Command lines, and what becomes of them.  Words are split at spaces; ''
 * inside makes an empty word, and ~ in a word stands for a space.  %T is a
 * temporary directory with: dir/ dir/sub/ file env bad-env labels.
 *
 * A good row names lines that the description of the spec has to have
 * ("; " between), or with "!" in front must not have.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/path.h"
#include "base/text.h"
#include "cmd/container_name.h"
#include "cmd/signal_name.h"
#include "cmd/spec_from_options.h"
#include "core/confine/capabilities.h"

#define WORDS(...)                                                             \
	{ (char **)(const char *[]){ __VA_ARGS__, NULL },                      \
	  sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *) }

/* clang-format off */
static const char *const words[] = { "HOME=/home/me", "FOO=from-caller", "LONG=a=b",
	                  "PATH=/caller", NULL };
#define caller ((char *const *)words)

/* plain has a CMD only, app has all there is, empty has nothing */
static struct image images[] = {
	{ .reference = (char *)"plain", .digest = (char *)"sha256:01", .user = (char *)"",
	  .workdir = (char *)"", .stop_signal = (char *)"",
	  .layers = WORDS("/store/layers/2", "/store/layers/1"),
	  .env = WORDS("PATH=/image/bin", "LANG=C"), .cmd = WORDS("/bin/sh") },
	{ .reference = (char *)"app", .digest = (char *)"sha256:02", .user = (char *)"app:users",
	  .workdir = (char *)"srv/./x", .stop_signal = (char *)"SIGQUIT",
	  .layers = WORDS("/store/layers/3"),
	  .env = WORDS("FOO=from-image", "HOME=/srv", "TEXT=a\nb"),
	  .entrypoint = WORDS("/app", "-x"), .cmd = WORDS("serve", "all"),
	  .labels = WORDS("a=1", "b=2\n", "c=3"),
	  .volumes = WORDS("/data", "/more") },
	{ .reference = (char *)"empty", .layers = WORDS("/store/layers/4") },
	{ .reference = (char *)"badenv", .layers = WORDS("/store/layers/4"),
	  .env = WORDS("=x"), .cmd = WORDS("x") },
	{ .reference = (char *)"badsignal", .layers = WORDS("/store/layers/4"),
	  .stop_signal = (char *)"SIGNOPE", .cmd = WORDS("x") },
	{ .reference = (char *)"baduser", .layers = WORDS("/store/layers/4"),
	  .user = (char *)"a\nb", .cmd = WORDS("x") },
	{ .reference = (char *)"bigid", .layers = WORDS("/store/layers/4"),
	  .user = (char *)"4294967295", .cmd = WORDS("x") },
	{ .reference = (char *)"nolayers", .cmd = WORDS("x") },
};

#define EIGHT "caps=800400eb"

static const struct {
	const char *line;
	const char *lines;
} good[] = {
	/* the command */
	{ "plain", "argv=[/bin/sh]; image=plain sha256:01; rootfs=0; layer /store/layers/2; layer /store/layers/1" },
	{ "plain ls -l", "argv=[ls][-l]; entrypoint=0" },
	{ "plain --bind -v", "argv=[--bind][-v]; n_mounts=0" },
	{ "plain -- x", "argv=[--][x]" },
	{ "-- plain x", "argv=[x]" },
	{ "plain x ''", "argv=[x][]" },
	{ "app", "argv=[/app][-x][serve][all]; entrypoint=2" },
	{ "app one two", "argv=[/app][-x][one][two]; entrypoint=2" },
	{ "--entrypoint /bin/ls app", "argv=[/bin/ls]; entrypoint=1" },
	{ "--entrypoint /bin/ls app -l", "argv=[/bin/ls][-l]; entrypoint=1" },
	{ "--entrypoint= app id", "argv=[id]; entrypoint=0" },
	{ "--entrypoint '' app id", "argv=[id]" },
	{ "--entrypoint [\"a\",\"b~c\"] app d", "argv=[a][b c][d]; entrypoint=2" },
	{ "--entrypoint [] app d", "argv=[d]" },
	{ "empty true", "argv=[true]" },
	{ "@host", "argv=[/bin/sh]; rootfs=3; image=- -; !layer; workdir=/" },
	{ "@host id -u", "argv=[id][-u]" },
	{ "--entrypoint /bin/ls @host", "argv=[/bin/ls]" },
	{ "--rootfs %T/dir", "argv=[/bin/sh]; rootfs=1 %T/dir" },
	{ "--rootfs dir ls", "argv=[ls]; rootfs=1 %T/dir" },
	{ "--rootfs %T/dir:rw plain", "argv=[plain]; rootfs=2 %T/dir" },
	{ "--rootfs ./dir/:O", "rootfs=1 %T/dir" },

	/* the environment */
	{ "plain", "env PATH=/image/bin; env LANG=C; !env HOME; !env FOO; !env TERM" },
	{ "@host", "env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin; !env HOME; n_env=2" },
	{ "-t plain", "env TERM=xterm; tty" },
	{ "-t -e TERM=vt100 plain", "env TERM=vt100; !env TERM=xterm" },
	{ "-h box plain", "env HOSTNAME=box; hostname=box" },
	{ "-h box -e HOSTNAME=other plain", "env HOSTNAME=other; hostname=box" },
	{ "-e A=1 plain", "env A=1" },
	{ "-eA=1 -e B=a=b plain", "env A=1; env B=a=b" },
	{ "--env=A= plain", "env A=" },
	{ "-e A=1 -e A=2 plain", "env A=2; !env A=1" },
	{ "-e FOO plain", "env FOO=from-caller" },
	{ "-e LONG plain", "env LONG=a=b" },
	{ "-e NOPE plain", "!env NOPE" },
	{ "-e LANG plain", "!env LANG" },
	{ "-e FO plain", "!env FO" },
	{ "-e HOME plain", "env HOME=/home/me" },
	{ "-e PATH plain", "env PATH=/caller; !env PATH=/image/bin" },
	{ "app", "env FOO=from-image; env HOME=/srv; env TEXT=a\nb" },
	{ "-e FOO=x app", "env FOO=x; !env FOO=from-image" },
	{ "--env-file env plain", "env A=file; env B=\"two\"; env LANG=file; env FOO=from-caller; !env LANG=C" },
	{ "-e A=arg --env-file %T/env plain", "env A=arg; env B=\"two\"" },
	{ "--env-file env --env-file env2 plain", "env A=second" },
	{ "-e A=1~2 plain", "env A=1 2" },
	{ "-e A=\n plain", "env A=\n" },

	/* directory, user, signals, time */
	{ "plain", "workdir=/; user=; signal=15; timeout=0; !tty; !stdin; !pid1; !keep; !quiet; status=-1" },
	{ "app", "workdir=/srv/x; user=app:users; signal=3" },
	{ "-w /a/./b//c/.. plain", "workdir=/a/b" },
	{ "-w /x app", "workdir=/x" },
	{ "-u 1000 plain", "user=1000" },
	{ "-u 1000:1000 plain", "user=1000:1000" },
	{ "-u root:wheel app", "user=root:wheel" },
	{ "-u 0 plain", "user=0" },
	{ "-u 4294967294 plain", "user=4294967294" },
	{ "-u DOM\\user plain", "user=DOM\\user" },
	{ "--group-add wheel --group-add 12 plain", "group wheel; group 12" },
	{ "--stop-signal SIGINT plain", "signal=2" },
	{ "--stop-signal int app", "signal=2" },
	{ "--stop-signal 9 plain", "signal=9" },
	{ "--stop-signal RTMIN+3 plain", "signal=37" },
	{ "--stop-signal SIGRTMAX plain", "signal=64" },
	{ "plain", "remove; restart=0:0; stop=10000; once_stdin; no_log" },
	{ "-d plain", "!remove; !once_stdin; !no_log" },
	{ "--detach plain", "!remove" },
	{ "-itd plain", "tty; stdin; !once_stdin; !remove" },
	{ "-d --rm plain", "remove" },
	{ "--rm=false plain", "!remove; no_log" },
	{ "--restart=no plain", "remove; restart=0:0" },
	{ "--restart always plain", "!remove; restart=2:0" },
	{ "--restart unless-stopped plain", "!remove; restart=3:0" },
	{ "--restart on-failure plain", "!remove; restart=1:0" },
	{ "--restart on-failure:2 plain", "!remove; restart=1:2" },
	{ "--restart on-failure:0 plain", "restart=1:0" },
	{ "--rm=false --restart always plain", "!remove; restart=2:0" },
	{ "--log-driver k8s-file plain", "remove; !no_log" },
	{ "-d --log-driver none plain", "no_log" },
	{ "--stop-timeout 3 plain", "stop=3000" },
	{ "--stop-timeout 0 plain", "stop=0" },
	{ "--stop-timeout 1m plain", "stop=60000" },
	{ "--timeout 90 plain", "timeout=90000" },
	{ "--timeout 1h30m plain", "timeout=5400000" },
	{ "--timeout 500ms plain", "timeout=500" },
	{ "--timeout 0 plain", "timeout=0" },

	/* how it is attached, named */
	{ "-it plain", "tty; stdin" },
	{ "-i=true -t=false plain", "stdin; !tty" },
	{ "--rm --init --die-with-parent plain", "!pid1; !keep" },
	{ "--pid1 plain", "pid1" },
	{ "--init=false plain", "pid1" },
	{ "--pid1=false plain", "!pid1" },
	{ "--keep plain", "keep" },
	{ "--die-with-parent=false plain", "keep" },
	{ "-q plain", "quiet" },
	{ "--status-fd 2 plain", "status=2" },
	{ "--name web-1.x_y plain", "name=web-1.x_y" },
	{ "--name 7 plain", "name=7" },
	{ "--hostname a.example.org plain", "hostname=a.example.org" },
	{ "-l a=1 -l b plain", "label a=1; label b=" },
	{ "-l a=1 -l a=2 plain", "label a=2; !label a=1" },
	{ "-l a=b=c plain", "label a=b=c" },
	{ "--label-file labels plain", "label x=file; label y=" },
	{ "--label-file labels -l x=arg plain", "label x=arg; label y=" },
	{ "app", "label a=1; label c=3; !label b; notice the image's label b is left out" },
	{ "-l a=9 app", "label a=9" },

	/* the root and its mounts */
	{ "--read-only plain", "readonly; !notice" },
	{ "--read-only app", "notice the image wants to write to /data; notice the image wants to write to /more" },
	{ "--read-only --tmpfs /data app", "!notice the image wants to write to /data; notice the image wants to write to /more" },
	{ "--driver overlay plain", "driver=overlay" },
	{ "--driver fuse-overlayfs @host", "driver=fuse-overlayfs" },
	{ "--driver auto plain", "driver=auto" },
	{ "--pull never --store /elsewhere plain", "image=plain sha256:01" },
	{ "-v %T/dir:/data plain", "mount bind %T/dir /data" },
	{ "-v ./dir:/data:ro plain", "mount bind %T/dir /data ro" },
	{ "-v .:/data plain", "mount bind %T /data" },
	{ "-v ./dir/../file:/etc/f:ro,noexec plain", "mount bind %T/file /etc/f ro noexec" },
	{ "-v %T/file:/etc/hosts plain", "mount bind %T/file /etc/hosts" },
	{ "-v /:/host:ro plain", "mount bind / /host ro" },
	{ "-v cache:/c plain", "mount volume /store/volumes/cache /c" },
	{ "-v ./dir:/d:z plain", "mount bind %T/dir /d; notice wolffia has no SELinux labels" },
	{ "-v ./dir:/d:z -v ./dir:/e:Z plain", "n_notices=1" },
	{ "-v dir:/d plain", "mount volume /store/volumes/dir /d" },
	{ "--tmpfs /t:size=1m plain", "mount tmpfs - /t noexec size=1048576 mode=1777" },
	{ "--mount type=bind,src=./dir,dst=/d,readonly plain", "mount bind %T/dir /d ro" },
	{ "-v ./dir:/a/b/c -v ./dir:/a plain", "mounts=/a,/a/b/c" },
	{ "--tmpfs /a -v ./dir:/a/b --mount type=tmpfs,dst=/c plain", "mounts=/c,/a,/a/b" },
	{ "-v ./dir:/procx -v ./dir:/devel -v ./dir:/sys2 plain", "mounts=/procx,/devel,/sys2" },
	{ "--shm-size 1g plain", "shm=1073741824" },
	{ "plain", "shm=67108864; n_mounts=0; driver=auto; !readonly; n_notices=0" },

	/* what it may do */
	{ "plain", EIGHT "; nnp; seccomp=0; landlock; masks; pids=2048; network=0; userns=auto; n_rlimits=0" },
	{ "--profile default plain", EIGHT "; nnp; seccomp=0; landlock; masks; pids=2048" },
	{ "--profile setuid plain", EIGHT "; !nnp; seccomp=0; landlock; masks" },
	{ "--profile debug plain", "caps=800c00eb; nnp; seccomp=0; landlock; masks" },
	{ "--profile nested plain", "caps=all; !nnp; seccomp=0; !landlock; !masks; pids=2048; notice profile nested" },
	{ "--profile none --i-know plain", "caps=all; !nnp; seccomp=1; !landlock; !masks; pids=0; notice profile none" },
	{ "--profile setuid --security-opt no-new-privileges plain", "nnp" },
	{ "--cap-drop ALL --profile nested plain", "caps=0; !landlock" },
	{ "--profile none --i-know --pids-limit 5 plain", "pids=5" },
	{ "--cap-add SYS_PTRACE plain", "caps=800c00eb" },
	{ "--cap-add cap_sys_ptrace plain", "caps=800c00eb" },
	{ "--cap-drop CHOWN --cap-drop kill plain", "caps=800400ca" },
	{ "--cap-drop all plain", "caps=0" },
	{ "--cap-drop ALL --cap-add CHOWN plain", "caps=1" },
	{ "--cap-add CHOWN --cap-drop ALL plain", "caps=1" },
	{ "--cap-add ALL plain", "caps=all" },
	{ "--cap-add ALL --cap-drop CHOWN plain", "caps=all-1" },
	{ "--security-opt no-new-privileges=false plain", "!nnp" },
	{ "--security-opt no-new-privileges:false plain", "!nnp" },
	{ "--security-opt no-new-privileges:true plain", "nnp" },
	{ "--security-opt seccomp=unconfined plain", "seccomp=1; landlock; nnp" },
	{ "--security-opt seccomp:unconfined plain", "seccomp=1" },
	{ "--security-opt landlock=off plain", "!landlock; seccomp=0" },
	{ "--security-opt systempaths=unconfined plain", "!masks" },
	{ "--security-opt unmask=ALL plain", "!masks" },
	{ "--security-opt unmask=all plain", "!masks" },
	{ "--security-opt unmask=/proc/kcore:/proc/keys/ plain", "masks; unmask /proc/kcore; unmask /proc/keys" },
	{ "--security-opt mask=/etc/secret plain", "masks; mask /etc/secret" },
	{ "--userns nomap plain", "userns=nomap" },
	{ "--userns=as-me plain", "userns=as-me" },
	{ "--userns keep-id plain", "userns=keep-id" },
	{ "--userns single plain", "userns=single" },
	{ "--network none plain", "network=0" },
	{ "--net=host plain", "network=1" },
	{ "--network host plain", "network=1" },
	{ "--pids-limit 100 plain", "pids=100" },
	{ "--pids-limit 0 plain", "pids=0" },
	{ "--pids-limit -1 plain", "pids=0" },
	{ "--ulimit nofile=64:128 plain", "rlimit nofile 64 128" },
	{ "--ulimit nofile=64 --ulimit nofile=32 plain", "rlimit nofile 32 32; n_rlimits=1" },
};

static const struct {
	const char *line;
	const char *message; /* in the text or in the hint */
} bad[] = {
	/* nothing to run */
	{ "", "there is no image to run" },
	{ "", "@host instead of IMAGE" },
	{ "''", "there is no image to run" },
	{ "empty", "there is no command to run" },
	{ "empty", "wolffia run empty sh" },
	{ "--entrypoint '' plain", "there is no command to run" },
	{ "--entrypoint [] app", "there is no command to run" },
	{ "--entrypoint [1] app", "not a list of strings" },
	{ "--entrypoint [\"a\" app", "--entrypoint" },
	{ "plain ''", "the command is empty" },
	{ "nolayers", "the image has no layers" },
	{ "@hots", "only @host begins" },
	{ "nothere", "there is no image \"nothere\"" },

	/* its life */
	{ "-d --die-with-parent plain", "--detach and --die-with-parent contradict" },
	{ "--rm --restart always plain", "--rm and --restart contradict" },
	{ "--rm --restart on-failure:3 plain", "--rm and --restart contradict" },
	{ "--restart alway plain", "--restart" },
	{ "--restart '' plain", "--restart" },
	{ "--restart always:3 plain", "only on-failure takes a number" },
	{ "--restart on-failure: plain", "--restart" },
	{ "--restart on-failure:-1 plain", "--restart" },
	{ "--restart on-failure:x plain", "--restart" },
	{ "--restart on-failure:2147483648 plain", "--restart" },
	{ "--stop-timeout x plain", "--stop-timeout" },
	{ "--stop-timeout -1 plain", "--stop-timeout" },

	/* options that there are not */
	{ "--naem x plain", "did you mean --name?" },
	{ "--volum /a:/b plain", "did you mean --volume?" },
	{ "--cap-ad X plain", "did you mean --cap-add?" },
	{ "-name x plain", "did you mean --name?" },
	{ "-volume /a:/b plain", "did you mean --volume?" },
	{ "-rm plain", "did you mean --rm?" },
	{ "-x plain", "no option -x" },
	{ "--no-landlock plain", "no option --no-landlock" },
	{ "--privileged plain", "no privileged mode" },
	{ "--privileged plain", "--cap-add" },
	{ "--privileged=true plain", "no privileged mode" },
	{ "-p 80:80 plain", "publishing ports is not there yet" },
	{ "--memory 1g plain", "not there yet" },

	/* what they say */
	{ "-e =x plain", "--env: a variable has no name" },
	{ "-e '' plain", "--env: a variable has no name" },
	{ "-e A\nB=1 plain", "control character" },
	{ "-e A\x7f=1 plain", "control character" },
	{ "badenv", "the environment of the image" },
	{ "--env-file nowhere plain", "nowhere: No such file" },
	{ "--env-file bad-env plain", "--env-file: bad-env: line 2" },
	{ "--env-file dir plain", "--env-file: " },
	{ "--label-file bad-env plain", "--label-file: bad-env: line 2" },
	{ "-l =x plain", "is not KEY=VALUE" },
	{ "-l '' plain", "is not KEY=VALUE" },
	{ "-l a=\n plain", "control characters" },
	{ "-l a=\x1b[1m plain", "control characters" },
	{ "-w rel plain", "--workdir: the path \"rel\" is not absolute" },
	{ "-w '' plain", "is not absolute" },
	{ "-u '' plain", "--user: the user is empty" },
	{ "-u :1 plain", "user \":1\": \"\" is neither" },
	{ "-u 1: plain", "user \"1:\": \"\" is neither" },
	{ "-u 1:2:3 plain", "is neither the name nor the number" },
	{ "-u -1 plain", "is neither the name nor the number" },
	{ "-u +1 plain", "is neither the name nor the number" },
	{ "-u ~1 plain", "is neither the name nor the number" },
	{ "-u 4294967295 plain", "more than the largest value" },
	{ "-u 4294967296 plain", "more than the largest value" },
	{ "-u root:99999999999 plain", "group id: 99999999999 is more" },
	{ "-u 01 plain", "has a zero in front" },
	{ "-u a/b plain", "is neither the name nor the number" },
	{ "baduser", "is neither the name nor the number" },
	{ "bigid", "more than the largest value" },
	{ "--group-add keep-groups plain", "never come" },
	{ "--group-add '' plain", "\"\" is neither the name nor the number of a group" },
	{ "--group-add 1:2 plain", "is neither" },
	{ "--stop-signal SIGTREM plain", "did you mean SIGTERM?" },
	{ "--stop-signal 0 plain", "is not a signal" },
	{ "--stop-signal 65 plain", "is not a signal" },
	{ "--stop-signal -9 plain", "is not a signal" },
	{ "--stop-signal RTMIN+99 plain", "is not a signal" },
	{ "--stop-signal '' plain", "is not a signal" },
	{ "badsignal", "the stop signal of the image: \"SIGNOPE\"" },
	{ "--timeout soon plain", "--timeout: \"soon\" is not a duration" },
	{ "--timeout -1 plain", "is not a duration" },
	{ "--status-fd 99 plain", "--status-fd 99: it is not open" },
	{ "--status-fd 0 plain", "is the standard input" },
	{ "--status-fd x plain", "--status-fd: \"x\"" },
	{ "--status-fd -1 plain", "--status-fd: \"-1\"" },
	{ "--keep --die-with-parent plain", "--keep and --die-with-parent contradict" },
	{ "--init --pid1 plain", "--pid1 and --init contradict" },
	{ "--name -x plain", "cannot be a container's name" },
	{ "--name a/b plain", "cannot be a container's name" },
	{ "--name ../x plain", "cannot be a container's name" },
	{ "--name '' plain", "cannot be a container's name" },
	{ "--name a~b plain", "cannot be a container's name" },
	{ "--name a\nb plain", "cannot be a container's name" },
	{ "--hostname -x plain", "cannot be a host name" },
	{ "--hostname a\nb plain", "cannot be a host name" },
	{ "--hostname '' plain", "cannot be a host name" },
	{ "--hostname aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa plain", "cannot be a host name" },

	/* the root and its mounts */
	{ "--rootfs nowhere", "--rootfs %T/nowhere: No such file" },
	{ "--rootfs file", "--rootfs %T/file: Not a directory" },
	{ "--rootfs ''", "--rootfs: the path is empty" },
	{ "--rootfs :rw", "--rootfs: the path is empty" },
	{ "--rootfs /", "name @host instead" },
	{ "--rootfs dir:rw --read-only", "both written in place and read-only" },
	{ "--driver overlay @host", "cannot serve @host" },
	{ "--driver overlay2 plain", "did you mean overlay?" },
	{ "--driver vfs plain", "not one of: auto, fuse-overlayfs, overlay" },
	{ "--pull sometimes plain", "not one of: always, missing, never" },
	{ "-v ./nowhere:/d plain", "-v ./nowhere:/d: there is no %T/nowhere" },
	{ "-v ./nowhere:/d plain", "mkdir -p %T/nowhere" },
	{ "-v ./file/x:/d plain", "Not a directory" },
	{ "-v ./dir:/ plain", "nothing can be mounted on \"/\"" },
	{ "-v ./dir:/proc plain", "nothing can be mounted on /proc" },
	{ "-v ./dir:/proc/self plain", "nothing can be mounted on /proc/self" },
	{ "-v ./dir:/sys plain", "nothing can be mounted on /sys" },
	{ "-v ./dir:/sys/fs/cgroup plain", "/sys is made by wolffia itself" },
	{ "-v ./dir:/dev plain", "nothing can be mounted on /dev" },
	{ "-v ./dir:/dev/../dev plain", "\"..\"" },
	{ "-v ./dir://proc/ plain", "nothing can be mounted on /proc" },
	{ "--tmpfs /dev/shm plain", "--shm-size" },
	{ "--tmpfs / plain", "nothing can be mounted on \"/\"" },
	{ "--mount type=tmpfs,dst=/proc plain", "nothing can be mounted on /proc" },
	{ "-v ./dir:/d -v c:/d plain", "two mounts are to be on /d" },
	{ "-v ./dir:/d --tmpfs /d/ plain", "two mounts are to be on /d" },
	{ "-v ./dir:/d:r0 plain", "did you mean ro?" },
	{ "-v ./dir:/d:rshared plain", "cannot be given" },
	{ "--tmpfs /t:size=x plain", "--tmpfs /t:size=x: size:" },
	{ "--mount type=bind,dst=/d plain", "src=" },
	{ "--shm-size x plain", "--shm-size: \"x\" is not a size" },
	{ "--shm-size 0 plain", "cannot be the size of /dev/shm" },

	/* what it may do */
	{ "--profile noen plain", "did you mean none?" },
	{ "--profile none plain", "add --i-know" },
	{ "--cap-add NOPE plain", "--cap-add: there is no capability" },
	{ "--cap-drop '' plain", "--cap-drop: there is no capability" },
	{ "--cap-add KILL --cap-drop KILL plain", "both in --cap-add and in" },
	{ "--cap-add ALL --cap-drop ALL plain", "ALL is both" },
	{ "--security-opt nope plain", "no option \"nope\"" },
	{ "--security-opt secomp=unconfined plain", "did you mean seccomp?" },
	{ "--security-opt seccomp plain", "seccomp wants a value" },
	{ "--security-opt seccomp= plain", "seccomp wants a value" },
	{ "--security-opt seccomp=none plain", "not one of: default, unconfined" },
	{ "--security-opt seccomp=./x.json plain", "not there yet" },
	{ "--security-opt no-new-privileges=no plain", "not one of: true, false" },
	{ "--security-opt label=disable plain", "no SELinux labels" },
	{ "--security-opt label:disable plain", "Landlock" },
	{ "--security-opt apparmor=unconfined plain", "no AppArmor profiles" },
	{ "--security-opt mask=rel plain", "the path \"rel\" is not absolute" },
	{ "--security-opt mask= plain", "mask wants a value" },
	{ "--security-opt unmask=/proc/* plain", "there are no patterns" },
	{ "--security-opt landlock=no plain", "not one of: on, off" },
	{ "--userns host plain", "always has a user namespace" },
	{ "--userns keep-id:uid=1 plain", "has no further options" },
	{ "--userns keepid plain", "did you mean keep-id?" },
	{ "--network bridge plain", "only none and host" },
	{ "--network pasta plain", "only none and host" },
	{ "--network slirp4netns:mtu=1 plain", "only none and host" },
	{ "--network container:x plain", "only none and host" },
	{ "--network hots plain", "did you mean host?" },
	{ "--pids-limit many plain", "--pids-limit: \"many\"" },
	{ "--pids-limit -2 plain", "--pids-limit: \"-2\"" },
	{ "--pids-limit 4194305 plain", "more than the kernel has numbers" },
	{ "--pids-limit 4294967296 plain", "--pids-limit: " },
	{ "--ulimit nofile plain", "--ulimit: " },
	{ "--ulimit nofile=9:3 plain", "--ulimit: " },
	{ "--ulimit nofil=9 plain", "did you mean nofile?" },
	{ "--cap-add SYS_PTRAC plain", "did you mean SYS_PTRACE?" },
};
/* clang-format on */

static char directory[] = "/tmp/test_options.XXXXXX";

static void put_file(const char *name, const char *text)
{
	FILE *to = fopen(name, "we");

	ck_assert_ptr_nonnull(to);
	fputs(text, to);
	fclose(to);
}

static void make_directory(void)
{
	ck_assert_ptr_nonnull(mkdtemp(directory));
	ck_assert_int_eq(chdir(directory), 0);
	ck_assert_int_eq(mkdir("dir", 0700), 0);
	ck_assert_int_eq(mkdir("dir/sub", 0700), 0);
	put_file("file", "");
	put_file("env", "A=file\nB=\"two\"\nLANG=file\nFOO\nNOPE\n");
	put_file("env2", "A=second\n");
	put_file("bad-env", "A=1\n=2\n");
	put_file("labels", "x=file\ny\n");
}

static void remove_directory(void)
{
	struct error err = { 0 };

	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(path_remove_tree(AT_FDCWD, directory, &err), 0);
}

/* %T becomes the directory, ~ a space; the result is the caller's */
static char *expand(const char *word)
{
	char *text = xcalloc(strlen(word) * sizeof(directory) + 1, 1),
	     *to = text;

	for (; *word; word++) {
		if (word[0] == '%' && word[1] == 'T') {
			to = stpcpy(to, directory);
			word++;
		} else {
			*to++ = *word == '~' ? ' ' : *word;
		}
	}
	return text;
}

static void split(const char *line, struct strv *ret)
{
	scoped(char) *copy = xstrdup(line);
	char *rest = *copy ? copy : NULL, *word = NULL;

	strv_add(ret, "run");
	while ((word = strsep(&rest, " ")))
		strv_take(ret, expand(strcmp(word, "''") == 0 ? "" : word));
}

static const struct image *find_image(const struct options *options)
{
	for (size_t i = 0; i < ARRAY_SIZE(images); i++)
		if (options_want_image(options) &&
		    strcmp(images[i].reference, options->image) == 0)
			return &images[i];
	return NULL;
}

/* The whole way from a line to a spec. */
static int make(const char *line, struct spec *ret, struct strv *notices,
		struct error *err)
{
	scoped_strv argv = { 0 };
	struct options options = { 0 };

	split(line, &argv);
	int r = options_parse((int)argv.n, argv.v, &options, err);
	if (r == 0) {
		struct spec_source source = {
			.image = find_image(&options),
			.store_path = "/store",
			.environment = caller,
		};
		r = spec_from_options(&options, &source, ret, notices, err);
	}
	options_free(&options);
	return r;
}

static void describe_list(FILE *to, const char *what, const struct strv *list)
{
	for (size_t i = 0; i < list->n; i++)
		fprintf(to, "%s %s%c", what, list->v[i], '\0');
}

static void describe_mounts(FILE *to, const struct spec *spec)
{
	static const char *const kinds[] = { "bind", "tmpfs", "volume" };

	for (size_t i = 0; i < spec->n_mounts; i++) {
		const struct spec_mount *m = &spec->mounts[i];

		fprintf(to, "mount %s %s %s%s%s%s", kinds[m->kind],
			m->source ? m->source : "-", m->target,
			m->read_only ? " ro" : "", m->exec ? "" : " noexec",
			m->no_recurse ? " norecurse" : "");
		if (m->size)
			fprintf(to, " size=%llu", (unsigned long long)m->size);
		if (m->mode)
			fprintf(to, " mode=%o", m->mode);
		fputc('\0', to);
	}
	fprintf(to, "mounts=");
	for (size_t i = 0; i < spec->n_mounts; i++)
		fprintf(to, "%s%s", i ? "," : "", spec->mounts[i].target);
	fputc('\0', to);
}

static void describe_flags(FILE *to, const struct spec *spec)
{
	const struct {
		const char *name;
		bool set;
	} flags[] = {
		{ "tty", spec->tty },
		{ "stdin", spec->interactive },
		{ "pid1", spec->pid1 },
		{ "keep", spec->keep },
		{ "quiet", spec->quiet },
		{ "remove", spec->remove },
		{ "once_stdin", spec->stdin_once },
		{ "no_log", spec->log.none },
		{ "readonly", spec->read_only },
		{ "nnp", spec->no_new_privileges },
		{ "landlock", spec->landlock },
		{ "masks", spec->masks },
	};

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (flags[i].set)
			fprintf(to, "%s%c", flags[i].name, '\0');
}

static void describe_caps(FILE *to, uint64_t caps)
{
	uint64_t all = capabilities_all();

	if (caps == all)
		fprintf(to, "caps=all%c", '\0');
	else if (caps == (all & ~UINT64_C(1)))
		fprintf(to, "caps=all-1%c", '\0');
	else
		fprintf(to, "caps=%llx%c", (unsigned long long)caps, '\0');
}

static void describe_numbers(FILE *to, const struct spec *spec)
{
	fprintf(to, "signal=%d%c", spec->stop_signal, '\0');
	fprintf(to, "timeout=%llu%c", (unsigned long long)spec->timeout_ms,
		'\0');
	fprintf(to, "stop=%llu%c", (unsigned long long)spec->stop_timeout_ms,
		'\0');
	fprintf(to, "restart=%d:%u%c", spec->restart, spec->restart_max, '\0');
	fprintf(to, "status=%d%c", spec->status_fd, '\0');
	fprintf(to, "shm=%llu%c", (unsigned long long)spec->shm_size, '\0');
	fprintf(to, "seccomp=%d%c", spec->seccomp, '\0');
	fprintf(to, "network=%d%c", spec->network, '\0');
	fprintf(to, "pids=%u%c", spec->pids_limit, '\0');
	fprintf(to, "n_mounts=%zu%c", spec->n_mounts, '\0');
	fprintf(to, "n_env=%zu%c", spec->env.n, '\0');
	fprintf(to, "n_rlimits=%zu%c", spec->n_rlimits, '\0');
	for (size_t i = 0; i < spec->n_rlimits; i++)
		fprintf(to, "rlimit %s %llu %llu%c",
			spec->rlimits[i].resource == RLIMIT_NOFILE ? "nofile"
								   : "other",
			(unsigned long long)spec->rlimits[i].limit.rlim_cur,
			(unsigned long long)spec->rlimits[i].limit.rlim_max,
			'\0');
	describe_caps(to, spec->capabilities);
}

/* Lines with a NUL behind each, and one more at the end. */
static char *describe(const struct spec *spec, const struct strv *notices)
{
	char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);

	fprintf(to, "argv=");
	for (size_t i = 0; i < spec->argv.n; i++)
		fprintf(to, "[%s]", spec->argv.v[i]);
	fprintf(to, "%centrypoint=%u%c", '\0', spec->entrypoint_words, '\0');
	fprintf(to, "name=%s%c", spec->name, '\0');
	fprintf(to, "hostname=%s%c", spec->hostname, '\0');
	fprintf(to, "workdir=%s%c", spec->workdir, '\0');
	fprintf(to, "user=%s%c", spec->user.text, '\0');
	fprintf(to, "rootfs=%d%s%s%c", spec->rootfs,
		spec->rootfs_dir ? " " : "",
		spec->rootfs_dir ? spec->rootfs_dir : "", '\0');
	fprintf(to, "image=%s %s%c", spec->image ? spec->image : "-",
		spec->image_digest ? spec->image_digest : "-", '\0');
	fprintf(to, "driver=%s%c", driver_name(spec->driver), '\0');
	fprintf(to, "userns=%s%c", userns_mode_name(spec->userns), '\0');
	fprintf(to, "n_notices=%zu%c", notices->n, '\0');
	describe_list(to, "env", &spec->env);
	describe_list(to, "label", &spec->labels);
	describe_list(to, "group", &spec->user.groups);
	describe_list(to, "layer", &spec->layers);
	describe_list(to, "mask", &spec->mask);
	describe_list(to, "unmask", &spec->unmask);
	describe_list(to, "notice", notices);
	describe_mounts(to, spec);
	describe_flags(to, spec);
	describe_numbers(to, spec);
	fclose(to);
	return text;
}

/* Is there a line @wanted?  Of a notice the beginning is enough, and for what
 * must not be there so it is of every line. */
static bool has_line(const char *lines, const char *wanted, bool beginning)
{
	for (; *lines; lines += strlen(lines) + 1)
		if (beginning ? text_starts_with(lines, wanted)
			      : strcmp(lines, wanted) == 0)
			return true;
	return false;
}

static void check_lines(const char *line, const char *lines, const char *wanted)
{
	scoped(char) *copy = expand(wanted);
	char *rest = copy;

	while (rest) {
		char *one = rest, *end = strstr(rest, "; ");
		rest = end ? end + 2 : NULL;
		if (end)
			*end = '\0';
		if (one[0] == '!')
			ck_assert_msg(!has_line(lines, one + 1, true),
				      "\"%s\" has \"%s\"", line, one + 1);
		else
			ck_assert_msg(has_line(lines, one,
					       text_starts_with(one, "notice")),
				      "\"%s\" lacks \"%s\"", line, one);
	}
}

START_TEST(good_lines_become_specs)
{
	struct spec spec = { 0 };
	scoped_strv notices = { 0 };
	struct error err = { 0 };

	int r = make(good[_i].line, &spec, &notices, &err);
	ck_assert_msg(r == 0, "\"%s\": %s", good[_i].line, err.text);
	scoped(char) *lines = describe(&spec, &notices);
	check_lines(good[_i].line, lines, good[_i].lines);
	spec_free(&spec);
}
END_TEST

START_TEST(bad_lines_are_refused_with_a_reason)
{
	struct spec spec = { .id = (char *)"untouched" };
	scoped_strv notices = { 0 };
	struct error err = { 0 };
	scoped(char) *message = expand(bad[_i].message);

	int r = make(bad[_i].line, &spec, &notices, &err);
	ck_assert_msg(r < 0, "\"%s\" is taken", bad[_i].line);
	ck_assert_int_eq(err.code, -r);
	ck_assert_msg(strstr(err.text, message) || strstr(err.hint, message),
		      "\"%s\": %s (%s)", bad[_i].line, err.text, err.hint);
	ck_assert_str_eq(spec.id, "untouched");
}
END_TEST

START_TEST(ids_and_names_are_made_up)
{
	struct spec one = { 0 }, two = { 0 };
	scoped_strv notices = { 0 };
	struct error err = { 0 };

	ck_assert_int_eq(make("plain", &one, &notices, &err), 0);
	ck_assert_int_eq(make("plain", &two, &notices, &err), 0);
	ck_assert_uint_eq(strlen(one.id), 64);
	ck_assert_uint_eq(strspn(one.id, "0123456789abcdef"), 64);
	ck_assert_str_ne(one.id, two.id);
	ck_assert_int_eq(strncmp(one.id, one.hostname, 12), 0);
	ck_assert_uint_eq(strlen(one.hostname), 12);
	ck_assert_ptr_nonnull(strchr(one.name, '_'));
	const char *env = strv_get_env(&one.env, "HOSTNAME");
	ck_assert_ptr_nonnull(env);
	ck_assert_str_eq(env, one.hostname);
	spec_free(&one);
	spec_free(&two);
}
END_TEST

START_TEST(a_secret_is_in_no_message)
{
	struct spec spec = { 0 };
	scoped_strv notices = { 0 };
	struct error err = { 0 };

	ck_assert_int_lt(make("-e A\tB=hunter2 plain", &spec, &notices, &err),
			 0);
	ck_assert_ptr_null(strstr(err.text, "hunter2"));
	ck_assert_ptr_null(strstr(err.hint, "hunter2"));
}
END_TEST

START_TEST(a_working_directory_that_is_gone_is_an_error)
{
	struct spec spec = { 0 };
	scoped_strv notices = { 0 };
	struct error err = { 0 };

	ck_assert_int_eq(mkdir("gone", 0700), 0);
	ck_assert_int_eq(chdir("gone"), 0);
	ck_assert_int_eq(rmdir("../gone"), 0);
	ck_assert_int_eq(make("-v .:/x plain", &spec, &notices, &err), -ENOENT);
	ck_assert_ptr_nonnull(strstr(err.text, "working directory"));
	ck_assert_int_eq(chdir(directory), 0);
}
END_TEST

START_TEST(every_signal_has_a_name_that_is_read)
{
	struct error err = { 0 };

	for (int i = 1; i < 32; i++) {
		int number = 0;

		ck_assert_ptr_nonnull(signal_name(i));
		ck_assert_int_eq(
			signal_from_name(signal_name(i), &number, &err), 0);
		ck_assert_int_eq(number, i);
		ck_assert_int_eq(
			signal_from_name(signal_name(i) + 3, &number, &err), 0);
		ck_assert_int_eq(number, i);
	}
	ck_assert_ptr_null(signal_name(0));
	ck_assert_ptr_null(signal_name(64));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("spec_from_options");
	TCase *tests = tcase_create("spec_from_options");

	suite_add_tcase(suite, tests);
	tcase_add_unchecked_fixture(tests, make_directory, remove_directory);
	tcase_add_loop_test(tests, good_lines_become_specs, 0,
			    ARRAY_SIZE(good));
	tcase_add_loop_test(tests, bad_lines_are_refused_with_a_reason, 0,
			    ARRAY_SIZE(bad));
	tcase_add_test(tests, ids_and_names_are_made_up);
	tcase_add_test(tests, a_secret_is_in_no_message);
	tcase_add_test(tests, a_working_directory_that_is_gone_is_an_error);
	tcase_add_test(tests, every_signal_has_a_name_that_is_read);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
