/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Explanations: the steps that made a value what it is where it failed.
 *
 * The path from the program's start is in the traces of the states along it. Walking it backwards, a step belongs to the
 * story when it wrote a register or slot that is of interest, or decided something about one; then what it was made of is
 * of interest. The story begins where nothing more is: at a constant, a load, a call, the context.
 */
#include "isa/disasm.h"
#include "verify/name.h"

#define STEPS_MAX 24

struct story {
	struct skep_walk *walk;
	uint16_t regs[SKEP_VERIFY_FRAMES_MAX];
	uint64_t slots[SKEP_VERIFY_FRAMES_MAX];
	struct {
		const struct skep_state *state;
		size_t index;
	} steps[STEPS_MAX]; /* the last one first */
	size_t n;
	bool cut;
	uint32_t later_depth;
	const struct skep_state *state; /* the step that is looked at */
	size_t index;
};

void skep_record(struct skep_walk *walk, struct skep_state *state, unsigned reg)
{
	skep_vec_add(&walk->left, skep_state_frame(state)->regs[reg]);
	skep_vec_last(&state->trace).left = (uint32_t)walk->left.len;
}

static bool is_over(const struct story *s)
{
	for (unsigned f = 0; f < SKEP_VERIFY_FRAMES_MAX; f++)
		if (s->regs[f] || s->slots[f])
			return false;
	return true;
}

static void tell(struct story *s)
{
	if (s->n < STEPS_MAX) {
		s->steps[s->n].state = s->state;
		s->steps[s->n++].index = s->index;
	} else {
		s->cut = true;
	}
}

static bool is_condition(struct skep_insn insn)
{
	unsigned class = skep_insn_class(insn), op = insn.opcode & SKEP_OP_MASK;

	return (class == SKEP_CLASS_JMP || class == SKEP_CLASS_JMP32) && op != SKEP_JMP_JA &&
	       op != SKEP_JMP_CALL && op != SKEP_JMP_EXIT && op != SKEP_JMP_JCOND;
}

/* Into a function that was called, or out of one: what is of interest changes its frame. */
static bool cross_frames(struct story *s, const struct skep_step *step, struct skep_insn insn)
{
	uint16_t *here = &s->regs[step->depth];

	if (skep_insn_is_exit(insn) && step->depth > 0) {
		uint16_t *outer = &s->regs[step->depth - 1];

		*here |= *outer & 1u << SKEP_R0;
		*outer &= (uint16_t) ~(1u << SKEP_R0);
		return true;
	}
	if (skep_insn_is_call(insn) && s->later_depth > step->depth) {
		if (insn.src == SKEP_CALL_LOCAL)
			*here |= s->regs[step->depth + 1] & 0x3e;
		s->regs[step->depth + 1] = 0;
		s->slots[step->depth + 1] = 0;
		return true;
	}
	return false;
}

static void follow(struct story *s, const struct skep_step *step, struct skep_insn insn)
{
	uint16_t *here = &s->regs[step->depth];
	unsigned uses, sets, class = skep_insn_class(insn);
	bool is_alu = class == SKEP_CLASS_ALU || class == SKEP_CLASS_ALU64;

	skep_code_uses(insn, &uses, &sets);
	if (is_condition(insn)) {
		if (uses & *here)
			tell(s);
		return;
	}
	if (step->on_stack && (class == SKEP_CLASS_ST || class == SKEP_CLASS_STX) &&
	    s->slots[step->frame] & 1ULL << step->slot) {
		tell(s);
		s->slots[step->frame] &= ~(1ULL << step->slot);
		if (class == SKEP_CLASS_STX)
			*here |= (uint16_t)(1u << insn.src);
		return;
	}
	if (!(sets & *here))
		return;
	*here &= (uint16_t)~sets;
	if (skep_insn_is_call(insn) && s->later_depth != step->depth)
		return;
	tell(s);
	if (is_alu)
		*here |= (uint16_t)uses;
	else if (step->on_stack)
		s->slots[step->frame] |= 1ULL << step->slot;
}

