/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dynptrs: 16 bytes on the stack that stand for memory. Here: address, size in bits 0-31 of the second word, READ_ONLY in
 * bit 32. A program could overwrite these bytes (the verifier forbids it), so what they say is checked at each use.
 */
#include <errno.h>
#include <string.h>

#include "vm/helpers/helpers.h"
#include "vm/maps/maps.h"
#include "vm/memory.h"

#define READ_ONLY (1ull << 32)
#define SIZE_MAX_DYNPTR 0xffffffu /* the kernel's: 24 bits */

struct dynptr {
	uint64_t address, word;
};

static void put(uint64_t to, uint64_t address, uint64_t size)
{
	struct dynptr d = { address, size };

	memcpy(vm_ptr(to), &d, sizeof(d));
}

/* @len bytes at @offset; 0 when they are not in it. */
static uint64_t part(struct skep_vm_run *run, uint64_t from, uint64_t offset, uint64_t len,
		     bool write)
{
	struct dynptr d;
	uint32_t size;

	memcpy(&d, vm_ptr(from), sizeof(d));
	size = (uint32_t)d.word;
	if (!d.address || len > size || offset > size - len || (write && (d.word & READ_ONLY)))
		return 0;
	if (run->checked && !vm_reachable(run, d.address + offset, len, write))
		return 0;
	return d.address + offset;
}

static bool valid(uint64_t from)
{
	struct dynptr d;

	memcpy(&d, vm_ptr(from), sizeof(d));
	return d.address != 0;
}

VM_HELPER(dynptr_from_mem)
{
	uint32_t size = (uint32_t)r2;

	put(r4, 0, 0);
	if (size > SIZE_MAX_DYNPTR)
		return vm_err(-E2BIG);
	if (r3 != 0)
		return vm_err(-EINVAL);
	put(r4, r1, size);
	return 0;
}

VM_HELPER(dynptr_read)
{
	uint64_t from;

	if (!valid(r3) || r5 != 0)
		return vm_err(-EINVAL);
	from = part(run, r3, r4, (uint32_t)r2, false);
	if (!from)
		return vm_err(-E2BIG);
	memmove(vm_ptr(r1), vm_ptr(from), (uint32_t)r2);
	return 0;
}

VM_HELPER(dynptr_write)
{
	uint64_t to;

	if (!valid(r1) || r5 != 0)
		return vm_err(-EINVAL);
	to = part(run, r1, r2, (uint32_t)r4, true);
	if (!to)
		return vm_err(part(run, r1, r2, (uint32_t)r4, false) ? -EINVAL : -E2BIG);
	memmove(vm_ptr(to), vm_ptr(r3), (uint32_t)r4);
	return 0;
}

VM_HELPER(dynptr_data)
{
	return valid(r1) ? part(run, r1, r2, (uint32_t)r3, true) : 0;
}

VM_HELPER(ringbuf_reserve_dynptr)
{
	struct skep_vm_map *map = vm_map(r1);
	void *data;

	put(r4, 0, 0);
	if (r3 != 0)
		return vm_err(-EINVAL);
	if ((uint32_t)r2 > SIZE_MAX_DYNPTR)
		return vm_err(-E2BIG);
	if (run->n_records == VM_RECORDS_MAX)
		return vm_err(-EINVAL);
	data = vm_ring_reserve(map, (uint32_t)r2);
	if (!data)
		return vm_err(-EINVAL);
	run->records[run->n_records++] = (struct vm_record){ data, (uint32_t)r2, map };
	put(r4, (uint64_t)(uintptr_t)data, (uint32_t)r2);
	return 0;
}

static void finish(struct skep_vm_run *run, uint64_t dynptr, bool discard)
{
	struct dynptr d;

	memcpy(&d, vm_ptr(dynptr), sizeof(d));
	put(dynptr, 0, 0);
	for (uint32_t i = 0; i < run->n_records; i++)
		if ((uint64_t)(uintptr_t)run->records[i].data == d.address) {
			vm_ring_commit(run->records[i].map, run->records[i].data, discard);
			run->records[i] = run->records[--run->n_records];
			vm_forget(run);
			return;
		}
}

VM_HELPER(ringbuf_submit_dynptr)
{
	finish(run, r1, false);
	return 0;
}

VM_HELPER(ringbuf_discard_dynptr)
{
	finish(run, r1, true);
	return 0;
}
