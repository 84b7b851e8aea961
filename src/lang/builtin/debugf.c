/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text that the kernel puts together itself: debugf(), a line in its trace; and printf() of a pinned iterator, whose
 * reader has a file and no skep.
 */
#include <errno.h>
#include <string.h>

#include "lang/builtin/builtins.h"
#include "lang/check_priv.h"
#include "lang/lower_priv.h"

#define PRINTK_ARGS 3 /* of the older of two helpers */
#define VPRINTK_ARGS 12

static int cannot_print(struct skep_check *k, const struct skep_expr *call,
			const struct skep_expr *at, const char *what)
{
	int r = skep_check_error(k, at->loc, "%s() cannot print %s", call->call.name, what);

	skep_diag_hint(k->c->diag,
		       "the kernel formats this line itself: it knows %%d %%u %%x %%c %%p "
		       "of numbers and %%s of texts, with a width but no precision");
	return r;
}

/* A conversion of ours as the kernel's, which knows no h and hh. */
static int add_conversion(struct skep_check *k, const struct skep_expr *call,
			  const struct skep_format_part *part, const struct skep_expr *arg,
			  struct skep_str *out)
{
	bool is_text = arg->type && arg->type->kind == SKEP_TYPE_STRING;

	if (part->width_arg || part->precision_arg || part->precision >= 0 ||
	    strchr(part->flags, '#'))
		return cannot_print(k, call, arg, "with '*', '#' or a precision");
	if (arg->type && !is_text && !skep_type_is_scalar(arg->type))
		return cannot_print(k, call, arg, skep_check_type_text(k, arg->type));
	if (arg->type && is_text != (part->conv == 's') &&
	    !(part->conv == 's' && arg->type->kind != SKEP_TYPE_KSTACK))
		return cannot_print(k, call, arg, skep_check_type_text(k, arg->type));
	if (!strchr("diuxXcps", part->conv))
		return cannot_print(k, call, arg, "in this way");
	if (part->conv == 'p')
		skep_str_add(out, "0x");
	skep_str_addf(out, "%%%s", part->flags);
	if (part->width >= 0)
		skep_str_addf(out, "%d", part->width);
	if (part->conv == 'c' || is_text)
		skep_str_addc(out, part->conv);
	else if (part->conv == 's' && arg->type && arg->type->kind == SKEP_TYPE_KSYM)
		skep_str_add(out, "ps");
	else
		skep_str_addf(out, "%s%c", part->bits == 64 || strchr("sp", part->conv) ? "ll" : "",
			      part->conv == 'p'			       ? 'x'
			      : part->conv == 'i' || part->conv == 's' ? 'd'
								       : part->conv);
	return 0;
}

static int make_line(struct skep_check *k, const struct skep_expr *call,
		     const struct skep_format *format, struct skep_str *out)
{
	size_t at = 1;
	int r;

	for (size_t i = 0; i < format->n_parts; i++) {
		const struct skep_format_part *part = &format->parts[i];

		skep_str_addn(out, part->literal, part->literal_len);
		if (part->conv == '%')
			skep_str_add(out, "%%");
		if (!part->conv || part->conv == '%')
			continue;
		r = add_conversion(k, call, part, call->call.args.data[at++], out);
		if (r < 0)
			return r;
	}
	return 0;
}

static int check_count(struct skep_check *k, const struct skep_expr *call, size_t wanted,
		       size_t max)
{
	size_t n = call->call.args.len - 1;
	int r;

	if (wanted != n) {
		r = skep_check_error(k, call->loc, "%s() has %zu conversion%s and %zu value%s",
				     call->call.name, wanted, wanted == 1 ? "" : "s", n,
				     n == 1 ? "" : "s");
		skep_diag_hint(k->c->diag, "each %% in the format takes one value");
		return r;
	}
	if (n <= max)
		return 0;
	r = skep_check_error(k, call->loc, "%s() with %zu values: this kernel takes %zu",
			     call->call.name, n, max);
	skep_diag_hint(k->c->diag, "use several of them");
	return r;
}

