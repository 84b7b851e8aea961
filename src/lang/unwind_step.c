/* SPDX-License-Identifier: Apache-2.0 */
/* One frame: takes its pc down and finds the caller's registers. */
#include "isa/arch.h"
#include "lang/unwind_priv.h"

/* Where the kernel puts registers when it calls a signal handler, from sp on: its struct rt_sigframe, which is UAPI. */
#if defined(__aarch64__)
#define SIGNAL_PC 568
#define SIGNAL_SP 560
#define SIGNAL_FP 544
#define SIGNAL_LR 552
#define ADDRESS_MASK \
	UINT64_C(0x0000ffffffffffff) /* without the signature that return addresses may carry */
#else
#define SIGNAL_PC 168
#define SIGNAL_SP 160
#define SIGNAL_FP 120
#define SIGNAL_LR 0
#define ADDRESS_MASK 0
#endif

struct step {
	struct skep_unwinder *u;
	struct skep_fn *fn;
	struct skep_val *index, *walk, *buffer; /* 16 bytes of stack to read into */
	struct skep_val *sp, *fp;
	struct skep_val *word; /* of the row */
	struct skep_var *cfa, *next_fp, *next_pc, *back, *lr;
	struct skep_block *by_fp;  /* no row */
	struct skep_block *by_cfa; /* cfa is known: registers are read from there */
	struct skep_block *caller; /* cfa, next_fp and next_pc are known */
	struct skep_block *cut;	   /* cannot go on */
	struct skep_block *last;   /* need not */
};

static struct skep_val *number(const struct step *s, uint64_t n)
{
	return skep_ir_const(s->fn, n);
}

static struct skep_val *add(const struct step *s, struct skep_val *a, struct skep_val *b)
{
	return skep_ir_op(s->fn, SKEP_OP_ADD, a, b);
}

/* A signed field of the word. */
static struct skep_val *field(const struct step *s, unsigned shift, unsigned bits)
{
	struct skep_val *v = skep_ir_opi(s->fn, SKEP_OP_SHL, s->word, 64 - shift - bits);

	return skep_ir_opi(s->fn, SKEP_OP_SAR, v, 64 - bits);
}

/* @size bytes of the user's memory into the buffer, or the walk is cut. Goes on in a new block. */
static void read_user(const struct step *s, struct skep_val *address, unsigned size)
{
	struct skep_block *good = skep_ir_block(s->fn);
	struct skep_val *r = skep_ir_call(s->fn, SKEP_HELPER_PROBE_READ_USER, 0, 3, s->buffer,
					  number(s, size), address);

	skep_ir_branch(s->fn, SKEP_CC_EQ, r, number(s, 0), good, s->cut);
	skep_ir_at(s->fn, good);
}

static struct skep_val *read_word(const struct step *s, struct skep_val *address)
{
	read_user(s, address, 8);
	return skep_ir_load(s->fn, s->buffer, 0, 8, 0);
}

/* --- the row ---------------------------------------------------------------------------------------------- */

/*
 * The last of the entries at @base, @stride bytes apart, whose first 32 bits are not above @place; entry 0 without asking. No
 * branches: whether a step is added is the sign of a difference, as a bit. (Not as a mask of all bits: newer kernels
 * follow 0 and -1 on two ways each time.)
 */
static struct skep_val *search(const struct step *s, struct skep_val *base, unsigned n,
			       unsigned stride, struct skep_val *place)
{
	struct skep_val *at = number(s, 0), *entry, *bit;

	for (unsigned step = n / 2; step; step /= 2) {
		entry = skep_ir_load(s->fn, add(s, base, at), (int)(step * stride), 4, 0);
		bit = skep_ir_op(s->fn, SKEP_OP_SUB, entry, place);
		bit = skep_ir_opi(s->fn, SKEP_OP_SUB, bit, 1);
		bit = skep_ir_opi(s->fn, SKEP_OP_SHR, bit,
				  63u - (unsigned)__builtin_ctz(step * stride));
		bit = skep_ir_opi(s->fn, SKEP_OP_AND, bit, (uint64_t)step * stride);
		at = add(s, at, bit);
	}
	return at;
}

/* Element @key of @map, or the step is made by the frame pointer. */
static struct skep_val *element(const struct step *s, struct skep_val *map, struct skep_val *key)
{
	struct skep_block *have = skep_ir_block(s->fn);
	struct skep_val *v;

