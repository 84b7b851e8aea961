/* SPDX-License-Identifier: Apache-2.0 */
/* Timers: what programs started with timer_start (helpers/control.c), called when the embedder says that it is time. */
#include <string.h>

#include "vm/maps/maps.h"
#include "vm/memory.h"

void vm_timers_forget(struct skep_vm_map *map, const uint8_t *value)
{
	for (uint32_t i = 0; i < VM_TIMERS_MAX; i++) {
		struct vm_timer *timer = &map->vm->timers[i];

		if (timer->map == map && timer->value == value)
			memset(timer, 0, sizeof(*timer));
	}
}

/* The callback gets the map, a pointer to the key, and the value. */
static void fire(struct skep_vm_run *run, const struct vm_timer *timer)
{
	const struct skep_vm_map *map = timer->map;
	uint32_t index = (uint32_t)vm_element_of(map, timer->value);
	const void *key = map->ops->key_of ? map->ops->key_of(map, timer->value) : &index;
	uint64_t args[5] = { (uint64_t)(uintptr_t)map, (uint64_t)(uintptr_t)key,
			     (uint64_t)(uintptr_t)timer->value };

	vm_run_reset(run, timer->func->prog);
	run->ctx = run->ctx_size = 0;
	run->packet.meta = run->packet.data = run->packet.end = NULL;
	if (skep_vm_run_allow(run, key, map->key_size, false) < 0)
		return;
	run->engine = vm_engine_of(run, timer->func->prog);
	(void)run->engine(run, timer->func->prog, timer->func->start, args);
	vm_disallow(run);
	vm_run_finish(run);
}

int skep_vm_run_timers(struct skep_vm_run *run, uint64_t now_ns)
{
	int n = 0;

	for (uint32_t i = 0; i < VM_TIMERS_MAX; i++) {
		struct vm_timer timer = run->vm->timers[i];

		if (!timer.map || !timer.func || !timer.expires_ns || timer.expires_ns > now_ns)
			continue;
		run->vm->timers[i].expires_ns = 0;
		fire(run, &timer);
		n++;
	}
	return n;
}