/* @trim: the kernel ends the line itself. */
static int check_text(struct skep_check *k, struct skep_expr *call, size_t max, bool trim)
{
	const struct skep_expr *first = call->call.args.data[0];
	_cleanup_(skep_str_fini)
	struct skep_str text = {};
	struct skep_format format;
	const char *why;
	size_t at;
	int r;

	call->type = &skep_type_void;
	if (first->kind != SKEP_EXPR_STRING)
		return skep_check_want(k, first, "a format in quotes");
	r = skep_format_parse(first->text.data, first->text.len, &format, &at, &why);
	if (r < 0)
		return skep_check_error(k, first->loc, "the format has %s at byte %zu", why,
					at + 1);
	r = check_count(k, call, format.n_fields, max);
	if (r >= 0)
		r = make_line(k, call, &format, &text);
	skep_format_fini(&format);
	if (trim && text.len && text.data[text.len - 1] == '\n')
		text.data[--text.len] = '\0';
	if (r >= 0)
		call->call.state = skep_arena_strdup(k->c->arena, skep_str_text(&text));
	return r;
}

static int check_debugf(struct skep_check *k, struct skep_expr *call)
{
	const struct skep_world *w = k->c->world;
	bool many = w->has && w->has(w, SKEP_WORLD_VPRINTK);

	return check_text(k, call, many ? VPRINTK_ARGS : PRINTK_ARGS, true);
}

int skep_builtin_check_pinned(struct skep_check *k, struct skep_expr *call)
{
	return check_text(k, call, VPRINTK_ARGS, false);
}

static int text_args(struct skep_lower *l, const struct skep_expr *call,
		     struct skep_val *values[VPRINTK_ARGS])
{
	for (size_t i = 1; i < call->call.args.len; i++) {
		struct skep_value v;
		int r = skep_lower_expr(l, call->call.args.data[i], &v);

		if (r < 0)
			return r;
		if (!skep_type_is_scalar(v.type) && !v.literal) {
			r = skep_lower_bytes(l, &v);
			if (r < 0)
				return r;
		}
		values[i - 1] = skep_lower_at(l, v.val, skep_type_is_scalar(v.type) ? 0 : v.off);
	}
	return 0;
}

/* The values in a row, as the newer helpers want them. */
static struct skep_val *text_data(struct skep_lower *l, struct skep_val *const *v, size_t n)
{
	struct skep_val *data = skep_ir_slot(l->fn, (unsigned)n * 8, "values of a text");

	for (size_t i = 0; i < n; i++)
		skep_ir_store(l->fn, data, (int)i * 8, 8, v[i]);
	return data;
}

static int lower_debugf(struct skep_lower *l, const struct skep_expr *call,
			struct skep_value *ret_value)
{
	const char *text = call->call.state;
	struct skep_val *v[VPRINTK_ARGS] = {}, *format, *size, *data;
	size_t n = call->call.args.len - 1;
	int r = text_args(l, call, v);

	if (r < 0)
		return r;
	format = skep_lower_literal(l, text, strlen(text));
	size = skep_ir_const(l->fn, strlen(text) + 1);
	if (n <= PRINTK_ARGS) {
		skep_ir_call(l->fn, SKEP_HELPER_TRACE_PRINTK, 0, 2 + (unsigned)n, format, size,
			     v[0], v[1], v[2]);
		return 0;
	}
	data = text_data(l, v, n);
	skep_ir_call(l->fn, SKEP_HELPER_TRACE_VPRINTK, 0, 4, format, size, data,
		     skep_ir_const(l->fn, n * 8));
	return 0;
}

int skep_builtin_lower_pinned(struct skep_lower *l, const struct skep_expr *call)
{
	const char *text = call->call.state;
	struct skep_val *v[VPRINTK_ARGS] = {}, *seq = skep_iter_seq(l), *format;
	size_t n = call->call.args.len - 1;
	int r = text_args(l, call, v);

	if (r < 0)
		return r;
	if (!seq)
		return skep_lower_bug(l, call->loc, "an iterator without a reader");
	format = skep_lower_literal(l, text, strlen(text));
	skep_ir_call(l->fn, SKEP_HELPER_SEQ_PRINTF, 0, 5, seq, format,
		     skep_ir_const(l->fn, strlen(text) + 1),
		     n ? text_data(l, v, n) : skep_ir_const(l->fn, 0), skep_ir_const(l->fn, n * 8));
	return 0;
}

const struct skep_builtin skep_builtin_debugf = {
	.name = "debugf",
	.usage = "debugf(\"format\", value, ...)",
	.min_args = 1,
	.max_args = 1 + VPRINTK_ARGS,
	.flags = SKEP_BUILTIN_STATEMENT,
	.check = check_debugf,
	.lower = lower_debugf,
};
