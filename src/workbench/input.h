/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs from wherever they are: a file becomes a spec, whatever it holds.
 *
 *	tool.bpf.o	an object of clang or gcc
 *	tool.bpf.c	C, which is built first (workbench/build.h)
 *	script.bt	a script, compiled for the running kernel or with the types that it is given
 *	prog.s		assembler (isa/asm.h), with lines for what instructions do not say (below)
 *	prog.bin	raw instructions of 8 bytes, in this machine's byte order; or the same as hex digits
 *	-		standard input, which is an object, assembler or raw instructions
 *	id:42		a program that is in the kernel, as the kernel rewrote it
 *	/sys/fs/bpf/x	likewise, by the file that keeps it
 *
 * Lines of assembler; skep dis writes them, too. A name that calls lead to is the name of a function.
 *
 *	.prog NAME [SECTION]			a program begins; without, there is one, called `program`
 *	.kind xdp [ATTACH_TYPE]			kind of program; socket_filter unless told
 *	.map counts hash 4 8 16 [FLAGS]		name, kind, bytes of key and value, entries
 *	.data counts 8 0a0b0c			bytes of an array's first value, from that offset on
 *	r1 = map[fd:counts]
 *
 * Nothing is loaded. An object is fitted to the types that it is given, the running kernel's or a file's.
 *
 *	r = skep_input_read("tool.bpf.o", &options, arena, diag, &source);
 *	skep_verify(&source->spec, 0, ...);
 */
#pragma once

#include "base/arena.h"
#include "obj/btf.h"
#include "obj/object.h"
#include "obj/places.h"
#include "obj/spec.h"
#include "sys/image.h"

#define SKEP_INPUT_MAX (64u << 20)	/* bytes of a file */
#define SKEP_INPUT_TEXT_MAX (16u << 20) /* of assembler */

enum skep_input_kind {
	SKEP_INPUT_OBJECT,
	SKEP_INPUT_SCRIPT,
	SKEP_INPUT_ASSEMBLER,
	SKEP_INPUT_RAW,
	SKEP_INPUT_LOADED,
};

struct skep_input_options {
	const struct skep_btf
		*kernel; /* types to fit to, or NULL: objects stay as they were compiled */
	const char *const *
		params; /* of a script: n_params; those that its head has values for may be left out */
	size_t n_params;
	uint32_t
		prog_type; /* of raw instructions and of assembler that does not say; 0: socket filter */
};

/* Of a program in the kernel: what the spec does not hold. */
struct skep_input_loaded {
	struct skep_image image;
	/* Per instruction: the kernel's function that it calls and that is no helper, or NULL. */
	const char **calls;
	/* What the kernel did to it that nobody can undo, as a sentence; NULL: nothing that is known. */
	const char *rewritten;
};

struct skep_input {
	enum skep_input_kind kind;
	const char *name;
	struct skep_spec spec;
	const void *object; /* the bytes of an object, for skep_input_places; else NULL */
	size_t object_size;
	/*
	 * Of programs that come as one run of instructions (assembler, raw, loaded): by the program's index in the spec that
	 * run, in the order in which it came; of an object or a script NULL.
	 */
	struct skep_spec_prog *whole;
	const struct skep_input_loaded *loaded; /* of kind LOADED, else NULL */
	struct skep_plan *plan;			/* of a script, else NULL */
};

/* Everything in @ret_source is in @arena. -errno with the diag. */
int skep_input_read(const char *path, const struct skep_input_options *options,
		    struct skep_arena *arena, struct skep_diag *diag,
		    struct skep_input *ret_source) _must_check_;
/* The same for the text of a script, called @name. */
int skep_input_read_script(const char *name, const char *text,
			   const struct skep_input_options *options, struct skep_arena *arena,
			   struct skep_diag *diag, struct skep_input *ret_source) _must_check_;
/* The same for objects that are in memory already, linked; variables are looked for in the first. */
int skep_input_read_objects(const struct skep_object_file *files, size_t n,
			    const struct skep_input_options *options, struct skep_arena *arena,
			    struct skep_diag *diag, struct skep_input *ret_source) _must_check_;
/*
 * Where the variables of an object are, from its debugging information: for explanations. Nothing when it has none, or
 * when libdw is missing. Give @ret_places->btf to skep_btf_free.
 */
void skep_input_places(const struct skep_input *source, struct skep_arena *arena,
		       struct skep_places *ret_places);

/* "NAME=VALUE" of a global variable, as skep run --set takes it, before anything is loaded. -ENOENT: there is none. -EINVAL. */
int skep_input_set(struct skep_input *input, const char *word, struct skep_arena *arena,
		   struct skep_diag *diag) _must_check_;

/*
 * The maps in @arena, as the machine of our own can have them: a table of functions (struct_ops), which only a kernel can
 * register, is there an array of one element with what it begins with.
 */
void skep_input_stand_in(struct skep_spec *spec, struct skep_arena *arena);

/* The spec with one program, which is on, its functions, and what it may tail-call. Nothing is attached. In @arena, or the source's. */
struct skep_spec skep_input_only(const struct skep_input *source, size_t prog,
				 struct skep_arena *arena);

/*
 * Appends what tells a program from the others: its name; where two have that, of scripts the probe as written, of objects
 * the section; and where two have that, too, "#2" behind it for the second.
 */
void skep_input_label(const struct skep_input *source, size_t prog, struct skep_str *out);
/*
 * The program is called so: by its name, its section, its probe as written or what stands last in that; or the N-th that
 * is, by "#N" behind it.
 */
bool skep_input_is_called(const struct skep_input *source, size_t prog, const char *name);

/* Bytes of a file, or of standard input (path "-"), terminated behind the last. */
int skep_input_bytes(const char *path, struct skep_arena *arena, struct skep_diag *diag,
		     char **ret_data, size_t *ret_size) _must_check_;

enum skep_hex {
	SKEP_HEX_BYTES,
	SKEP_HEX_ODD,	/* a digit is missing */
	SKEP_HEX_OTHER, /* something that is no digit, no blank and no colon */
};

/* Appends the bytes that hex digits stand for, with blanks and colons between them as one likes. */
enum skep_hex skep_input_hex(const char *text, size_t len, struct skep_str *out);