	skep_ir_store(s->fn, s->buffer, 0, 4, key);
	v = skep_ir_call(s->fn, SKEP_HELPER_MAP_LOOKUP_ELEM, 0, 2, map, s->buffer);
	skep_ir_branch(s->fn, SKEP_CC_NE, v, number(s, 0), have, s->by_fp);
	skep_ir_at(s->fn, have);
	return v;
}

static void find_row(struct step *s, struct skep_val *address)
{
	struct skep_fn *fn = s->fn;
	struct skep_block *low = skep_ir_block(fn), *good = skep_ir_block(fn);
	struct skep_val *place, *table, *root, *leaf, *at;

	place = skep_ir_op(fn, SKEP_OP_SUB, address, WALK_LOAD(fn, s->walk, bias));
	skep_ir_branch(fn, SKEP_CC_ULT, place, number(s, SKEP_UNWIND_NOWHERE), low, s->by_fp);
	skep_ir_at(fn, low);
	table = element(s, skep_ir_map(fn, (unsigned)s->u->maps.tables),
			WALK_LOAD(fn, s->walk, table));
	root = element(s, table, number(s, 0));
	at = search(s, root, SKEP_UNWIND_ROOT, 4, place);
	leaf = element(s, table,
		       skep_ir_opi(fn, SKEP_OP_ADD, skep_ir_opi(fn, SKEP_OP_SHR, at, 2), 1));
	at = add(s, leaf, search(s, leaf, SKEP_UNWIND_LEAF, 8, place));
	s->word = skep_ir_load(fn, at, 4, 4, 0);
	/* Before the first row of all is nothing. */
	skep_ir_branch(fn, SKEP_CC_ULE, skep_ir_load(fn, at, 0, 4, 0), place, good, s->by_fp);
	skep_ir_at(fn, good);
}

/* --- the caller ------------------------------------------------------------------------------------------- */

/* Jumps to a new block when the word is of this kind; goes on in the other. */
static struct skep_block *on_kind(const struct step *s, enum skep_unwind_kind kind)
{
	struct skep_block *yes = skep_ir_block(s->fn), *no = skep_ir_block(s->fn);

	skep_ir_branch(s->fn, SKEP_CC_EQ, skep_ir_opi(s->fn, SKEP_OP_AND, s->word, 7),
		       number(s, kind), yes, no);
	skep_ir_at(s->fn, no);
	return yes;
}

static void set_cfa(const struct step *s, struct skep_val *cfa)
{
	skep_ir_set(s->fn, s->cfa, cfa);
	skep_ir_jump(s->fn, s->by_cfa);
}

static struct skep_val *cfa_field(const struct step *s)
{
	return field(s, SKEP_UNWIND_CFA_SHIFT, SKEP_UNWIND_CFA_BITS);
}

static struct skep_val *cfa_bytes(const struct step *s)
{
	return skep_ir_opi(s->fn, SKEP_OP_SHL, cfa_field(s), 3);
}

static void by_plt(const struct step *s, struct skep_val *address)
{
	struct skep_val *low = skep_ir_opi(s->fn, SKEP_OP_AND, address, 15);
	struct skep_val *more = skep_ir_cmp(s->fn, SKEP_CC_UGE, low, cfa_field(s));

	more = skep_ir_opi(s->fn, SKEP_OP_SHL, more, 3);
	set_cfa(s, add(s, skep_ir_opi(s->fn, SKEP_OP_ADD, s->sp, 8), more));
}

static void by_sp_deref(const struct step *s)
{
	struct skep_val *cfa = cfa_field(s);
	struct skep_val *offset = skep_ir_opi(s->fn, SKEP_OP_SAR, cfa, 1), *more;

	offset = skep_ir_opi(s->fn, SKEP_OP_SHL, offset, 3);
	more = skep_ir_opi(s->fn, SKEP_OP_SHL, skep_ir_opi(s->fn, SKEP_OP_AND, cfa, 1), 3);
	set_cfa(s, add(s, read_word(s, add(s, s->sp, offset)), more));
}

static void by_fp_deref(const struct step *s)
{
	struct skep_val *cfa = read_word(s, add(s, s->fp, cfa_bytes(s)));

	skep_ir_set(s->fn, s->next_fp, read_word(s, s->fp));
	set_cfa(s, cfa);
}

