#include "core/confine/masks.h"

#include <stddef.h>

const char *const masks_hidden[] = {
	/* what docker hides: the hardware, through drivers' own files */
	"/proc/acpi", /* turns devices on and off: CVE-2018-10892 */
	"/proc/asound",
	"/proc/scsi",  /* removes disks: CVE-2017-16539 */
	"/proc/kcore", /* the memory of the machine */
	/* keys are not in a namespace */
	"/proc/keys",
	"/proc/key-users",
	/* what the machine is doing, which gives away timing, neighbours and
	 * (interrupts) single key strokes */
	"/proc/interrupts",
	"/proc/latency_stats",
	"/proc/timer_list",
	"/proc/timer_stats", /* until Linux 4.11 */
	"/proc/sched_debug", /* until Linux 5.13 */
	"/proc/pressure",
	/* where the kernel is in memory, how it was built and started: the
	 * first half of an attack on it */
	"/proc/kallsyms",
	"/proc/modules",
	"/proc/config.gz",
	"/proc/version_signature", /* Ubuntu's */
	"/proc/cmdline",           /* also has the disk's id, or a password */
	"/proc/bootconfig",        /* cmdline's longer brother, Linux 5.6 */
	"/sys/kernel/notes",
	"/sys/module",
	/* tables of the BIOS: serial numbers, licence keys */
	"/sys/firmware",
	/* energy meters tell what others compute: CVE-2020-8694 */
	"/sys/devices/virtual/powercap",
	/* a list of the host's devices by number */
	"/sys/dev",
	NULL,
};

const char *const masks_read_only[] = {
	"/proc/bus",           /* configuration space of PCI devices */
	"/proc/fs",            /* settings of the host's file systems */
	"/proc/irq",           /* which processor takes which interrupt */
	"/proc/sys",           /* most of it is the whole machine's */
	"/proc/sysrq-trigger", /* reboots, at a letter */
	NULL,
};
