/* SPDX-License-Identifier: Apache-2.0 */
/* Loops, locks and timers. */
#include <errno.h>
#include <string.h>

#include "vm/helpers/helpers.h"
#include "vm/maps/maps.h"
#include "vm/memory.h"

#define LOOP_MAX (1u << 23)

VM_HELPER(loop)
{
	const struct vm_func *func = vm_ptr(r2);
	uint32_t n = (uint32_t)r1;

	if (r4 != 0)
		return vm_err(-EINVAL);
	if (n > LOOP_MAX)
		return vm_err(-E2BIG);
	for (uint32_t i = 0; i < n; i++) {
		const uint64_t args[5] = { i, r3, 0, 0, 0 };
		uint64_t r = vm_call(run, func, args);

		if (run->stop)
			return 0;
		if (run->checked && --run->steps < 0) {
			vm_fault(run, SKEP_VM_FAULT_STEPS, 0, 0, NULL);
			return 0;
		}
		if (r != 0)
			return (uint64_t)i + 1;
	}
	return n;
}

/* A program holds a lock for a few instructions; a second lock of it would never come free. */
VM_HELPER(spin_lock)
{
	uint32_t *lock = vm_ptr(r1);

	for (uint32_t spins = 0; __atomic_exchange_n(lock, 1, __ATOMIC_ACQUIRE); spins++)
		if (spins > 100000000) {
			vm_fault(run, SKEP_VM_FAULT_CALL, r1, 0,
				 "the lock is held and nobody gives it back");
			return 0;
		}
	return 0;
}

VM_HELPER(spin_unlock)
{
	uint32_t *lock = vm_ptr(r1);

	__atomic_store_n(lock, 0, __ATOMIC_RELEASE);
	return 0;
}

/* The value's 16 bytes hold the number of the machine's timer, plus 1. */
static struct vm_timer *timer_at(struct skep_vm_run *run, uint64_t address)
{
	uint64_t number;

	memcpy(&number, vm_ptr(address), sizeof(number));
	if (number == 0 || number > VM_TIMERS_MAX)
		return NULL;
	return &run->vm->timers[number - 1];
}

VM_HELPER(timer_init)
{
	struct skep_vm *vm = run->vm;
	struct skep_vm_map *map = vm_map(r2);
	uint64_t number = 0;
	uint32_t clock = (uint32_t)r3;

	if (r3 > 11 || (clock != 0 && clock != 1 && clock != 7)) /* MONOTONIC, BOOTTIME, REALTIME */
		return vm_err(-EINVAL);
	if (timer_at(run, r1))
		return vm_err(-EBUSY);
	vm_lock(&vm->timer_lock);
	while (number < VM_TIMERS_MAX && vm->timers[number].map)
		number++;
	if (number < VM_TIMERS_MAX)
		vm->timers[number] =
			(struct vm_timer){ .map = map,
					   .value = (uint8_t *)vm_ptr(r1) - (map->timer_off - 1) };
	vm_unlock(&vm->timer_lock);
	if (number == VM_TIMERS_MAX)
		return vm_err(-ENOMEM);
	number++;
	memcpy(vm_ptr(r1), &number, sizeof(number));
	return 0;
}

VM_HELPER(timer_set_callback)
{
	struct vm_timer *timer = timer_at(run, r1);

	if (!timer)
		return vm_err(-EINVAL);
	timer->func = vm_ptr(r2);
	return 0;
}

/* BPF_F_TIMER_ABS is 1, BPF_F_TIMER_CPU_PIN 2. */
VM_HELPER(timer_start)
{
	struct vm_timer *timer = timer_at(run, r1);
	uint64_t now = run->env.time ? run->env.time(run->env.data, 0) : run->clock_ns;

	if (r3 & ~3ull || !timer || !timer->func)
		return vm_err(-EINVAL);
	timer->expires_ns = r3 & 1 ? r2 : now + r2;
	if (timer->expires_ns == 0)
		timer->expires_ns = 1;
	return 0;
}

VM_HELPER(timer_cancel)
{
	struct vm_timer *timer = timer_at(run, r1);
	bool active;

	if (!timer)
		return vm_err(-EINVAL);
	active = timer->expires_ns != 0;
	timer->expires_ns = 0;
	return active;
}

/* A pointer in a map's value is exchanged; what it points to is a number here. */
VM_HELPER(kptr_xchg)
{
	uint64_t *slot = vm_ptr(r1);

	if (run->checked && !vm_reach(run, r1, sizeof(*slot), true))
		return 0;
	return __atomic_exchange_n(slot, r2, __ATOMIC_SEQ_CST);
}
