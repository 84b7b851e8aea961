/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/code.h"

#include <errno.h>

#include "base/vec.h"
#include "isa/helper.h"
#include "isa/table.h"

struct study {
	struct skep_code code;
	struct skep_arena *arena;
	struct skep_code_fault *fault;
};

#define wrong(s, at, hint_text, ...)                                                         \
	(*(s)->fault = (struct skep_code_fault){ (uint32_t)(at),                             \
						 skep_arena_printf((s)->arena, __VA_ARGS__), \
						 hint_text },                                \
	 -EINVAL)

static bool is_jump(struct skep_insn i)
{
	unsigned class = skep_insn_class(i);

	return (class == SKEP_CLASS_JMP || class == SKEP_CLASS_JMP32) && !skep_insn_is_call(i) &&
	       !skep_insn_is_exit(i);
}

static bool is_always(struct skep_insn i)
{
	return (i.opcode & SKEP_OP_MASK) == SKEP_JMP_JA && is_jump(i);
}

static bool is_local_call(struct skep_insn i)
{
	return skep_insn_is_call(i) && i.src == SKEP_CALL_LOCAL;
}

static bool takes_function(struct skep_insn i)
{
	return skep_insn_is_wide(i) && i.src == SKEP_PSEUDO_FUNC;
}

/* Where instruction @i may go on inside its function: at most two places. */
static unsigned successors(const struct skep_code *code, size_t i, size_t ret_next[2])
{
	struct skep_insn insn = code->insns[i];
	unsigned n = 0;
	int64_t target;

	if (skep_insn_is_exit(insn))
		return 0;
	if (is_jump(insn) && skep_insn_target(insn, i, &target))
		ret_next[n++] = (size_t)target;
	if (!is_always(insn))
		ret_next[n++] = i + (skep_insn_is_wide(insn) ? 2 : 1);
	return n;
}

/* Every word is a valid instruction or the second half of one. */
static int check_encoding(struct study *s)
{
	const struct skep_code *code = &s->code;

	for (size_t i = 0; i < code->n_insns; i++) {
		enum skep_insn_fault fault = skep_insn_check(&code->insns[i], code->n_insns - i);

		if (fault != SKEP_INSN_OK)
			return wrong(s, i, NULL, "%s", skep_insn_fault_text(fault));
		if (skep_insn_is_wide(code->insns[i]))
			code->info[++i].second = true;
	}
	return 0;
}

/* A jump leads to an instruction of the same function, a call to the beginning of one. */
static int check_targets(struct study *s)
{
	const struct skep_code *code = &s->code;

	for (size_t i = 0; i < code->n_insns; i++) {
		const struct skep_code_func *f = &code->funcs[code->info[i].func];
		struct skep_insn insn = code->insns[i];
		int64_t target;

		if (code->info[i].second || !skep_insn_target(insn, i, &target))
			continue;
		if (is_local_call(insn) || takes_function(insn)) {
			if (target < 0 || target >= (int64_t)code->n_insns ||
			    code->funcs[code->info[target].func].first != target)
				return wrong(
					s, i, NULL,
					"this calls instruction %lld, where no function begins",
					(long long)target);
			continue;
		}
		if (target < f->first || target >= f->end)
			return wrong(
				s, i,
				"jumps stay inside their function; use a call to reach another one",
				"this jumps to instruction %lld, outside of the function (%u to %u)",
				(long long)target, f->first, f->end - 1);
		if (code->info[target].second)
			return wrong(s, i, NULL,
				     "this jumps into the middle of the wide instruction %lld",
				     (long long)target - 1);
	}
	return 0;
}

static int check_ends(struct study *s)
{
	for (size_t f = 0; f < s->code.n_funcs; f++) {
		size_t last = s->code.funcs[f].end - 1;
		struct skep_insn insn = s->code.insns[last];

		if (s->code.info[last].second || (!skep_insn_is_exit(insn) && !is_always(insn)))
			return wrong(s, last, "end every path with a return (exit)",
				     "execution runs over the end of the function");
	}
	return 0;
}

/* Code that nothing reaches is refused by kernels, too: it is a mistake of whoever made it. */
static int check_reached(struct study *s)
{
	const struct skep_code *code = &s->code;
	_cleanup_free_ bool *seen = calloc(code->n_insns, 1);
	struct {
		SKEP_VEC(size_t);
	} todo = {};

	if (!seen)
		skep_oom();
	for (size_t f = 0; f < code->n_funcs; f++)
		skep_vec_add(&todo, code->funcs[f].first);
	while (todo.len) {
		size_t at = skep_vec_pop(&todo), next[2];

		if (seen[at])
			continue;
		seen[at] = true;
		for (unsigned n = successors(code, at, next); n; n--)
			skep_vec_add(&todo, next[n - 1]);
	}
	skep_vec_fini(&todo);
	for (size_t i = 0; i < code->n_insns; i++)
		if (!seen[i] && !code->info[i].second)
			return wrong(s, i, "remove it, or make some path lead here",
				     "no path reaches this instruction");
	return 0;
}

