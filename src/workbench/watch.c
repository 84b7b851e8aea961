/* SPDX-License-Identifier: Apache-2.0 */
/* What a trial learns before each instruction: the path, what was written, and what values were made of. */
#include <string.h>

#include "isa/context.h"
#include "isa/table.h"
#include "vm/engine.h"
#include "vm/memory.h"
#include "workbench/trial.h"

static uint64_t atom(struct skep_trial *t, enum skep_atom_kind kind, uint32_t index, uint32_t off,
		     uint32_t size)
{
	struct skep_trace *trace = &t->trace;
	uint32_t i;

	for (i = 0; i < trace->n_atoms; i++) {
		const struct skep_atom *a = &trace->atoms[i];

		if (a->kind == kind && a->index == index && a->off == off && a->size == size)
			return 1ull << i;
	}
	if (i == TRIAL_ATOMS_MAX)
		return 0;
	trace->atoms[trace->n_atoms++] = (struct skep_atom){ kind, index, off, size };
	return 1ull << i;
}

/* Byte of the stack's shadow, or -1. */
static int64_t stack_at(const struct skep_trial *t, uint64_t address)
{
	uint64_t off = address - (uint64_t)(uintptr_t)t->run->stack;

	return off < VM_STACK_BYTES ? (int64_t)off : -1;
}

static void mark_stored(struct skep_trial *t, uint64_t address, uint64_t size)
{
	int64_t at = stack_at(t, address);

	for (uint64_t i = 0; at >= 0 && i < size && (uint64_t)at + i < VM_STACK_BYTES; i++)
		t->stored[(uint64_t)at + i] = true;
}

static bool is_stored(const struct skep_trial *t, uint64_t address, uint64_t size)
{
	int64_t at = stack_at(t, address);

	for (uint64_t i = 0; at >= 0 && i < size && (uint64_t)at + i < VM_STACK_BYTES; i++)
		if (!t->stored[(uint64_t)at + i])
			return false;
	return true;
}

static uint64_t atoms_of_ctx(struct skep_trial *t, uint32_t off, uint32_t size)
{
	const struct skep_context *context = skep_context_find(t->spec->progs[t->prog].type);
	const struct skep_ctx_field *f = context ? skep_context_field(context, off) : NULL;

	if (f && (f->kind == SKEP_CTX_PACKET_END || strcmp(f->name, "len") == 0))
		return atom(t, SKEP_ATOM_LENGTH, 0, 0, 0);
	if (f && f->kind != SKEP_CTX_SCALAR && f->kind != SKEP_CTX_SOCK_OR_NULL &&
	    f->kind != SKEP_CTX_SOCK_COMMON_OR_NULL)
		return 0;
	return off + size <= SKEP_WITNESS_CTX_MAX ? atom(t, SKEP_ATOM_CTX, 0, off, size) : 0;
}

/* Values of arrays whose address is in the program are known without a look-up. */
static void know_array(struct skep_trial *t, uint64_t address)
{
	for (size_t i = 0; i < t->spec->n_maps && t->trace.n_lookups < TRIAL_LOOKUPS_MAX; i++) {
		uint32_t index = skep_vm_loaded_map(t->loaded, i);
		const struct skep_vm_map *map = index < t->vm->n_maps ? &t->vm->maps[index] : NULL;
		struct skep_trial_lookup *l = &t->trace.lookups[t->trace.n_lookups];
		uint64_t off;
		uint32_t key;

		if (!map || !map->values || map->kind->id != SKEP_MAP_ARRAY || !t->first[i] ||
		    t->spec->maps[i].read_only)
			continue;
		off = address - (uint64_t)(uintptr_t)map->values;
		if (off >= map->n_values * map->stride)
			continue;
		key = (uint32_t)(off / map->stride);
		*l = (struct skep_trial_lookup){ .map = (uint32_t)i,
						 .address = address - off % map->stride };
		memcpy(l->key, &key, 4);
		t->trace.n_lookups++;
		return;
	}
}

