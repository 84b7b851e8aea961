/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names: what the source calls a value that a register holds, for sentences. Private to the folder.
 *
 * Debugging information names variables (obj/places.h). Where it is silent, the path of the walk tells what the value was
 * made of: the step that wrote the register, and what that one read, back to something with a name: a variable, a
 * parameter, a map, a call. BTF gives members their names. Names explain; no judgement depends on them.
 *
 *	r1 = *(u32 *)(r6 + 4)		ctx->data_end
 *	r0 = call map_lookup_elem	bpf_map_lookup_elem(&counts)
 *	r2 <<= 2			idx * 4
 *
 *	name = skep_name_of(walk, SKEP_R2);	// "idx", in the arena; NULL: nothing is known
 */
#pragma once

#include "verify/walk.h"

/* Before the current step. */
const char *skep_name_of(struct skep_walk *walk, unsigned reg);
/* What @size bytes at register @reg plus @off are: "eth->h_proto"; NULL: not known. */
const char *skep_name_of_memory(struct skep_walk *walk, unsigned reg, int32_t off, uint32_t size);
/* The number that was added to the pointer in @reg last. */
const char *skep_name_of_added(struct skep_walk *walk, unsigned reg);
/* What step @index of @state left in @reg. */
const char *skep_name_after(struct skep_walk *walk, const struct skep_state *state, size_t index,
			    unsigned reg);
/* The helper that made the pointer in @reg worthless: it moved the packet, or took back what it was to. Or NULL. */
const struct skep_helper *skep_helper_that_lost(struct skep_walk *walk, unsigned reg);
/* What the call at @insn, earlier on this path, returned. */
const char *skep_name_of_result(struct skep_walk *walk, uint32_t insn);
/* "`e`, which bpf_ringbuf_reserve returned at p.c:12,": what was acquired by the step at @insn. */
const char *skep_text_of_held(struct skep_walk *walk, uint32_t insn);
/* The variable of the object's data that byte @off of map @map belongs to; or NULL. */
const struct skep_spec_var *skep_name_of_data(const struct skep_walk *walk, uint32_t map,
					      int64_t off);

/* words.c: pieces of sentences, and hints that name what the source names. */

/* "`idx`", or "what was added to r2". */
const char *skep_text_of_added(struct skep_walk *walk, unsigned reg);
/* "`values`" where the object's data is nothing else from there on; or the map. */
void skep_text_of_data(const struct skep_walk *walk, const struct skep_spec_map *map,
		       const struct skep_value *v, char *text, size_t size);
/* "`eth->h_proto`, ", or nothing when that is not known. */
const char *skep_text_of_memory(struct skep_walk *walk, const struct skep_access *access);
/* How large the number added to @reg may be, for @size bytes at @off of @limit. */
void skep_hint_bound(struct skep_walk *walk, unsigned reg, int64_t off, uint64_t size,
		     uint64_t limit);
/* To compare with the packet's end; @off: from what was proven last. */
void skep_hint_end(struct skep_walk *walk, const struct skep_access *access, int64_t off);
/* "`text`", or "fp-32": what lies at @off from the frame pointer of this function. */
void skep_text_of_stack(const struct skep_walk *walk, int64_t off, char *text, size_t size);
/* @before: "read", "write", "call". */
void skep_hint_null(struct skep_walk *walk, unsigned reg, const char *before);
/* @reg was a pointer until a helper ended what it pointed to. */
void skep_report_stale(struct skep_walk *walk, enum skep_reason reason, unsigned reg);
