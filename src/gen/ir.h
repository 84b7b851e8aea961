/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The intermediate form behind gen.h, and the order of the passes that work on it. Private to
 * src/gen.
 *
 *	build     blocks and values as the front end says them; variables are GET and SET
 *	cfg       unreachable blocks go, predecessors, reverse postorder, dominators, loop depth
 *	ssa       variables become values and phis
 *	expand    what the machine has no instruction for
 *	fold cse dse dce simplify      optional: until nothing changes, at most a few rounds
 *	lower     critical edges split, operands as the instructions take them
 *	live spill regalloc            one register for each value, for its whole life
 *	stack     where each slot lies
 *	emit      instructions, relocations, lines
 *
 * Values are of two sorts. Floating ones (constants, addresses of slots, maps and functions) are in
 * no block, cost no register and are made where they are used. All others are in the list of
 * exactly one block, phis first, the terminator last. A value that was replaced has `fwd`; whoever
 * reads an argument looks through it (ir_real).
 *
 * Invariants between passes: every argument is floating or its definition dominates the use (for a
 * phi: the end of the predecessor); a phi has as many arguments as its block has predecessors, in
 * their order; a block is the predecessor of another at most once.
 */
#pragma once

#include "base/arena.h"
#include "base/vec.h"
#include "gen/gen.h"

enum ir_kind {
	IR_CONST,  /* imm */
	IR_NEED,   /* imm, plus what needs say when it is loaded; size 8: any 64 bits */
	IR_SLOT,   /* slot + imm */
	IR_MAP,	   /* map */
	IR_MAPVAL, /* map + imm */
	IR_FUNC,   /* callee */
	IR_LAST_FLOATING = IR_FUNC,
	IR_PARAM, /* imm: index */
	IR_PHI,
	IR_MAT,	 /* arg 0, a floating value, in a register */
	IR_COPY, /* of arg 0, always as an instruction */
	IR_OP,	 /* sub: enum skep_ir_op */
	IR_EXT,	 /* size; SKEP_LOAD_SIGNED, IR_KEPT_EXT in flags */
	IR_BSWAP,
	IR_CMP,	   /* sub: enum skep_cc */
	IR_LOAD,   /* arg 0 + imm */
	IR_STORE,  /* arg 0 + imm = arg 1 */
	IR_ATOMIC, /* arg 0 + imm += arg 1 */
	IR_CALL,   /* imm: helper */
	IR_KFUNC,  /* name */
	IR_LOCAL,  /* callee */
	IR_GET,	   /* var */
	IR_SET,	   /* var = arg 0 */
	IR_JUMP,   /* succ[0] of the block */
	IR_BRANCH, /* sub: enum skep_cc or IR_CC_SET; succ[0] when it holds, else succ[1] */
	IR_RET,
	IR_N_KINDS,
};

/* An extension that is there for the verifier: not to be left out. */
#define IR_KEPT_EXT (1 << 4)

/* A branch's condition beside those of gen.h, made by lower: a & b is not 0. */
#define IR_CC_SET SKEP_CC_MAX

/* Where values that must survive a call live, and all others. */
enum ir_class {
	IR_ANY,	 /* r0 to r5 */
	IR_KEPT, /* r6 to r9 */
};

struct ir_slot {
	const char *name;
	unsigned size; /* a multiple of 8 */
	unsigned id;
	int off; /* from r10, once the stack is laid out */
	bool spill;
	bool movable; /* may be in a map instead (away.c) */
	bool away;    /* has to be */
	bool gone;    /* is */
	bool base;    /* holds the address of that map's part */
};

struct skep_val {
	uint8_t kind;
	uint8_t sub;
	uint8_t size;
	uint8_t flags;
	uint32_t id;
	uint32_t n_args;
	uint32_t n_uses; /* kept by ir_count_uses, then by whoever changes arguments */
	struct skep_val **args;
	struct skep_val *args_in[2];
	struct skep_val *fwd;
	struct skep_val *prev, *next;
	struct skep_block *block; /* NULL: floating, or built behind the end of a block */
	int64_t imm;
	union {
		struct ir_slot *slot;
		struct skep_fn *callee;
		struct skep_var *var;
		const char *name;
		unsigned map;
	};
	const struct ir_need *needs; /* NEED, LOAD, STORE, ATOMIC: of imm */
	struct skep_loc loc;

