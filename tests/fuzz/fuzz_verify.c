/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a program for the verifier: it never crashes, it ends within its bound, it gives a verdict and, for what is
 * not safe, a reason.
 *
 * First byte: kind of program; second: bits 0 to 2 the words are bent into valid instructions more or less often, bit 3
 * steps are asked for. Then words of 64 bits, at most 1024 of them.
 */
#include <stdlib.h>
#include <string.h>

#include "isa/mapkind.h"
#include "isa/progkind.h"
#include "isa/table.h"
#include "verify/verify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define WORDS_MAX 1024
#define STEPS_MAX 20000

static const struct skep_spec_map maps[] = {
	{ .name = "table",
	  .type = SKEP_MAP_ARRAY,
	  .key_size = 4,
	  .value_size = 64,
	  .max_entries = 4 },
	{ .name = "counts",
	  .type = SKEP_MAP_HASH,
	  .key_size = 4,
	  .value_size = 16,
	  .max_entries = 8 },
	{ .name = "events", .type = SKEP_MAP_RINGBUF, .max_entries = 4096 },
	{ .name = "progs",
	  .type = SKEP_MAP_PROG_ARRAY,
	  .key_size = 4,
	  .value_size = 4,
	  .max_entries = 2 },
	{ .name = "socks",
	  .type = SKEP_MAP_SOCKMAP,
	  .key_size = 4,
	  .value_size = 4,
	  .max_entries = 2 },
};

/* A valid instruction near what the word says, and jumps that stay inside. */
static struct skep_insn bend(struct skep_insn word, size_t at, size_t n)
{
	const struct skep_isa_row *row =
		skep_isa_op((enum skep_op)((word.opcode * 7u + word.src) % SKEP_N_OPS));
	struct skep_insn insn = word;

	insn.opcode = row->opcode;
	insn.dst = word.dst % 11;
	insn.src = word.src % 11;
	if (row->select == SKEP_SELECT_SRC)
		insn.src = (uint8_t)row->value;
	else if (row->select == SKEP_SELECT_OFF)
		insn.off = (int16_t)row->value;
	else if (row->select == SKEP_SELECT_IMM)
		insn.imm = row->value;
	else
		insn.off = (int16_t)(word.off % (int)(n - at));
	if (skep_insn_is_call(insn) && insn.src == SKEP_CALL_HELPER)
		insn.imm = (int32_t)((uint32_t)insn.imm % 212);
	return insn;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct skep_insn insns[WORDS_MAX];
	struct skep_reloc relocs[WORDS_MAX];
	struct skep_spec_prog prog = { .name = "fuzz", .insns = insns, .relocs = relocs };
	struct skep_spec spec = { .license = "GPL",
				  .maps = (struct skep_spec_map *)maps,
				  .n_maps = ARRAY_SIZE(maps),
				  .progs = &prog,
				  .n_progs = 1 };
	struct skep_verify_options options = { .max_insns = STEPS_MAX, .max_findings = 3 };
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	struct skep_verify_result result;
	unsigned straight;
	size_t n;

	if (size < 2 + sizeof(*insns))
		return 0;
	prog.type = 1 + data[0] % SKEP_PROG_NETFILTER;
	straight = data[1] & 7;
	options.explain = data[1] & 8;
	n = MIN((size - 2) / sizeof(*insns), (size_t)WORDS_MAX);
	memcpy(insns, data + 2, n * sizeof(*insns));
	for (size_t i = 0; i < n; i++) {
		if (i % 8 >= straight)
			insns[i] = bend(insns[i], i, n);
		if (!skep_insn_is_wide(insns[i]) || i + 1 >= n)
			continue;
		if (insns[i].src == SKEP_PSEUDO_MAP_FD)
			relocs[prog.n_relocs++] =
				(struct skep_reloc){ .kind = SKEP_RELOC_MAP,
						     .insn = (uint32_t)i,
						     .index = (uint32_t)insns[i].imm %
							      ARRAY_SIZE(maps) };
		i++;
		insns[i] = (struct skep_insn){ .imm = insns[i].imm };
	}
	prog.n_insns = n;
	if (skep_verify(&spec, 0, &options, arena, &result) < 0)
		return 0;
	if (result.verdict != SKEP_VERDICT_SAFE && !result.n_findings)
		abort();
	if (result.processed > STEPS_MAX + 1)
		abort();
	return 0;
}
