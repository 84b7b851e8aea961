/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words and calls: builtins, constants of the kernel's enums, and a few constants that scripts
 * expect.
 */
#include <errno.h>
#include <string.h>

#include "lang/builtin.h"
#include "lang/check_priv.h"
#include "lang/constants.h"
#include "lang/fn.h"
#include "lang/hook.h"
#include "lang/import.h"
#include "lang/nearest.h"
#include "lang/packet.h"
#include "lang/provider.h"

static void make_number(struct skep_expr *expr, uint64_t value, const struct skep_type *type)
{
	expr->kind = SKEP_EXPR_INT;
	memset(&expr->num, 0, sizeof(expr->num));
	expr->num.value = value;
	expr->num.is_unsigned = !type->is_signed && value > INT64_MAX;
	expr->type = type;
}

/* A constant of an enum that the probed function is given, or reaches through what it is given. */
static bool find_given(struct skep_check *k, struct skep_expr *expr)
{
	const struct skep_proto_regs *f = k->inst ? &k->inst->args_of : NULL;
	struct skep_btf_enumerator e;
	const struct skep_type *of;
	uint32_t id;

	if (!f || !f->places || skep_hash_get_str(&k->c->constants, expr->call.name) ||
	    skep_btf_find_enumerator(f->btf, expr->call.name, &id, &e) < 0)
		return false;
	of = skep_type_from_btf(&k->c->types, f->btf, id, SKEP_SPACE_USER);
	of = skep_check_wide_enum(k->c, of);
	make_number(expr, e.value, of);
	expr->num.of = of;
	return true;
}

/* The word as a constant: it becomes a number in the tree. */
static bool find_constant(struct skep_check *k, struct skep_expr *expr)
{
	const struct skep_type *of;
	uint32_t need;
	int64_t value;

	if (find_given(k, expr))
		return true;
	if (!skep_check_constant(k->c, expr->call.name, &value, &of, &need))
		return false;
	make_number(expr, (uint64_t)value, of ? of : skep_type_int(8, true));
	expr->num.of = of;
	expr->num.need_plus1 = need;
	return true;
}

static bool is_arg_like(const char *name)
{
	return skep_has_prefix(name, "arg") && name[3] >= '0' && name[3] <= '9';
}

