/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Breath: long work that now and then lets somebody else have a short turn, in the same thread.
 *
 *	for (i = 0; i < n; i++) {
 *		skep_breathe(breath, i);		// @breath may be NULL: nobody waits
 *		...
 *	}
 *
 * The turn may not touch what the work is about.
 */
#pragma once

#include "base/macros.h"

#define SKEP_BREATH_STEPS 64 /* between two turns */

struct skep_breath {
	void (*turn)(void *data);
	void *data;
};

static inline void skep_breathe_now(const struct skep_breath *breath)
{
	if (breath)
		breath->turn(breath->data);
}

static inline void skep_breathe(const struct skep_breath *breath, size_t step)
{
	if (breath && step % SKEP_BREATH_STEPS == SKEP_BREATH_STEPS - 1)
		breath->turn(breath->data);
}
