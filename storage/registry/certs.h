/*
 * storage/registry/certs.h - certificates for one registry
 *
 * A directory named HOST[:PORT] below ~/.config/containers/certs.d,
 * /etc/containers/certs.d or /etc/docker/certs.d, the first that is there:
 * *.crt are further authorities, NAME.cert and NAME.key who we are.
 * Source: containers-certs.d(5).
 */
#pragma once

#include <stddef.h>

#include "base/error.h"

struct certs {
	char *authorities; /* PEM, all of them; NULL: those of the system */
	char *cert, *key;  /* paths; NULL: none */
};

/*
 * certs_find - Return: 0, also when there is nothing; -EINVAL a .cert without
 * its .key or the reverse; -EACCES and others with the path
 */
int certs_find(const char *host, struct certs *ret, struct error *err);

/* certs_read - the same of one directory, which has to be there */
int certs_read(const char *dir, struct certs *ret, struct error *err);
void certs_free(struct certs *certs);
