/* SPDX-License-Identifier: Apache-2.0 */
/* Two threads, each with a run of its own, on the maps of one machine: nothing is lost, nobody sees another's value. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <skep/vm.h>

#include "isa/asm.h"
#include "isa/mapkind.h"

#define THREADS 2
#define TURNS 20000u

static struct skep_vm *vm;
static uint32_t hash, lru, counter, prog;
static unsigned wrong[THREADS];

static uint32_t make(struct skep_vm_map_def def)
{
	uint32_t map;

	assert_int_equal(skep_vm_add_map(vm, &def, NULL, 0, &map), 0);
	return map;
}

/* Keys of a thread are its own; the two share buckets, free elements and the order of use. */
static void churn(unsigned thread, uint32_t turn)
{
	uint32_t key = turn % 50 * THREADS + thread;
	uint64_t value = (uint64_t)turn << 8 | thread, seen = 0;

	wrong[thread] += skep_vm_map_set(vm, hash, &key, &value, 0) != 0;
	wrong[thread] += skep_vm_map_get(vm, hash, &key, &seen) != 0 || seen != value;
	if (turn % 3 == 0)
		wrong[thread] += skep_vm_map_delete(vm, hash, &key) != 0;
	/* It may be evicted at once, but never be another's. */
	wrong[thread] += skep_vm_map_set(vm, lru, &key, &value, 0) != 0;
	if (skep_vm_map_get(vm, lru, &key, &seen) == 0)
		wrong[thread] += seen != value;
}

static void *work(void *data)
{
	unsigned thread = (unsigned)(uintptr_t)data;
	struct skep_vm_result result;
	struct skep_vm_run *run;

	if (skep_vm_run_new(vm, &run) < 0)
		return NULL;
	for (uint32_t turn = 0; turn < TURNS; turn++) {
		churn(thread, turn);
		wrong[thread] +=
			skep_vm_run_prog(run, prog, NULL, &result) != 0 || result.value != 1;
	}
	skep_vm_run_free(run);
	return NULL;
}

static void load_counter(void)
{
	static const char text[] = "*(u32 *)(r10 - 4) = 0\n"
				   "r1 = map[fd:2]\n"
				   "r2 = r10\n"
				   "r2 += -4\n"
				   "call map_lookup_elem\n"
				   "if r0 == 0 goto out\n"
				   "r1 = 1\n"
				   "lock *(u64 *)(r0 + 0) += r1\n"
				   "r0 = 1\n"
				   "out:\n"
				   "exit\n";
	_cleanup_(skep_insns_fini)
	struct skep_insns insns = {};
	struct skep_vm_prog_def def = {};
	char why[256] = "";

	assert_int_equal(skep_asm(text, strlen(text), NULL, &insns, NULL), 0);
	def.insns = insns.data;
	def.n_insns = (uint32_t)insns.len;
	if (skep_vm_add_prog(vm, &def, why, sizeof(why), &prog) < 0)
		fail_msg("%s", why);
}

static void threads_share_maps(void **state)
{
	pthread_t threads[THREADS];
	uint32_t zero = 0;
	uint64_t count;

	assert_int_equal(skep_vm_new(NULL, &vm), 0);
	hash = make((struct skep_vm_map_def){
		.kind = SKEP_MAP_HASH, .key_size = 4, .value_size = 8, .max_entries = 120 });
	lru = make((struct skep_vm_map_def){
		.kind = SKEP_MAP_LRU_HASH, .key_size = 4, .value_size = 8, .max_entries = 30 });
	counter = make((struct skep_vm_map_def){
		.kind = SKEP_MAP_ARRAY, .key_size = 4, .value_size = 8, .max_entries = 1 });
	load_counter();
	for (uintptr_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, work, (void *)i), 0);
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(wrong[i], 0);
	assert_int_equal(skep_vm_map_get(vm, counter, &zero, &count), 0);
	assert_int_equal(count, THREADS * TURNS);
	skep_vm_free(vm);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(threads_share_maps) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
