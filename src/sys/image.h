/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Image: a program that is in the kernel, as the kernel shows it: the instructions after everything that its verifier
 * rewrote, which maps they use, the types and source lines that came with it, and its machine code.
 *
 *	 bpf(OBJ_INFO) ─► xlated instructions ─┬─ func_info ─► names, types
 *	                                       ├─ line_info ─► source lines
 *	                                       └─ jited_line_info ─► places in the machine code
 *
 * A program is named by id ("id:42"), or by the file that keeps it ("/sys/fs/bpf/NAME").
 *
 *	fd = skep_image_open("id:42", diag);
 *	r = skep_image_read(fd, arena, &image);
 *	skep_image_text(&image, image.lines[0].text);
 *
 * What the kernel does not show to this user is missing: addresses in calls are 0, machine code is empty.
 */
#pragma once

#include "base/arena.h"
#include "base/diag.h"
#include "isa/insn.h"
#include "sys/uapi.h"

#define SKEP_IMAGE_INSNS_MAX (1u << 20)
#define SKEP_IMAGE_NATIVE_MAX (64u << 20) /* bytes */

/* The layouts are the kernel's: texts and types are numbers in its BTF. */
struct skep_image_func {
	uint32_t insn, type;
};

struct skep_image_line {
	uint32_t insn, file, text, place; /* line << 10 | column */
};

/* The machine code of one function. */
struct skep_image_native {
	uint64_t address;
	const uint8_t *code;
	uint32_t size;
};

struct skep_image {
	struct skep_bpf_prog_info info; /* its pointers are used up */
	struct skep_insn *insns;
	size_t n_insns;
	uint32_t *map_ids;
	size_t n_maps;
	struct skep_image_func *funcs;
	size_t n_funcs;
	struct skep_image_line *lines;
	size_t n_lines;
	uint64_t *native_lines; /* of each of `lines` its address; as many, or none */
	struct skep_image_native *natives;
	size_t n_natives;
	const void *btf; /* NULL: it came without */
	size_t btf_size;
};

/* Whether @name names something in the kernel: id:N, or a path in a file system of type bpf. */
bool skep_image_is_name(const char *name);
/*
 * Returns a descriptor of the program. -ENOENT: no such id or file; -EINVAL: it is a map, a link, or no number; -EPERM.
 */
int skep_image_open(const char *name, struct skep_diag *diag) _must_check_;
/* Likewise of a map. */
int skep_image_open_map(const char *name, struct skep_diag *diag) _must_check_;
/* Everything in @ret_image is in @arena. -E2BIG: beyond a bound. */
int skep_image_read(int fd, struct skep_arena *arena, struct skep_image *ret_image) _must_check_;
/* A text of the program's BTF; "" when there is none. */
const char *skep_image_text(const struct skep_image *image, uint32_t offset);
