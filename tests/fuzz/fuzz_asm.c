/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any text as a program: refused with a reason that can be shown, or its words, disassembled, must
 * assemble to themselves. At most 64 KiB of input are read.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "isa/asm.h"
#include "isa/disasm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(skep_insns_fini)
	struct skep_insns insns = {}, again = {};
	_cleanup_(skep_str_fini)
	struct skep_str text = {};
	_cleanup_(skep_diag_fini)
	struct skep_diag diag = { .source_text = (const char *)data,
				  .source_len = MIN(size, (size_t)65536) };

	if (skep_asm((const char *)data, diag.source_len, NULL, &insns, &diag) < 0) {
		if (diag.n_errors == 0)
			abort();
		skep_diag_format(&diag, false, false, &text);
		return 0;
	}
	if (diag.n_errors > 0)
		abort();
	skep_disasm_program(insns.data, insns.len, NULL, &text);
	if (skep_asm(skep_str_text(&text), text.len, NULL, &again, NULL) < 0 ||
	    again.len != insns.len ||
	    (insns.len > 0 &&
	     memcmp(again.data, insns.data, insns.len * sizeof(*insns.data)) != 0)) {
		fprintf(stderr, "does not come back:\n%s", skep_str_text(&text));
		abort();
	}
	return 0;
}
