/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/expand.h"

#include "base/str.h"

struct tokens {
	SKEP_VEC(struct skep_tok);
};

static struct skep_define *define_at(struct skep_expand *x, size_t index_plus1)
{
	return &x->env->defines.data[index_plus1 - 1];
}

static void pop(struct skep_expand *x)
{
	struct skep_expand_level level = skep_vec_pop(&x->levels);

	if (level.define)
		define_at(x, level.define)->busy = false;
}

void skep_expand_drop(struct skep_expand *x)
{
	while (x->levels.len)
		pop(x);
}

void skep_expand_fini(struct skep_expand *x)
{
	skep_expand_drop(x);
	skep_vec_fini(&x->levels);
}

/* The tokens are copied: a level outlives what it was made from. */
static void push(struct skep_expand *x, const struct skep_tok *toks, size_t len, size_t define)
{
	struct skep_expand_level level = { .len = len, .define = define };

	if (!len)
		return;
	level.toks = skep_arena_memdup(x->env->arena, toks, len * sizeof(*toks));
	skep_vec_add(&x->levels, level);
	if (define)
		define_at(x, define)->busy = true;
}

/* The next token as it stands. */
static struct skep_tok take(struct skep_expand *x)
{
	while (x->levels.len) {
		struct skep_expand_level *level = &skep_vec_last(&x->levels);

		if (level->pos < level->len)
			return level->toks[level->pos++];
		pop(x);
	}
	if (x->lx)
		return skep_lex_next(x->lx);
	return (struct skep_tok){ .kind = SKEP_TOK_END };
}

/* ---- the body of a #define */

static void lex_body(struct skep_expand *x, const struct skep_define *d, struct tokens *out)
{
	struct skep_lex lx;

	skep_lex_init(&lx, x->env, x->env->text, d->end);
	lx.pos = d->off;
	lx.line = d->loc.line;
	lx.line_start = d->off - (d->loc.col - 1);
	lx.in_define = true;
	for (;;) {
		struct skep_tok t = skep_lex_next(&lx);

		if (t.kind == SKEP_TOK_END)
			return;
		skep_vec_add(out, t);
	}
}

/* Which parameter a token names; -1: none. */
static int param_of(const struct skep_define *d, const struct skep_tok *t)
{
	static const struct skep_define_param rest = { "__VA_ARGS__", 11 };

	if (t->kind != SKEP_TOK_NAME)
		return -1;
	for (size_t i = 0; i < d->n_params; i++) {
		const struct skep_define_param *p = &d->params[i];

		if (d->variadic && i + 1 == d->n_params && !p->len)
			p = &rest;
		if (p->len == t->len && !memcmp(p->name, t->text, t->len))
			return (int)i;
	}
	return -1;
}

/* ---- # and ## */

static void add_source(struct skep_expand *x, const struct skep_tok *t, struct skep_str *out)
{
	skep_str_addn(out, x->env->text + t->off, t->end - t->off);
}

/* #param: the text of the argument, as a string. */
static struct skep_tok stringify(struct skep_expand *x, const struct skep_tok *hash,
				 const struct tokens *arg)
{
	_cleanup_(skep_str_fini)
	struct skep_str out = {};
	struct skep_tok t = *hash;

	for (size_t i = 0; i < arg->len; i++) {
		if (i && arg->data[i].off > arg->data[i - 1].end)
			skep_str_addc(&out, ' ');
		add_source(x, &arg->data[i], &out);
	}
	t.kind = SKEP_TOK_STRING;
	t.text = skep_arena_memdup(x->env->arena, skep_str_text(&out), out.len + 1);
	t.len = out.len;
	return t;
}

/* a ## b: one token made of the text of both. */
static struct skep_tok paste(struct skep_expand *x, const struct skep_tok *a,
			     const struct skep_tok *b, struct skep_loc use)
{
	_cleanup_(skep_str_fini)
	struct skep_str out = {};
	struct skep_lex_env env = { .arena = x->env->arena, .quiet = true };
	struct skep_lex lx;
	struct skep_tok t;
	char *text;

	skep_str_addn(&out, a->text ? a->text : x->env->text + a->off,
		      a->text ? a->len : a->end - a->off);
	skep_str_addn(&out, b->text ? b->text : x->env->text + b->off,
		      b->text ? b->len : b->end - b->off);
	text = skep_arena_memdup(x->env->arena, skep_str_text(&out), out.len + 1);
	skep_lex_init(&lx, &env, text, out.len);
	t = skep_lex_next(&lx);
	if (t.kind == SKEP_TOK_ERROR || t.kind == SKEP_TOK_END || t.end != out.len) {
		if (skep_lex_error(x->env, use, "'##' makes '%s' here, which is no single token",
				   skep_lex_show(x->env, text, out.len)))
			skep_lex_hint(x->env, "it joins parts of a name or a number: a ## b is ab");
		t.kind = SKEP_TOK_ERROR;
	}
	t.off = a->off;
	t.end = a->end;
	return t;
}

