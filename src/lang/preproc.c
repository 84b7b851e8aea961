/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preprocessor lines. Scripts carry them for kernels without BTF and for constants. What #define makes of a name is done
 * by expand.c, conditions are evaluated by preproc_if.c. #include <NAME> brings nothing in: types come from BTF, constants
 * from the table in constants.c.
 */
#include "base/str.h"
#include "lang/lex.h"

struct line {
	struct skep_loc loc; /* of the '#' and its word */
	const char *hash, *word;
	size_t word_len;
	size_t off, end; /* the rest, without blanks and comments at its end */
	uint32_t col;	 /* of the rest */
};

static bool word_is(const struct line *l, const char *word)
{
	return strlen(word) == l->word_len && !memcmp(word, l->word, l->word_len);
}

/* Moves @off over blanks in the line. */
static size_t skip_blanks(const struct skep_lex *lx, size_t off, size_t end)
{
	while (off < end && (lx->text[off] == ' ' || lx->text[off] == '\t'))
		off++;
	return off;
}

/*
 * Where the text of a directive ends: at the newline, a comment, or never in the middle of a
 * string. @ret_next is where the lexer goes on: in front of the newline or of a block comment,
 * which may reach into the next lines.
 */
static size_t find_end(const struct skep_lex *lx, size_t off, size_t *ret_next)
{
	char quote = 0;
	size_t end;

	for (; off < lx->len && lx->text[off] != '\n'; off++) {
		char c = lx->text[off], next = off + 1 < lx->len ? lx->text[off + 1] : 0;

		if (c == '\\' && next) {
			off++;
		} else if (quote) {
			quote = c == quote ? 0 : quote;
		} else if (c == '"') {
			quote = c;
		} else if (c == '/' && (next == '/' || next == '*')) {
			break;
		}
	}
	off = MIN(off, lx->len);
	*ret_next = off;
	for (end = off; end && skep_lex_is_blank(lx->text[end - 1]); end--)
		;
	return end;
}

/* Takes one line apart and moves behind it. */
static struct line read_line(struct skep_lex *lx)
{
	struct line l = {};
	size_t hash = lx->pos, off, next;

	off = skip_blanks(lx, hash + 1, lx->len);
	l.hash = lx->text + hash;
	l.word = lx->text + off;
	while (off + l.word_len < lx->len && skep_lex_is_word(l.word[l.word_len]))
		l.word_len++;
	l.loc = skep_lex_loc(lx, hash, off + l.word_len - hash);
	l.off = skip_blanks(lx, off + l.word_len, lx->len);
	l.end = MAX(l.off, find_end(lx, l.off, &next));
	l.col = (uint32_t)(l.off - lx->line_start + 1);
	while (lx->pos < next)
		skep_lex_step(lx);
	lx->bol = false;
	return l;
}

static struct skep_loc rest_loc(const struct line *l)
{
	return (struct skep_loc){ l->loc.line, l->col, (uint32_t)(l->end - l->off) };
}

struct skep_define *skep_lex_define(struct skep_lex_env *env, const char *name, size_t len)
{
	size_t index = (size_t)(uintptr_t)skep_hash_get(&env->names, name, len);
	struct skep_define *d = index ? &env->defines.data[index - 1] : NULL;

	return d && !d->removed ? d : NULL;
}

/* A bound was met: as if the script ended here. */
static void give_up(struct skep_lex *lx)
{
	lx->pos = lx->len;
	lx->n_conds = 0;
	lx->env->truncated = true;
}

static void add_define(struct skep_lex *lx, struct skep_define d, struct skep_loc loc)
{
	struct skep_lex_env *env = lx->env;

	if (env->defines.len < SKEP_LEX_DEFINES_MAX) {
		skep_vec_add(&env->defines, d);
		skep_hash_set(&env->names, d.name, d.name_len, (void *)(uintptr_t)env->defines.len);
		return;
	}
	skep_lex_error(env, loc,
		       "more than %d lines with #define; the rest of the script was not looked at",
		       SKEP_LEX_DEFINES_MAX);
	give_up(lx);
}

bool skep_lex_is_defined(struct skep_lex_env *env, const char *name, size_t len)
{
	static const char have_btf[] = "BPFTRACE_HAVE_BTF";

	return (len == sizeof(have_btf) - 1 && !memcmp(name, have_btf, len)) ||
	       skep_lex_define(env, name, len);
}

static size_t name_len(const struct skep_lex *lx, size_t off, size_t end)
{
	size_t n = 0;

	while (off + n < end && skep_lex_is_word(lx->text[off + n]))
		n++;
	return n;
}