static uint64_t atoms_of_value(struct skep_trial *t, uint64_t address, uint32_t size)
{
	for (int tries = 0; tries < 2; tries++) {
		for (uint32_t i = 0; i < t->trace.n_lookups; i++) {
			const struct skep_trial_lookup *l = &t->trace.lookups[i];
			uint64_t off = address - l->address;

			if (l->address && off < t->spec->maps[l->map].value_size &&
			    off + size <= SKEP_WITNESS_VALUE_MAX)
				return atom(t, SKEP_ATOM_VALUE, i, (uint32_t)off, size);
		}
		know_array(t, address);
	}
	return 0;
}

static uint64_t atoms_of_memory(struct skep_trial *t, uint64_t address, uint32_t size)
{
	int64_t at = stack_at(t, address);
	uint64_t packet = (uint64_t)(uintptr_t)t->run->packet.data;

	if (at >= 0)
		return t->slots[at / 8] |
		       (at / 8 + 1 < VM_STACK_BYTES / 8 && (uint64_t)at % 8 + size > 8
				? t->slots[at / 8 + 1]
				: 0);
	if (address - t->run->ctx < t->run->ctx_size)
		return atoms_of_ctx(t, (uint32_t)(address - t->run->ctx), size);
	if (packet && address - packet < SKEP_WITNESS_PACKET_MAX - 8)
		return atom(t, SKEP_ATOM_PACKET, 0, (uint32_t)(address - packet), size);
	return atoms_of_value(t, address, size);
}

/* The spec's number of a map that the program names by its address; -1: it is none. */
static int64_t map_number(const struct skep_trial *t, uint64_t address)
{
	const struct skep_vm_map *map = vm_map_at(t->vm, address);

	for (size_t i = 0; map && i < t->spec->n_maps; i++)
		if (skep_vm_loaded_map(t->loaded, i) == map->index)
			return (int64_t)i;
	return -1;
}

/* How much memory an argument stands for. */
static uint64_t arg_size(const struct skep_trial *t, const struct skep_helper *h, unsigned i,
			 const uint64_t regs[11])
{
	int64_t map = map_number(t, regs[SKEP_R1]);

	switch (h->args[i]) {
	case SKEP_ARG_KEY:
		return map >= 0 ? t->spec->maps[map].key_size : 0;
	case SKEP_ARG_VALUE:
	case SKEP_ARG_VALUE_NULL:
	case SKEP_ARG_VALUE_OUT:
		return map >= 0 ? t->spec->maps[map].value_size : 0;
	case SKEP_ARG_MEM:
	case SKEP_ARG_MEM_NULL:
	case SKEP_ARG_OUT:
	case SKEP_ARG_OUT_NULL:
	case SKEP_ARG_INOUT:
		/* probe_read and its kin have the size behind, some have it elsewhere: the next argument that is one */
		for (unsigned k = i + 1; k < h->n_args; k++)
			if (h->args[k] == SKEP_ARG_SIZE || h->args[k] == SKEP_ARG_SIZE0)
				return MIN(regs[SKEP_R1 + k], (uint64_t)SKEP_STACK_SIZE);
		return 0;
	default:
		return skep_helper_arg_size((enum skep_helper_arg)h->args[i]);
	}
}

static void look_up(struct skep_trial *t, const struct skep_helper *h, const uint64_t regs[11])
{
	struct skep_trial_lookup *l = &t->last.lookup;
	int64_t map = map_number(t, regs[SKEP_R1]);
	int64_t key = stack_at(t, regs[SKEP_R2]);

	if (map < 0 || h->args[1] != SKEP_ARG_KEY ||
	    t->spec->maps[map].key_size > SKEP_WITNESS_KEY_MAX ||
	    t->trace.n_lookups == TRIAL_LOOKUPS_MAX)
		return;
	*l = (struct skep_trial_lookup){ .map = (uint32_t)map };
	if (!vm_reachable(t->run, regs[SKEP_R2], t->spec->maps[map].key_size, false))
		return;
	memcpy(l->key, (const void *)(uintptr_t)regs[SKEP_R2], t->spec->maps[map].key_size);
	t->last.looks_up = true;
	t->atoms[t->depth][SKEP_R0] = atom(t, SKEP_ATOM_LOOKUP, t->trace.n_lookups, 0, 0);
	if (key >= 0)
		t->atoms[t->depth][SKEP_R0] |=
			atoms_of_memory(t, regs[SKEP_R2], t->spec->maps[map].key_size);
}