/* ---- arguments */

struct args {
	struct tokens *list;
	size_t n, cap;
};

static void fini_args(struct args *a)
{
	for (size_t i = 0; i < a->n; i++)
		skep_vec_fini(&a->list[i]);
	free(a->list);
}

static struct tokens *add_arg(struct args *a)
{
	if (a->n == a->cap) {
		a->cap = a->cap ? a->cap * 2 : 4;
		a->list = reallocarray(a->list, a->cap, sizeof(*a->list));
		if (!a->list)
			skep_oom();
	}
	a->list[a->n] = (struct tokens){};
	return &a->list[a->n++];
}

/* Behind the '(': the tokens between the commas at its level. False: there is no ')'. */
static bool read_args(struct skep_expand *x, const struct skep_define *d,
		      const struct skep_tok *use, struct args *ret)
{
	struct tokens *arg = add_arg(ret);
	unsigned parens = 0;

	for (;;) {
		struct skep_tok t = take(x);

		if (t.kind == SKEP_TOK_END) {
			if (skep_lex_error(x->env, use->loc,
					   "the arguments of '%s' have no ')' at their end",
					   skep_lex_show(x->env, use->text, use->len)))
				skep_lex_hint(x->env, "it is a #define with parameters");
			return false;
		}
		if (t.kind == SKEP_TOK_RPAREN && !parens--)
			return true;
		parens += t.kind == SKEP_TOK_LPAREN;
		if (t.kind == SKEP_TOK_COMMA && !parens && !(d->variadic && ret->n >= d->n_params))
			arg = add_arg(ret);
		else
			skep_vec_add(arg, t);
	}
}

/* An argument is expanded by itself before it takes its place. */
static void expand_arg(struct skep_expand *x, const struct tokens *arg, struct tokens *out)
{
	struct skep_expand inner = { .env = x->env, .depth = x->depth + 1 };

	push(&inner, arg->data, arg->len, 0);
	for (;;) {
		struct skep_tok t = skep_expand_next(&inner);

		if (t.kind == SKEP_TOK_END)
			break;
		skep_vec_add(out, t);
	}
	skep_expand_fini(&inner);
}

/* ---- replacing */

static void place(struct skep_tok *t, const struct skep_tok *use, size_t define)
{
	t->loc = use->loc;
	t->bol = false;
	t->n_conds = use->n_conds;
	t->from = use->from ? use->from : (uint32_t)define;
}

struct substitution {
	struct skep_expand *x;
	const struct skep_define *d;
	size_t define;
	const struct skep_tok *use;
	const struct args *args;
	struct tokens *out;
	bool empty_left; /* what stands in front of ## is nothing */
};

static void add_tokens(struct tokens *out, const struct tokens *from, size_t first)
{
	for (size_t i = first; i < from->len; i++)
		skep_vec_add(out, from->data[i]);
}

/* `##` and what stands behind it, at body[*i]. */
static void join(struct substitution *s, const struct skep_tok *right, int param)
{
	const struct tokens *arg = param >= 0 ? &s->args->list[param] : NULL;
	struct skep_tok *left;

	if (arg && !arg->len)
		return; /* nothing on that side */
	if (s->empty_left || !s->out->len) {
		if (arg)
			add_tokens(s->out, arg, 0);
		else
			skep_vec_add(s->out, *right);
		s->empty_left = false;
		return;
	}
	left = &skep_vec_last(s->out);
	*left = paste(s->x, left, arg ? &arg->data[0] : right, s->use->loc);
	place(left, s->use, s->define);
	if (arg)
		add_tokens(s->out, arg, 1);
}

/* The body with its parameters replaced. */
static void substitute(struct substitution *s, const struct tokens *body)
{
	for (size_t i = 0; i < body->len; i++) {
		const struct skep_tok *t = &body->data[i];
		bool more = i + 1 < body->len;
		int param = param_of(s->d, t), next = more ? param_of(s->d, t + 1) : -1;

		if (t->kind == SKEP_TOK_HASH && s->d->is_function && next >= 0) {
			skep_vec_add(s->out, stringify(s->x, t, &s->args->list[next]));
			i++;
		} else if (t->kind == SKEP_TOK_PASTE && more && i) {
			join(s, t + 1, next);
			i++;
		} else if (param >= 0 && more && t[1].kind == SKEP_TOK_PASTE) {
			s->empty_left = !s->args->list[param].len;
			add_tokens(s->out, &s->args->list[param], 0);
		} else if (param >= 0) {
			expand_arg(s->x, &s->args->list[param], s->out);
		} else {
			skep_vec_add(s->out, *t);
		}
	}
}