	/* passes' scratch */
	uint32_t pos;	/* in the function */
	uint32_t calls; /* calls before it in its block */
	bool mark : 1;
	/* register allocation */
	bool kept : 1;	   /* lives across a call */
	bool moved : 1;	   /* not kept, but put into a kept register because the others are full */
	bool reload : 1;   /* comes from a spill slot: never spilled again, only read again */
	bool pinned : 1;   /* serves one instruction only */
	bool spilled : 1;  /* chosen to be */
	bool movable : 1;  /* spilled: may be kept in a map */
	bool dead : 1;	   /* no use */
	bool decides : 1;  /* a branch compares it, and it is used otherwise too */
	uint8_t dies;	   /* bit i: argument i is not used any more behind this instruction */
	int8_t reg, hint;  /* or -1: what it has, what would save a move */
	int8_t want;	   /* of a web's root: what its first member got, or -1 */
	uint32_t span;	   /* instructions it lives over */
	uint32_t last_pos; /* end of the range that is being found */
	uint32_t end;	   /* of the last range */
	struct ir_range *ranges; /* where it lives, ascending */
	float weight;		 /* how often it is touched */
	struct skep_val *web;  /* towards the values that should share a register because of phis */
	struct skep_val *like; /* the value computed from this one in the same register, or NULL */
};

/* Positions from @from up to but without @to. */
struct ir_range {
	uint32_t from, to;
	struct ir_range *next;
};

/* What is added to a number when the program is loaded; several for one number. */
struct ir_need {
	uint32_t index;
	const struct ir_need *next;
};

struct ir_vals {
	SKEP_VEC(struct skep_val *);
};

struct skep_block {
	uint32_t id;
	uint32_t rpo; /* index in fn->order; UINT32_MAX: unreachable */
	struct skep_fn *fn;
	struct skep_val *first, *last;
	bool ended, cold;
	bool reached; /* something jumps here */
	bool visited;
	unsigned n_succ;
	struct skep_block *succ[2];
	struct skep_block **preds;
	unsigned n_preds, cap_preds;
	struct skep_block *idom;
	uint32_t dom_in, dom_out; /* numbers of the dominator tree walk: nested as the tree is */
	unsigned depth;		  /* of loops */
	struct skep_val **live_in;
	unsigned n_live_in, cap_live_in;
	uint32_t at; /* first instruction, once emitted */
};

struct skep_var {
	const char *name;
	uint32_t id;
};

struct skep_fn {
	struct skep_gen *gen;
	struct skep_arena *arena;
	struct skep_arena *scratch; /* what only one compilation needs */
	struct skep_spec_prog proto;
	unsigned index, n_params;
	struct skep_block **blocks; /* all; entry first */
	unsigned n_blocks, cap_blocks;
	uint32_t next_block;
	struct skep_block **order; /* the reachable ones in reverse postorder */
	unsigned n_order;
	bool no_moving; /* values that cross no call stay out of the kept registers */
	bool has_preds; /* the blocks' lists of predecessors are there */
	struct ir_slot **slots;
	unsigned n_slots, cap_slots;
	struct skep_val *params[5];
	struct skep_var *ctx; /* holds it instead of parameter 0, or NULL */
	bool ctx_used;
	uint32_t n_vals, n_vars, n_pos;
	struct skep_block *here;
	struct skep_loc loc;
	unsigned stack; /* bytes used, once laid out */
};

struct skep_gen {
	struct skep_arena *arena;
	const char *license;
	struct skep_gen_options options;
	bool has_away;
	unsigned away_map; /* values that the stack has no room for */
	struct skep_fn **fns;
	unsigned n_fns, cap_fns;
	struct skep_spec_map *maps;
	unsigned n_maps, cap_maps;
	struct skep_spec_attach *attaches;
	unsigned n_attaches, cap_attaches;
};

static inline bool ir_floats(const struct skep_val *v)
{
	return v->kind <= IR_LAST_FLOATING;
}

static inline bool ir_is_const(const struct skep_val *v)
{
	return v->kind == IR_CONST;
}

static inline bool ir_is_call(const struct skep_val *v)
{
	return v->kind == IR_CALL || v->kind == IR_KFUNC || v->kind == IR_LOCAL;
}

static inline bool ir_has_result(const struct skep_val *v)
{
	return v->kind < IR_STORE || ir_is_call(v) || v->kind == IR_GET;
}

static inline bool ir_is_terminator(const struct skep_val *v)
{
	return v->kind >= IR_JUMP;
}

static inline uint64_t ir_low_mask(unsigned size)
{
	return size >= 8 ? UINT64_MAX : (UINT64_C(1) << (size * 8)) - 1;
}

static inline bool ir_fits_s32(int64_t n)
{
	return n == (int32_t)n;
}

static inline bool ir_fits_s16(int64_t n)
{
	return n == (int16_t)n;
}

