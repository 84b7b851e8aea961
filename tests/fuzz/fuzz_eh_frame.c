/* SPDX-License-Identifier: Apache-2.0 */
/* The .eh_frame reader on the bytes of a whole file: its rows are sorted, whatever is in it. */
#include <stdio.h>
#include <stdlib.h>

#include "obj/eh_frame.h"

#define SIZE_MAX_FUZZED 65536
#define ROWS_MAX 10000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct skep_eh_frame table;
	struct skep_elf *elf;

	if (size > SIZE_MAX_FUZZED || skep_elf_parse(data, size, "input", NULL, &elf) < 0)
		return 0;
	if (skep_eh_frame_read(elf, ROWS_MAX, &table) == 0) {
		for (size_t i = 1; i < table.n_rows; i++)
			if (table.rows[i - 1].place >= table.rows[i].place)
				abort();
		skep_eh_frame_fini(&table);
	}
	skep_elf_free(elf);
	return 0;
}