static bool helper_calls_back(int32_t id)
{
	return id == SKEP_HELPER_LOOP || id == SKEP_HELPER_FOR_EACH_MAP_ELEM ||
	       id == SKEP_HELPER_FIND_VMA || id == SKEP_HELPER_USER_RINGBUF_DRAIN ||
	       id == SKEP_HELPER_TIMER_SET_CALLBACK;
}

/* By its relocation; programs that come from a kernel have none, so any call of it may be one. */
static bool iterates(const struct skep_code *code, size_t i)
{
	int32_t at = code->info[i].reloc;

	return at < 0 || (code->relocs[at].kind == SKEP_RELOC_KFUNC &&
			  skep_streq(code->relocs[at].name, "bpf_iter_num_next"));
}

/* Where states are worth keeping: at branches, at targets of backward and forward jumps, behind calls. */
static void find_meetings(struct skep_code *code)
{
	for (size_t i = 0; i < code->n_insns; i++) {
		struct skep_insn insn = code->insns[i];
		int64_t target;

		if (code->info[i].second)
			continue;
		if (is_jump(insn) && skep_insn_target(insn, i, &target)) {
			code->info[is_always(insn) ? (size_t)target : i].meeting = true;
			if ((insn.opcode & SKEP_OP_MASK) == SKEP_JMP_JCOND)
				code->info[i].must_keep = true;
		}
		if (!skep_insn_is_call(insn))
			continue;
		if (insn.src == SKEP_CALL_LOCAL) {
			code->info[i].meeting = true;
			if (i + 1 < code->n_insns)
				code->info[i + 1].meeting = true;
		} else if (insn.src == SKEP_CALL_HELPER && helper_calls_back(insn.imm)) {
			code->info[i].calls_back = code->info[i].must_keep = code->info[i].meeting =
				true;
		} else if (insn.src == SKEP_CALL_KFUNC && iterates(code, i)) {
			code->info[i].iterates = code->info[i].must_keep = code->info[i].meeting =
				true;
		}
	}
}

#define BIT(reg) (1u << (reg))
#define BITS(low, high) (((1u << ((high) + 1)) - 1) & ~((1u << (low)) - 1))

unsigned skep_code_helper_args(const struct skep_helper *helper)
{
	return helper->id == SKEP_HELPER_TRACE_PRINTK ? 2 : helper->n_args;
}

static unsigned uses_of_call(struct skep_insn insn)
{
	const struct skep_helper *helper;
	unsigned n = 5;

	if (insn.src == SKEP_CALL_HELPER && (helper = skep_helper_find(insn.imm)))
		n = skep_code_helper_args(helper);
	return n ? BITS(SKEP_R1, n) : 0;
}

void skep_code_uses(struct skep_insn insn, unsigned *ret_uses, unsigned *ret_sets)
{
	unsigned class = skep_insn_class(insn), op = insn.opcode & SKEP_OP_MASK;
	bool by_reg = (insn.opcode & SKEP_SRC_MASK) == SKEP_SRC_X;
	unsigned uses = 0, sets = 0;

	switch (class) {
	case SKEP_CLASS_ALU:
	case SKEP_CLASS_ALU64:
		sets = BIT(insn.dst);
		if (op != SKEP_ALU_MOV)
			uses = BIT(insn.dst);
		if (by_reg && op != SKEP_ALU_NEG && op != SKEP_ALU_END)
			uses |= BIT(insn.src);
		break;
	case SKEP_CLASS_JMP:
	case SKEP_CLASS_JMP32:
		if (skep_insn_is_call(insn)) {
			uses = uses_of_call(insn);
			sets = BITS(SKEP_R0, SKEP_R5);
		} else if (skep_insn_is_exit(insn)) {
			uses = BIT(SKEP_R0);
		} else if (op != SKEP_JMP_JA && op != SKEP_JMP_JCOND) {
			uses = BIT(insn.dst) | (by_reg ? BIT(insn.src) : 0);
		}
		break;
	case SKEP_CLASS_LDX:
		uses = BIT(insn.src);
		sets = BIT(insn.dst);
		break;
	case SKEP_CLASS_ST:
		uses = BIT(insn.dst);
		break;
	case SKEP_CLASS_STX:
		uses = BIT(insn.dst) | BIT(insn.src);
		if ((insn.opcode & SKEP_MODE_MASK) != SKEP_MODE_ATOMIC)
			break;
		if (insn.imm == SKEP_ATOMIC_LOAD_ACQ) {
			uses = BIT(insn.src);
			sets = BIT(insn.dst);
		} else if (insn.imm == SKEP_ATOMIC_CMPXCHG) {
			uses |= BIT(SKEP_R0);
			sets = BIT(SKEP_R0);
		} else if (insn.imm & SKEP_ATOMIC_FETCH) {
			sets = BIT(insn.src);
		}
		break;
	default: /* LD */
		if (skep_insn_is_wide(insn)) {
			sets = BIT(insn.dst);
		} else {
			uses = BIT(SKEP_R6);
			if ((insn.opcode & SKEP_MODE_MASK) == SKEP_MODE_IND)
				uses |= BIT(insn.src);
			sets = BITS(SKEP_R0, SKEP_R5);
		}
		break;
	}
	*ret_uses = uses;
	*ret_sets = sets;
}