static void collect(struct story *s)
{
	struct skep_state *state = s->walk->state;
	bool failing = true; /* the step that fails is the finding itself */

	s->later_depth = state->depth;
	for (; state && !is_over(s); state = state->parent)
		for (size_t i = state->trace.len; i-- > 0 && !is_over(s);) {
			const struct skep_step *step = &state->trace.data[i];
			struct skep_insn insn = s->walk->code.insns[step->insn];

			s->state = state;
			s->index = i;
			if (failing)
				failing = false;
			else if (!cross_frames(s, step, insn))
				follow(s, step, insn);
			s->later_depth = step->depth;
		}
}

/* "r2: pkt(proven 0)+4" of a step's result; of a condition, what it decided. */
static const char *value_text(struct story *s, const struct skep_step *step, struct skep_insn insn)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};
	unsigned reg = skep_insn_is_call(insn) ? SKEP_R0 : insn.dst;
	const struct skep_value *left = skep_walk_left(s->walk, step);

	if (is_condition(insn))
		skep_str_add(&text, step->branch == SKEP_DECISION_JUMP ? "taken" : "not taken");
	if (left) {
		if (text.len)
			skep_str_add(&text, "; ");
		skep_str_addf(&text, "r%u: ", reg);
		skep_value_format(left, &text);
	}
	return text.len ? skep_arena_strdup(s->walk->arena, skep_str_text(&text)) : NULL;
}

static const char *name_of_step(struct skep_walk *walk, const struct skep_state *state,
				size_t index)
{
	struct skep_insn insn = walk->code.insns[state->trace.data[index].insn];
	unsigned class = skep_insn_class(insn);

	if (class == SKEP_CLASS_ST || class == SKEP_CLASS_STX || skep_insn_is_exit(insn))
		return NULL;
	return skep_name_after(walk, state, index, skep_insn_is_call(insn) ? SKEP_R0 : insn.dst);
}

void skep_explain(struct skep_walk *walk, struct skep_finding *finding)
{
	struct story s = { .walk = walk };
	const struct skep_code *code = &walk->code;

	if (!walk->state || !walk->state->trace.len || finding->reg < 0 || finding->reg >= SKEP_R10)
		return;
	s.regs[walk->state->depth] = (uint16_t)(1u << finding->reg);
	collect(&s);
	finding->steps = skep_arena_calloc(walk->arena, s.n, sizeof(*finding->steps));
	finding->n_steps = s.n;
	finding->steps_cut = s.cut;
	for (size_t i = 0; i < s.n; i++) {
		const struct skep_state *state = s.steps[s.n - 1 - i].state;
		size_t index = s.steps[s.n - 1 - i].index;
		const struct skep_step *step = &state->trace.data[index];
		_cleanup_(skep_str_fini)
		struct skep_str text = {};

		skep_disasm_insn(code->insns, code->n_insns, step->insn, NULL, &text);
		finding->steps[i] = (struct skep_verify_step){
			.insn = step->insn,
			.depth = step->depth,
			.code = skep_arena_strdup(walk->arena, skep_str_text(&text)),
			.value = value_text(&s, step, code->insns[step->insn]),
			.name = name_of_step(walk, state, index),
			.line = skep_walk_line(walk, step->insn),
		};
	}
}

void skep_explain_path(struct skep_walk *walk, struct skep_finding *finding)
{
	size_t n = 0, at;

	for (const struct skep_state *s = walk->state; s; s = s->parent)
		for (size_t i = 0; i < s->trace.len; i++)
			n += s->trace.data[i].branch != SKEP_DECISION_NONE;
	at = n;
	n = MIN(n, (size_t)SKEP_VERIFY_PATH_MAX);
	finding->path = skep_arena_calloc(walk->arena, n, sizeof(*finding->path));
	finding->n_path = n;
	for (const struct skep_state *s = walk->state; s; s = s->parent)
		for (size_t i = s->trace.len; i-- > 0;) {
			const struct skep_step *step = &s->trace.data[i];

			if (step->branch != SKEP_DECISION_NONE && --at < n)
				finding->path[at] = (struct skep_verify_decision){
					step->insn, step->branch == SKEP_DECISION_JUMP
				};
		}
}
