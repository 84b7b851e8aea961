/* SPDX-License-Identifier: Apache-2.0 */
/* What the readers of the workbench share. Nobody else includes this. */
#pragma once

#include "workbench/input.h"

/* input_asm.c. @data is terminated, and changed. */
int skep_input_read_assembler(char *data, size_t size, const struct skep_input_options *options,
			      struct skep_arena *arena, struct skep_diag *diag,
			      struct skep_input *source) _must_check_;
/* input_script.c. @data is terminated, @path where it was found. */
int skep_input_read_bt(const char *path, const char *data, size_t size,
		       const struct skep_input_options *options, struct skep_arena *arena,
		       struct skep_diag *diag, struct skep_input *source) _must_check_;
/* input_loaded.c */
int skep_input_read_loaded(const char *name, struct skep_arena *arena, struct skep_diag *diag,
			   struct skep_input *source) _must_check_;

/* input.c. Relocations of the instructions that name maps by their index in the spec. */
void skep_input_find_maps(struct skep_spec_prog *prog, struct skep_arena *arena);
