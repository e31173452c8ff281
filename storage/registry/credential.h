/*
 * storage/registry/credential.h - who the user is to a registry
 *
 * Secrets are in this struct only: they are wiped with it, and never part of
 * a message.  Copies inside libjansson and libcurl are beyond our reach.
 */
#pragma once

#include <stdbool.h>

struct credential {
	char *username, *password; /* both or none */
	char *identity_token; /* to be exchanged for tokens, in their place */
	char *registry_token; /* a token already, to be used as it is */
};

void credential_free(struct credential *credential);
bool credential_is_empty(const struct credential *credential);

#define scoped_credential                                                      \
	__attribute__((cleanup(credential_free))) struct credential

/* credential_basic - base64 of "username:password", the caller's to wipe */
char *credential_basic(const struct credential *credential);