static void call(struct skep_trial *t, struct skep_insn insn, const uint64_t regs[11])
{
	const struct skep_helper *h = insn.src == 0 ? skep_helper_find(insn.imm) : NULL;
	uint64_t *atoms = t->atoms[t->depth];

	if (insn.src == SKEP_CALL_LOCAL)
		return;
	memset(atoms, 0, 6 * sizeof(*atoms));
	t->written[t->depth] &= (uint16_t)~0x3eu;
	t->written[t->depth] |= 1u << SKEP_R0;
	if (!h || h->flags & SKEP_HELPER_CALLBACK)
		t->unknown_values = true;
	if (!h)
		return;
	for (unsigned i = 0; i < h->n_args; i++) {
		bool out = h->args[i] == SKEP_ARG_OUT || h->args[i] == SKEP_ARG_OUT_NULL ||
			   h->args[i] == SKEP_ARG_INOUT || h->args[i] == SKEP_ARG_VALUE_OUT ||
			   h->args[i] == SKEP_ARG_OUT8;

		if (out)
			mark_stored(t, regs[SKEP_R1 + i], arg_size(t, h, i, regs));
		/* What is read of the packet into the stack is made of the packet. */
		if (out && h->id == SKEP_HELPER_SKB_LOAD_BYTES && stack_at(t, regs[SKEP_R3]) >= 0)
			for (uint64_t k = 0; k < regs[SKEP_R4] && k < 64; k += 8)
				if (stack_at(t, regs[SKEP_R3] + k) >= 0)
					t->slots[stack_at(t, regs[SKEP_R3] + k) / 8] =
						atom(t, SKEP_ATOM_PACKET, 0,
						     (uint32_t)MIN(regs[SKEP_R2] + k, 1024u),
						     (uint32_t)MIN(regs[SKEP_R4] - k, 8u));
	}
	if (h->ret == SKEP_HELPER_RET_MAP_VALUE ||
	    (h->ret == SKEP_HELPER_RET_MAP_VALUE_OR_NULL && h->id != SKEP_HELPER_MAP_LOOKUP_ELEM))
		t->unknown_values = true;
	if (h->ret == SKEP_HELPER_RET_MAP_VALUE_OR_NULL)
		look_up(t, h, regs);
	else if (skep_trial_answers(h) && t->trace.n_asked < SKEP_WITNESS_ANSWERS_MAX)
		atoms[SKEP_R0] = atom(t, SKEP_ATOM_ANSWER, t->trace.n_asked, 0, 0);
	if (h->id == SKEP_HELPER_SKB_LOAD_BYTES)
		atoms[SKEP_R0] = atom(t, SKEP_ATOM_LENGTH, 0, 0, 0);
}

/* What the instruction before was, now that it is known where it led and what it left. */
static void settle(struct skep_trial *t, uint32_t insn, const uint64_t regs[11])
{
	if (t->last.looks_up) {
		t->last.lookup.address = regs[SKEP_R0];
		t->trace.lookups[t->trace.n_lookups++] = t->last.lookup;
		t->last.looks_up = false;
	}
	if (t->last.compares && !t->lost && t->trace.matched < t->n_path) {
		const struct skep_verify_decision *d = &t->path[t->trace.matched];
		bool jumped = insn != t->last.at + 1;

		if (d->insn == t->last.at && (d->jumps == jumped || t->last.insn.off == 0)) {
			t->trace.matched++;
		} else {
			t->lost = true;
			t->trace.diverged = d->insn == t->last.at;
			t->trace.stop = t->last.stop;
		}
	}
	t->last.compares = false;
}

