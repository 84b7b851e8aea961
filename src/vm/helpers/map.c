/* SPDX-License-Identifier: Apache-2.0 */
/* Helpers on maps: elements, rings, queues, storages, tail ends of redirects are elsewhere. */
#include <errno.h>
#include <string.h>

#include "vm/helpers/helpers.h"
#include "vm/maps/maps.h"
#include "vm/memory.h"

static uint64_t address(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

/* Which of an element's values is this CPU's: ordinary maps have one for all. */
static uint32_t cpu_in(const struct skep_vm_run *run, const struct skep_vm_map *map)
{
	return map->n_cpus > 1 ? vm_cpu(run) : 0;
}

VM_HELPER(map_lookup_elem)
{
	struct skep_vm_map *map = vm_map(r1);

	return address(map->ops->lookup(map, cpu_in(run, map), vm_ptr(r2)));
}

VM_HELPER(map_update_elem)
{
	struct skep_vm_map *map = vm_map(r1);

	if (!map->ops->update)
		return vm_err(-EOPNOTSUPP);
	return vm_err(map->ops->update(map, cpu_in(run, map), vm_ptr(r2), vm_ptr(r3), r4));
}

VM_HELPER(map_delete_elem)
{
	struct skep_vm_map *map = vm_map(r1);

	return vm_err(map->ops->remove ? map->ops->remove(map, vm_ptr(r2)) : -EOPNOTSUPP);
}

VM_HELPER(map_lookup_percpu_elem)
{
	struct skep_vm_map *map = vm_map(r1);

	if ((uint32_t)r3 >= map->n_cpus)
		return 0;
	return address(map->ops->lookup(map, (uint32_t)r3, vm_ptr(r2)));
}

VM_HELPER(map_push_elem)
{
	struct skep_vm_map *map = vm_map(r1);

	return vm_err(map->ops->push(map, vm_ptr(r2), r3));
}

VM_HELPER(map_pop_elem)
{
	struct skep_vm_map *map = vm_map(r1);

	return vm_err(map->ops->pop(map, vm_ptr(r2)));
}

VM_HELPER(map_peek_elem)
{
	struct skep_vm_map *map = vm_map(r1);

	return vm_err(map->ops->peek(map, vm_ptr(r2)));
}

/* for_each_map_elem: the key is shown to the callback in memory of its own. */
struct each {
	struct skep_vm_run *run;
	struct skep_vm_map *map;
	const struct vm_func *func;
	uint64_t data;
};

static int call_each(void *data, const void *key, void *value)
{
	struct each *e = data;
	uint64_t args[5] = { address(e->map), address(key), address(value), e->data, 0 };
	uint64_t r;

	if (skep_vm_run_allow(e->run, key, e->map->key_size, false) < 0)
		return 1;
	r = vm_call(e->run, e->func, args);
	vm_disallow(e->run);
	return e->run->stop || r != 0;
}

VM_HELPER(for_each_map_elem)
{
	struct each e = { run, vm_map(r1), vm_ptr(r2), r3 };

	if (r4 != 0)
		return vm_err(-EINVAL);
	return vm_map_each(e.map, cpu_in(run, e.map), call_each, &e);
}

/* Rings. */

VM_HELPER(ringbuf_reserve)
{
	struct skep_vm_map *map = vm_map(r1);
	void *data;

	if (r3 != 0 || run->n_records == VM_RECORDS_MAX)
		return 0;
	data = vm_ring_reserve(map, r2);
	if (!data)
		return 0;
	run->records[run->n_records++] = (struct vm_record){ data, (uint32_t)r2, map };
	return address(data);
}

static void commit(struct skep_vm_run *run, uint64_t data, bool discard)
{
	for (uint32_t i = run->n_records; i-- > 0;) {
		struct vm_record *record = &run->records[i];

		if (address(record->data) != data)
			continue;
		vm_ring_commit(record->map, record->data, discard);
		*record = run->records[--run->n_records];
		vm_forget(run);
		return;
	}
}

VM_HELPER(ringbuf_submit)
{
	commit(run, r1, false);
	return 0;
}

VM_HELPER(ringbuf_discard)
{
	commit(run, r1, true);
	return 0;
}

VM_HELPER(ringbuf_output)
{
	struct skep_vm_map *map = vm_map(r1);
	void *data;

	if (r4 & ~3ull) /* BPF_RB_NO_WAKEUP and BPF_RB_FORCE_WAKEUP */
		return vm_err(-EINVAL);
	data = vm_ring_reserve(map, r3);
	if (!data)
		return vm_err(-EAGAIN);
	if (r3)
		memcpy(data, vm_ptr(r2), r3);
	vm_ring_commit(map, data, false);
	return 0;
}

VM_HELPER(ringbuf_query)
{
	return vm_ring_query(vm_map(r1), r2);
}

#define INDEX_MASK 0xffffffffu /* BPF_F_INDEX_MASK; all ones: this CPU */

VM_HELPER(perf_event_output)
{
	uint32_t cpu = vm_cpu(run), index = (uint32_t)(r3 & INDEX_MASK);
	uint32_t more = (uint32_t)(r3 >> 32) & 0xfffff;

	/* With packets, so many bytes of the packet follow. */
	if (r3 >> 52 || (more && !run->packet.data))
		return vm_err(-EINVAL);
	if (more > (uint64_t)(run->packet.end - run->packet.data))
		return vm_err(-EFAULT);
	return vm_err(vm_perf_output(vm_map(r2), index == INDEX_MASK ? cpu : index, cpu, vm_ptr(r4),
				     (uint32_t)r5, run->packet.data, more));
}

VM_HELPER(perf_event_read)
{
	return vm_err(-ENOENT); /* counters are not in this machine: no slot has one */
}

VM_HELPER(perf_event_read_value)
{
	memset(vm_ptr(r3), 0, r4);
	return vm_err(-ENOENT);
}

/* A record that is read through a dynptr (dynptr.c), until the callback wants no more. */
VM_HELPER(user_ringbuf_drain)
{
	struct skep_vm_map *map = vm_map(r1);
	const struct vm_func *func = vm_ptr(r2);
	const void *bytes;
	uint32_t size;
	int64_t n = 0;

	if (r4 & ~3ull)
		return vm_err(-EINVAL);
	while (n < 128 * 1024 && (bytes = vm_user_ring_peek(map, &size))) {
		uint64_t dynptr[2] = { address(bytes), size | 1ull << 32 };
		uint64_t args[5] = { address(dynptr), r3, 0, 0, 0 }, r;

		if (skep_vm_run_allow(run, dynptr, sizeof(dynptr), false) < 0)
			return vm_err(-EBUSY);
		if (skep_vm_run_allow(run, bytes, size ? size : 1, false) < 0) {
			vm_disallow(run);
			return vm_err(-EBUSY);
		}
		r = vm_call(run, func, args);
		vm_disallow(run);
		vm_disallow(run);
		vm_user_ring_release(map);
		n++;
		if (run->stop || r != 0)
			break;
	}
	return (uint64_t)n;
}

/* Storages: the owner is what the program calls it by. BPF_LOCAL_STORAGE_GET_F_CREATE is 1. */

static uint64_t storage_get(struct skep_vm_run *run, uint64_t map, uint64_t owner, uint64_t first,
			    uint64_t flags)
{
	if (owner == 0 || flags & ~1ull || (first && !(flags & 1)))
		return 0;
	return address(vm_storage_get(vm_map(map), cpu_in(run, vm_map(map)), owner,
				      first ? vm_ptr(first) : NULL, flags & 1));
}

#define STORAGE(name)                                             \
	VM_HELPER(name##_get)                                     \
	{                                                         \
		return storage_get(run, r1, r2, r3, r4);          \
	}                                                         \
	VM_HELPER(name##_delete)                                  \
	{                                                         \
		if (r2 == 0)                                      \
			return vm_err(-EINVAL);                   \
		return vm_err(vm_storage_delete(vm_map(r1), r2)); \
	}

STORAGE(sk_storage)
STORAGE(task_storage)
STORAGE(inode_storage)
STORAGE(cgrp_storage)

VM_HELPER(get_local_storage)
{
	return address(vm_storage_get(vm_map(r1), cpu_in(run, vm_map(r1)), run->env.cgroup_id, NULL,
				      true));
}

VM_HELPER(current_task_under_cgroup)
{
	struct skep_vm_map *map = vm_map(r1);
	uint32_t index = (uint32_t)r2;
	const uint32_t *value;

	if (index >= map->max_entries)
		return vm_err(-E2BIG);
	value = map->ops->lookup(map, 0, &index);
	if (!value)
		return vm_err(-EAGAIN);
	if (*value == run->env.cgroup_id)
		return 1;
	for (size_t i = 0; i < ARRAY_SIZE(run->env.cgroup_ancestors); i++)
		if (run->env.cgroup_ancestors[i] == *value)
			return 1;
	return 0;
}
