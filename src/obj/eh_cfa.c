/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The programs of .eh_frame: they build, instruction by instruction of a function, the rules for its caller's registers. DWARF
 * 5, section 6.4.2; of expressions (2.5) only those that compilers write for the CFA are known.
 */
#include <string.h>

#include "obj/eh_frame_priv.h"

#define REMEMBER_MAX 16
#define CIE_PROGRAM_MAX 64 /* bytes; it is run again for each function */

/* The two highest bits of these hold the opcode, the others an operand. */
#define CFA_ADVANCE 1
#define CFA_OFFSET 2
#define CFA_RESTORE 3

enum {
	CFA_NOP = 0x00,
	CFA_SET_LOC = 0x01,
	CFA_ADVANCE1 = 0x02,
	CFA_ADVANCE2 = 0x03,
	CFA_ADVANCE4 = 0x04,
	CFA_OFFSET_EXTENDED = 0x05,
	CFA_RESTORE_EXTENDED = 0x06,
	CFA_UNDEFINED = 0x07,
	CFA_SAME_VALUE = 0x08,
	CFA_REGISTER = 0x09,
	CFA_REMEMBER = 0x0a,
	CFA_RESTORE_STATE = 0x0b,
	CFA_DEF_CFA = 0x0c,
	CFA_DEF_CFA_REGISTER = 0x0d,
	CFA_DEF_CFA_OFFSET = 0x0e,
	CFA_DEF_CFA_EXPRESSION = 0x0f,
	CFA_EXPRESSION = 0x10,
	CFA_OFFSET_EXTENDED_SF = 0x11,
	CFA_DEF_CFA_SF = 0x12,
	CFA_DEF_CFA_OFFSET_SF = 0x13,
	CFA_VAL_OFFSET = 0x14,
	CFA_VAL_OFFSET_SF = 0x15,
	CFA_VAL_EXPRESSION = 0x16,
	CFA_NEGATE_RA_STATE =
		0x2d, /* arm64: whether the return address is signed; elsewhere windows of registers */
	CFA_GNU_ARGS_SIZE = 0x2e,
	CFA_GNU_NEGATIVE_OFFSET = 0x2f,
};

#define OP_DEREF 0x06
#define OP_PLUS_UCONST 0x23
#define OP_LIT0 0x30
#define OP_BREG0 0x70

struct run {
	const struct eh_machine *m;
	const struct eh_cie *cie;
	struct eh_state now, initial;
	struct eh_state remembered[REMEMBER_MAX];
	unsigned n_remembered;
	uint64_t address;
	eh_row_fn row;
	void *data;
};

/* The place that is kept for a register, or NULL: nobody wants to know of it. */
static struct eh_place *place_of(struct run *r, struct eh_state *state, uint64_t reg)
{
	if (reg == r->m->fp)
		return &state->fp;
	return reg == r->cie->ra ? &state->ra : NULL;
}

static void set_place(struct run *r, uint64_t reg, enum eh_where where, int64_t off)
{
	struct eh_place *place = place_of(r, &r->now, reg);

	if (place)
		*place = (struct eh_place){ where, off };
}

static void restore_place(struct run *r, uint64_t reg)
{
	struct eh_place *place = place_of(r, &r->now, reg);

	if (place)
		*place = *place_of(r, &r->initial, reg);
}

static void set_cfa(struct run *r, uint64_t reg, int64_t off)
{
	r->now.kind = reg == r->m->sp	? SKEP_UNWIND_SP
		      : reg == r->m->fp ? SKEP_UNWIND_FP
					: SKEP_UNWIND_NONE;
	r->now.off = off;
	r->now.plus_8 = false;
}

