/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "isa/context.h"
#include "vm/memory.h"

static bool inside(uint64_t lo, uint64_t len, uint64_t address)
{
	return address - lo < len;
}

/* The last area that begins at or below @address, or NULL. */
static const struct vm_area *area_below(const struct skep_vm *vm, uint64_t address)
{
	size_t lo = 0, hi = vm->n_areas;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (vm->areas[mid].lo <= address)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo ? &vm->areas[lo - 1] : NULL;
}

static bool find_value(const struct skep_vm *vm, uint64_t address, struct vm_region *ret)
{
	const struct vm_area *area = area_below(vm, address);
	uint64_t lo;

	if (!area || address >= area->hi)
		return false;
	lo = address - (address - area->lo) % area->map->stride;
	if (address - lo >= area->map->value_size)
		return false;
	*ret = (struct vm_region){ lo, area->map->value_size,
				   !(area->map->flags & SKEP_MAP_F_RDONLY_PROG), "a map's value",
				   area->map };
	return true;
}

static bool find_given(const struct skep_vm_run *run, uint64_t address, struct vm_region *ret)
{
	for (uint32_t i = 0; i < run->n_records; i++) {
		const struct vm_record *record = &run->records[i];
		uint64_t lo = (uint64_t)(uintptr_t)record->data;

		if (inside(lo, record->size, address)) {
			*ret = (struct vm_region){ lo, record->size, true, "a ring's record",
						   NULL };
			return true;
		}
	}
	for (uint32_t i = 0; i < run->n_allowed; i++)
		if (inside(run->allowed[i].lo, run->allowed[i].size, address)) {
			*ret = (struct vm_region){ run->allowed[i].lo, run->allowed[i].size,
						   run->allowed[i].writable, "allowed memory",
						   NULL };
			return true;
		}
	return false;
}

static uint64_t stack_top(const struct skep_vm_run *run)
{
	return (uint64_t)(uintptr_t)run->stack + VM_STACK_BYTES;
}

bool vm_region_find(const struct skep_vm_run *run, uint64_t address, struct vm_region *ret_region)
{
	uint64_t meta = (uint64_t)(uintptr_t)run->packet.meta;
	uint64_t packet_len = (uint64_t)(uintptr_t)run->packet.end - meta;

	if (inside(run->stack_lo, stack_top(run) - run->stack_lo, address)) {
		*ret_region = (struct vm_region){ run->stack_lo, stack_top(run) - run->stack_lo,
						  true, "the stack", NULL };
		return true;
	}
	if (find_value(run->vm, address, ret_region))
		return true;
	if (meta && inside(meta, packet_len, address)) {
		*ret_region = (struct vm_region){ meta, packet_len, true, "the packet", NULL };
		return true;
	}
	if (inside(run->ctx, run->ctx_size, address)) {
		*ret_region =
			(struct vm_region){ run->ctx, run->ctx_size, true, "the context", NULL };
		return true;
	}
	return find_given(run, address, ret_region);
}

/* Writing to the context is for the kind's table to allow. */
static bool ctx_writable(const struct skep_vm_run *run, uint64_t address, uint64_t size)
{
	const struct skep_ctx_field *field = NULL;

	if (run->prog->kind == 0)
		return true;
	return size <= 8 && skep_context_access(run->prog->kind, run->prog->attach_type,
						(int64_t)(address - run->ctx), (unsigned)size, true,
						&field) == 0;
}

static bool is_ctx(const struct skep_vm_run *run, const struct vm_region *region)
{
	return region->lo == run->ctx && region->len == run->ctx_size && !region->map;
}

static bool allows(const struct skep_vm_run *run, const struct vm_region *region, uint64_t address,
		   uint64_t size, bool write)
{
	uint64_t offset = address - region->lo;

	if (size > region->len || offset > region->len - size)
		return false;
	if (!write)
		return true;
	return is_ctx(run, region) ? ctx_writable(run, address, size) : region->writable;
}

bool vm_reachable(struct skep_vm_run *run, uint64_t address, uint64_t size, bool write)
{
	struct vm_region region;

	if (size == 0)
		return true;
	return vm_region_find(run, address, &region) && allows(run, &region, address, size, write);
}

static bool refuse(struct skep_vm_run *run, uint64_t address, uint64_t size, bool write)
{
	vm_fault(run, write ? SKEP_VM_FAULT_WRITE : SKEP_VM_FAULT_READ, address,
		 size > UINT32_MAX ? UINT32_MAX : (uint32_t)size, NULL);
	return false;
}

bool vm_reach(struct skep_vm_run *run, uint64_t address, uint64_t size, bool write)
{
	return vm_reachable(run, address, size, write) || refuse(run, address, size, write);
}

