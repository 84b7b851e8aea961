/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/macro.h"

#include <errno.h>
#include <string.h>

#include "lang/builtin.h"
#include "lang/nearest.h"

/* A macro that is being written out; NULL in the script itself. */
struct frame {
	const struct frame *outer;
	const struct skep_macro *macro;
	const struct skep_expr *call;
	struct skep_expr *const *args;
	unsigned number; /* makes names unique */
	unsigned depth;
};

struct expander {
	struct skep_arena *arena;
	struct skep_script *script;
	struct skep_diag *diag;
	unsigned n_frames;
	size_t n_nodes;
	bool failed, full;
};

static struct skep_expr *copy_expr(struct expander *x, const struct frame *f,
				   const struct skep_expr *e);
static struct skep_block_node copy_block(struct expander *x, const struct frame *f,
					 const struct skep_block_node *block, unsigned *height);

void skep_macro_show(char *text)
{
	char *to = text;

	for (const char *from = text; *from;) {
		bool name = *from == '$' || *from == '@';

		*to++ = *from++;
		while (name && (*from == '_' || (*from >= '0' && *from <= '9') ||
				((*from | 0x20) >= 'a' && (*from | 0x20) <= 'z')))
			*to++ = *from++;
		if (name && *from == '\'' && from[1] >= '0' && from[1] <= '9')
			for (from++; *from >= '0' && *from <= '9'; from++)
				;
	}
	*to = '\0';
}

/* ---- messages */

static bool is_told(const struct expander *x, struct skep_loc loc, const char *what)
{
	for (size_t i = 0; x->diag && i < x->diag->n_items; i++) {
		const struct skep_diag_item *item = &x->diag->items[i];

		if (item->loc.line == loc.line && item->loc.col == loc.col &&
		    skep_streq(item->what, what))
			return true;
	}
	return false;
}

/* What is wrong in a body is told once, not for every call. */
static void wrong(struct expander *x, const struct frame *f, struct skep_loc loc, const char *what,
		  const char *hint)
{
	x->failed = true;
	if (is_told(x, loc, what))
		return;
	skep_diag_error(x->diag, loc, "%s", what);
	if (hint)
		skep_diag_hint(x->diag, "%s", hint);
	for (; f && f->macro; f = f->outer)
		skep_diag_add(x->diag, SKEP_DIAG_NOTE, f->call->loc, "in macro %s, used here",
			      f->macro->name);
}

/* Told once. The tree stays what it is. */
static bool is_full(struct expander *x, const struct frame *f, struct skep_loc loc)
{
	if (x->n_nodes++ < SKEP_MACRO_NODES_MAX)
		return false;
	if (!x->full)
		wrong(x, f, loc, "the macros of this script become too much code",
		      "macros that call macros several times grow fast: loops do not");
	x->full = true;
	return true;
}

/* "add(@m, key, $n)" */
static const char *signature(struct expander *x, const struct skep_macro *m)
{
	static const char *const sigils[] = {
		[SKEP_MACRO_EXPR] = "", [SKEP_MACRO_VAR] = "$", [SKEP_MACRO_MAP] = "@"
	};
	const char *text = skep_arena_printf(x->arena, "%s(", m->name);

	for (size_t i = 0; i < m->n_params; i++)
		text = skep_arena_printf(x->arena, "%s%s%s%s", text, i ? ", " : "",
					 sigils[m->params[i].kind], m->params[i].name);
	return skep_arena_printf(x->arena, "%s)", text);
}

/* ---- which macro a call means */

static bool arg_fits(const struct skep_macro_param *p, const struct skep_expr *arg)
{
	switch (p->kind) {
	case SKEP_MACRO_VAR:
		return arg->kind == SKEP_EXPR_VAR;
	case SKEP_MACRO_MAP:
		return arg->kind == SKEP_EXPR_MAP && !arg->map.has_keys;
	default:
		return true;
	}
}