/* The address that lazily bound calls go through: breg(sp) 8, breg(ip) 0, lit15, and, litN, ge, lit3, shl, plus. */
static bool is_plt(const struct run *r, const struct eh_reader *e, int64_t *ret_limit)
{
	static const uint8_t front[] = { 0x77, 0x08, 0x80, 0x00, 0x3f, 0x1a };
	static const uint8_t back[] = { 0x2a, 0x33, 0x24, 0x22 };

	if (r->m->elf != 62 || e->end - e->p != 11 || memcmp(e->p, front, sizeof(front)) != 0 ||
	    memcmp(e->p + 7, back, sizeof(back)) != 0 || e->p[6] < OP_LIT0 ||
	    e->p[6] > OP_LIT0 + 15)
		return false;
	*ret_limit = e->p[6] - OP_LIT0;
	return true;
}

/* breg(sp or fp) N, deref[, plus_uconst 8] */
static void set_cfa_expression(struct run *r, struct eh_reader e)
{
	struct eh_state *s = &r->now;
	uint64_t op;

	s->kind = SKEP_UNWIND_NONE;
	if (is_plt(r, &e, &s->off)) {
		s->kind = SKEP_UNWIND_PLT;
		return;
	}
	op = eh_take(&e, 1);
	s->off = eh_take_sleb(&e);
	if (eh_take(&e, 1) != OP_DEREF || e.bad)
		return;
	s->plus_8 = e.p != e.end;
	if (s->plus_8 &&
	    (eh_take(&e, 1) != OP_PLUS_UCONST || eh_take_uleb(&e) != 8 || e.p != e.end || e.bad))
		return;
	if (op == OP_BREG0 + r->m->sp)
		s->kind = SKEP_UNWIND_SP_DEREF;
	else if (op == OP_BREG0 + r->m->fp && !s->plus_8)
		s->kind = SKEP_UNWIND_FP_DEREF;
}

/* A register that is saved where an expression says: only "at fp" is known, as functions have it that align the stack. */
static void set_place_expression(struct run *r, uint64_t reg, struct eh_reader e)
{
	bool at_fp = eh_take(&e, 1) == OP_BREG0 + r->m->fp && eh_take_sleb(&e) == 0 &&
		     e.p == e.end && !e.bad;

	set_place(r, reg, at_fp ? EH_AT_FP : EH_ELSEWHERE, 0);
}

static void advance(struct run *r, uint64_t by)
{
	if (!by)
		return;
	if (r->row)
		r->row(r->data, r->address, &r->now);
	r->address += by * r->cie->code_align;
}

static bool remember(struct run *r)
{
	if (r->n_remembered >= REMEMBER_MAX)
		return false;
	r->remembered[r->n_remembered++] = r->now;
	return true;
}

static bool recall(struct run *r)
{
	if (!r->n_remembered)
		return false;
	r->now = r->remembered[--r->n_remembered];
	return true;
}

static int64_t scaled(const struct run *r, uint64_t n)
{
	return (int64_t)(n * (uint64_t)r->cie->data_align);
}

/* Rules for registers. False: not one of these. */
static bool run_register_op(struct run *r, unsigned op, struct eh_reader *in)
{
	uint64_t reg;

	if ((op < CFA_OFFSET_EXTENDED || op > CFA_REGISTER) && op != CFA_EXPRESSION &&
	    op != CFA_OFFSET_EXTENDED_SF && (op < CFA_VAL_OFFSET || op > CFA_VAL_EXPRESSION) &&
	    op != CFA_GNU_NEGATIVE_OFFSET)
		return false;
	reg = eh_take_uleb(in);
	switch (op) {
	case CFA_OFFSET_EXTENDED:
		set_place(r, reg, EH_AT_CFA, scaled(r, eh_take_uleb(in)));
		break;
	case CFA_OFFSET_EXTENDED_SF:
		set_place(r, reg, EH_AT_CFA, scaled(r, (uint64_t)eh_take_sleb(in)));
		break;
	case CFA_GNU_NEGATIVE_OFFSET:
		set_place(r, reg, EH_AT_CFA, (int64_t) - (uint64_t)scaled(r, eh_take_uleb(in)));
		break;
	case CFA_RESTORE_EXTENDED:
		restore_place(r, reg);
		break;
	case CFA_UNDEFINED:
		set_place(r, reg, EH_UNDEFINED, 0);
		break;
	case CFA_SAME_VALUE:
		set_place(r, reg, EH_SAME, 0);
		break;
	case CFA_EXPRESSION:
		set_place_expression(r, reg, eh_take_block(in, eh_take_uleb(in)));
		break;
	case CFA_VAL_EXPRESSION:
		eh_take_block(in, eh_take_uleb(in));
		set_place(r, reg, EH_ELSEWHERE, 0);
		break;
	default: /* another register, a value: one number behind */
		eh_take_uleb(in);
		set_place(r, reg, EH_ELSEWHERE, 0);
	}
	return true;
}

