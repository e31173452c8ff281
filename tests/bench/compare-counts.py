#!/usr/bin/env python3
"""compare-counts.py A B - two summaries of strace -c -U calls,name

Groups the calls by what they are for, and names those of a group whose counts
differ by more than two.
"""

import sys

GROUPS = {
    "mounts": """mount umount2 fsopen fsconfig fsmount move_mount open_tree
                 mount_setattr pivot_root fspick chroot""",
    "processes": """clone clone3 fork vfork execve exit_group wait4 waitid kill
                    setns unshare pidfd_open pidfd_send_signal setsid""",
    "rights": """capget capset prctl seccomp landlock_create_ruleset
                 landlock_add_rule landlock_restrict_self setgroups setresgid
                 setresuid setfsuid setfsgid getgroups getresuid getresgid
                 prlimit64 getrlimit setrlimit keyctl umask""",
    "files made, removed": """mkdir mkdirat rmdir unlink unlinkat symlink
                 symlinkat chown fchown fchownat chmod fchmod fchmodat rename
                 renameat renameat2 mknodat""",
    "files opened, read": """open openat openat2 close read write pread64
                 pwrite64 writev readv lseek getdents64 stat fstat lstat
                 newfstatat statx statfs fstatfs access faccessat faccessat2
                 readlink readlinkat fcntl dup dup2 dup3 close_range getcwd
                 chdir fchdir lgetxattr fgetxattr flistxattr vmsplice splice
                 tee memfd_create ftruncate""",
    "talking": """socket socketpair connect sendto recvfrom sendmsg recvmsg
                  pipe pipe2 poll ppoll signalfd4 ioctl sethostname timerfd_create
                  timerfd_settime eventfd2""",
    "signals": "rt_sigaction rt_sigprocmask rt_sigpending rt_sigreturn",
    "memory, start of programs": """brk mmap munmap mprotect mremap madvise
                  arch_prctl set_tid_address set_robust_list rseq getrandom
                  futex sysinfo""",
}


def read(path):
    counts = {}
    with open(path, encoding="ascii") as file:
        for line in file:
            words = line.split()
            if len(words) == 2 and words[0].isdigit() and words[1] != "total":
                counts[words[1]] = int(words[0])
    return counts


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__.strip())
    a, b = read(sys.argv[1]), read(sys.argv[2])
    groups = {name: text.split() for name, text in GROUPS.items()}
    known = {call for calls in groups.values() for call in calls}
    groups["other"] = sorted((set(a) | set(b)) - known)
    print(f"{'':26} {'floor':>7} {'wolffia':>8}  differing (floor, wolffia)")
    for name, calls in groups.items():
        differing = [f"{c} {a.get(c, 0)} {b.get(c, 0)}" for c in calls
                     if abs(a.get(c, 0) - b.get(c, 0)) > 2]
        print(f"{name:26} {sum(a.get(c, 0) for c in calls):7}"
              f" {sum(b.get(c, 0) for c in calls):8}  {', '.join(differing)}")
    print(f"{'all':26} {sum(a.values()):7} {sum(b.values()):8}")


if __name__ == "__main__":
    main()
