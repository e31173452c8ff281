/*
 * core/notify.h - telling a service manager how the launcher is
 *
 * The protocol of sd_notify(3): lines NAME=VALUE in a datagram to the socket
 * $NOTIFY_SOCKET.  It is thirty lines of ours, for libsystemd would be loaded
 * at every start.
 */
#pragma once

#include "base/error.h"

/*
 * notify_send - one message, if there is somebody to tell
 * @lines: "READY=1\nSTATUS=runs"
 *
 * Return: 1 it was sent; 0 there is no NOTIFY_SOCKET; -EINVAL it is neither
 * an absolute path nor "@" and an abstract name; -errno of socket(2),
 * sendto(2).
 */
int notify_send(const char *lines, struct error *err);
