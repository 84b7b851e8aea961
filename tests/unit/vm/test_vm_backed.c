/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Maps that are elsewhere: what programs of one machine do to a map arrives in another machine, which plays the kernel,
 * and what fails there is told.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <skep/vm.h>

#include "isa/asm.h"
#include "isa/mapkind.h"

/* The other side: map 0 of a machine. */
struct far {
	struct skep_vm *vm;
	int broken; /* an error that every set gives */
};

static int far_get(void *data, const void *key, void *ret_value)
{
	const struct far *f = data;

	return skep_vm_map_get(f->vm, 0, key, ret_value);
}

static int far_set(void *data, const void *key, const void *value, uint64_t flags)
{
	const struct far *f = data;

	return f->broken ? f->broken : skep_vm_map_set(f->vm, 0, key, value, flags);
}

static int far_remove(void *data, const void *key)
{
	const struct far *f = data;

	return skep_vm_map_delete(f->vm, 0, key);
}

static int far_next(void *data, const void *key, void *ret_key)
{
	const struct far *f = data;

	return skep_vm_map_next(f->vm, 0, key, ret_key);
}

static int far_take(void *data, void *ret_value)
{
	const struct far *f = data;

	return skep_vm_map_take(f->vm, 0, NULL, ret_value);
}

struct near {
	struct far far;
	struct skep_vm_map_backing backing;
	struct skep_vm *vm;
	struct skep_vm_run *run;
	uint32_t map;
};

static const struct skep_vm_map_backing *back(void *data, const struct skep_vm_map_def *def)
{
	return data;
}

static void setup(struct near *n, struct skep_vm_map_def def, uint32_t n_cpus, bool jit)
{
	struct skep_vm_config config = { .n_cpus = n_cpus, .jit = jit };
	uint32_t map;
	char why[256] = "";

	memset(n, 0, sizeof(*n));
	assert_int_equal(skep_vm_new(&(struct skep_vm_config){ .n_cpus = n_cpus }, &n->far.vm), 0);
	assert_int_equal(skep_vm_add_map(n->far.vm, &def, why, sizeof(why), &map), 0);
	n->backing = (struct skep_vm_map_backing){ &n->far,    n_cpus,	 far_get, far_set,
						   far_remove, far_next, far_take };
	config.backing = back;
	config.backing_data = &n->backing;
	if (skep_vm_new(&config, &n->vm) == -EOPNOTSUPP) {
		config.jit = false;
		assert_int_equal(skep_vm_new(&config, &n->vm), 0);
	}
	if (skep_vm_add_map(n->vm, &def, why, sizeof(why), &n->map) < 0)
		fail_msg("%s", why);
}

static void finish(struct near *n)
{
	skep_vm_run_free(n->run);
	skep_vm_free(n->vm);
	skep_vm_free(n->far.vm);
}

/* Runs a text once; R1: an argument. */
static int run(struct near *n, const char *text, uint64_t arg, uint64_t *ret_value)
{
	_cleanup_(skep_insns_fini)
	struct skep_insns insns = {};
	const uint64_t args[5] = { arg };
	struct skep_vm_result result = {};
	char why[256] = "";
	uint32_t prog;
	int r;

	assert_int_equal(skep_asm(text, strlen(text), NULL, &insns, NULL), 0);
	if (skep_vm_add_prog(n->vm,
			     &(struct skep_vm_prog_def){ .insns = insns.data,
							 .n_insns = (uint32_t)insns.len },
			     why, sizeof(why), &prog) < 0)
		fail_msg("%s", why);
	skep_vm_run_free(n->run);
	assert_int_equal(skep_vm_run_new(n->vm, &n->run), 0);
	r = skep_vm_run_prog(n->run, prog, &(struct skep_vm_input){ .args = args }, &result);
	*ret_value = result.value;
	return r;
}

#define LOOKUP             \
	"r2 = r10\n"       \
	"r2 += -8\n"       \
	"r1 = map[fd:0]\n" \
	"call 1\n"

/* Adds 5 to the value of the key in R1 twice; what is there afterwards, as a lookup says. */
static const char add_text[] = "*(u64 *)(r10 - 8) = r1\n" LOOKUP "if r0 == 0 goto none\n"
			       "r1 = 5\n"
			       "lock *(u64 *)(r0 + 0) += r1\n"
			       "r6 = r0\n" LOOKUP "if r0 == 0 goto none\n"
			       "if r0 != r6 goto none\n"
			       "r1 = *(u64 *)(r0 + 0)\n"
			       "r1 += 5\n"
			       "*(u64 *)(r0 + 0) = r1\n" LOOKUP "if r0 == 0 goto none\n"
			       "r0 = *(u64 *)(r0 + 0)\n"
			       "exit\n"
			       "none:\n"
			       "r0 = -1\n"
			       "exit\n";

