/* SPDX-License-Identifier: Apache-2.0 */
/* The intermediate form as text, for people. */
#include <inttypes.h>

#include "gen/ir.h"

static const char *const op_names[SKEP_OP_MAX] = {
	"add", "sub", "mul", "udiv", "sdiv", "umod", "smod",
	"and", "or",  "xor", "shl",  "shr",  "sar",
};

static const char *const cc_names[SKEP_CC_MAX + 1] = {
	"eq", "ne", "ult", "ule", "ugt", "uge", "slt", "sle", "sgt", "sge", "set",
};

static const char *const kind_names[IR_N_KINDS] = {
	[IR_PARAM] = "param",
	[IR_PHI] = "phi",
	[IR_MAT] = "make",
	[IR_COPY] = "copy",
	[IR_OP] = "op",
	[IR_EXT] = "extend",
	[IR_BSWAP] = "bswap",
	[IR_CMP] = "cmp",
	[IR_LOAD] = "load",
	[IR_STORE] = "store",
	[IR_ATOMIC] = "atomic add",
	[IR_CALL] = "call",
	[IR_KFUNC] = "kfunc",
	[IR_LOCAL] = "local",
	[IR_GET] = "get",
	[IR_SET] = "set",
	[IR_JUMP] = "jump",
	[IR_BRANCH] = "branch",
	[IR_RET] = "ret",
};

static void dump_arg(const struct skep_val *v, struct skep_str *out)
{
	while (v->fwd)
		v = v->fwd;
	switch (v->kind) {
	case IR_CONST:
		if (v->imm > -65536 && v->imm < 65536)
			skep_str_addf(out, "%" PRId64, v->imm);
		else
			skep_str_addf(out, "0x%" PRIx64, (uint64_t)v->imm);
		break;
	case IR_SLOT:
		skep_str_addf(out, "slot%u", v->slot->id);
		if (v->imm)
			skep_str_addf(out, "%+" PRId64, v->imm);
		break;
	case IR_MAP:
		skep_str_addf(out, "map%u", v->map);
		break;
	case IR_MAPVAL:
		skep_str_addf(out, "map%u.value%+" PRId64, v->map, v->imm);
		break;
	case IR_NEED:
		skep_str_addf(out, "need%u(%" PRId64 ")", v->needs->index, v->imm);
		break;
	case IR_FUNC:
		skep_str_addf(out, "&%s", v->callee->proto.name);
		break;
	default:
		skep_str_addf(out, "%%%u", v->id);
	}
}

/* What distinguishes values of one kind. */
static void dump_detail(const struct skep_val *v, struct skep_str *out)
{
	switch (v->kind) {
	case IR_OP:
		skep_str_add(out, op_names[MIN(v->sub, SKEP_OP_MAX - 1)]);
		return;
	case IR_CMP:
	case IR_BRANCH:
		skep_str_addf(out, "%s%s %s", kind_names[v->kind], v->size ? "32" : "",
			      cc_names[MIN(v->sub, SKEP_CC_MAX)]);
		return;
	default:
		skep_str_add(out, kind_names[v->kind]);
	}
	if (v->size)
		skep_str_addf(out, "%s%u",
			      v->flags & SKEP_LOAD_SIGNED && v->kind <= IR_LOAD ? "s" : "",
			      v->size * 8u);
	if (v->kind == IR_LOAD && v->flags & SKEP_LOAD_PURE)
		skep_str_add(out, " pure");
	if (v->kind == IR_CALL || v->kind == IR_PARAM)
		skep_str_addf(out, " %" PRId64, v->imm);
	if (v->kind == IR_KFUNC)
		skep_str_addf(out, " %s", v->name);
	if (v->kind == IR_LOCAL)
		skep_str_addf(out, " %s", v->callee->proto.name);
	if (v->kind == IR_GET || v->kind == IR_SET)
		skep_str_addf(out, " $%s.%u", v->var->name, v->var->id);
}

static void dump_val(const struct skep_val *v, struct skep_str *out)
{
	skep_str_addc(out, '\t');
	if (ir_has_result(v))
		skep_str_addf(out, "%%%u = ", v->id);
	dump_detail(v, out);
	for (unsigned k = 0; k < v->n_args; k++) {
		skep_str_add(out, k ? ", " : " ");
		if (v->kind == IR_PHI && k < v->block->n_preds)
			skep_str_addf(out, "b%u: ", v->block->preds[k]->id);
		dump_arg(v->args[k], out);
		if (k == 0 && (v->kind == IR_LOAD || v->kind == IR_STORE || v->kind == IR_ATOMIC) &&
		    v->imm)
			skep_str_addf(out, " %+" PRId64, v->imm);
		for (const struct ir_need *n = k == 0 ? v->needs : NULL; n; n = n->next)
			skep_str_addf(out, " +need%u", n->index);
	}
	for (unsigned k = 0; v == v->block->last && k < v->block->n_succ; k++)
		skep_str_addf(out, "%s b%u", k || v->n_args ? "," : "", v->block->succ[k]->id);
	if (v->reg >= 0 && ir_has_result(v))
		skep_str_addf(out, "\t; r%d", v->reg);
	skep_str_addc(out, '\n');
}

void ir_dump(const struct skep_fn *fn, struct skep_str *out)
{
	skep_str_addf(out, "%s %s", fn->proto.type ? "program" : "function", fn->proto.name);
	if (fn->stack)
		skep_str_addf(out, " (%u bytes of stack)", fn->stack);
	skep_str_add(out, "\n");
	for (unsigned i = 0; i < fn->n_blocks; i++) {
		const struct skep_block *block = fn->blocks[i];

		skep_str_addf(out, "b%u:", block->id);
		if (block->depth)
			skep_str_addf(out, "\t; in %u loop%s", block->depth,
				      block->depth > 1 ? "s" : "");
		if (block->cold)
			skep_str_add(out, "\t; cold");
		skep_str_addc(out, '\n');
		for (const struct skep_val *v = block->first; v; v = v->next)
			dump_val(v, out);
	}
	for (unsigned i = 0; i < fn->n_slots; i++)
		if (fn->slots[i]->off)
			skep_str_addf(out, "slot%u: %u bytes at r10%+d, %s\n", i,
				      fn->slots[i]->size, fn->slots[i]->off, fn->slots[i]->name);
}

void skep_gen_dump(const struct skep_gen *gen, struct skep_str *out)
{
	for (unsigned i = 0; i < gen->n_fns; i++) {
		if (i)
			skep_str_addc(out, '\n');
		ir_dump(gen->fns[i], out);
	}
}