static void set_window(struct vm_window *window, uint64_t lo, uint64_t len)
{
	window->lo = lo;
	for (unsigned k = 0; k < 4; k++)
		window->count[k] = len >= 1u << k ? len - (1u << k) + 1 : 0;
}

void vm_forget_windows(struct skep_vm_run *run)
{
	set_window(&run->read, 0, 0);
	set_window(&run->write, 0, 0);
}

void vm_disallow(struct skep_vm_run *run)
{
	run->n_allowed--;
	vm_forget(run);
}

/* Whether the instruction gets 0 from where nothing is. */
static bool is_absent(struct skep_vm_run *run)
{
	const struct skep_vm_config *config = &run->vm->config;
	ptrdiff_t insn = run->op - run->prog->ops;

	if (!config->absent || skep_insn_class(run->prog->insns[insn]) != SKEP_CLASS_LDX)
		return false;
	run->absent =
		config->absent(config->absent_data, run->prog->index, (uint32_t)insn, run->op->src);
	return run->absent;
}

bool vm_access(struct skep_vm_run *run, uint64_t address, uint32_t size, bool write)
{
	struct vm_region region;

	if (!vm_region_find(run, address, &region) || !allows(run, &region, address, size, write))
		return is_absent(run) || refuse(run, address, size, write);
	/* The stack has its own check, and shrinks when functions return. */
	if (region.lo == run->stack_lo)
		return true;
	set_window(&run->read, region.lo, region.len);
	if (region.writable && !(is_ctx(run, &region) && run->prog->kind != 0))
		set_window(&run->write, region.lo, region.len);
	return true;
}

int vm_area_add(struct skep_vm *vm, struct skep_vm_map *map)
{
	struct vm_area area = { (uint64_t)(uintptr_t)map->values, 0, map };
	struct vm_area *areas;
	uint32_t at;

	if (!map->values)
		return 0;
	area.hi = area.lo + map->n_values * map->stride;
	areas = reallocarray(vm->areas, vm->n_areas + 1, sizeof(*areas));
	if (!areas)
		return -ENOMEM;
	vm->areas = areas;
	for (at = vm->n_areas; at > 0 && areas[at - 1].lo > area.lo; at--)
		areas[at] = areas[at - 1];
	areas[at] = area;
	vm->n_areas++;
	return 0;
}

/* How far @address is from [lo, lo + len), and on which side. */
static void measure(uint64_t address, uint64_t lo, uint64_t len, const char *what, uint64_t *best,
		    char *text, size_t size)
{
	uint64_t distance = address < lo ? lo - address : address - (lo + len);

	if (len == 0 || distance >= *best)
		return;
	*best = distance;
	if (address < lo)
		snprintf(text, size, "%" PRIu64 " bytes before %s", distance, what);
	else
		snprintf(text, size, "%" PRIu64 " bytes past the end of %s", distance, what);
}

void vm_describe(const struct skep_vm_run *run, uint64_t address, char *text, size_t size)
{
	uint64_t best = 4096, top = stack_top(run), meta = (uint64_t)(uintptr_t)run->packet.meta;
	const struct vm_area *area = area_below(run->vm, address);
	struct vm_region region;
	char what[96];

	if (vm_region_find(run, address, &region)) {
		snprintf(text, size, "byte %" PRIu64 " of %" PRIu64 " of %s", address - region.lo,
			 region.len, region.what);
		return;
	}
	if (address == 0) {
		snprintf(text, size, "the null pointer");
		return;
	}
	snprintf(text, size, "no memory of the program");
	if (address < 4096)
		snprintf(text, size, "%" PRIu64 " bytes past the null pointer", address);
	measure(address, run->stack_lo, top - run->stack_lo, "the stack", &best, text, size);
	measure(address, run->ctx, run->ctx_size, "the context", &best, text, size);
	if (meta && meta == (uint64_t)(uintptr_t)run->packet.end && address >= meta &&
	    address - meta < best) {
		snprintf(text, size, "byte %" PRIu64 " of a packet of 0 bytes", address - meta);
		return;
	}
	if (meta)
		measure(address, meta, (uint64_t)(uintptr_t)run->packet.end - meta, "the packet",
			&best, text, size);
	for (uint32_t i = 0; i < run->n_records; i++)
		measure(address, (uint64_t)(uintptr_t)run->records[i].data, run->records[i].size,
			"a ring's record", &best, text, size);
	for (uint32_t i = 0; i < run->n_allowed; i++)
		measure(address, run->allowed[i].lo, run->allowed[i].size, "allowed memory", &best,
			text, size);
	if (area) {
		uint64_t last = area->hi - area->map->stride, lo;

		lo = address < area->hi ? address - (address - area->lo) % area->map->stride : last;
		snprintf(what, sizeof(what), "a value of map %s", area->map->name);
		measure(address, lo, area->map->value_size, what, &best, text, size);
	}
}
