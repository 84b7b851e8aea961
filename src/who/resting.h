/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory of a mapped file that is read at length, or here and there: the kernel brings neighbours along, and in the end all of
 * a large file would count as this process's memory. What is let go is still in the page cache, so reading it again is cheap.
 *
 *	struct skep_resting resting;
 *	skep_elf_breathe(elf, skep_resting_init(&resting, data, size));	// while all of its symbols are read
 *	if (skep_resting_due(&look)) {
 *		skep_resting_rest(&resting);				// between two names
 *		skep_resting_done(&look);
 *	}
 *
 * All files together keep about SKEP_RESIDENT_MAX, those of the program itself and its libraries among them; and
 * SKEP_RESIDENT_MORE at least above what cannot be let go.
 */
#pragma once

#include "base/breath.h"

#define SKEP_RESIDENT_MAX (6u << 20)
#define SKEP_RESIDENT_MORE (2u << 20)

struct skep_resting_look {
	long n_faults;	/* of this process, at the last look */
	uint64_t floor; /* bytes that stayed when files were let go */
};

struct skep_resting {
	void *data;
	size_t size;
	struct skep_resting_look look;
	struct skep_breath breath;
};

/* A mapping of a file that is only read. Its breath, which lets it go when it has become too much; both must stay where they are. */
const struct skep_breath *skep_resting_init(struct skep_resting *resting, void *data, size_t size);
/* Whether it is time to let go. Cheap: nothing is looked at before some faults have come. */
bool skep_resting_due(struct skep_resting_look *look);
void skep_resting_rest(const struct skep_resting *resting);
void skep_resting_done(struct skep_resting_look *look);