/* Rules for the CFA. False: not one of these. */
static bool run_cfa_op(struct run *r, unsigned op, struct eh_reader *in)
{
	uint64_t reg;

	switch (op) {
	case CFA_DEF_CFA:
		reg = eh_take_uleb(in);
		set_cfa(r, reg, (int64_t)eh_take_uleb(in));
		return true;
	case CFA_DEF_CFA_SF:
		reg = eh_take_uleb(in);
		set_cfa(r, reg, scaled(r, (uint64_t)eh_take_sleb(in)));
		return true;
	case CFA_DEF_CFA_REGISTER:
		set_cfa(r, eh_take_uleb(in), r->now.off);
		return true;
	case CFA_DEF_CFA_OFFSET:
		r->now.off = (int64_t)eh_take_uleb(in);
		return true;
	case CFA_DEF_CFA_OFFSET_SF:
		r->now.off = scaled(r, (uint64_t)eh_take_sleb(in));
		return true;
	case CFA_DEF_CFA_EXPRESSION:
		set_cfa_expression(r, eh_take_block(in, eh_take_uleb(in)));
		return true;
	default:
		return false;
	}
}

static bool run_op(struct run *r, unsigned op, struct eh_reader *in)
{
	switch (op) {
	case CFA_NOP:
		return true;
	case CFA_SET_LOC: {
		uint64_t to = eh_take_address(in, r->cie->encoding);

		if (in->bad || to < r->address)
			return false;
		if (r->row && to > r->address)
			r->row(r->data, r->address, &r->now);
		r->address = to;
		return true;
	}
	case CFA_ADVANCE1:
		advance(r, eh_take(in, 1));
		return true;
	case CFA_ADVANCE2:
		advance(r, eh_take(in, 2));
		return true;
	case CFA_ADVANCE4:
		advance(r, eh_take(in, 4));
		return true;
	case CFA_REMEMBER:
		return remember(r);
	case CFA_RESTORE_STATE:
		return recall(r);
	case CFA_NEGATE_RA_STATE: /* the bits of a signature are masked away by who reads the address */
		return true;
	case CFA_GNU_ARGS_SIZE:
		eh_take_uleb(in);
		return true;
	default:
		return run_register_op(r, op, in) || run_cfa_op(r, op, in);
	}
}

static bool run_program(struct run *r, struct eh_reader in)
{
	while (in.p < in.end && !in.bad) {
		unsigned op = (unsigned)eh_take(&in, 1), operand = op & 63;

		switch (op >> 6) {
		case CFA_ADVANCE:
			advance(r, operand);
			break;
		case CFA_OFFSET:
			set_place(r, operand, EH_AT_CFA, scaled(r, eh_take_uleb(&in)));
			break;
		case CFA_RESTORE:
			restore_place(r, operand);
			break;
		default:
			if (!run_op(r, op, &in))
				return false;
		}
	}
	return !in.bad;
}

bool eh_cfa_run(const struct eh_machine *m, const struct eh_cie *cie, struct eh_reader program,
		uint64_t start, eh_row_fn row, void *data)
{
	struct run r = { .m = m, .cie = cie, .address = start, .data = data };

	if (cie->program.end - cie->program.p > CIE_PROGRAM_MAX)
		return false;
	if (!run_program(&r, cie->program))
		return false;
	r.initial = r.now;
	r.row = row;
	if (!run_program(&r, program))
		return false;
	row(data, r.address, &r.now);
	return true;
}
