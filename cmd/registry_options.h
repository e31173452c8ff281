/*
 * cmd/registry_options.h - the options that "pull" and "push" share
 */
#pragma once

#include "cmd/option_rows.h"

#define CHOICES_PROGRESS "auto|plain|brief"

/* What is typed; zeroed for none of it. */
struct registry_options {
	const char *progress;
	const char *auth_file, *cert_dir, *creds;
	enum flag tls_verify;
};

/* their rows, for the member registry of a struct */
/* clang-format off */
#define REGISTRY_ROWS_SHOWN \
CHOICE("progress", NULL, registry.progress, "MODE", CHOICES_PROGRESS, \
       "auto: bars on a terminal, else a line for each layer; plain: lines; " \
       "brief: the name only")
#define REGISTRY_ROWS_FILE \
VALUE(0, "authfile", registry.auth_file, "FILE", \
      "where credentials are, in place of the usual files and helpers")
#define REGISTRY_ROWS_FILES \
REGISTRY_ROWS_FILE, \
VALUE(0, "cert-dir", registry.cert_dir, "DIR", \
      "certificates for the registry, in place of certs.d"), \
FLAG(0, "tls-verify", registry.tls_verify, \
     "=false: the registry may speak plain http, and its certificate may " \
     "be anybody's")
#define REGISTRY_ROWS_ACCESS \
VALUE(0, "creds", registry.creds, "NAME[:PASSWORD]", \
      "who you are, in place of what login keeps"), \
REGISTRY_ROWS_FILES
/* clang-format on */