/* How much a macro says about its arguments; -1: it is not this one. */
static int score(const struct skep_macro *m, const struct skep_expr *call)
{
	size_t n = call->kind == SKEP_EXPR_CALL ? call->call.args.len : 0;
	int points = 0;

	if (m->n_params != n)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (!arg_fits(&m->params[i], call->call.args.data[i]))
			return -1;
		points += m->params[i].kind != SKEP_MACRO_EXPR;
	}
	return points;
}

static void no_such_macro(struct expander *x, const struct frame *f, const struct skep_expr *call)
{
	const char *list = "";

	for (size_t i = 0; i < x->script->n_macros; i++)
		if (skep_streq(x->script->macros[i]->name, call->call.name))
			list = skep_arena_printf(x->arena, "%s%s%s", list, list[0] ? ", " : "",
						 signature(x, x->script->macros[i]));
	wrong(x, f, call->loc,
	      skep_arena_printf(x->arena, "no macro %s takes these arguments", call->call.name),
	      skep_arena_printf(x->arena,
				"there is %s: $ stands for a variable, @ for a map without "
				"its key, any value for a bare name",
				list));
}

/* NULL: it is none, or it was told what is wrong. */
static const struct skep_macro *find_macro(struct expander *x, const struct frame *f,
					   const struct skep_expr *call)
{
	const struct skep_macro *best = NULL;
	bool named = false;
	int points = -1;

	for (size_t i = 0; i < x->script->n_macros; i++) {
		const struct skep_macro *m = x->script->macros[i];
		int s;

		if (!skep_streq(m->name, call->call.name))
			continue;
		named = true;
		s = score(m, call);
		if (s > points) {
			points = s;
			best = m;
		}
	}
	/* A builtin of that name takes what no macro does. */
	if (named && !best && !skep_builtin_find(call->call.name))
		no_such_macro(x, f, call);
	return best;
}

static bool is_recursion(const struct frame *f, const struct skep_macro *m)
{
	for (; f; f = f->outer)
		if (f->macro == m)
			return true;
	return false;
}

static const char *chain(struct expander *x, const struct frame *f, const struct skep_macro *m)
{
	const char *text = m->name;

	for (; f; f = f->outer) {
		text = skep_arena_printf(x->arena, "%s calls %s", f->macro->name, text);
		if (f->macro == m)
			break;
	}
	return text;
}

/* ---- parameters */

static const struct skep_macro_param *param_of(const struct frame *f, enum skep_macro_kind kind,
					       const char *name, struct skep_expr **ret_arg)
{
	for (size_t i = 0; f && f->macro && i < f->macro->n_params; i++) {
		if (f->macro->params[i].kind != kind || !skep_streq(f->macro->params[i].name, name))
			continue;
		*ret_arg = f->args[i];
		return &f->macro->params[i];
	}
	return NULL;
}

/* A variable of the body itself. */
static const char *own_name(struct expander *x, const struct frame *f, const char *name)
{
	return f && f->macro ? skep_arena_printf(x->arena, "%s'%u", name, f->number) : name;
}

static void rename_var(struct expander *x, const struct frame *f, const char **name)
{
	struct skep_expr *arg;

	if (!*name)
		return;
	if (param_of(f, SKEP_MACRO_VAR, *name, &arg))
		*name = arg->var.name;
	else
		*name = own_name(x, f, *name);
}

/* @m of the body: the map that it was given. */
static void rename_map(struct expander *x, const struct frame *f, struct skep_expr *e)
{
	struct skep_expr *arg;

	if (!f || !f->macro)
		return;
	if (param_of(f, SKEP_MACRO_MAP, e->map.name, &arg)) {
		e->map.name = arg->map.name;
		return;
	}
	wrong(x, f, e->loc,
	      skep_arena_printf(x->arena, "macro %s is not given the map @%s", f->macro->name,
				e->map.name),
	      skep_arena_printf(x->arena, "make it a parameter: macro %s(@%s)", f->macro->name,
				e->map.name[0] ? e->map.name : "m"));
}

