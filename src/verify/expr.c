/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/expr.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool skep_expr_set(struct skep_expr *e, const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(e->text, sizeof(e->text), fmt, args);
	va_end(args);
	return n > 0 && (size_t)n < sizeof(e->text);
}

void skep_expr_type(struct skep_expr *e, const struct skep_btf *btf, uint32_t type)
{
	e->btf = btf;
	e->is_pointer = btf && skep_btf_pointee(btf, type, &e->target) == 0;
}

/* The base of an access, for what comes behind it: "(a + b)", "a". */
static void add_base(const struct skep_expr *e, struct skep_str *out)
{
	skep_str_addf(out, e->is_sum ? "(%s)" : "%s", e->text);
}

static void add_part(const struct skep_expr *e, const char *part, struct skep_str *out)
{
	if (e->text[0] == '&')
		skep_str_addf(out, "%s%s", e->text + 1, part);
	else if (!part[0])
		skep_str_addf(out, e->is_sum ? "*(%s)" : "*%s", e->text);
	else if (part[0] == '.') {
		add_base(e, out);
		skep_str_addf(out, "->%s", part + 1);
	} else {
		skep_str_addf(out, "(*%s)%s", e->text, part);
	}
}

/* Memory @off behind the pointer, as its type has it. False: no part of it. */
static bool typed_memory(const struct skep_expr *e, int64_t off, uint32_t size,
			 struct skep_str *out, uint32_t *ret_type)
{
	_cleanup_(skep_str_fini)
	struct skep_str part = {};
	uint32_t bytes;

	if (!e->btf || !e->target || off < 0 || off > INT32_MAX ||
	    skep_btf_size(e->btf, e->target, &bytes) < 0 || !bytes)
		return false;
	if (skep_btf_format_part(e->btf, e->target, (uint32_t)(off % bytes), size, &part,
				 ret_type) < 0)
		return false;
	if (off < bytes) {
		add_part(e, skep_str_text(&part), out);
		return true;
	}
	if (e->text[0] == '&')
		return false;
	add_base(e, out);
	skep_str_addf(out, "[%" PRId64 "]%s", off / bytes, skep_str_text(&part));
	return true;
}

bool skep_expr_memory(const struct skep_expr *base, int32_t off, uint32_t size, struct skep_expr *e)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};
	int64_t at = base->off + off;
	uint32_t type = 0;

	if (typed_memory(base, at, size, &text, &type))
		skep_expr_type(e, base->btf, type);
	else if (at)
		skep_str_addf(&text, "*(%s %c %" PRId64 ")", base->text, at < 0 ? '-' : '+',
			      at < 0 ? -at : at);
	else
		add_part(base, "", &text);
	return skep_expr_set(e, "%s", skep_str_text(&text));
}

static const char *operator_text(unsigned op)
{
	static const char *const texts[16] = {
		[SKEP_ALU_ADD >> 4] = "+",  [SKEP_ALU_SUB >> 4] = "-",	 [SKEP_ALU_MUL >> 4] = "*",
		[SKEP_ALU_DIV >> 4] = "/",  [SKEP_ALU_OR >> 4] = "|",	 [SKEP_ALU_AND >> 4] = "&",
		[SKEP_ALU_LSH >> 4] = "<<", [SKEP_ALU_RSH >> 4] = ">>",	 [SKEP_ALU_MOD >> 4] = "%",
		[SKEP_ALU_XOR >> 4] = "^",  [SKEP_ALU_ARSH >> 4] = ">>",
	};

	return texts[op >> 4];
}

bool skep_expr_constant(struct skep_insn insn, const struct skep_expr *of, struct skep_expr *e)
{
	unsigned op = insn.opcode & SKEP_OP_MASK;
	const char *sign = operator_text(op);
	int64_t k = insn.imm;

	if (of->is_pointer && op == SKEP_ALU_ADD) {
		*e = *of;
		e->off += k;
		return true;
	}
	if (of->is_pointer || !sign)
		return false;
	if (op == SKEP_ALU_LSH && k < 32) {
		sign = "*";
		k = 1ll << k;
	} else if (op == SKEP_ALU_ADD && k < 0) {
		sign = "-";
		k = -k;
	}
	e->is_sum = true;
	return skep_expr_set(e, of->is_sum ? "(%s) %s %" PRId64 : "%s %s %" PRId64, of->text, sign,
			     k);
}

/* An element of an array of the object's data, with an index that is not known: `&values[idx]`. */
static bool element_of(const struct skep_expr *array, const struct skep_expr *index,
		       struct skep_expr *e)
{
	uint32_t elem, count, size;
	char scale[24], text[SKEP_EXPR_MAX];
	size_t n;

	if (array->text[0] != '&' || array->off || !array->btf ||
	    skep_btf_array(array->btf, array->target, &elem, &count) < 0 ||
	    skep_btf_size(array->btf, elem, &size) < 0)
		return false;
	snprintf(text, sizeof(text), "%s", index->text);
	n = (size_t)snprintf(scale, sizeof(scale), " * %u", size);
	if (size > 1 && !skep_has_suffix(text, scale))
		return false;
	if (size > 1)
		text[strlen(text) - n] = 0;
	e->btf = array->btf;
	e->target = elem;
	e->is_pointer = true;
	return skep_expr_set(e, "%s[%s]", array->text, text);
}

bool skep_expr_other(struct skep_insn insn, const struct skep_expr *a, const struct skep_expr *b,
		     struct skep_expr *e)
{
	unsigned op = insn.opcode & SKEP_OP_MASK;
	const char *sign = operator_text(op);
	const struct skep_expr *pointer = a->is_pointer ? a : b->is_pointer ? b : NULL;
	const struct skep_expr *number = pointer == a ? b : a;

	if (!sign || (pointer && (op != SKEP_ALU_ADD || number->is_pointer)))
		return false;
	if (pointer && element_of(pointer, number, e))
		return true;
	if (pointer) {
		e->btf = pointer->btf;
		e->target = pointer->target;
		e->off = pointer->off;
		e->is_pointer = true;
		a = pointer;
		b = number;
	}
	e->is_sum = true;
	return skep_expr_set(e, "%s%s%s %s %s%s%s", a->is_sum ? "(" : "", a->text,
			     a->is_sum ? ")" : "", sign, b->is_sum ? "(" : "", b->text,
			     b->is_sum ? ")" : "");
}
