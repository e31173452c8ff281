/*
 * cmd/template/lex.h - a template cut into its words
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* clang-format off */
enum token_kind {
	TOKEN_END,
	TOKEN_TEXT,        /* what is outside of {{ and }} */
	TOKEN_OPEN,        /* {{ or {{- */
	TOKEN_CLOSE,       /* }} or -}} */
	TOKEN_FIELD,       /* .Name */
	TOKEN_DOT,         /* . */
	TOKEN_VARIABLE,    /* $ or $name */
	TOKEN_WORD,        /* a function, or one of if, end, nil, true ... */
	TOKEN_STRING,      /* "text" */
	TOKEN_RAW,         /* `text` */
	TOKEN_CHAR,        /* 'c' */
	TOKEN_NUMBER,
	TOKEN_PIPE,        /* | */
	TOKEN_PAREN_OPEN,
	TOKEN_PAREN_CLOSE,
	TOKEN_COMMA,
	TOKEN_DECLARE,     /* := */
	TOKEN_ASSIGN,      /* = */
	TOKEN_BAD,         /* lexer.problem says why */
};
/* clang-format on */

struct token {
	enum token_kind kind;
	size_t at, n; /* bytes of the template, quotes and dots included */
	bool spaced;  /* there was a blank before it */
};

/* To begin: .text, and zero.  Copied, it can be gone back to. */
struct lexer {
	const char *text;
	size_t at;
	bool in_action, trims; /* "trims": the last }} was a -}} */
	const char *problem;
};

/* lex_next - the next word; after TOKEN_END and TOKEN_BAD it comes again */
struct token lex_next(struct lexer *lexer);
