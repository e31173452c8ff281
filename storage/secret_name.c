#include "storage/secret_name.h"

#include <ctype.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

/* anywhere in the name */
static const char *const within[] = {
	"PASSWORD",       "PASSWD",      "PASSPHRASE",  "SECRET",
	"APIKEY",         "API_KEY",     "ACCESS_KEY",  "PRIVATE_KEY",
	"ENCRYPTION_KEY", "SIGNING_KEY", "MASTER_KEY",  "ACCOUNT_KEY",
	"AUTH_KEY",       "DEPLOY_KEY",  "LICENSE_KEY", "SSH_KEY",
	"CREDENTIAL",     "AUTH_CONFIG",
};

/* the last word, or the end of it: MAX_TOKENS is a number */
static const char *const endings[] = { "TOKEN", "_PASS", "_PWD", "_PAT" };

/* a last word by which the value is about a secret, and not the secret */
static const char *const about[] = {
	"FILE",     "FILES",     "PATH",        "DIR",        "DIRECTORY",
	"NAME",     "ID",        "USER",        "USERNAME",   "HOST",
	"PORT",     "URL",       "URI",         "ENDPOINT",   "REGION",
	"VERSION",  "SHA1",      "SHA256",      "SHA512",     "MD5",
	"CHECKSUM", "SUM",       "FINGERPRINT", "SIZE",       "LENGTH",
	"LEN",      "COUNT",     "MIN",         "MAX",        "LIMIT",
	"TTL",      "TIMEOUT",   "EXPIRY",      "EXPIRATION", "EXPIRES",
	"LIFETIME", "AGE",       "TYPE",        "METHOD",     "MODE",
	"POLICY",   "ALGORITHM", "ALGO",        "FORMAT",     "ENCODING",
	"CLASS",    "PROVIDER",  "BACKEND",     "STORE",      "MANAGER",
	"SERVICE",  "HELPER",    "COMMAND",     "CMD",        "PLUGIN",
	"ENABLED",  "DISABLED",  "REQUIRED",    "HEADER",     "PREFIX",
	"FIELD",    "ISSUER",    "AUDIENCE",    "PUBLIC",     "STDIN",
};

static const char *const plain_words[] = {
	"true", "false", "yes",  "no",    "on",     "off",      "0",
	"1",    "none",  "null", "nil",   "nop",    "disabled", "enabled",
	"auto", "unset", "any",  "never", "always",
};

/* what the name of an option ends with, whose value is the next word */
static const char *const option_ends[] = {
	"PASSWORD",   "PASSWD",        "PASSPHRASE", "TOKEN",       "API_KEY",
	"APIKEY",     "ACCESS_KEY",    "SECRET_KEY", "AUTH_KEY",    "AUTHKEY",
	"APP_SECRET", "CLIENT_SECRET", "JWT_SECRET", "LICENSE_KEY",
};

/* first words of options that are switches, or about something else */
static const char *const switch_words[] = {
	"NO",     "NON",    "DISABLE",  "DISABLED", "WITHOUT", "SKIP",
	"ALLOW",  "EMPTY",  "EXPORT",   "DELETE",   "LIST",    "ASK",
	"PROMPT", "USE",    "ENABLE",   "REQUIRE",  "SHOW",    "PRINT",
	"RESET",  "EXPIRE", "GENERATE", "MAX",      "MIN",     "NUM",
	"BOS",    "EOS",    "PAD",      "UNK",      "SEP",     "CLS",
	"MASK",   "STOP",
};

/* as names of the environment are written; Return: false when it is too long */
static bool fold(const char *name, size_t size, char to[SECRET_NAME_MAX + 1])
{
	if (size == 0 || size > SECRET_NAME_MAX)
		return false;
	for (size_t i = 0; i < size; i++) {
		unsigned char c = (unsigned char)name[i];
		to[i] = c == '-' || c == '.' ? '_' : (char)toupper(c);
	}
	to[size] = '\0';
	return true;
}

static bool is_about(const char *name)
{
	const char *word = strrchr(name, '_');

	word = word ? word + 1 : name;
	for (size_t i = 0; i < ARRAY_SIZE(about); i++)
		if (strcmp(word, about[i]) == 0)
			return true;
	return strstr(name, "PUBLIC_") != NULL;
}

bool secret_is_name(const char *name, size_t size)
{
	char folded[SECRET_NAME_MAX + 1];

	if (!fold(name, size, folded))
		return false;
	/* with its other half it opens everything; so do ids of AppRole */
	if (text_starts_with(folded, "AWS_ACCESS_KEY") ||
	    text_ends_with(folded, "SECRET_ID"))
		return true;
	if (is_about(folded))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(within); i++)
		if (strstr(folded, within[i]))
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(endings); i++)
		if (text_ends_with(folded, endings[i]))
			return true;
	return strcmp(folded, "PASS") == 0;
}

bool secret_is_option(const char *option, size_t size)
{
	char folded[SECRET_NAME_MAX + 1];
	size_t dashes = size && option[0] == '-' ? 1 : 0;

	dashes += dashes && size > 1 && option[1] == '-';
	if (!dashes || !fold(option + dashes, size - dashes, folded))
		return false;
	size_t first = strcspn(folded, "_");
	for (size_t i = 0; i < ARRAY_SIZE(switch_words); i++)
		if (strlen(switch_words[i]) == first &&
		    strncmp(folded, switch_words[i], first) == 0)
			return false;
	for (size_t i = 0; i < ARRAY_SIZE(option_ends); i++)
		if (text_ends_with(folded, option_ends[i]))
			return true;
	return false;
}

static bool is_word_of(const char *value, size_t size, const char *word)
{
	return strlen(word) == size && strncasecmp(value, word, size) == 0;
}

/* "/run/secrets/x", "./x", "~/x": where it lies, and not what it is */
static bool is_path(const char *value, size_t size)
{
	if (size < 2)
		return false;
	if (value[0] == '/')
		return islower((unsigned char)value[1]) || value[1] == '.';
	return (value[0] == '.' || value[0] == '~') && value[1] == '/';
}

static bool begins(const char *value, size_t size, const char *with)
{
	return size >= strlen(with) && strncmp(value, with, strlen(with)) == 0;
}

bool secret_is_value(const char *value, size_t size)
{
	/* references, substitutions, templates, comparisons; but JSON is one */
	if (size == 0 || strchr("$`<{%=", value[0]))
		return size > 1 && value[0] == '{' && value[1] == '"';
	if (is_path(value, size) || begins(value, size, "http://") ||
	    begins(value, size, "https://") || begins(value, size, "file:"))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(plain_words); i++)
		if (is_word_of(value, size, plain_words[i]))
			return false;
	for (size_t i = 0; i < size; i++)
		if (value[i] != '*' && value[i] != 'x' && value[i] != 'X' &&
		    value[i] != '.')
			return true;
	return false;
}