/* ---- calls */

/* A value that the body is, and nothing besides: it takes the place of the call as it is, so that a text is a literal. */
static bool is_plain(const struct skep_expr *e)
{
	const struct skep_builtin *b = NULL;

	if (e && (e->kind == SKEP_EXPR_NAME || e->kind == SKEP_EXPR_CALL))
		b = skep_builtin_find(e->call.name);
	if (b && (b->flags & SKEP_BUILTIN_AGG))
		return true;
	return e &&
	       (e->kind == SKEP_EXPR_INT || e->kind == SKEP_EXPR_STRING ||
		e->kind == SKEP_EXPR_VAR || e->kind == SKEP_EXPR_MAP || e->kind == SKEP_EXPR_PARAM);
}

static struct skep_expr *expand_call(struct expander *x, const struct frame *f,
				     const struct skep_macro *m, const struct skep_expr *call)
{
	size_t n = call->kind == SKEP_EXPR_CALL ? call->call.args.len : 0;
	struct skep_expr **args = skep_arena_calloc(x->arena, n, sizeof(*args)), *e;
	struct frame inner = {
		.outer = f,
		.macro = m,
		.call = call,
		.args = args,
		.number = ++x->n_frames,
		.depth = f ? f->depth + 1 : 1,
	};
	unsigned height = 0;

	if (is_recursion(f, m)) {
		wrong(x, f, call->loc,
		      skep_arena_printf(x->arena, "macro %s calls itself: %s", m->name,
					chain(x, f, m)),
		      "its code would have no end; loops are written: for $i : 0..10 { ... }");
		return NULL;
	}
	if (inner.depth > SKEP_MACRO_DEPTH_MAX) {
		wrong(x, f, call->loc, "too many macros inside each other", NULL);
		return NULL;
	}
	for (size_t i = 0; i < n; i++) {
		args[i] = copy_expr(x, f, call->call.args.data[i]);
		if (!args[i])
			return NULL;
	}
	e = skep_arena_alloc(x->arena, sizeof(*e));
	e->kind = SKEP_EXPR_BLOCK;
	e->loc = call->loc;
	e->block.macro = m->name;
	e->block.body = copy_block(x, &inner, &m->body, &height);
	e->block.value = copy_expr(x, &inner, m->value);
	if (m->value && !e->block.value)
		return NULL;
	e->height = MAX(height, e->block.value ? e->block.value->height : 0) + 1;
	if (!e->block.body.len && is_plain(e->block.value)) {
		e->block.value->loc = call->loc;
		return e->block.value;
	}
	return e;
}

/* ---- copies */

static struct skep_expr_list copy_list(struct expander *x, const struct frame *f,
				       const struct skep_expr_list *list, unsigned *height)
{
	struct skep_expr_list copy = {
		.data = skep_arena_calloc(x->arena, list->len, sizeof(*copy.data)),
	};

	for (size_t i = 0; i < list->len; i++) {
		struct skep_expr *e = copy_expr(x, f, list->data[i]);

		if (!e)
			continue; /* told */
		copy.data[copy.len++] = e;
		*height = MAX(*height, e->height);
	}
	return copy;
}

static void copy_child(struct expander *x, const struct frame *f, struct skep_expr **child,
		       unsigned *height)
{
	if (!*child)
		return;
	*child = copy_expr(x, f, *child);
	if (*child)
		*height = MAX(*height, (*child)->height);
}

