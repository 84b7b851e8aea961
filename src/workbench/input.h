/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs from wherever they are: a file becomes a spec, whatever it holds.
 *
 *	tool.bpf.o	an object of clang or gcc
 *	script.bt	a script, compiled for the running kernel
 *	prog.s		assembler (isa/asm.h), with lines for what instructions do not say:
 *
 *		.kind xdp				kind of program; socket_filter unless told
 *		.map counts hash 4 8 16			name, kind, bytes of key and value, entries
 *		r1 = map[fd:counts]
 *
 *	prog.bin	raw instructions of 8 bytes, in this machine's byte order
 *
 * Nothing is loaded. An object is fitted to the types that it is given, the running kernel's or a file's.
 *
 *	r = skep_input_read("tool.bpf.o", &options, arena, diag, &source);
 *	skep_verify(&source->spec, 0, ...);
 */
#pragma once

#include "base/arena.h"
#include "obj/btf.h"
#include "obj/places.h"
#include "obj/spec.h"

#define SKEP_INPUT_MAX (64u << 20) /* bytes of a file */

enum skep_input_kind {
	SKEP_INPUT_OBJECT,
	SKEP_INPUT_SCRIPT,
	SKEP_INPUT_ASSEMBLER,
	SKEP_INPUT_RAW,
};

struct skep_input_options {
	const struct skep_btf
		*kernel; /* types to fit to, or NULL: objects stay as they were compiled */
	uint32_t
		prog_type; /* of raw instructions and of assembler that does not say; 0: socket filter */
};

struct skep_input {
	enum skep_input_kind kind;
	const char *name;
	struct skep_spec spec;
	const void *object; /* the bytes of an object, for skep_input_places; else NULL */
	size_t object_size;
};

/* Everything in @ret_source is in @arena. -errno with the diag. */
int skep_input_read(const char *path, const struct skep_input_options *options,
		    struct skep_arena *arena, struct skep_diag *diag,
		    struct skep_input *ret_source) _must_check_;
/*
 * Where the variables of an object are, from its debugging information: for explanations. Nothing when it has none, or
 * when libdw is missing. Give @ret_places->btf to skep_btf_free.
 */
void skep_input_places(const struct skep_input *source, struct skep_arena *arena,
		       struct skep_places *ret_places);