/* What stands for @v now. */
static inline struct skep_val *ir_real(struct skep_val *v)
{
	while (v->fwd)
		v = v->fwd;
	return v;
}

static inline bool ir_commutes(unsigned op)
{
	return op == SKEP_OP_ADD || op == SKEP_OP_MUL || op == SKEP_OP_AND || op == SKEP_OP_OR ||
	       op == SKEP_OP_XOR;
}

/* ir.c: raw construction. Values are not put anywhere. */
struct skep_val *ir_new(struct skep_fn *fn, enum ir_kind kind, unsigned n_args);
struct skep_val *ir_const(struct skep_fn *fn, uint64_t value);
struct skep_val *ir_slot_addr(struct skep_fn *fn, struct ir_slot *slot, int64_t off);
struct ir_slot *ir_slot_new(struct skep_fn *fn, unsigned size, const char *name);
struct skep_block *ir_block_new(struct skep_fn *fn);
void ir_append(struct skep_block *block, struct skep_val *v);
void ir_insert_before(struct skep_val *at, struct skep_val *v);
void ir_insert_after(struct skep_val *at, struct skep_val *v);
void ir_remove(struct skep_val *v);
/* A binary operation before @at, at its source place. */
struct skep_val *ir_op_before(struct skep_val *at, enum skep_ir_op op, struct skep_val *a,
			      struct skep_val *b);
/* Adds a room to an arena array. */
void *ir_grow(struct skep_arena *arena, void *data, unsigned len, unsigned *cap, size_t size);
/* Everything reads its arguments through ir_real once; use counts are fresh afterwards. */
void ir_count_uses(struct skep_fn *fn);

/* cond.c: conditions. */
enum skep_cc ir_cc_not(enum skep_cc cc);
enum skep_cc ir_cc_swap(enum skep_cc cc);
/* What is known of @ask when @known holds on the same operands: 1, 0, or -1. */
int ir_cc_implies(enum skep_cc known, enum skep_cc ask);
uint64_t ir_extend_eval(uint64_t a, unsigned size, bool is_signed);

/* known.c */
#define IR_DEPTH 4 /* how many operations to look through */
bool ir_same_needs(const struct ir_need *a, const struct ir_need *b);
uint64_t ir_umax(const struct skep_val *v, unsigned depth); /* no value of @v is larger */
bool ir_same(const struct skep_val *a, const struct skep_val *b);
int ir_decide(const struct skep_val *v); /* a condition: always 1, always 0, or -1 */

/* cfg.c */
void ir_cfg(struct skep_fn *fn); /* reachability, predecessors (phis follow), order */
void ir_dominators(struct skep_fn *fn);
void ir_loops(struct skep_fn *fn);
bool ir_dominates(const struct skep_block *a, const struct skep_block *b);
unsigned ir_pred_index(const struct skep_block *block, const struct skep_block *pred);
void ir_add_pred(struct skep_block *block, struct skep_block *pred);
void ir_remove_pred(struct skep_block *block, unsigned index);

/* One pass each; those that return bool say whether something changed. */
void ir_ssa(struct skep_fn *fn);
int ir_check(struct skep_fn *fn, struct skep_diag *diag) _must_check_;
void ir_optimize(struct skep_fn *fn); /* what stands between ssa and lower */
void ir_expand(struct skep_fn *fn);
bool ir_fold(struct skep_fn *fn);
void ir_cut_branch(struct skep_val *v, bool yes);
bool ir_cse(struct skep_fn *fn);
bool ir_dse(struct skep_fn *fn);
bool ir_dce(struct skep_fn *fn);
bool ir_simplify(struct skep_fn *fn);
void ir_fuse(
	struct skep_fn *fn); /* fuse.c, a part of lower: branches take over what only they use */
void ir_lower(struct skep_fn *fn);
void ir_live(struct skep_fn *fn);
bool ir_spill(struct skep_fn *fn); /* true when code was added: liveness is stale */
int ir_regalloc(struct skep_fn *fn, struct skep_diag *diag) _must_check_;
/* 1: slots have to move to a map first. */
int ir_stack(struct skep_fn *fn, struct skep_diag *diag) _must_check_;
/* away.c; false: there are too many. Registers have to be given out anew. */
bool ir_move_away(struct skep_fn *fn);
int ir_emit(struct skep_fn *fn, struct skep_diag *diag,
	    struct skep_spec_prog *ret_prog) _must_check_;
void ir_dump(const struct skep_fn *fn, struct skep_str *out);
int ir_check_calls(struct skep_gen *gen, const struct skep_spec_prog *progs,
		   struct skep_diag *diag) _must_check_;