/* The children of @e, which is a copy already. */
static void copy_children(struct expander *x, const struct frame *f, struct skep_expr *e,
			  unsigned *height)
{
	switch (e->kind) {
	case SKEP_EXPR_VAR:
		rename_var(x, f, &e->var.name);
		break;
	case SKEP_EXPR_CALL:
		e->call.args = copy_list(x, f, &e->call.args, height);
		break;
	case SKEP_EXPR_MAP:
		rename_map(x, f, e);
		e->map.keys = copy_list(x, f, &e->map.keys, height);
		break;
	case SKEP_EXPR_TUPLE:
		e->tuple = copy_list(x, f, &e->tuple, height);
		break;
	case SKEP_EXPR_UNARY:
		copy_child(x, f, &e->unary.operand, height);
		break;
	case SKEP_EXPR_BINARY:
	case SKEP_EXPR_ASSIGN:
		copy_child(x, f, &e->binary.left, height);
		copy_child(x, f, &e->binary.right, height);
		break;
	case SKEP_EXPR_TERNARY:
		copy_child(x, f, &e->ternary.cond, height);
		copy_child(x, f, &e->ternary.yes, height);
		copy_child(x, f, &e->ternary.no, height);
		break;
	case SKEP_EXPR_FIELD:
		copy_child(x, f, &e->field.base, height);
		break;
	case SKEP_EXPR_INDEX:
		copy_child(x, f, &e->index.base, height);
		copy_child(x, f, &e->index.index, height);
		break;
	case SKEP_EXPR_CAST:
		copy_child(x, f, &e->cast.to.of, height);
		copy_child(x, f, &e->cast.value, height);
		break;
	case SKEP_EXPR_SIZEOF:
	case SKEP_EXPR_OFFSETOF:
		copy_child(x, f, &e->layout.of.of, height);
		copy_child(x, f, &e->layout.expr, height);
		break;
	case SKEP_EXPR_BLOCK:
		e->block.body = copy_block(x, f, &e->block.body, height);
		copy_child(x, f, &e->block.value, height);
		break;
	default:
		break;
	}
}

/* Something that had children has lost one of them: whoever looks at it must not. */
static bool lost_child(const struct skep_expr *e, const struct skep_expr *from)
{
	switch (e->kind) {
	case SKEP_EXPR_UNARY:
		return !e->unary.operand;
	case SKEP_EXPR_BINARY:
	case SKEP_EXPR_ASSIGN:
		return !e->binary.left || !e->binary.right;
	case SKEP_EXPR_TERNARY:
		return !e->ternary.cond || (from->ternary.no && !e->ternary.no) ||
		       (from->ternary.yes && !e->ternary.yes);
	case SKEP_EXPR_FIELD:
		return !e->field.base;
	case SKEP_EXPR_INDEX:
		return !e->index.base || !e->index.index;
	case SKEP_EXPR_CAST:
		return !e->cast.value;
	default:
		return false;
	}
}

/* NULL after a message, and for NULL. */
static struct skep_expr *copy_expr(struct expander *x, const struct frame *f,
				   const struct skep_expr *from)
{
	struct skep_expr *e, *arg;
	const struct skep_macro *m;
	unsigned height = 0;

	if (!from || is_full(x, f, from->loc))
		return NULL;
	if (from->kind == SKEP_EXPR_NAME && param_of(f, SKEP_MACRO_EXPR, from->call.name, &arg))
		return copy_expr(x, NULL, arg);
	if (from->kind == SKEP_EXPR_VAR && param_of(f, SKEP_MACRO_VAR, from->var.name, &arg))
		return copy_expr(x, NULL, arg);
	if (from->kind == SKEP_EXPR_CALL || from->kind == SKEP_EXPR_NAME) {
		m = find_macro(x, f, from);
		if (m)
			return expand_call(x, f, m, from);
	}
	e = skep_arena_memdup(x->arena, from, sizeof(*from));
	copy_children(x, f, e, &height);
	e->height = height + 1;
	if (e->height > SKEP_PARSE_HEIGHT_MAX && !x->full) {
		wrong(x, f, from->loc, "what the macros make of this is nested too deep", NULL);
		x->full = true;
	}
	return x->full || lost_child(e, from) ? NULL : e;
}

