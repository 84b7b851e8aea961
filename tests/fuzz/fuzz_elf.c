/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ELF reader: bytes are refused with a reason, or every symbol, note and address in them can be
 * asked for.
 */
#include <stdio.h>

#include "../unit/obj/blobs.h"

#define SIZE_MAX_FUZZED 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(skep_diag_fini)
	struct skep_diag diag = {};
	struct skep_elf *elf;

	if (size > SIZE_MAX_FUZZED)
		return 0;
	if (skep_elf_parse(data, size, "input", &diag, &elf) < 0) {
		if (!diag.n_errors)
			abort(); /* refused without saying why */
		return 0;
	}
	walk_elf(elf);
	skep_elf_free(elf);
	return 0;
}