static void follow_frames(struct skep_trial *t)
{
	uint32_t depth = t->run->depth;

	if (depth > VM_FRAMES_MAX || depth == t->depth)
		return;
	if (depth > t->depth) {
		memcpy(t->atoms[depth], t->atoms[t->depth], 6 * sizeof(uint64_t));
		memset(&t->atoms[depth][6], 0, 5 * sizeof(uint64_t));
		t->written[depth] = (uint16_t)((t->written[t->depth] & 0x3e) | 1u << SKEP_R10);
	} else {
		t->atoms[depth][SKEP_R0] = t->atoms[t->depth][SKEP_R0];
		t->written[depth] &= (uint16_t)~0x3eu;
		t->written[depth] |= 1u << SKEP_R0;
	}
	t->depth = depth;
}

static bool reads_unset(const struct skep_trial *t, struct skep_insn insn, const uint64_t regs[11])
{
	unsigned reg = (unsigned)t->unset_reg, class = skep_insn_class(insn);
	const struct skep_helper *h;

	if (!(t->written[t->depth] & 1u << reg))
		return true;
	if (class == SKEP_CLASS_LDX && insn.src == reg)
		return !is_stored(t, regs[reg] + (uint64_t)(int64_t)insn.off,
				  skep_size_bytes(insn.opcode));
	h = skep_insn_is_call(insn) && insn.src == 0 ? skep_helper_find(insn.imm) : NULL;
	if (h && reg >= SKEP_R1 && reg < (unsigned)SKEP_R1 + h->n_args)
		return !is_stored(t, regs[reg], arg_size(t, h, reg - SKEP_R1, regs));
	return false;
}

/*
 * The machine lets a program that leaves a value of a map into the next one's. That is outside of what it looked up, and in
 * a kernel may be anything.
 */
static bool leaves_value(const struct skep_trial *t, struct skep_insn insn, const uint64_t regs[11])
{
	unsigned class = skep_insn_class(insn), size = skep_size_bytes(insn.opcode);
	unsigned reg = class == SKEP_CLASS_LDX ? insn.src : insn.dst;
	uint64_t address = regs[reg] + (uint64_t)(int64_t)insn.off;
	struct vm_region region;

	if (class < SKEP_CLASS_LDX || class > SKEP_CLASS_STX || t->unknown_values ||
	    t->trace.n_lookups == TRIAL_LOOKUPS_MAX)
		return false;
	if (!vm_region_find(t->run, address, &region) || !region.map ||
	    map_number(t, (uint64_t)(uintptr_t)region.map) < 0 ||
	    region.map->kind->id == SKEP_MAP_ARRAY)
		return false;
	for (uint32_t i = 0; i < t->trace.n_lookups; i++) {
		const struct skep_trial_lookup *l = &t->trace.lookups[i];

		if (l->address && address - l->address + size <= t->spec->maps[l->map].value_size &&
		    address >= l->address)
			return false;
	}
	return true;
}

static void reach(struct skep_trial *t, struct skep_insn insn, const uint64_t regs[11])
{
	const uint64_t *atoms = t->atoms[t->depth];
	uint64_t all = atoms[insn.dst] | atoms[insn.src];

	if (skep_insn_is_call(insn))
		for (unsigned i = SKEP_R1; i <= SKEP_R5; i++)
			all |= atoms[i] | atoms_of_memory(t, regs[i], 1);
	t->trace.reached = true;
	if (!t->lost || !t->trace.diverged)
		t->trace.stop.x_atoms = all;
	t->unset = t->unset_reg >= 0 && reads_unset(t, insn, regs);
}

