/* SPDX-License-Identifier: Apache-2.0 */
/* Arguments of helpers, held against the descriptor before the helper sees them. */
#include <errno.h>
#include <string.h>

#include "vm/helpers/helpers.h"
#include "vm/memory.h"

#define MEMORY_MAX (1u << 29) /* the kernel's bound on offsets, here on sizes */

struct check {
	struct skep_vm_run *run;
	const struct skep_helper *about;
	const uint64_t *args;
	const struct skep_vm_map *map; /* the argument that is one */
};

static bool wrong(struct check *c, unsigned i, const char *why)
{
	bool first = c->run->fault.kind == SKEP_VM_FAULT_NONE;

	vm_fault(c->run, SKEP_VM_FAULT_ARG, c->args[i], 0, why);
	if (first) {
		c->run->fault.helper = c->about->id;
		c->run->fault.arg = i + 1;
	}
	return false;
}

static bool memory(struct check *c, unsigned i, uint64_t size, bool read, bool write)
{
	struct skep_vm_run *run = c->run;

	if (size > MEMORY_MAX)
		return wrong(c, i + 1 < 5 ? i + 1 : i,
			     "the size of a helper's memory is out of bounds");
	if (read && !vm_reachable(run, c->args[i], size, false))
		return wrong(c, i, "a helper's argument is not memory that can be read so far");
	if (write && !vm_reachable(run, c->args[i], size, true))
		return wrong(c, i, "a helper's argument is not memory that can be written so far");
	return true;
}

/* Memory whose size is the next argument, 32 bits wide as the kernel takes it. */
static bool sized(struct check *c, unsigned i, bool null, bool read, bool write)
{
	uint64_t size = c->args[i + 1];

	if (size == 0 && c->about->args[i + 1] == SKEP_ARG_SIZE)
		return wrong(c, i + 1, "the size of a helper's memory is 0");
	if (null && c->args[i] == 0)
		return size == 0 || wrong(c, i, "a helper's argument is NULL and has a size");
	if (c->args[i] == 0)
		return wrong(c, i, "a helper's argument is not memory");
	return memory(c, i, size, read, write);
}

static bool map_arg(struct check *c, unsigned i)
{
	c->map = vm_map_at(c->run->vm, c->args[i]);
	if (!c->map)
		return wrong(c, i, "a helper's argument is not a map");
	if (!skep_map_kind_has_helper(c->map->kind->id, c->about->id))
		return wrong(c, i, "the helper does not work on maps of this kind");
	return true;
}

static bool value_arg(struct check *c, unsigned i, uint32_t offset_plus_1, uint32_t size,
		      const char *why)
{
	struct vm_region region;

	if (!vm_region_find(c->run, c->args[i], &region) || !region.map)
		return wrong(c, i, why);
	offset_plus_1 = size == 4 ? region.map->lock_off : region.map->timer_off;
	if (!offset_plus_1 || c->args[i] - region.lo != offset_plus_1 - 1)
		return wrong(c, i, why);
	return true;
}

static bool string_arg(struct check *c, unsigned i)
{
	uint64_t span = vm_span(c->run, c->args[i]);

	if (span && memchr(vm_ptr(c->args[i]), 0, span))
		return true;
	return wrong(c, i, "a helper's argument is not a string that ends");
}

static bool record_arg(struct check *c, unsigned i)
{
	for (uint32_t k = 0; k < c->run->n_records; k++)
		if ((uint64_t)(uintptr_t)c->run->records[k].data == c->args[i])
			return true;
	return wrong(c, i, "a helper's argument is not a record that is reserved");
}

static bool ctx_arg(struct check *c, unsigned i, bool null)
{
	if (c->args[i] == c->run->ctx || (null && c->args[i] == 0) || c->run->prog->kind == 0)
		return true;
	/* Tracing programs give objects of the kernel in its place. */
	if (c->run->prog->kind == SKEP_PROG_TRACING || c->run->prog->kind == SKEP_PROG_LSM)
		return true;
	return wrong(c, i, "a helper's argument is not the context");
}