static bool check_count(struct skep_expand *x, const struct skep_define *d,
			const struct skep_tok *use, struct args *args)
{
	/* f() is no argument, or an empty one. */
	if (!d->n_params && args->n == 1 && !args->list[0].len)
		return true;
	if (d->variadic && args->n + 1 == d->n_params)
		add_arg(args);
	if (args->n == d->n_params)
		return true;
	if (skep_lex_error(x->env, use->loc, "'%s' takes %zu argument%s, but here it gets %zu",
			   skep_lex_show(x->env, use->text, use->len), d->n_params,
			   d->n_params == 1 ? "" : "s", args->n))
		skep_lex_hint(x->env, "it is the #define in line %u", d->loc.line);
	return false;
}

/* What @use stands for, into @out. False after a message. */
static bool replace(struct skep_expand *x, const struct skep_define *d, size_t define,
		    const struct skep_tok *use, struct tokens *out)
{
	struct args args = {};
	struct tokens body = {};
	struct substitution s = {
		.x = x, .d = d, .define = define, .use = use, .args = &args, .out = out
	};
	bool ok = !d->is_function || (read_args(x, d, use, &args) && check_count(x, d, use, &args));

	if (ok) {
		lex_body(x, d, &body);
		for (size_t i = 0; i < body.len; i++)
			place(&body.data[i], use, define);
		substitute(&s, &body);
	}
	skep_vec_fini(&body);
	fini_args(&args);
	x->env->n_expanded += out->len + 1;
	if (!ok || x->env->n_expanded <= SKEP_EXPAND_TOKENS_MAX)
		return ok;
	skep_lex_error(x->env, use->loc,
		       "what the names from #define stand for is longer than %u tokens",
		       SKEP_EXPAND_TOKENS_MAX);
	return false;
}

/*
 * Pushes what @use stands for. False: it stands for itself. *ret_nothing: the #define, when it stands for nothing at all.
 */
static bool expand(struct skep_expand *x, struct skep_tok *use, uint32_t *ret_nothing)
{
	struct skep_define *found = skep_lex_define(x->env, use->text, use->len), d;
	size_t index = found ? (size_t)(found - x->env->defines.data) + 1 : 0;
	struct tokens out = {};

	if (!found || use->blocked)
		return false;
	if (found->busy) {
		use->blocked = true;
		return false;
	}
	d = *found; /* the table may grow meanwhile */
	if (d.is_function) {
		struct skep_tok next = take(x);

		if (next.kind != SKEP_TOK_LPAREN) {
			push(x, &next, 1, 0);
			return false;
		}
	}
	if (!replace(x, &d, index, use, &out)) {
		use->kind = SKEP_TOK_ERROR;
		skep_vec_fini(&out);
		return false;
	}
	if (out.len)
		out.data[0].bol = use->bol;
	else
		*ret_nothing = (uint32_t)index;
	push(x, out.data, out.len, index);
	skep_vec_fini(&out);
	return true;
}

/* # and ## mean something only inside a #define with parameters. */
static void reject_hash(struct skep_expand *x, struct skep_tok *t)
{
	if (skep_lex_error(x->env, t->loc, "'%s' has no meaning here",
			   t->kind == SKEP_TOK_HASH ? "#" : "##"))
		skep_lex_hint(x->env, "in a #define with parameters # makes a text of one, and ## "
				      "joins two names");
	t->kind = SKEP_TOK_ERROR;
}

struct skep_tok skep_expand_next(struct skep_expand *x)
{
	uint32_t nothing = 0;

	for (;;) {
		struct skep_tok t = take(x);

		if (t.kind == SKEP_TOK_HASH || t.kind == SKEP_TOK_PASTE)
			reject_hash(x, &t);
		if (!x->raw && t.kind == SKEP_TOK_NAME && x->depth < SKEP_EXPAND_DEPTH_MAX &&
		    expand(x, &t, &nothing))
			continue;
		t.behind_nothing = nothing;
		return t;
	}
}

const char *skep_expand_origin(struct skep_lex_env *env, size_t from)
{
	const struct skep_define *d = &env->defines.data[from - 1];

	if (d->off == d->end)
		return skep_arena_printf(env->arena, "'%s', which stands for nothing",
					 skep_lex_show(env, d->name, d->name_len));
	return skep_arena_printf(env->arena, "'%s', which stands for %s",
				 skep_lex_show(env, d->name, d->name_len),
				 skep_lex_show(env, env->text + d->off, d->end - d->off));
}
