/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Folded: stacks as lines, for whoever draws flame graphs of them.
 *
 *	nginx;main;ngx_worker_process_cycle;epoll_wait;do_epoll_wait;schedule 4711
 *
 * What is no stack stands in front; then the frames, the outermost first, those of the program before those of the kernel.
 * Places within functions are left out, so that frames of one function are one. The number is what the map holds: its
 * count, its sum; of averages the sum, of histograms how many they hold. Entries with nothing are left out.
 *
 *	skep_folded_snapshot(&snapshot, resolver, 0, &out);
 *	skep_folded_row(schema, payload, resolver, 0, &out);	// a row with a stack counts as 1
 */
#pragma once

#include "record/snapshot.h"

/* What BCC's users know as -d and -a. */
#define SKEP_FOLDED_DELIMITED 1u /* a frame "--" between the program's stack and the kernel's */
#define SKEP_FOLDED_ANNOTATED 2u /* "_[k]" behind functions of the kernel */

/* Whether one of these fields is a stack. */
bool skep_folded_has_stack(const struct skep_schema_field *fields, size_t n);
void skep_folded_snapshot(const struct skep_snapshot *snapshot,
			  const struct skep_resolver *resolver, unsigned marks,
			  struct skep_str *out);
/* Writes nothing of a row without a stack. */
void skep_folded_row(const struct skep_schema *schema, const void *payload,
		     const struct skep_resolver *resolver, unsigned marks, struct skep_str *out);
