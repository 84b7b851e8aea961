/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Machine code beside the instructions that it was made of. Our own JIT knows that of each; the kernel tells it for source
 * lines only, and without lines for whole functions.
 */
#include <errno.h>

#include "vm/engine.h"
#include "vm/jit/jit.h"
#include "workbench/listing_priv.h"

/* The last instruction of the function that begins at @at. */
static size_t last_of_function(const struct skep_listing *l, size_t at)
{
	size_t i = at + 1;

	while (i < l->prog->n_insns && !l->notes[i].function)
		i++;
	/* Not the second half of a 64-bit constant. */
	if (i - 1 > at && !l->insns[i - 1].opcode && skep_insn_is_wide(l->insns[i - 2]))
		i--;
	return i - 1;
}

/* One function of the kernel's: between two lines lies the code of the first. */
static void place_function(struct skep_listing *l, const struct skep_image_native *native,
			   size_t begin)
{
	const struct skep_image *image = &l->input->loaded->image;
	uint64_t end = native->address + native->size;
	size_t last = last_of_function(l, begin);
	uint32_t done = 0;

	for (size_t i = 0; image->native_lines && i < image->n_lines; i++) {
		uint32_t insn = image->lines[i].insn;
		uint64_t to = i + 1 < image->n_lines ? image->native_lines[i + 1] : end;

		if (insn < begin || insn > last || image->native_lines[i] < native->address)
			continue;
		if (to > end || to < native->address + done)
			to = end;
		/* It stands behind what it was made of: in front of the next line. */
		insn = i + 1 < image->n_lines && image->lines[i + 1].insn <= last
			       ? image->lines[i + 1].insn - 1
			       : (uint32_t)last;
		if (insn && !l->insns[insn].opcode && skep_insn_is_wide(l->insns[insn - 1]))
			insn--;
		l->notes[insn].native =
			(struct native_piece){ native->code + done,
					       (uint32_t)(to - native->address) - done, done };
		done = (uint32_t)(to - native->address);
	}
	if (!done)
		l->notes[last].native = (struct native_piece){ native->code, native->size, 0 };
}

static int of_kernel(struct skep_listing *l, struct skep_diag *diag)
{
	const struct skep_image *image = &l->input->loaded->image;
	size_t n = 0;

	if (!image->n_natives) {
		skep_diag_error(diag, SKEP_NO_LOC,
				"the kernel does not show the machine code of '%s'",
				l->input->name);
		skep_diag_hint(
			diag,
			"it shows it to root, and when /proc/sys/net/core/bpf_jit_enable is 1");
		return -EPERM;
	}
	for (size_t i = 0; i < l->prog->n_insns && n < image->n_natives; i++)
		if (i == 0 || l->notes[i].function)
			place_function(l, &image->natives[n++], i);
	return 0;
}

/* Without what an instruction is merged with, it has none of its own. */
static void place_insns(struct skep_listing *l, const struct vm_jit_code *code,
			const uint8_t *bytes)
{
	size_t n = l->prog->n_insns, next;

	for (size_t i = 0; i < n; i = next) {
		uint32_t end;

		for (next = i + 1; next < n && !code->at[next];)
			next++;
		end = next < n ? code->at[next] : code->insns_end;
		if (code->at[i] && end >= code->at[i])
			l->notes[i].native =
				(struct native_piece){ bytes + code->at[i], end - code->at[i],
						       code->at[i] };
	}
	l->notes[n].native = (struct native_piece){ bytes + code->insns_end,
						    code->size - code->insns_end, code->insns_end };
}

static int of_our_own(struct skep_listing *l, struct skep_diag *diag)
{
	const struct skep_vm_config config = { .size = sizeof(config), .jit = true };
	struct skep_spec spec = skep_input_only(l->input, l->index, l->arena);
	struct skep_loaded *loaded = NULL;
	struct vm_jit_code code = {};
	int r;

	r = skep_vm_load_spec(&spec, &config, diag, &loaded);
	if (r == -EOPNOTSUPP)
		skep_diag_error(diag, SKEP_NO_LOC, "there is no JIT for this CPU");
	if (r < 0)
		return r;
	r = vm_jit_show(skep_vm_loaded_vm(loaded)->progs[skep_vm_loaded_prog(loaded, l->index)],
			&code);
	if (r == 0 && code.n_insns == l->prog->n_insns)
		place_insns(l, &code, skep_arena_memdup(l->arena, code.bytes, code.size));
	vm_jit_code_fini(&code);
	skep_vm_engine()->close(loaded);
	return r;
}

int skep_listing_native(struct skep_listing *l, struct skep_diag *diag)
{
	return l->input->loaded ? of_kernel(l, diag) : of_our_own(l, diag);
}