static bool condition(struct skep_lex *lx, const struct line *l)
{
	if (word_is(l, "ifdef") || word_is(l, "ifndef")) {
		size_t n = name_len(lx, l->off, l->end);

		if (!n && skep_lex_error(lx->env, l->loc, "a name is missing behind this"))
			skep_lex_hint(lx->env, "for example: #ifdef BPFTRACE_HAVE_BTF");
		return skep_lex_is_defined(lx->env, lx->text + l->off, n) == word_is(l, "ifdef");
	}
	if (l->off == l->end) {
		if (skep_lex_error(lx->env, l->loc, "a condition is missing behind this"))
			skep_lex_hint(lx->env, "for example: #if defined(NAME) && LIMIT > 10");
		return false;
	}
	return skep_lex_condition(lx, l->off, l->end - l->off, rest_loc(l));
}

/*
 * Behind a condition that does not hold: skips lines up to the #else, #elif or #endif that ends the
 * group. Strings and comments do not count there, as the text may be C.
 */
static void skip_group(struct skep_lex *lx)
{
	struct skep_lex_cond *cond = &lx->conds[lx->n_conds - 1];
	unsigned nested = 0;

	for (;;) {
		struct line l;

		while (lx->pos < lx->len && lx->text[lx->pos] != '\n')
			lx->pos++;
		if (lx->pos == lx->len)
			return;
		skep_lex_step(lx);
		lx->pos = skip_blanks(lx, lx->pos, lx->len);
		if (skep_lex_peek(lx, 0) != '#')
			continue;
		l = read_line(lx);
		if (word_is(&l, "if") || word_is(&l, "ifdef") || word_is(&l, "ifndef")) {
			nested++;
		} else if (word_is(&l, "endif")) {
			if (nested--)
				continue;
			lx->n_conds--;
			return;
		} else if (!nested && word_is(&l, "else")) {
			cond->has_else = true;
			if (cond->taken)
				continue;
			cond->taken = true;
			return;
		} else if (!nested && word_is(&l, "elif") && !cond->taken && condition(lx, &l)) {
			cond->taken = true;
			return;
		}
	}
}

static void open_condition(struct skep_lex *lx, const struct line *l)
{
	bool holds;

	if (lx->n_conds == SKEP_LEX_COND_MAX) {
		skep_lex_error(
			lx->env, l->loc,
			"more than %d conditions inside each other; the rest of the script was not looked at",
			SKEP_LEX_COND_MAX);
		give_up(lx);
		return;
	}
	holds = condition(lx, l);
	lx->conds[lx->n_conds++] = (struct skep_lex_cond){ .loc = l->loc, .taken = holds };
	if (!holds)
		skip_group(lx);
}

static void close_condition(struct skep_lex *lx, const struct line *l)
{
	if (!lx->n_conds) {
		if (skep_lex_error(lx->env, l->loc, "#%.*s without an #if in front of it",
				   (int)l->word_len, l->word))
			skep_lex_hint(lx->env, "write #if, #ifdef or #ifndef in a line above, or "
					       "take this one out");
		return;
	}
	if (word_is(l, "endif")) {
		lx->n_conds--;
		return;
	}
	/* The group that was in use ends here. */
	if (lx->conds[lx->n_conds - 1].has_else)
		skep_lex_error(lx->env, l->loc, "#%.*s behind the #else of the same #if",
			       (int)l->word_len, l->word);
	lx->conds[lx->n_conds - 1].has_else |= word_is(l, "else");
	skip_group(lx);
}

/* ---- #define */

#define PARAMS_MAX 64

static bool bad_params(struct skep_lex *lx, const struct line *l)
{
	if (skep_lex_error(lx->env, rest_loc(l), "the parameters of this #define are not right"))
		skep_lex_hint(lx->env, "they are names: #define MAX(a, b) ((a) > (b) ? (a) : (b))");
	return false;
}

/* "(a, b, ...)" at *off, which is moved behind it. */
static bool read_params(struct skep_lex *lx, const struct line *l, size_t *off,
			struct skep_define *d)
{
	struct skep_define_param params[PARAMS_MAX];
	size_t n = 0, at = skip_blanks(lx, *off + 1, l->end);

	d->is_function = true;
	while (at < l->end && lx->text[at] != ')') {
		bool dots = l->end - at >= 3 && !memcmp(lx->text + at, "...", 3);
		size_t len = dots ? 0 : name_len(lx, at, l->end);

		if ((!dots && (!len || skep_lex_is_digit(lx->text[at]))) || d->variadic ||
		    n == PARAMS_MAX)
			return bad_params(lx, l);
		params[n++] = (struct skep_define_param){ lx->text + at, len };
		at += dots ? 3 : len;
		d->variadic = dots;
		/* name... is as good */
		if (!dots && l->end - at >= 3 && !memcmp(lx->text + at, "...", 3)) {
			d->variadic = true;
			at += 3;
		}
		at = skip_blanks(lx, at, l->end);
		if (at < l->end && lx->text[at] == ',')
			at = skip_blanks(lx, at + 1, l->end);
		else if (at < l->end && lx->text[at] != ')')
			return bad_params(lx, l);
	}
	if (at == l->end)
		return bad_params(lx, l);
	*off = at + 1;
	d->n_params = n;
	d->params = skep_arena_memdup(lx->env->arena, params, n * sizeof(*params));
	return true;
}