static bool check_one(struct check *c, unsigned i, enum skep_helper_arg kind)
{
	uint64_t value = c->args[i];

	switch (kind) {
	case SKEP_ARG_MAP:
		return map_arg(c, i);
	case SKEP_ARG_KEY:
		return memory(c, i, c->map ? c->map->key_size : 0, true, false);
	case SKEP_ARG_VALUE_NULL:
		if (value == 0)
			return true;
		return memory(c, i, c->map ? c->map->value_size : 0, true, false);
	case SKEP_ARG_VALUE:
		return memory(c, i, c->map ? c->map->value_size : 0, true, false);
	case SKEP_ARG_VALUE_OUT:
		return memory(c, i, c->map ? c->map->value_size : 0, false, true);
	case SKEP_ARG_MEM:
		return sized(c, i, false, true, false);
	case SKEP_ARG_MEM_NULL:
		return sized(c, i, true, true, false);
	case SKEP_ARG_OUT:
		return sized(c, i, false, false, true);
	case SKEP_ARG_OUT_NULL:
		return sized(c, i, true, false, true);
	case SKEP_ARG_INOUT:
		return sized(c, i, false, true, true);
	case SKEP_ARG_OUT8:
	case SKEP_ARG_INOUT4:
		return memory(c, i, skep_helper_arg_size(kind), false, true);
	case SKEP_ARG_IN20:
	case SKEP_ARG_IN40:
		return memory(c, i, skep_helper_arg_size(kind), true, false);
	case SKEP_ARG_STR:
		return string_arg(c, i);
	case SKEP_ARG_CTX:
		return ctx_arg(c, i, false);
	case SKEP_ARG_CTX_NULL:
		return ctx_arg(c, i, true);
	case SKEP_ARG_FUNC:
		return vm_func_at(c->run->prog, value) ||
		       wrong(c, i, "a helper's argument is not a function of the program");
	case SKEP_ARG_LOCK:
		return value_arg(c, i, 0, 4, "a helper's argument is not a lock in a map's value");
	case SKEP_ARG_TIMER:
		return value_arg(c, i, 0, 16,
				 "a helper's argument is not a timer in a map's value");
	case SKEP_ARG_RECORD:
		return record_arg(c, i);
	case SKEP_ARG_DYNPTR:
	case SKEP_ARG_DYNPTR_OUT:
		return memory(c, i, 16, true, true);
	case SKEP_ARG_NONE:
	case SKEP_ARG_ANY:
	case SKEP_ARG_SIZE:
	case SKEP_ARG_SIZE0:
	case SKEP_ARG_CONST_SIZE:
	case SKEP_ARG_FUNC_CTX: /* only what the function does with it is checked */
	case SKEP_ARG_KPTR:
	case SKEP_ARG_SOCK:
	case SKEP_ARG_SOCK_COMMON:
	case SKEP_ARG_OBJECT: /* numbers here, which env or the helper gives a meaning */
	case SKEP_ARG_OBJECT_NULL:
	case SKEP_ARG_PERCPU:
		return true;
	}
	return true;
}

bool vm_args_check(struct skep_vm_run *run, const struct skep_helper *about, const uint64_t args[5])
{
	struct check c = { run, about, args, NULL };

	for (unsigned i = 0; i < about->n_args; i++)
		if (!check_one(&c, i, (enum skep_helper_arg)about->args[i]))
			return false;
	return true;
}

uint64_t vm_span(struct skep_vm_run *run, uint64_t address)
{
	struct vm_region region;

	if (vm_region_find(run, address, &region))
		return region.lo + region.len - address;
	return run->checked ? 0 : SIZE_MAX / 2;
}

int vm_read(struct skep_vm_run *run, void *to, uint32_t size, uint64_t address, bool user)
{
	if (size == 0)
		return 0;
	if (vm_reachable(run, address, size, false)) {
		memmove(to, vm_ptr(address), size);
		return 0;
	}
	if (run->env.read && run->env.read(run->env.data, address, to, size, user) == 0)
		return 0;
	memset(to, 0, size);
	return -EFAULT;
}

uint64_t vm_helper_call(struct skep_vm_run *run, const struct vm_helper *helper, uint64_t r1,
			uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5)
{
	if (unlikely(run->env.helper != NULL)) {
		const uint64_t args[5] = { r1, r2, r3, r4, r5 };
		uint64_t value;

		if (run->env.helper(run->env.data, run, helper->about->id, args, &value))
			return value;
	}
	if (unlikely(!helper->fn)) {
		vm_fault(run, SKEP_VM_FAULT_CALL, 0, 0, helper->about->name);
		run->fault.helper = helper->about->id;
		return 0;
	}
	if (run->checked && helper->checks) {
		const uint64_t args[5] = { r1, r2, r3, r4, r5 };

		if (!vm_args_check(run, helper->about, args))
			return 0;
	}
	return helper->fn(run, r1, r2, r3, r4, r5);
}
