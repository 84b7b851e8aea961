/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any text as a witness: refused with a reason, or what it means, written down, means the same; and it runs without harm.
 * At most 64 KiB of input are read.
 */
#include <stdlib.h>
#include <string.h>

#include "isa/helper.h"
#include "isa/mapkind.h"
#include "isa/progkind.h"
#include "workbench/witness.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A call of a helper that can be answered, a read of the packet. */
static struct skep_insn code[] = {
	{ .opcode = 0x79, .dst = 6, .src = 1, .off = 0 },
	{ .opcode = 0x85, .imm = SKEP_HELPER_GET_PRANDOM_U32 },
	{ .opcode = 0x61, .dst = 2, .src = 1, .off = 0 },
	{ .opcode = 0x95 },
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct skep_spec_map map = {
		.name = "m", .type = SKEP_MAP_HASH, .key_size = 4, .value_size = 8, .max_entries = 4
	};
	struct skep_spec_prog prog = { .name = "p",
				       .type = SKEP_PROG_SOCKET_FILTER,
				       .insns = code,
				       .n_insns = ARRAY_SIZE(code) };
	struct skep_spec spec = { .maps = &map, .n_maps = 1, .progs = &prog, .n_progs = 1 };
	_cleanup_free_ char *text = strndup((const char *)data, MIN(size, (size_t)65536));
	_cleanup_free_ struct skep_witness *w = calloc(1, sizeof(*w));
	_cleanup_(skep_str_fini)
	struct skep_str once = {}, twice = {}, fault = {};
	_cleanup_(skep_diag_fini)
	struct skep_diag diag = {};

	if (!text || !w)
		abort();
	if (skep_witness_parse(&spec, 0, text, &diag, w) < 0) {
		if (diag.n_errors == 0)
			abort();
		return 0;
	}
	skep_witness_format(&spec, w, &once);
	if (skep_witness_parse(&spec, 0, skep_str_text(&once), &diag, w) < 0)
		abort();
	skep_witness_format(&spec, w, &twice);
	if (strcmp(skep_str_text(&once), skep_str_text(&twice)) != 0)
		abort();
	(void)!skep_witness_replay(&spec, 0, w, &fault);
	return 0;
}