static void define(struct skep_lex *lx, const struct line *l)
{
	struct skep_lex_env *env = lx->env;
	size_t n = name_len(lx, l->off, l->end), off = l->off + n;
	struct skep_define d = {};

	if (!n || skep_lex_is_digit(lx->text[l->off])) {
		if (skep_lex_error(env, l->loc, "a name is missing behind #define"))
			skep_lex_hint(env, "for example: #define LIMIT 100");
		return;
	}
	/* Only right behind the name: elsewhere the parenthesis is the body's. */
	if (off < l->end && lx->text[off] == '(' && !read_params(lx, l, &off, &d))
		return;
	off = skip_blanks(lx, off, l->end);
	d.name = lx->text + l->off;
	d.name_len = n;
	d.off = off;
	d.end = MAX(off, l->end);
	d.loc = (struct skep_loc){ l->loc.line, l->col + (uint32_t)(off - l->off),
				   (uint32_t)(d.end - off) };
	add_define(lx, d, l->loc);
}

static void undefine(struct skep_lex *lx, const struct line *l)
{
	struct skep_define d = { .name = lx->text + l->off,
				 .name_len = name_len(lx, l->off, l->end),
				 .removed = true };

	if (d.name_len)
		add_define(lx, d, l->loc);
}

/* ---- #include */

/* Folders of the C library's and the kernel's headers. */
static bool is_system_header(const char *name)
{
	static const char *const folders[] = { "linux/", "uapi/",  "asm/",     "asm-generic/",
					       "net/",	 "sys/",   "netinet/", "arpa/",
					       "bits/",	 "bpf/",   "rdma/",    "scsi/",
					       "sound/", "trace/", "../" };

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		if (skep_has_prefix(name, folders[i]))
			return true;
	return !strchr(name, '/');
}

static void include(struct skep_lex *lx, const struct line *l)
{
	struct skep_lex_env *env = lx->env;
	char open = l->off < l->end ? lx->text[l->off] : 0, close = open == '<' ? '>' : '"';
	const char *end = NULL, *name;

	if (open == '<' || open == '"')
		end = memchr(lx->text + l->off + 1, close, l->end - l->off - 1);
	if (!end) {
		if (skep_lex_error(env, l->loc, "a name is missing behind #include"))
			skep_lex_hint(env, "it stands in <> or in quotes: #include <linux/fs.h>");
		return;
	}
	name = skep_arena_strndup(env->arena, lx->text + l->off + 1,
				  (size_t)(end - lx->text) - l->off - 1);
	if (env->quiet ||
	    (env->include && env->include(env->include_data, name, open == '"', rest_loc(l))))
		return;
	if (open == '<' && is_system_header(name))
		return;
	if (!env->verbose && (open == '"' || env->in_header))
		return;
	/* In quotes stand headers of the system only: a file of one's own that is missing is an error. */
	skep_diag_add(env->diag, open == '"' ? SKEP_DIAG_NOTE : SKEP_DIAG_WARNING, rest_loc(l),
		      open == '"' ? "there is no file %s" : "nothing is read from %s",
		      skep_lex_show(env, name, strlen(name)));
	skep_lex_hint(env, "types come from the kernel's BTF, constants from a table; what "
			   "is missing can be written down here: #define, struct, enum");
}

void skep_lex_directive(struct skep_lex *lx)
{
	struct line l = read_line(lx);

	if (word_is(&l, "if") || word_is(&l, "ifdef") || word_is(&l, "ifndef")) {
		open_condition(lx, &l);
	} else if (word_is(&l, "else") || word_is(&l, "elif") || word_is(&l, "endif")) {
		close_condition(lx, &l);
	} else if (word_is(&l, "define")) {
		define(lx, &l);
	} else if (word_is(&l, "undef")) {
		undefine(lx, &l);
	} else if (word_is(&l, "error")) {
		if (skep_lex_error(lx->env, rest_loc(&l), "#error: %s",
				   skep_lex_show(lx->env, lx->text + l.off, l.end - l.off)))
			skep_lex_hint(lx->env,
				      "the script says so itself, by the conditions above");
	} else if (word_is(&l, "include")) {
		include(lx, &l);
	} else if (!word_is(&l, "pragma") && !word_is(&l, "warning") && l.word_len) {
		if (skep_lex_error(lx->env, l.loc, "'%s' is no line that the preprocessor knows",
				   skep_lex_show(lx->env, l.hash,
						 (size_t)(l.word - l.hash) + l.word_len)))
			skep_lex_hint(lx->env, "a comment starts with '//'");
	}
}
