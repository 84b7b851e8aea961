/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "vm/code.h"
#include "vm/helpers/helpers.h"
#include "vm/interp.h"
#include "vm/maps/maps.h"
#include "vm/memory.h"

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define TO_LE16(x) (x)
#define TO_LE32(x) (x)
#define TO_LE64(x) (x)
#define TO_BE16(x) __builtin_bswap16(x)
#define TO_BE32(x) __builtin_bswap32(x)
#define TO_BE64(x) __builtin_bswap64(x)
#else
#define TO_LE16(x) __builtin_bswap16(x)
#define TO_LE32(x) __builtin_bswap32(x)
#define TO_LE64(x) __builtin_bswap64(x)
#define TO_BE16(x) (x)
#define TO_BE32(x) (x)
#define TO_BE64(x) (x)
#endif

/* Division never traps: by 0 it gives 0 (the remainder is what was divided), and the one that overflows wraps. */
static inline uint64_t sdiv64(uint64_t x, uint64_t y)
{
	if (y == 0)
		return 0;
	return y == UINT64_MAX ? 0 - x : (uint64_t)((int64_t)x / (int64_t)y);
}

static inline uint64_t smod64(uint64_t x, uint64_t y)
{
	if (y == 0)
		return x;
	return y == UINT64_MAX ? 0 : (uint64_t)((int64_t)x % (int64_t)y);
}

static inline uint32_t sdiv32(uint32_t x, uint32_t y)
{
	if (y == 0)
		return 0;
	return y == UINT32_MAX ? 0 - x : (uint32_t)((int32_t)x / (int32_t)y);
}

static inline uint32_t smod32(uint32_t x, uint32_t y)
{
	if (y == 0)
		return x;
	return y == UINT32_MAX ? 0 : (uint32_t)((int32_t)x % (int32_t)y);
}

/* Begins a frame. @back: where the caller goes on, NULL when it is not a program. */
static inline bool enter(struct skep_vm_run *run, const struct vm_prog *prog,
			 const struct vm_op *back)
{
	struct vm_frame *frame;

	if (unlikely(run->depth >= VM_FRAMES_MAX)) {
		vm_fault(run, SKEP_VM_FAULT_DEPTH, 0, 0, NULL);
		return false;
	}
	frame = &run->frames[++run->depth];
	frame->prog = prog;
	frame->back = back;
	run->prog = prog;
	run->stack_lo = (uint64_t)(uintptr_t)run->stack + VM_STACK_BYTES -
			(uint64_t)run->depth * SKEP_STACK_SIZE;
	if (run->depth > run->deepest)
		run->deepest = run->depth;
	return true;
}

static inline void leave(struct skep_vm_run *run)
{
	run->depth--;
	run->stack_lo += SKEP_STACK_SIZE;
}

bool vm_packet_load(struct skep_vm_run *run, int64_t offset, unsigned size, uint64_t *ret_value)
{
	const uint8_t *at = run->packet.data;
	uint64_t value = 0;

	if (!at || offset < 0 || offset + size > run->packet.end - at)
		return false;
	for (unsigned i = 0; i < size; i++)
		value = value << 8 | at[offset + i];
	*ret_value = value;
	return true;
}

bool vm_tail_target(struct skep_vm_run *run, uint64_t map_address, uint64_t index,
		    const struct vm_prog **ret_target)
{
	struct skep_vm_map *map = vm_map_at(run->vm, map_address);

	*ret_target = NULL;
	if (run->checked && (!map || map->kind->id != SKEP_MAP_PROG_ARRAY)) {
		vm_fault(run, SKEP_VM_FAULT_ARG, map_address, 0,
			 "tail_call needs a map of programs");
		return false;
	}
	if (!map || run->tail_calls >= VM_TAIL_CALLS_MAX)
		return true;
	*ret_target = vm_prog_array_get(map, (uint32_t)index);
	if (*ret_target)
		run->tail_calls++;
	return true;
}

bool vm_call_number(struct skep_vm_run *run, uint64_t number, uint64_t r[SKEP_N_REGS])
{
	const struct vm_helper *helper =
		number < INT32_MAX ? vm_helper_find((int32_t)number) : NULL;

	if (!helper && run->env.helper && number < INT32_MAX &&
	    run->env.helper(run->env.data, run, (int32_t)number, &r[1], &r[0]))
		return !run->stop;
	if (!helper) {
		vm_fault(run, SKEP_VM_FAULT_CALL, number, 0, "the register holds no function");
		return false;
	}
	r[0] = vm_helper_call(run, helper, r[1], r[2], r[3], r[4], r[5]);
	return !run->stop;
}

#define INTERP interpret_checked
#define CHECKED 1
#include "vm/interp_body.inc"

#define INTERP interpret_unchecked
#define CHECKED 0
#include "vm/interp_body.inc"

vm_engine_fn *vm_interpreter(const struct skep_vm_run *run)
{
	return run->checked || run->watch ? interpret_checked : interpret_unchecked;
}