/* Backwards until nothing changes: a few rounds, as loops are seldom deep. */
static void find_live(struct skep_code *code)
{
	bool changed = true;

	while (changed) {
		changed = false;
		for (size_t i = code->n_insns; i-- > 0;) {
			unsigned live = 0, uses, sets;
			size_t next[2];

			if (code->info[i].second)
				continue;
			for (unsigned n = successors(code, i, next); n; n--)
				live |= code->info[next[n - 1]].live;
			skep_code_uses(code->insns[i], &uses, &sets);
			live = (live & ~sets) | uses;
			changed |= live != code->info[i].live;
			code->info[i].live = (uint16_t)live;
		}
	}
}

/* Functions begin where the linker put them, and where calls of the program's own code lead. */
static bool *find_starts(const struct skep_linked *linked, struct skep_arena *arena, size_t *ret_n)
{
	bool *starts = skep_arena_calloc(arena, linked->prog.n_insns, sizeof(*starts));
	size_t n = 0;

	for (size_t f = 0; f < linked->n_funcs; f++)
		starts[linked->funcs[f].insn] = true;
	for (size_t i = 0; i < linked->prog.n_insns; i++) {
		struct skep_insn insn = linked->prog.insns[i];
		int64_t target;

		if ((is_local_call(insn) || takes_function(insn)) &&
		    skep_insn_target(insn, i, &target) && target >= 0 &&
		    target < (int64_t)linked->prog.n_insns)
			starts[target] = true;
		if (skep_insn_is_wide(insn))
			i++;
	}
	for (size_t i = 0; i < linked->prog.n_insns; i++)
		n += starts[i];
	*ret_n = n;
	return starts;
}

static void lay_out(struct study *s, const struct skep_linked *linked)
{
	struct skep_code *code = &s->code;
	const bool *starts = find_starts(linked, s->arena, &code->n_funcs);
	size_t f = 0, linked_func = 0;

	code->insns = linked->prog.insns;
	code->n_insns = linked->prog.n_insns;
	code->relocs = linked->prog.relocs;
	code->info = skep_arena_calloc(s->arena, code->n_insns, sizeof(*code->info));
	code->funcs = skep_arena_calloc(s->arena, code->n_funcs, sizeof(*code->funcs));
	for (size_t i = 0; i < code->n_insns; i++) {
		if (linked_func + 1 < linked->n_funcs && linked->funcs[linked_func + 1].insn == i)
			linked_func++;
		if (starts[i])
			code->funcs[f++] = (struct skep_code_func){
				.first = (uint32_t)i,
				.prog = linked->funcs[linked_func].prog,
			};
		code->funcs[f - 1].end = (uint32_t)i + 1;
		code->info[i].func = (uint32_t)f - 1;
		code->info[i].reloc = -1;
	}
	for (size_t i = 0; i < linked->prog.n_relocs; i++)
		code->info[code->relocs[i].insn].reloc = (int32_t)i;
}

int skep_code_study(const struct skep_linked *linked, struct skep_arena *arena,
		    struct skep_code *ret_code, struct skep_code_fault *ret_fault)
{
	struct study s = { .arena = arena, .fault = ret_fault };
	int r;

	if (!linked->prog.n_insns)
		return wrong(&s, 0, NULL, "the program has no instructions");
	lay_out(&s, linked);
	r = check_encoding(&s);
	if (r == 0)
		r = check_targets(&s);
	if (r == 0)
		r = check_ends(&s);
	if (r == 0)
		r = check_reached(&s);
	if (r < 0)
		return r;
	find_meetings(&s.code);
	find_live(&s.code);
	*ret_code = s.code;
	return 0;
}
