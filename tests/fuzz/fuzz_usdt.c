/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Static probes: the notes of a whole file, and the bytes as such as notes of either word size. What
 * is understood of an argument is complete.
 */
#include <stdlib.h>
#include <string.h>

#include "obj/usdt.h"

#define SIZE_MAX_FUZZED 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look(const struct skep_elf *elf, struct skep_usdt_notes *notes)
{
	struct skep_usdt_arg args[SKEP_USDT_ARGS_MAX];
	struct skep_usdt probe;
	size_t n;

	while (skep_usdt_next(notes, &probe) == 0) {
		if (!strlen(probe.provider) || !strlen(probe.name) ||
		    skep_usdt_args(elf, &probe, args, SKEP_USDT_ARGS_MAX, &n) < 0)
			continue;
		for (size_t i = 0; i < n; i++) {
			const struct skep_usdt_arg *a = &args[i];

			if ((a->size & (a->size - 1)) && a->kind != SKEP_USDT_UNKNOWN)
				abort();
			if (a->kind == SKEP_USDT_REG && !a->base)
				abort();
			if (a->kind == SKEP_USDT_MEM && !a->base && !a->index)
				abort();
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct skep_usdt_notes notes;
	struct skep_elf *elf;

	if (size > SIZE_MAX_FUZZED)
		return 0;
	for (unsigned word = 4; word <= 8; word += 4) {
		notes = (struct skep_usdt_notes){ .data = data, .size = size, .word = word };
		look(NULL, &notes);
	}
	if (skep_elf_parse(data, size, "input", NULL, &elf) < 0)
		return 0;
	skep_usdt_begin(elf, &notes);
	look(elf, &notes);
	skep_elf_free(elf);
	return 0;
}
