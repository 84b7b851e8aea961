/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory: which addresses a program of the checked machine may touch.
 *
 *	stack     from the current frame's lowest byte to the top: own frame and those of callers
 *	context   read; written where the kind's table allows (isa/context.h)
 *	packet    from metadata to end
 *	values    each value of a map for itself: the gap behind it is outside
 *	records   reserved in ring buffers, until they are given back
 *	allowed   what the embedder gave
 *
 * The engine looks at the stack and at two windows first: the regions in which the last read and write were found.
 * When regions move or go away (packet helpers, a submitted record) vm_forget empties the windows.
 *
 *	if (!vm_reach(run, address, size, true))
 *		return (uint64_t)-EFAULT;	// the fault is set, the run ends
 */
#pragma once

#include "vm/machine.h"

struct vm_region {
	uint64_t lo, len;
	bool writable;
	const char *what;	 /* "the stack" */
	struct skep_vm_map *map; /* whose value it is, or NULL */
};

/* The region that @address is in. */
bool vm_region_find(const struct skep_vm_run *run, uint64_t address, struct vm_region *ret_region);
/* Whether all of it is in one region. Sets no fault. @size 0 is always fine. */
bool vm_reachable(struct skep_vm_run *run, uint64_t address, uint64_t size, bool write);
/* The same; sets the fault when not. */
bool vm_reach(struct skep_vm_run *run, uint64_t address, uint64_t size, bool write);
/*
 * For the engine: like vm_reach for 1 to 8 bytes, and the windows are moved there. When it sets run->absent, the load is to
 * give 0 and the engine to clear that.
 */
bool vm_access(struct skep_vm_run *run, uint64_t address, uint32_t size, bool write);
/* Empties the windows. */
void vm_forget_windows(struct skep_vm_run *run);
static inline void vm_forget(struct skep_vm_run *run)
{
	if (run->read.count[0] | run->write.count[0])
		vm_forget_windows(run);
}
/* Takes back the newest area that skep_vm_run_allow gave. */
void vm_disallow(struct skep_vm_run *run);

/* Enters a map's values into the machine's areas. -ENOMEM. */
int vm_area_add(struct skep_vm *vm, struct skep_vm_map *map) _must_check_;

/* Describes where @address lies: "8 bytes past the stack". */
void vm_describe(const struct skep_vm_run *run, uint64_t address, char *text, size_t size);