static void writes_arrive(uint32_t kind, uint32_t key_size, bool jit)
{
	struct skep_vm_map_def def = {
		.kind = kind, .key_size = key_size, .value_size = 8, .max_entries = 10
	};
	uint64_t key = 3, value = 100;
	struct near n;

	setup(&n, def, 1, jit);
	assert_int_equal(skep_vm_map_set(n.far.vm, 0, &key, &value, 0), 0);
	assert_int_equal(run(&n, add_text, key, &value), 0);
	assert_int_equal(value, 110);
	assert_int_equal(skep_vm_map_get(n.far.vm, 0, &key, &value), 0);
	assert_int_equal(value, 110);
	/* Another run sees what was changed there in between. */
	value = 1000;
	assert_int_equal(skep_vm_map_set(n.far.vm, 0, &key, &value, 0), 0);
	assert_int_equal(run(&n, add_text, key, &value), 0);
	assert_int_equal(value, 1010);
	assert_int_equal(skep_vm_map_get(n.vm, 0, &key, &value), 0);
	assert_int_equal(value, 1010);
	/* No such key. */
	assert_int_equal(run(&n, add_text, 77, &value), 0);
	assert_int_equal(value, UINT64_MAX);
	finish(&n);
}

static void what_programs_write_arrives(void **state)
{
	for (int jit = 0; jit < 2; jit++) {
		writes_arrive(SKEP_MAP_HASH, 8, jit);
		writes_arrive(SKEP_MAP_ARRAY, 4, jit);
		writes_arrive(SKEP_MAP_LRU_HASH, 8, jit);
		writes_arrive(SKEP_MAP_PERCPU_ARRAY, 4, jit);
		writes_arrive(SKEP_MAP_PERCPU_HASH, 8, jit);
	}
}

static void updates_and_deletes_arrive(void **state)
{
	static const char text[] = "*(u64 *)(r10 - 8) = r1\n"
				   "r1 += 1\n"
				   "*(u64 *)(r10 - 16) = r1\n"
				   "r1 = map[fd:0]\n"
				   "r2 = r10\n"
				   "r2 += -8\n"
				   "r3 = r10\n"
				   "r3 += -16\n"
				   "r4 = 1\n" /* BPF_NOEXIST */
				   "call 2\n"
				   "if r0 != 0 goto out\n"
				   "r6 = 7\n"
				   "*(u64 *)(r10 - 8) = r6\n"
				   "r1 = map[fd:0]\n"
				   "r2 = r10\n"
				   "r2 += -8\n"
				   "call 3\n"
				   "out:\n"
				   "exit\n";
	struct skep_vm_map_def def = {
		.kind = SKEP_MAP_HASH, .key_size = 8, .value_size = 8, .max_entries = 3
	};
	uint64_t key = 7, value = 1;
	struct near n;

	setup(&n, def, 1, true);
	assert_int_equal(skep_vm_map_set(n.far.vm, 0, &key, &value, 0), 0);
	assert_int_equal(run(&n, text, 40, &value), 0);
	assert_int_equal(value, 0);
	assert_int_equal(skep_vm_map_get(n.far.vm, 0, &key, &value), -ENOENT);
	key = 40;
	assert_int_equal(skep_vm_map_get(n.far.vm, 0, &key, &value), 0);
	assert_int_equal(value, 41);
	assert_int_equal(run(&n, text, 40, &value), 0);
	assert_int_equal((int64_t)value, -EEXIST);
	finish(&n);
}

/* Of a new element the other CPUs' values are zero; of an old one they stay. */
static void a_cpu_writes_its_own_value(void **state)
{
	static const char text[] = "r6 = 9\n"
				   "*(u64 *)(r10 - 16) = r6\n"
				   "*(u64 *)(r10 - 8) = r1\n"
				   "r1 = map[fd:0]\n"
				   "r2 = r10\n"
				   "r2 += -8\n"
				   "r3 = r10\n"
				   "r3 += -16\n"
				   "r4 = 0\n"
				   "call 2\n"
				   "exit\n";
	struct skep_vm_map_def def = {
		.kind = SKEP_MAP_PERCPU_HASH, .key_size = 8, .value_size = 8, .max_entries = 3
	};
	uint64_t values[3] = { 1, 2, 3 }, key = 1, value;
	struct near n;

	setup(&n, def, 3, false);
	skep_vm_env(n.vm)->cpu = 1;
	assert_int_equal(skep_vm_map_set(n.far.vm, 0, &key, values, 0), 0);
	assert_int_equal(run(&n, text, 1, &value), 0);
	assert_int_equal(value, 0);
	assert_int_equal(skep_vm_map_get(n.far.vm, 0, &key, values), 0);
	assert_int_equal(values[0], 1);
	assert_int_equal(values[1], 9);
	assert_int_equal(values[2], 3);
	assert_int_equal(run(&n, text, 2, &value), 0);
	key = 2;
	assert_int_equal(skep_vm_map_get(n.far.vm, 0, &key, values), 0);
	assert_int_equal(values[0], 0);
	assert_int_equal(values[1], 9);
	assert_int_equal(values[2], 0);
	finish(&n);
}

