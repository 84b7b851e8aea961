/* SPDX-License-Identifier: Apache-2.0 */
/* Plan files for tests: a script compiled for other machines, and bytes that were changed but have the right checksum. */
#pragma once

#include <stdlib.h>
#include <string.h>

#include "lang/compile.h"
#include "lang/fit.h"
#include "lang/plan_file.h"
#include "record/span.h"
#include "world_file.h"

#define HEAD_BYTES 32

/* False: the script is wrong. */
static inline bool plan_bytes(struct skep_arena *arena, const struct skep_world *world,
			      const char *text, size_t len, struct skep_diag *diag,
			      struct skep_str *out)
{
	struct skep_compile_options options = {
		.source_name = "test.bt",
		.has_cpid = true,
		.unsafe = true,
		.portable = true,
		.kernel = "another",
	};
	struct skep_plan *plan;

	if (skep_compile(arena, world, text, len, &options, diag, &plan) < 0)
		return false;
	skep_plan_write(plan, out);
	return true;
}

/* As the format says: FNV-1a of what follows the head. */
static inline void plan_checksum(struct skep_str *bytes)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = HEAD_BYTES; i < bytes->len; i++)
		h = (h ^ (uint8_t)bytes->data[i]) * UINT64_C(0x100000001b3);
	for (unsigned i = 0; i < 8; i++)
		bytes->data[24 + i] = (char)(h >> i * 8);
}

/* Reads, fits, and shows rows of zeroes in the shapes that the plan says; 0, or why not. */
static inline int plan_use(const struct skep_world *world, const struct skep_str *bytes,
			   struct skep_diag *diag)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	_cleanup_(skep_str_fini)
	struct skep_str text = {};
	static const struct skep_resolver nobody;
	struct skep_fit_options options = {
		.kernel = "this",
		.has_command = true,
		.unsafe = true,
	};
	struct skep_plan *plan;
	int r;

	r = skep_plan_read(arena, bytes->data, bytes->len, diag, &plan);
	if (r < 0)
		return r;
	r = skep_plan_fit(arena, world, &options, diag, plan);
	for (size_t i = 0; r == 0 && i < plan->n_actions; i++) {
		const struct skep_plan_action *a = &plan->actions[i];
		void *payload = skep_arena_alloc(arena, a->schema.size);

		for (size_t k = 0; k < a->schema.n_fields; k++)
			skep_field_text(&a->schema.fields[k], payload, &nobody, &text);
		if (a->schema.span.kind) {
			struct skep_traces traces;
			struct skep_span span;

			skep_traces_init(&traces, (const uint64_t[]){ 1, 2 });
			skep_span_make(&traces, &a->schema, payload, &nobody,
				       &(struct skep_span_time){ 1, 1 }, &span);
			skep_zipkin_span(&span, &a->schema, payload, &nobody, "", "", &text);
			skep_span_fini(&span);
		}
		if (a->format.n_parts)
			skep_format_text(&a->format, a->schema.fields, a->schema.n_fields, payload,
					 &nobody, &text);
	}
	return r;
}
