/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects out of specs: what a compiler would have written, for loaders that take objects (libbpf's, bpftool, our own).
 *
 *	progs[] ──► a section for each name, .text for functions that are called, relocations
 *	maps[]  ──► .maps, described by .BTF; what is reached by its address becomes .data or .rodata
 *
 * What a loader would do with the object gives the instructions of the spec. Source lines and CO-RE records are left out:
 * instructions are those of the kernel that the spec was fitted to.
 *
 *	r = skep_emit_object(&spec, arena, diag, &out);		// ELF bytes
 */
#pragma once

#include "workbench/input.h"

/* Appends to @ret_bytes. -EOPNOTSUPP with the diag: something that an object cannot say, or not yet. */
int skep_emit_object(const struct skep_spec *spec, struct skep_arena *arena, struct skep_diag *diag,
		     struct skep_str *ret_bytes) _must_check_;
/*
 * The instructions of one program, its functions behind it: 8 bytes each, or as hex digits one on a line. Maps are named by
 * their index. -EINVAL: the program is damaged.
 */
int skep_emit_raw(const struct skep_input *input, size_t prog, bool hex, struct skep_arena *arena,
		  struct skep_diag *diag, struct skep_str *ret_bytes) _must_check_;
