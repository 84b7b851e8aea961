/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Debug information of a spec: the BTF that is loaded beside its programs, so that the kernel, and
 * everyone who asks it, knows functions by their names and instructions by the script's own lines.
 *
 * One blob serves all programs of a spec. Its string section holds the source's name and the text
 * of each line that has code; its types are one function per program and subprogram:
 * `int NAME(void *ctx)`. A spec that comes from an object has types of its own: they are kept, with their numbers, less
 * what kernels refuse.
 *
 *	r = skep_spec_link_all(spec, arena, diag, &linked);
 *	r = skep_spec_btf(spec, linked, arena, &info);
 *	btf_fd = bpf(BPF_BTF_LOAD, info.data, info.size);
 *	bpf(BPF_PROG_LOAD, ... btf_fd, info.progs[i].funcs, info.progs[i].lines ...);
 */
#pragma once

#include "obj/link.h"

/* The kernel's struct bpf_func_info. */
struct skep_func_info {
	uint32_t insn_off;
	uint32_t type_id; /* a FUNC */
};

/* The kernel's struct bpf_line_info. */
struct skep_line_info {
	uint32_t insn_off;
	uint32_t file_name_off;
	uint32_t line_off;
	uint32_t line_col; /* line << 10 | column */
};

/* What belongs to one linked program. */
struct skep_prog_btf {
	struct skep_func_info *funcs;
	size_t n_funcs;
	struct skep_line_info *lines;
	size_t n_lines;
};

struct skep_spec_btf {
	void *data;
	size_t size;
	struct skep_prog_btf *progs; /* by index in the spec; empty for subprograms */
	bool has_types; /* numbers of types in the spec are those of the blob: maps may have theirs */
};

/* @linked: from skep_spec_link_all of the same spec. Everything is in @arena. -E2BIG. */
int skep_spec_btf(const struct skep_spec *spec, const struct skep_linked *linked,
		  struct skep_arena *arena, struct skep_spec_btf *ret_info) _must_check_;
