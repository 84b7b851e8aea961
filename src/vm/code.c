/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "vm/code.h"
#include "vm/helpers/helpers.h"
#include "vm/maps/maps.h"

#define OPCODE_CALLX (SKEP_CLASS_JMP | SKEP_SRC_X | SKEP_JMP_CALL)

struct decoder {
	struct skep_vm *vm;
	struct vm_prog *prog;
	uint8_t *marks; /* of each instruction: SECOND, FUNC */
	char *why;
	size_t why_size;
};

enum {
	SECOND = 1, /* of a 64-bit constant */
	FUNC = 2,   /* a function begins here */
};

static int wrong(struct decoder *d, uint32_t insn, const char *format, ...) _printf_(3, 4);
static int wrong(struct decoder *d, uint32_t insn, const char *format, ...)
{
	char text[192];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	if (d->why && d->why_size)
		snprintf(d->why, d->why_size, "instruction %u: %s", insn, text);
	return -EINVAL;
}

static bool is_callx(const struct decoder *d, struct skep_insn insn)
{
	return d->vm->config.allow_callx && insn.opcode == OPCODE_CALLX;
}

/* A local call or the address of a function: where it leads. */
static bool names_function(struct skep_insn insn)
{
	const struct skep_isa_row *row = skep_isa_row(insn);

	return row && (row->op == SKEP_OP_CALL_LOCAL || row->op == SKEP_OP_LD_FUNC);
}

static int mark(struct decoder *d)
{
	const struct vm_prog *prog = d->prog;

	d->marks[0] |= FUNC;
	for (uint32_t i = 0; i < prog->n_insns; i++) {
		struct skep_insn insn = prog->insns[i];
		enum skep_insn_fault fault;
		int64_t target;

		if (is_callx(d, insn)) {
			if (insn.dst > SKEP_R10 || insn.off)
				return wrong(d, i, "not a call of a register");
			continue;
		}
		fault = skep_insn_check(&prog->insns[i], prog->n_insns - i);
		if (fault != SKEP_INSN_OK)
			return wrong(d, i, "%s", skep_insn_fault_text(fault));
		if (names_function(insn)) {
			if (!skep_insn_target(insn, i, &target) || target < 0 ||
			    target >= prog->n_insns)
				return wrong(d, i, "the function is outside of the program");
			d->marks[target] |= FUNC;
		}
		if (skep_insn_is_wide(insn))
			d->marks[++i] |= SECOND;
	}
	return 0;
}

static int list_functions(struct decoder *d)
{
	struct vm_prog *prog = d->prog;
	uint32_t n = 0;

	for (uint32_t i = 0; i < prog->n_insns; i++) {
		if (d->marks[i] == (FUNC | SECOND))
			return wrong(d, i, "a function begins in the middle of a 64-bit constant");
		n += (d->marks[i] & FUNC) != 0;
	}
	prog->funcs = calloc(n, sizeof(*prog->funcs));
	if (!prog->funcs)
		return -ENOMEM;
	for (uint32_t i = 0; i < prog->n_insns; i++)
		if (d->marks[i] & FUNC)
			prog->funcs[prog->n_funcs++] = (struct vm_func){ prog, i };
	return 0;
}

static const struct vm_func *function_at(const struct vm_prog *prog, uint32_t start)
{
	for (uint32_t i = 0; i < prog->n_funcs; i++)
		if (prog->funcs[i].start == start)
			return &prog->funcs[i];
	return NULL;
}

static int decode_map(struct decoder *d, uint32_t i, bool value, struct vm_op *op)
{
	const struct skep_insn *insn = &d->prog->insns[i];
	struct skep_vm_map *map;
	uint32_t offset;

	if (insn->imm < 0 || (uint32_t)insn->imm >= d->vm->n_maps)
		return wrong(d, i, "there is no map %d", insn->imm);
	map = &d->vm->maps[insn->imm];
	op->code = SKEP_OP_LD_IMM64;
	op->imm = (int64_t)(uintptr_t)map;
	if (!value)
		return 0;
	offset = (uint32_t)insn[1].imm;
	if (map->kind->id != SKEP_MAP_ARRAY || offset >= map->value_size)
		return wrong(d, i, "map %d has no value with a byte %u to take the address of",
			     insn->imm, offset);
	op->imm = (int64_t)(uintptr_t)(map->values + offset);
	if (vm_is_backed(map))
		vm_backed_fix(map);
	return 0;
}