/* What other versions of the language called it. */
static const char *old_name(const char *name)
{
	static const struct {
		const char *old, *now;
	} names[] = {
		{ "process", "comm" },
		{ "execname", "comm" },
		{ "timestamp", "nsecs" },
		{ "walltimestamp", "strftime(\"%H:%M:%S\", nsecs)" },
		{ "quantize", "hist" },
		{ "lquantize", "lhist" },
		{ "println", "printf(\"...\\n\")" },
		{ "kprintf", "printf" },
		{ "copyinstr", "str" },
		{ "stringof", "str" },
		{ "kstr", "str" },
		{ "func_name", "func" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (skep_streq(names[i].old, name))
			return names[i].now;
	return NULL;
}

/* What bpftrace has and we have not, and what does instead. */
static const char *unsupported(const char *name)
{
	static const struct {
		const char *name, *instead;
	} names[] = {
		{ "globmatch", "strcontains(), strncmp() or ==" },
		{ "assert_str", "static_assert(is_str(...))" },
		{ "default_str_length", "config.max_strlen" },
		{ "elf_info", "uaddr() for addresses of a binary" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (skep_streq(names[i].name, name))
			return names[i].instead;
	return NULL;
}

static const struct skep_macro *nearest_macro(const struct skep_script *script, const char *name)
{
	for (size_t i = 0; i < script->n_macros; i++)
		if (skep_edit_distance(name, script->macros[i]->name, 1) <= 1)
			return script->macros[i];
	return NULL;
}

static void add_near(void *data, const char *name)
{
	skep_nearest_add(data, name);
}

/* A constant in capitals, by its name; "" when none is near. */
static const char *nearest_constant(struct skep_check *k, const char *name)
{
	struct skep_nearest near = { .wanted = name };
	const char *text = "";

	if (name[0] < 'A' || name[0] > 'Z')
		return text;
	skep_constant_each(add_near, &near);
	for (size_t i = 0; i < k->c->constants.cap; i++)
		if (k->c->constants.entries[i].key)
			skep_nearest_add(&near, k->c->constants.entries[i].key);
	if (near.n)
		text = skep_nearest_text(&near, k->c->arena);
	skep_nearest_fini(&near);
	return text;
}

/* What the probe sees by that name, as it is written; NULL: nothing. */
static const char *as_seen(struct skep_check *k, const char *name)
{
	const struct skep_instance *inst = k->inst;
	struct skep_type args = { .kind = SKEP_TYPE_STRUCT };
	struct skep_field field;

	if (!inst)
		return NULL;
	if (inst->hook && inst->hook->packet &&
	    (skep_header_find(name) != SKEP_HEADER_MAX ||
	     skep_packet_field_find(SKEP_HEADER_PKT, name)))
		return skep_arena_printf(k->c->arena, "pkt.%s", name);
	args.str = inst->args;
	if (inst->args && inst->provider->lower_args &&
	    skep_type_field(&k->c->types, &args, name, inst->args_space, &field))
		return skep_arena_printf(k->c->arena, "args.%s", name);
	return NULL;
}

static int unknown(struct skep_check *k, struct skep_expr *expr)
{
	const char *name = expr->call.name, *near, *seen, *now = old_name(name);
	bool called = expr->kind == SKEP_EXPR_CALL;
	const struct skep_fn_node *fn;
	const struct skep_macro *macro;

	if (!k->c->diag)
		return -EINVAL;
	/* Arguments have mistakes of their own. */
	for (size_t i = 0; called && i < expr->call.args.len; i++)
		(void)!skep_check_expr(k, expr->call.args.data[i]);
	(void)skep_check_error(k, called ? expr->call.name_loc : expr->loc,
			       called ? "there is no function %s()" : "'%s' is not known", name);
	if (unsupported(name)) {
		skep_diag_hint(k->c->diag, "not supported: %s; use %s", name, unsupported(name));
		return -EINVAL;
	}
	near = skep_builtin_nearest(k->c, name, called);
	macro = nearest_macro(k->c->script, name);
	fn = called ? skep_fn_nearest(k->c->script, name) : NULL;
	seen = called ? NULL : as_seen(k, name);
	if (seen)
		skep_diag_hint(k->c->diag, "here it is written %s", seen);
	else if (fn)
		skep_diag_hint(k->c->diag, "did you mean %s(), at line %u?", fn->name,
			       fn->name_loc.line);
	else if (macro)
		skep_diag_hint(k->c->diag, "did you mean the macro %s, at line %u?", macro->name,
			       macro->name_loc.line);
	else if (now)
		skep_diag_hint(k->c->diag, "here it is called %s", now);
	else if (is_arg_like(name))
		skep_diag_hint(k->c->diag, "arguments are arg0 to arg9");
	else if (near[0] && called)
		skep_diag_hint(k->c->diag, "did you mean %s?", near);
	else if (near[0])
		skep_diag_hint(k->c->diag, "did you mean %s? Text stands in quotes: \"%s\"", near,
			       name);
	else if (!called && nearest_constant(k, name)[0])
		skep_diag_hint(k->c->diag, "did you mean %s?", nearest_constant(k, name));
	else if (called)
		skep_diag_hint(k->c->diag, "the functions are described in skep-lang(7)");
	else
		skep_diag_hint(k->c->diag, "text stands in quotes, variables begin with $, maps "
					   "with @");
	return -EINVAL;
}

static int wrong_use(struct skep_check *k, const struct skep_expr *expr,
		     const struct skep_builtin *b, const char *what)
{
	int r = skep_check_error(k, expr->loc, "%s %s", b->name, what);

	skep_diag_hint(k->c->diag, "it is written %s", b->usage);
	return r;
}

static int check_count(struct skep_check *k, const struct skep_expr *expr,
		       const struct skep_builtin *b)
{
	size_t n = expr->kind == SKEP_EXPR_CALL ? expr->call.args.len : 0;

	if (expr->kind == SKEP_EXPR_NAME && !(b->flags & SKEP_BUILTIN_BARE))
		return wrong_use(k, expr, b, "is a function: it needs its parentheses");
	if (n < b->min_args)
		return wrong_use(k, expr, b,
				 b->min_args == 1 ? "needs an argument" : "needs more arguments");
	if (n > b->max_args)
		return wrong_use(k, expr, b,
				 b->max_args ? "has too many arguments" : "takes no arguments");
	return 0;
}

static int check_position(struct skep_check *k, const struct skep_expr *expr,
			  const struct skep_builtin *b, bool agg_ok, bool as_stmt)
{
	int r;

	if ((b->flags & SKEP_BUILTIN_UNSAFE) && !k->c->options->unsafe) {
		r = skep_check_error(k, expr->loc, "%s() can change this machine", b->name);
		skep_diag_hint(k->c->diag, "allow it with --unsafe");
		return r;
	}
	if ((b->flags & SKEP_BUILTIN_AGG) && !agg_ok) {
		r = skep_check_error(k, expr->loc, "%s() is only assigned to a map", b->name);
		skep_diag_hint(k->c->diag, "such as @ = %s%s", b->name,
			       b->max_args ? "(...)" : "()");
		return r;
	}
	if ((b->flags & SKEP_BUILTIN_STATEMENT) && !as_stmt) {
		r = skep_check_error(k, expr->loc, "%s() gives no value", b->name);
		skep_diag_hint(k->c->diag, "it stands alone, as a statement");
		return r;
	}
	return 0;
}

/* The arguments. *ret_known: the types of all are known. */
static int check_args(struct skep_check *k, struct skep_expr *expr, bool *ret_known)
{
	int r = 0;

	*ret_known = true;
	if (expr->kind != SKEP_EXPR_CALL)
		return 0;
	for (size_t i = 0; i < expr->call.args.len; i++) {
		struct skep_expr *arg = expr->call.args.data[i];
		int r2 = skep_check_expr(k, arg);

		if (r2 >= 0 && arg->type && arg->type->kind == SKEP_TYPE_VOID)
			r2 = skep_check_want(k, arg, "a value");
		r = r < 0 ? r : r2;
		*ret_known &= arg->type != NULL;
	}
	return r;
}

/* Words of old scripts that still mean the same. */
static const struct skep_builtin *find_old(struct skep_check *k, const struct skep_expr *expr)
{
	static const struct {
		const char *old, *now;
	} names[] = {
		{ "stack", "kstack" },
		{ "name", "probe" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (!skep_streq(names[i].old, expr->call.name))
			continue;
		if (k->c->diag && k->c->options->verbose)
			skep_diag_add(k->c->diag, SKEP_DIAG_NOTE, expr->loc,
				      "%s is called %s by now", names[i].old, names[i].now);
		return skep_builtin_find(names[i].now);
	}
	return NULL;
}

/* What a script forbids to itself, by unstable_NAME = error. */
static int switched_off(struct skep_check *k, const struct skep_expr *expr)
{
	static const struct {
		const char *name;
		unsigned bit;
	} unstable[] = {
		{ "tseries", SKEP_UNSTABLE_TSERIES },
		{ "dw_ustack", SKEP_UNSTABLE_DW_USTACK },
		{ "typeinfo", SKEP_UNSTABLE_TYPEINFO },
	};

	for (size_t i = 0; i < ARRAY_SIZE(unstable); i++) {
		int r;

		if (!(k->c->config.switched_off & unstable[i].bit) ||
		    !skep_streq(unstable[i].name, expr->call.name))
			continue;
		r = skep_check_error(k, expr->loc, "the settings forbid %s", unstable[i].name);
		skep_diag_hint(k->c->diag, "take out unstable_%s = error", unstable[i].name);
		return r;
	}
	return 0;
}

/* Of a mistake among the arguments that came without a remedy. */
static void show_usage(struct skep_check *k, const struct skep_builtin *b, size_t n_items)
{
	struct skep_diag *diag = k->c->diag;

	if (diag && diag->n_items == n_items + 1 && !diag->items[n_items].hint &&
	    !skep_streq(b->name, "fail") && !skep_streq(b->name, "static_assert"))
		skep_diag_hint(diag, "it is written %s", b->usage);
}

int skep_check_call(struct skep_check *k, struct skep_expr *expr)
{
	size_t n_items;
	bool agg_ok = k->agg_ok, as_stmt = k->as_stmt, known = true;
	const struct skep_builtin *b = skep_builtin_find(expr->call.name);
	struct skep_fn_node *fn = skep_fn_find(k->c->script, expr->call.name);
	int r, r2 = 0;

	k->agg_ok = k->as_stmt = false;
	if (expr->kind == SKEP_EXPR_CALL && fn)
		return skep_check_fn_call(k, expr, fn);
	if (expr->kind == SKEP_EXPR_NAME && skep_streq(expr->call.name, "args") && k->inst->args)
		return skep_check_whole_args(k, expr);
	if (expr->kind == SKEP_EXPR_NAME &&
	    (!b || skep_hash_get_str(&k->c->constants, expr->call.name)) && find_constant(k, expr))
		return 0;
	if (!b && expr->kind == SKEP_EXPR_CALL && skep_import_has(k->c, expr->call.name))
		return skep_import_check(k, expr);
	if (!b)
		b = find_old(k, expr);
	if (!b)
		return unknown(k, expr);
	expr->call.builtin = b;
	r = switched_off(k, expr);
	if (r >= 0)
		r = check_count(k, expr, b);
	if (r >= 0)
		r = skep_hook_check_word(k, expr);
	if (r >= 0)
		r = check_position(k, expr, b, agg_ok, as_stmt);
	if (!(b->flags & SKEP_BUILTIN_RAW))
		r2 = check_args(k, expr, &known);
	if (r < 0 || r2 < 0 || !known)
		return r < 0 ? r : r2;
	if (b->flags & SKEP_BUILTIN_STATEMENT)
		expr->type = &skep_type_void;
	k->at = expr->loc;
	n_items = k->c->diag ? k->c->diag->n_items : 0;
	r = b->check ? b->check(k, expr) : 0;
	if (r < 0)
		show_usage(k, b, n_items);
	return r;
}