static void queues_and_stacks_give_and_take(void **state)
{
	static const char text[] = "*(u64 *)(r10 - 8) = r1\n"
				   "r1 = map[fd:0]\n"
				   "r2 = r10\n"
				   "r2 += -8\n"
				   "r3 = 0\n"
				   "call 87\n" /* push */
				   "r1 = map[fd:0]\n"
				   "r2 = r10\n"
				   "r2 += -16\n"
				   "call 89\n" /* peek */
				   "r1 = map[fd:0]\n"
				   "r2 = r10\n"
				   "r2 += -24\n"
				   "call 88\n" /* pop */
				   "r0 = *(u64 *)(r10 - 16)\n"
				   "r1 = *(u64 *)(r10 - 24)\n"
				   "r1 <<= 32\n"
				   "r0 |= r1\n"
				   "exit\n";
	const uint32_t kinds[] = { SKEP_MAP_QUEUE, SKEP_MAP_STACK };

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct skep_vm_map_def def = { .kind = kinds[i],
					       .value_size = 8,
					       .max_entries = 5 };
		uint64_t value;
		struct near n;

		/* What is first in is first out of a queue, and last out of a stack. */
		setup(&n, def, 1, false);
		value = 4;
		assert_int_equal(far_set(&n.far, NULL, &value, 0), 0);
		assert_int_equal(run(&n, text, 6, &value), 0);
		assert_int_equal(value, i == 0 ? 4ull << 32 | 4 : 6ull << 32 | 6);
		assert_int_equal(far_take(&n.far, &value), 0);
		assert_int_equal(value, i == 0 ? 6 : 4);
		finish(&n);
	}
}

/* An instruction with the address of a variable. */
static void variables_are_fetched_and_written(void **state)
{
	static const char text[] = "r1 = map[fd:0][0]+8\n"
				   "r0 = *(u64 *)(r1 + 0)\n"
				   "r0 += 1\n"
				   "*(u64 *)(r1 + 0) = r0\n"
				   "exit\n";
	struct skep_vm_map_def def = {
		.kind = SKEP_MAP_ARRAY, .key_size = 4, .value_size = 16, .max_entries = 1
	};
	uint64_t values[2] = { 5, 50 }, value;
	uint32_t key = 0;
	struct near n;

	setup(&n, def, 1, true);
	assert_int_equal(skep_vm_map_set(n.far.vm, 0, &key, values, 0), 0);
	assert_int_equal(run(&n, text, 0, &value), 0);
	assert_int_equal(value, 51);
	assert_int_equal(skep_vm_map_get(n.far.vm, 0, &key, values), 0);
	assert_int_equal(values[0], 5);
	assert_int_equal(values[1], 51);
	finish(&n);
}

static void what_fails_is_told(void **state)
{
	struct skep_vm_map_def def = { .name = "far",
				       .kind = SKEP_MAP_ARRAY,
				       .key_size = 4,
				       .value_size = 8,
				       .max_entries = 9 };
	struct skep_vm_map_def ring = { .kind = SKEP_MAP_RINGBUF, .max_entries = 4096 };
	struct skep_vm_map_def percpu = {
		.kind = SKEP_MAP_PERCPU_ARRAY, .key_size = 4, .value_size = 8, .max_entries = 9
	};
	char why[256] = "";
	uint64_t value;
	uint32_t map;
	struct near n;

	setup(&n, def, 1, false);
	n.far.broken = -EPERM;
	assert_int_equal(run(&n, add_text, 3, &value), -EFAULT);
	assert_int_equal(skep_vm_run_fault(n.run)->kind, SKEP_VM_FAULT_BACKING);
	assert_non_null(
		strstr(skep_vm_fault_text(n.run),
		       "cannot write to map far, which is elsewhere: Operation not permitted"));
	assert_int_equal(skep_vm_add_map(n.vm, &ring, why, sizeof(why), &map), -EINVAL);
	assert_string_equal(why, "maps of kind 27 cannot be elsewhere");
	n.backing.n_cpus = 8;
	assert_int_equal(skep_vm_add_map(n.vm, &percpu, why, sizeof(why), &map), -EINVAL);
	assert_string_equal(why, "it has values for 8 CPUs where it is, and the machine has 1");
	finish(&n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_programs_write_arrives),
		cmocka_unit_test(updates_and_deletes_arrive),
		cmocka_unit_test(a_cpu_writes_its_own_value),
		cmocka_unit_test(queues_and_stacks_give_and_take),
		cmocka_unit_test(variables_are_fetched_and_written),
		cmocka_unit_test(what_fails_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
