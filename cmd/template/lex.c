#include "cmd/template/lex.h"

#include <string.h>

#include "base/text.h"

#define BLANKS " \t\r\n"

static bool is_blank(char c)
{
	return c && strchr(BLANKS, c);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* letters of other alphabets are letters: they are names for somebody */
static bool is_name(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z') || c == '_' || (c & 0x80);
}

static struct token bad(struct lexer *lexer, size_t n, const char *problem)
{
	lexer->problem = problem;
	return (struct token){ TOKEN_BAD, lexer->at, n, false };
}

/*
 * The two signs \t and \n stand for a blank: what a shell passes on, and
 * docker(1) replaces before the template is read.
 */
static bool is_escaped_blank(const char *text)
{
	return text[0] == '\\' && (text[1] == 't' || text[1] == 'n');
}

static size_t skip_blanks(const char *text)
{
	size_t n = 0;

	for (;;) {
		if (is_blank(text[n]))
			n++;
		else if (is_escaped_blank(text + n))
			n += 2;
		else
			return n;
	}
}

static size_t without_last_blanks(const char *text, size_t n)
{
	for (;;) {
		if (n >= 1 && is_blank(text[n - 1]))
			n--;
		else if (n >= 2 && is_escaped_blank(text + n - 2))
			n -= 2;
		else
			return n;
	}
}

/* "{{- " takes the blanks before it away */
static bool opens_with_trim(const char *open)
{
	return open[2] == '-' && is_blank(open[3]);
}

/* a comment: its length, 0 when @open is none, -1 when it does not end */
static long comment_length(const char *open, bool *ret_trims)
{
	size_t start = opens_with_trim(open) ? 4 : 2;

	start += start == 4 ? strspn(open + start, BLANKS) : 0;
	if (!text_starts_with(open + start, "/*"))
		return 0;
	const char *end = strstr(open + start + 2, "*/");
	if (!end)
		return -1;
	end += 2;
	*ret_trims = is_blank(*end);
	if (*ret_trims) {
		end += strspn(end, BLANKS);
		if (*end++ != '-')
			return -1;
	}
	return text_starts_with(end, "}}") ? end + 2 - open : -1;
}

/* what is outside; an empty text is passed over */
static struct token lex_text(struct lexer *lexer)
{
	for (;;) {
		const char *text = lexer->text + lexer->at;
		size_t first = lexer->trims ? skip_blanks(text) : 0;
		const char *open = strstr(text + first, "{{");
		size_t n = open ? (size_t)(open - text) : strlen(text);
		bool trims = false;

		struct token token = { TOKEN_TEXT, lexer->at + first, n - first,
				       false };
		if (open && opens_with_trim(open))
			token.n = without_last_blanks(text + first, token.n);
		lexer->at += n;
		lexer->trims = false;
		if (token.n)
			return token;
		if (!open)
			return (struct token){ TOKEN_END, lexer->at, 0, false };
		long comment = comment_length(open, &trims);
		if (comment < 0)
			return bad(lexer, 2,
				   "a comment is {{/* ... */}}, without "
				   "blanks");
		if (comment == 0) {
			lexer->in_action = true;
			token = (struct token){ TOKEN_OPEN, lexer->at, 2,
						false };
			lexer->at += opens_with_trim(open) ? 3 : 2;
			return token;
		}
		lexer->at += (size_t)comment;
		lexer->trims = trims;
	}
}

static struct token take(struct lexer *lexer, enum token_kind kind, size_t n,
			 bool spaced)
{
	struct token token = { kind, lexer->at, n, spaced };

	lexer->at += n;
	return token;
}

static size_t name_length(const char *text)
{
	size_t n = 0;

	while (is_name(text[n]))
		n++;
	return n;
}

/* "..." and '...' on one line with \ before what is not meant, or `...` */
static struct token lex_quoted(struct lexer *lexer, enum token_kind kind,
			       bool spaced)
{
	const char *text = lexer->text + lexer->at;
	char quote = text[0];
	size_t n = 1;

	for (; text[n] && text[n] != quote; n++) {
		if (quote == '`')
			continue;
		if (text[n] == '\n')
			break;
		if (text[n] == '\\' && text[n + 1])
			n++;
	}
	if (text[n] != quote)
		return bad(lexer, n, "the quotation does not end");
	return take(lexer, kind, n + 1, spaced);
}

/* digits, letters, and signs behind an exponent; what it says is seen later */
static struct token lex_number(struct lexer *lexer, bool spaced)
{
	const char *text = lexer->text + lexer->at;
	size_t n = 1;

	while (is_name(text[n]) || text[n] == '.' ||
	       ((text[n] == '+' || text[n] == '-') &&
		strchr("eEpP", text[n - 1])))
		n++;
	return take(lexer, TOKEN_NUMBER, n, spaced);
}

static struct token lex_sign(struct lexer *lexer, bool spaced)
{
	static const struct {
		const char *text;
		enum token_kind kind;
	} signs[] = {
		{ "|", TOKEN_PIPE },        { "(", TOKEN_PAREN_OPEN },
		{ ")", TOKEN_PAREN_CLOSE }, { ",", TOKEN_COMMA },
		{ ":=", TOKEN_DECLARE },    { "=", TOKEN_ASSIGN },
	};
	const char *text = lexer->text + lexer->at;

	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
		if (text_starts_with(text, signs[i].text))
			return take(lexer, signs[i].kind, strlen(signs[i].text),
				    spaced);
	if (!*text)
		return bad(lexer, 0, "expected }}");
	return bad(lexer, 1, "this sign has no meaning here");
}

static struct token lex_action(struct lexer *lexer)
{
	size_t blanks = strspn(lexer->text + lexer->at, BLANKS);
	bool spaced = blanks > 0;

	lexer->at += blanks;
	const char *text = lexer->text + lexer->at;
	char c = text[0];

	if (text_starts_with(text, "}}")) {
		lexer->in_action = false;
		return take(lexer, TOKEN_CLOSE, 2, spaced);
	}
	if (spaced && text_starts_with(text, "-}}")) {
		lexer->in_action = false;
		lexer->trims = true;
		return take(lexer, TOKEN_CLOSE, 3, spaced);
	}
	if (c == '"' || c == '\'' || c == '`')
		return lex_quoted(lexer,
				  c == '"'    ? TOKEN_STRING
				  : c == '\'' ? TOKEN_CHAR
					      : TOKEN_RAW,
				  spaced);
	if (is_digit(c) || c == '-' || c == '+' ||
	    (c == '.' && is_digit(text[1])))
		return lex_number(lexer, spaced);
	if (c == '.')
		return take(lexer, is_name(text[1]) ? TOKEN_FIELD : TOKEN_DOT,
			    1 + name_length(text + 1), spaced);
	if (c == '$')
		return take(lexer, TOKEN_VARIABLE, 1 + name_length(text + 1),
			    spaced);
	if (is_name(c))
		return take(lexer, TOKEN_WORD, name_length(text), spaced);
	return lex_sign(lexer, spaced);
}

struct token lex_next(struct lexer *lexer)
{
	return lexer->in_action ? lex_action(lexer) : lex_text(lexer);
}