static int decode_wide(struct decoder *d, uint32_t i, enum skep_op form, struct vm_op *op)
{
	const struct skep_insn *insn = &d->prog->insns[i];
	int64_t target;

	switch (form) {
	case SKEP_OP_LD_IMM64:
		op->imm = (int64_t)skep_insn_imm64(insn[0], insn[1]);
		return 0;
	case SKEP_OP_LD_MAP_FD:
	case SKEP_OP_LD_MAP_IDX:
		return decode_map(d, i, false, op);
	case SKEP_OP_LD_MAP_VALUE:
	case SKEP_OP_LD_MAP_IDX_VALUE:
		return decode_map(d, i, true, op);
	case SKEP_OP_LD_FUNC:
		if (!skep_insn_target(*insn, i, &target))
			return -EINVAL;
		op->code = SKEP_OP_LD_IMM64;
		op->imm = (int64_t)(uintptr_t)function_at(d->prog, (uint32_t)target);
		return 0;
	default:
		op->code = VM_CODE_TRAP;
		op->imm = (int64_t)(uintptr_t) "variables of the kernel are not in this machine";
		return 0;
	}
}

static int decode_helper(struct decoder *d, uint32_t i, struct vm_op *op)
{
	int32_t id = d->prog->insns[i].imm;
	const struct vm_helper *helper = vm_helper_find(id);

	if (id == SKEP_HELPER_TAIL_CALL) {
		op->code = VM_CODE_TAIL_CALL;
		return 0;
	}
	if (helper) {
		op->imm = (int64_t)(uintptr_t)helper;
		return 0;
	}
	if (!d->vm->config.env.helper || id < 0)
		return wrong(d, i, "there is no helper %d", id);
	op->code = VM_CODE_OWN_HELPER;
	return 0;
}

/* A jump has to stay in its function, [lo, hi). */
static int check_jump(struct decoder *d, uint32_t i, struct skep_insn insn, uint32_t lo,
		      uint32_t hi)
{
	int64_t target;

	if (skep_insn_is_call(insn) || skep_insn_is_wide(insn) ||
	    !skep_insn_target(insn, i, &target))
		return 0;
	if (target < lo || target >= hi)
		return wrong(d, i, "the jump leads out of its function");
	if (d->marks[target] & SECOND)
		return wrong(d, i, "the jump leads into the middle of a 64-bit constant");
	return 0;
}

static int decode_one(struct decoder *d, uint32_t i, uint32_t lo, uint32_t hi)
{
	struct skep_insn insn = d->prog->insns[i];
	struct vm_op *op = &d->prog->ops[i];
	const struct skep_isa_row *row = skep_isa_row(insn);
	int64_t target;

	*op = (struct vm_op){ 0, insn.dst, insn.src, insn.off, insn.imm };
	if (is_callx(d, insn)) {
		op->code = VM_CODE_CALLX;
		return 0;
	}
	op->code = (uint16_t)row->op;
	if (skep_insn_is_wide(insn))
		return decode_wide(d, i, row->op, op);
	switch (row->op) {
	case SKEP_OP_CALL_HELPER:
		return decode_helper(d, i, op);
	case SKEP_OP_CALL_LOCAL:
		if (!skep_insn_target(insn, i, &target))
			return -EINVAL;
		op->imm = (int64_t)(uintptr_t)function_at(d->prog, (uint32_t)target);
		return 0;
	case SKEP_OP_CALL_KFUNC:
		op->code = VM_CODE_TRAP;
		op->imm =
			(int64_t)(uintptr_t) "this machine does not have that function of the kernel";
		return 0;
	case SKEP_OP_JAL:
		op->off = insn.imm;
		break;
	default:
		break;
	}
	return check_jump(d, i, insn, lo, hi);
}

static bool ends(const struct decoder *d, uint32_t last)
{
	struct skep_insn insn = d->prog->insns[last];
	const struct skep_isa_row *row = skep_isa_row(insn);

	if (d->marks[last] & SECOND)
		return false;
	return row && (row->op == SKEP_OP_EXIT || row->op == SKEP_OP_JA || row->op == SKEP_OP_JAL ||
		       row->op == SKEP_OP_JAX);
}

static int decode_all(struct decoder *d)
{
	struct vm_prog *prog = d->prog;
	int r;

	for (uint32_t f = 0; f < prog->n_funcs; f++) {
		uint32_t lo = prog->funcs[f].start;
		uint32_t hi = f + 1 < prog->n_funcs ? prog->funcs[f + 1].start : prog->n_insns;

		for (uint32_t i = lo; i < hi; i++) {
			if (d->marks[i] & SECOND)
				continue;
			r = decode_one(d, i, lo, hi);
			if (r < 0)
				return r;
		}
		if (!ends(d, hi - 1))
			return wrong(
				d, hi - 1,
				"the function runs over its end: it must end with exit or a jump");
	}
	return 0;
}

int vm_decode(struct skep_vm *vm, struct vm_prog *prog, char *why, size_t why_size)
{
	_cleanup_free_ uint8_t *marks = calloc(prog->n_insns, 1);
	struct decoder d = { vm, prog, marks, why, why_size };
	int r;

	prog->ops = calloc(prog->n_insns, sizeof(*prog->ops));
	if (!marks || !prog->ops)
		return -ENOMEM;
	r = mark(&d);
	if (r < 0)
		return r;
	r = list_functions(&d);
	return r < 0 ? r : decode_all(&d);
}