static void note_compare(struct skep_trial *t, struct skep_insn insn, uint32_t at,
			 const uint64_t regs[11])
{
	unsigned op = insn.opcode & SKEP_OP_MASK;
	bool by_reg = (insn.opcode & SKEP_SRC_MASK) == SKEP_SRC_X;

	if (op == SKEP_JMP_JA || op == SKEP_JMP_CALL || op == SKEP_JMP_EXIT || op == SKEP_JMP_JCOND)
		return;
	t->last.compares = true;
	t->last.insn = insn;
	t->last.at = at;
	t->last.stop = (struct skep_trial_stop){
		.x = regs[insn.dst],
		.y = by_reg ? regs[insn.src] : (uint64_t)(int64_t)insn.imm,
		.x_atoms = t->atoms[t->depth][insn.dst],
		.y_atoms = by_reg ? t->atoms[t->depth][insn.src] : 0,
	};
}

static void move(struct skep_trial *t, struct skep_insn insn, const uint64_t regs[11])
{
	uint64_t *atoms = t->atoms[t->depth], address, from = atoms[insn.src];
	unsigned class = skep_insn_class(insn), size = skep_size_bytes(insn.opcode);
	bool by_reg = (insn.opcode & SKEP_SRC_MASK) == SKEP_SRC_X;
	int64_t at;

	switch (class) {
	case SKEP_CLASS_ALU:
	case SKEP_CLASS_ALU64:
		if ((insn.opcode & SKEP_OP_MASK) == SKEP_ALU_MOV)
			atoms[insn.dst] = by_reg ? from : 0;
		else if (by_reg && (insn.opcode & SKEP_OP_MASK) != SKEP_ALU_END)
			atoms[insn.dst] |= from;
		t->written[t->depth] |= (uint16_t)(1u << insn.dst);
		break;
	case SKEP_CLASS_LDX:
		address = regs[insn.src] + (uint64_t)(int64_t)insn.off;
		atoms[insn.dst] = atoms_of_memory(t, address, size);
		t->written[t->depth] |= (uint16_t)(1u << insn.dst);
		break;
	case SKEP_CLASS_ST:
	case SKEP_CLASS_STX:
		address = regs[insn.dst] + (uint64_t)(int64_t)insn.off;
		at = stack_at(t, address);
		if (at >= 0)
			t->slots[at / 8] = class == SKEP_CLASS_STX ? from : 0;
		mark_stored(t, address, size);
		break;
	case SKEP_CLASS_LD:
		if (skep_insn_is_wide(insn)) {
			atoms[insn.dst] = 0;
			t->written[t->depth] |= (uint16_t)(1u << insn.dst);
			break;
		}
		atoms[SKEP_R0] = atom(t, SKEP_ATOM_LENGTH, 0, 0, 0);
		if (insn.imm >= 0 && insn.imm < 1024)
			atoms[SKEP_R0] |= atom(t, SKEP_ATOM_PACKET, 0, (uint32_t)insn.imm, size);
		t->written[t->depth] &= (uint16_t)~0x3eu; /* such a load is a call */
		t->written[t->depth] |= 1u << SKEP_R0;
		break;
	default:
		break;
	}
}

int skep_trial_watch(void *data, uint32_t prog, uint32_t at, uint64_t regs[11])
{
	struct skep_trial *t = data;
	struct skep_insn insn = t->vm->progs[prog]->insns[at];

	settle(t, at, regs);
	follow_frames(t);
	if (at == t->goal) {
		reach(t, insn, regs);
		if (t->unset)
			return 1;
	}
	if (at == t->goal || (t->all_after && t->trace.reached))
		t->outside = leaves_value(t, insn, regs);
	if (t->outside) {
		t->outside_at = at;
		return 1;
	}
	if (skep_insn_is_call(insn))
		call(t, insn, regs);
	else if (skep_insn_class(insn) == SKEP_CLASS_JMP ||
		 skep_insn_class(insn) == SKEP_CLASS_JMP32)
		note_compare(t, insn, at, regs);
	else
		move(t, insn, regs);
	return 0;
}
