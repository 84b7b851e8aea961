/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as instructions: the disassembler's text, line by line and as a listing with labels,
 * must assemble to the same words. At most 64 KiB of input are read.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "isa/asm.h"
#include "isa/disasm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_give(const struct skep_str *text, const struct skep_insn *words, size_t n)
{
	_cleanup_(skep_insns_fini)
	struct skep_insns insns = {};
	_cleanup_(skep_diag_fini)
	struct skep_diag diag = { .source_text = skep_str_text(text), .source_len = text->len };

	if (skep_asm(skep_str_text(text), text->len, NULL, &insns, &diag) == 0 && insns.len == n &&
	    (n == 0 || memcmp(insns.data, words, n * sizeof(*words)) == 0))
		return;
	fprintf(stderr, "does not come back:\n%s", skep_str_text(text));
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct skep_insn words[8192];
	_cleanup_(skep_str_fini)
	struct skep_str lines = {}, listing = {};
	size_t n = MIN(size / sizeof(*words), ARRAY_SIZE(words)), i = 0;

	if (n > 0)
		memcpy(words, data, n * sizeof(*words));
	while (i < n) {
		i += skep_disasm_insn(words, n, i, NULL, &lines);
		skep_str_addc(&lines, '\n');
	}
	must_give(&lines, words, n);
	skep_disasm_program(words, n, NULL, &listing);
	must_give(&listing, words, n);
	return 0;
}