/* The interrupted function: all of its registers, exactly where it was. */
static void by_signal(const struct step *s)
{
	struct skep_fn *fn = s->fn;

	skep_ir_set(fn, s->cfa, read_word(s, skep_ir_opi(fn, SKEP_OP_ADD, s->sp, SIGNAL_SP)));
	skep_ir_set(fn, s->next_fp, read_word(s, skep_ir_opi(fn, SKEP_OP_ADD, s->sp, SIGNAL_FP)));
	if (SIGNAL_LR)
		skep_ir_set(fn, s->lr,
			    read_word(s, skep_ir_opi(fn, SKEP_OP_ADD, s->sp, SIGNAL_LR)));
	skep_ir_set(fn, s->next_pc, read_word(s, skep_ir_opi(fn, SKEP_OP_ADD, s->sp, SIGNAL_PC)));
	skep_ir_set(fn, s->back, number(s, 0));
	skep_ir_jump(fn, s->caller);
}

static void choose_rule(struct step *s, struct skep_val *address)
{
	struct skep_block *sp = on_kind(s, SKEP_UNWIND_SP), *fp = on_kind(s, SKEP_UNWIND_FP);
	struct skep_block *none = on_kind(s, SKEP_UNWIND_NONE), *end = on_kind(s, SKEP_UNWIND_END);
	struct skep_block *plt = on_kind(s, SKEP_UNWIND_PLT),
			  *signal = on_kind(s, SKEP_UNWIND_SIGNAL);
	struct skep_block *sp_deref = on_kind(s, SKEP_UNWIND_SP_DEREF);

	by_fp_deref(s);
	skep_ir_at(s->fn, sp);
	set_cfa(s, add(s, s->sp, cfa_bytes(s)));
	skep_ir_at(s->fn, fp);
	set_cfa(s, add(s, s->fp, cfa_bytes(s)));
	skep_ir_at(s->fn, none);
	skep_ir_jump(s->fn, s->by_fp);
	skep_ir_at(s->fn, end);
	skep_ir_jump(s->fn, s->last);
	skep_ir_at(s->fn, plt);
	by_plt(s, address);
	skep_ir_at(s->fn, signal);
	by_signal(s);
	skep_ir_at(s->fn, sp_deref);
	by_sp_deref(s);
}

/* The return address in the link register: of a function that has not called another yet. */
static void from_link_register(const struct step *s)
{
	skep_ir_set(s->fn, s->next_pc, WALK_LOAD(s->fn, s->walk, lr));
	skep_ir_branch(s->fn, SKEP_CC_NE, WALK_LOAD(s->fn, s->walk, lr), number(s, 0), s->caller,
		       s->cut);
}

static void read_at_cfa(struct step *s)
{
	struct skep_fn *fn = s->fn;
	struct skep_block *saved = skep_ir_block(fn), *ra = skep_ir_block(fn),
			  *have = skep_ir_block(fn), *link = skep_ir_block(fn);
	struct skep_val *slot;

	slot = field(s, SKEP_UNWIND_FP_SHIFT, SKEP_UNWIND_SLOT_BITS);
	skep_ir_branch(fn, SKEP_CC_NE, slot, number(s, 0), saved, ra);
	skep_ir_at(fn, saved);
	slot = add(s, skep_ir_get(fn, s->cfa), skep_ir_opi(fn, SKEP_OP_SHL, slot, 3));
	skep_ir_set(fn, s->next_fp, read_word(s, slot));
	skep_ir_jump(fn, ra);
	skep_ir_at(fn, ra);
	slot = field(s, SKEP_UNWIND_RA_SHIFT, SKEP_UNWIND_SLOT_BITS);
	skep_ir_branch(fn, SKEP_CC_NE, slot, number(s, 0), have, link);
	skep_ir_at(fn, have);
	slot = add(s, skep_ir_get(fn, s->cfa), skep_ir_opi(fn, SKEP_OP_SHL, slot, 3));
	skep_ir_set(fn, s->next_pc, read_word(s, slot));
	skep_ir_jump(fn, s->caller);
	skep_ir_at(fn, link);
	if (s->u->has_link_register)
		from_link_register(s);
	else
		skep_ir_jump(fn, s->cut);
}

/* A function that was just called, or returns next: its caller's frame pointer is still, or again, in the register. */
static void read_on_call(const struct step *s)
{
	struct skep_fn *fn = s->fn;
	struct skep_block *first = skep_ir_block(fn), *edge = skep_ir_block(fn),
			  *inside = skep_ir_block(fn);

	skep_ir_branch(fn, SKEP_CC_EQ, s->index, number(s, 0), first, inside);
	skep_ir_at(fn, first);
	skep_ir_branch(fn, SKEP_CC_NE, WALK_LOAD(fn, s->walk, on_call), number(s, 0), edge, inside);
	skep_ir_at(fn, edge);
	if (s->u->has_link_register) {
		skep_ir_set(fn, s->cfa, s->sp);
		from_link_register(s);
	} else {
		skep_ir_set(fn, s->cfa, skep_ir_opi(fn, SKEP_OP_ADD, s->sp, 8));
		skep_ir_set(fn, s->next_pc, read_word(s, s->sp));
		skep_ir_jump(fn, s->caller);
	}
	skep_ir_at(fn, inside);
}

