/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of vmlinux.h share. Nobody else includes this. */
#pragma once

#include <errno.h>

#include "base/arena.h"
#include "base/hash.h"
#include "base/vec.h"
#include "workbench/vmlinux.h"

#define VMLINUX_BYTES_MAX (64u << 20) /* of the text */
#define VMLINUX_STEPS_MAX (1u << 21)  /* members looked at */
#define VMLINUX_DEPTH_MAX 128	      /* types that stand inside of each other */

enum vmlinux_state {
	VMLINUX_NEW,
	VMLINUX_BEGUN,
	VMLINUX_DEFINED,
};

struct vmlinux {
	const struct skep_btf *btf;
	const struct skep_vmlinux_words *words; /* or NULL */
	bool all;				/* not only what the words name */
	struct skep_arena *arena;
	uint8_t *states;	      /* enum vmlinux_state, by id */
	bool *declared;		      /* by id: a line of `forward` */
	uint8_t *aligns;	      /* of structs and unions, plus 1; 0: not yet known */
	const char **names;	      /* by id; NULL: none */
	struct skep_hash tags, plain; /* names in use, in C's two spaces of them */
	struct skep_btf_c_names how;
	struct {
		SKEP_VEC(uint32_t);
	} opened; /* behind pointers that the program follows, yet to be defined */
	struct skep_str forward, body;
	unsigned depth, indent, steps;
	int error;
};

/* vmlinux_words.c. */
struct skep_vmlinux_words {
	struct skep_arena *arena;
	struct skep_hash used, declared; /* declared: only types that are no structs */
	struct skep_hash own_tags, own_constants;
};

/* vmlinux_names.c: fills in names, tags and plain. */
void vmlinux_name_all(struct vmlinux *v);
/* What constant @name of enum @id is called. */
const char *vmlinux_constant(struct vmlinux *v, uint32_t id, const char *name);

/*
 * Called for each member, parameter and pointer that is looked at: what stands inside of itself, or twice in what stands twice,
 * ends. False: so it does, or did before.
 */
static inline bool vmlinux_step(struct vmlinux *v)
{
	if (!v->error && ++v->steps > VMLINUX_STEPS_MAX)
		v->error = -E2BIG;
	return !v->error;
}

/* vmlinux_layout.c. */
/* How C aligns a type, in bytes. */
uint32_t vmlinux_align(struct vmlinux *v, uint32_t id);
/* "struct NAME {...}" with gaps written out; @name may be "". */
void vmlinux_write_record(struct vmlinux *v, uint32_t id, const char *name, struct skep_str *out);