static struct skep_stmt *copy_stmt(struct expander *x, const struct frame *f,
				   const struct skep_stmt *from, unsigned *height)
{
	struct skep_stmt *s;

	if (is_full(x, f, from->loc))
		return NULL;
	s = skep_arena_memdup(x->arena, from, sizeof(*from));
	switch (s->kind) {
	case SKEP_STMT_EXPR:
	case SKEP_STMT_RETURN:
		copy_child(x, f, &s->expr, height);
		return s->expr || s->kind == SKEP_STMT_RETURN ? s : NULL;
	case SKEP_STMT_IF:
		copy_child(x, f, &s->branch.cond, height);
		s->branch.yes = copy_block(x, f, &s->branch.yes, height);
		s->branch.no = copy_block(x, f, &s->branch.no, height);
		return s->branch.cond ? s : NULL;
	case SKEP_STMT_LET:
		copy_child(x, f, &s->let.type.of, height);
		copy_child(x, f, &s->let.value, height);
		rename_var(x, f, &s->let.name);
		return s;
	case SKEP_STMT_BLOCK:
		s->block = copy_block(x, f, &s->block, height);
		return s;
	case SKEP_STMT_UNROLL:
	case SKEP_STMT_WHILE:
	case SKEP_STMT_FOR_RANGE:
	case SKEP_STMT_FOR_MAP:
		copy_child(x, f, &s->loop.count, height);
		copy_child(x, f, &s->loop.from, height);
		copy_child(x, f, &s->loop.to, height);
		copy_child(x, f, &s->loop.map, height);
		rename_var(x, f, &s->loop.var);
		s->loop.body = copy_block(x, f, &s->loop.body, height);
		return x->full ? NULL : s;
	default:
		return s;
	}
}

static struct skep_block_node copy_block(struct expander *x, const struct frame *f,
					 const struct skep_block_node *block, unsigned *height)
{
	struct skep_block_node copy = {
		.data = skep_arena_calloc(x->arena, block->len, sizeof(*copy.data)),
	};

	for (size_t i = 0; i < block->len; i++) {
		struct skep_stmt *s = copy_stmt(x, f, block->data[i], height);

		if (s)
			copy.data[copy.len++] = s;
	}
	*height += 1;
	return copy;
}

/* ---- the whole */

static bool same_signature(const struct skep_macro *a, const struct skep_macro *b)
{
	if (!skep_streq(a->name, b->name) || a->n_params != b->n_params)
		return false;
	for (size_t i = 0; i < a->n_params; i++)
		if (a->params[i].kind != b->params[i].kind)
			return false;
	return true;
}

static void check_macros(struct expander *x)
{
	for (size_t i = 0; i < x->script->n_macros; i++) {
		const struct skep_macro *m = x->script->macros[i];

		for (size_t j = 0; j < i; j++) {
			if (!same_signature(m, x->script->macros[j]))
				continue;
			wrong(x, NULL, m->name_loc,
			      skep_arena_printf(x->arena, "there is a macro %s already",
						signature(x, x->script->macros[j])),
			      skep_arena_printf(x->arena,
						"it is in line %u; macros of one name "
						"differ in their parameters",
						x->script->macros[j]->name_loc.line));
			break;
		}
	}
}

int skep_macro_expand(struct skep_arena *arena, struct skep_script *script, struct skep_diag *diag)
{
	struct expander x = { .arena = arena, .script = script, .diag = diag };

	if (!script->n_macros)
		return 0;
	check_macros(&x);
	for (size_t i = 0; i < script->n_probes; i++) {
		struct skep_probe_node *probe = script->probes[i];
		unsigned height = 0;

		copy_child(&x, NULL, &probe->predicate, &height);
		probe->body = copy_block(&x, NULL, &probe->body, &height);
	}
	for (size_t i = 0; i < script->n_fns; i++) {
		unsigned height = 0;

		script->fns[i]->body = copy_block(&x, NULL, &script->fns[i]->body, &height);
	}
	return x.failed ? -EINVAL : 0;
}