/* As compilers lay it out that keep a frame pointer: at fp the caller's, behind it the return address. */
static void read_at_fp(struct step *s)
{
	struct skep_fn *fn = s->fn;
	struct skep_block *some = skep_ir_block(fn), *above = skep_ir_block(fn),
			  *aligned = skep_ir_block(fn);

	read_on_call(s);
	skep_ir_branch(fn, SKEP_CC_NE, s->fp, number(s, 0), some, s->last);
	skep_ir_at(fn, some);
	skep_ir_branch(fn, SKEP_CC_UGE, s->fp, s->sp, above, s->cut);
	skep_ir_at(fn, above);
	skep_ir_branch(fn, SKEP_CC_EQ, skep_ir_opi(fn, SKEP_OP_AND, s->fp, 7), number(s, 0),
		       aligned, s->cut);
	skep_ir_at(fn, aligned);
	read_user(s, s->fp, 16);
	skep_ir_set(fn, s->cfa, skep_ir_opi(fn, SKEP_OP_ADD, s->fp, 16));
	skep_ir_set(fn, s->next_fp, skep_ir_load(fn, s->buffer, 0, 8, 0));
	skep_ir_set(fn, s->next_pc, skep_ir_load(fn, s->buffer, 8, 8, 0));
	skep_ir_jump(fn, s->caller);
}

/* A caller's stack begins above its callee's; only a function that has pushed nothing yet, with a link register, is level. */
static void go_to_caller(struct step *s)
{
	struct skep_fn *fn = s->fn;
	struct skep_block *above = skep_ir_block(fn);
	struct skep_val *pc = skep_ir_get(fn, s->next_pc);

	skep_ir_branch(fn, s->u->has_link_register ? SKEP_CC_UGE : SKEP_CC_UGT,
		       skep_ir_get(fn, s->cfa), s->sp, above, s->cut);
	skep_ir_at(fn, above);
	if (ADDRESS_MASK)
		pc = skep_ir_opi(fn, SKEP_OP_AND, pc, ADDRESS_MASK);
	WALK_STORE(fn, s->walk, pc, pc);
	WALK_STORE(fn, s->walk, sp, skep_ir_get(fn, s->cfa));
	WALK_STORE(fn, s->walk, fp, skep_ir_get(fn, s->next_fp));
	WALK_STORE(fn, s->walk, lr, skep_ir_get(fn, s->lr));
	WALK_STORE(fn, s->walk, back, skep_ir_get(fn, s->back));
	skep_ir_ret(fn, number(s, 0));
}

/* --- the frame -------------------------------------------------------------------------------------------- */

/* Adds pc to the stack and to its hash. */
static void take_down(const struct step *s, struct skep_val *pc)
{
	struct skep_fn *fn = s->fn;
	struct skep_val *at = skep_ir_opi(fn, SKEP_OP_AND, s->index, SKEP_UNWIND_DEPTH);

	at = add(s, s->walk, skep_ir_opi(fn, SKEP_OP_SHL, at, 3));
	skep_ir_store(fn, at, (int)offsetof(struct walk, addresses), 8, pc);
	WALK_STORE(fn, s->walk, n, skep_ir_opi(fn, SKEP_OP_ADD, s->index, 1));
	skep_unwind_hash(fn, s->walk, pc);
}

/* The real return address instead of that of a return probe. */
static struct skep_val *original_pc(const struct step *s, struct skep_val *pc,
				    const struct skep_fn *original)
{
	struct skep_fn *fn = s->fn;
	struct skep_block *hijacked = skep_ir_block(fn), *good = skep_ir_block(fn);
	struct skep_var *real = skep_ir_var(fn, "pc");

	skep_ir_set(fn, real, pc);
	skep_ir_branch(fn, SKEP_CC_EQ, pc, WALK_LOAD(fn, s->walk, trampoline), hijacked, good);
	skep_ir_at(fn, hijacked);
	skep_ir_set(fn, real, skep_ir_call_local(fn, original, 1, s->walk));
	skep_ir_branch(fn, SKEP_CC_NE, skep_ir_get(fn, real), number(s, 0), good, s->cut);
	skep_ir_at(fn, good);
	return skep_ir_get(fn, real);
}

/* The area of @address, where it is not that of the frame before. Goes on where it is known. */
static void find_area(const struct step *s, struct skep_val *pc, struct skep_val *address,
		      const struct skep_fn *find)
{
	struct skep_fn *fn = s->fn;
	struct skep_block *below = skep_ir_block(fn), *other = skep_ir_block(fn),
			  *known = skep_ir_block(fn), *unsure = skep_ir_block(fn),
			  *nowhere = skep_ir_block(fn), *leaf = skep_ir_block(fn);
	struct skep_val *r;

	skep_ir_branch(fn, SKEP_CC_ULT, address, WALK_LOAD(fn, s->walk, end), below, other);
	skep_ir_at(fn, below);
	skep_ir_branch(fn, SKEP_CC_UGE, address, WALK_LOAD(fn, s->walk, start), known, other);
	skep_ir_at(fn, other);
	r = skep_ir_call_local(fn, find, 2, s->walk, address);
	skep_ir_branch(fn, SKEP_CC_EQ, r, number(s, AREA_FOUND), known, unsure);
	skep_ir_at(fn, unsure);
	WALK_STORE(fn, s->walk, failed, number(s, 1));
	skep_ir_branch(fn, SKEP_CC_EQ, r, number(s, AREA_NONE), nowhere, known);
	/* No code, so no caller; but what runs now is taken down wherever it is. */
	skep_ir_at(fn, nowhere);
	skep_ir_branch(fn, SKEP_CC_EQ, s->index, number(s, 0), leaf, s->cut);
	skep_ir_at(fn, leaf);
	take_down(s, pc);
	skep_ir_jump(fn, s->by_fp);
	skep_ir_at(fn, known);
	take_down(s, pc);
}

static void begin(struct step *s, struct skep_unwinder *u)
{
	struct skep_fn *fn = skep_gen_subprog(u->gen, "unwind_step", 2);

	*s = (struct step){
		.u = u,
		.fn = fn,
		.cfa = skep_ir_var(fn, "cfa"),
		.next_fp = skep_ir_var(fn, "next_fp"),
		.next_pc = skep_ir_var(fn, "next_pc"),
		.back = skep_ir_var(fn, "back"),
		.lr = skep_ir_var(fn, "lr"),
		.by_fp = skep_ir_block(fn),
		.by_cfa = skep_ir_block(fn),
		.caller = skep_ir_block(fn),
		.cut = skep_ir_block(fn),
		.last = skep_ir_block(fn),
	};
	s->index = skep_ir_param(fn, 0);
	s->walk = skep_ir_load(fn, skep_ir_param(fn, 1), 0, 8, 0);
	s->buffer = skep_ir_slot(fn, 16, "memory");
	s->sp = WALK_LOAD(fn, s->walk, sp);
	s->fp = WALK_LOAD(fn, s->walk, fp);
	skep_ir_set(fn, s->next_fp, s->fp);
	skep_ir_set(fn, s->back, number(s, 1));
	skep_lower_name(u->c, fn, "ustack: one frame");
}

struct skep_fn *skep_unwind_make_step(struct skep_unwinder *u)
{
	struct skep_fn *find = skep_unwind_make_find(u), *original = skep_unwind_make_original(u),
		       *fn;
	struct skep_block *some, *has_table;
	struct skep_val *pc, *address;
	struct step s;

	begin(&s, u);
	fn = s.fn;
	some = skep_ir_block(fn);
	has_table = skep_ir_block(fn);
	pc = WALK_LOAD(fn, s.walk, pc);
	skep_ir_branch(fn, SKEP_CC_NE, pc, number(&s, 0), some, s.last);
	skep_ir_at(fn, some);
	pc = original_pc(&s, pc, original);
	address = skep_ir_op(fn, SKEP_OP_SUB, pc, WALK_LOAD(fn, s.walk, back));
	find_area(&s, pc, address, find);
	skep_ir_branch(fn, SKEP_CC_NE, WALK_LOAD(fn, s.walk, table), number(&s, 0), has_table,
		       s.by_fp);
	skep_ir_at(fn, has_table);
	find_row(&s, address);
	choose_rule(&s, address);
	skep_ir_at(fn, s.by_cfa);
	read_at_cfa(&s);
	skep_ir_at(fn, s.by_fp);
	read_at_fp(&s);
	skep_ir_at(fn, s.caller);
	go_to_caller(&s);
	skep_ir_at(fn, s.cut);
	WALK_STORE(fn, s.walk, failed, number(&s, 1));
	skep_ir_jump(fn, s.last);
	skep_ir_at(fn, s.last);
	skep_ir_ret(fn, number(&s, 1));
	return fn;
}
