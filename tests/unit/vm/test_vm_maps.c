/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Maps, compared with the kernel's: the same random operations through bpf(2) and through the machine give the same
 * results and values. And what the kernel cannot be asked: eviction, rings, limits.
 */
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <cmocka.h>
#include <linux/bpf.h>
#include <skep/vm.h>

#include "isa/insn.h"
#include "isa/mapkind.h"

#define VALUE_MAX 64

static uint32_t random_state = 12345;

static uint32_t next_random(void)
{
	random_state = random_state * 1664525 + 1013904223;
	return random_state >> 8;
}

/* The kernel. */

static int sys(int command, union bpf_attr *attr)
{
	long r = syscall(__NR_bpf, command, attr, sizeof(*attr));

	return r < 0 ? -errno : (int)r;
}

static int kernel_new(const struct skep_vm_map_def *def)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = def->kind;
	attr.key_size = def->key_size;
	attr.value_size = def->value_size;
	attr.max_entries = def->max_entries;
	attr.map_flags = def->flags;
	attr.map_extra = def->extra;
	return sys(BPF_MAP_CREATE, &attr);
}

static int kernel_op(int command, int fd, const void *key, void *value, uint64_t flags)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)fd;
	attr.key = (uintptr_t)key;
	attr.value = (uintptr_t)value;
	attr.flags = flags;
	return sys(command, &attr);
}

static bool allowed(void)
{
	struct skep_vm_map_def def = {
		.kind = SKEP_MAP_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1
	};
	struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	int fd;

	(void)setrlimit(RLIMIT_MEMLOCK, &all);
	fd = kernel_new(&def);
	if (fd < 0) {
		printf("skipped, because this user may not make maps: %s\n", strerror(-fd));
		return false;
	}
	close(fd);
	return true;
}

/* Both. */

struct both {
	struct skep_vm_map_def def;
	struct skep_vm *vm;
	uint32_t map;
	int fd;
	const char *what;
	unsigned step;
};

static void same(const struct both *b, const char *operation, int kernel, int machine)
{
	if (kernel != machine)
		fail_msg("%s, step %u, %s: kernel %d, machine %d", b->what, b->step, operation,
			 kernel, machine);
}

static void random_key(const struct both *b, uint8_t key[64])
{
	uint32_t n = next_random() % (b->def.max_entries * 2);

	memset(key, 0, 64);
	if (b->def.kind == SKEP_MAP_LPM_TRIE) {
		uint32_t bits =
			next_random() % 5 ? next_random() % ((b->def.key_size - 4) * 8 + 1) : 40;

		memcpy(key, &bits, 4);
		for (uint32_t i = 4; i < b->def.key_size; i++)
			key[i] = (uint8_t)(next_random() & 0xc1);
		return;
	}
	memcpy(key, &n, MIN(b->def.key_size, 4u));
}

static void random_value(const struct both *b, uint8_t value[VALUE_MAX])
{
	for (uint32_t i = 0; i < b->def.value_size; i++)
		value[i] = (uint8_t)next_random();
}

static void step_set(const struct both *b)
{
	static const uint64_t flags[] = { 0, 0, 0, 0, 1, 2, 3, 4, 8 };
	uint64_t flag = flags[next_random() % ARRAY_SIZE(flags)];
	uint8_t key[64], value[VALUE_MAX];

	random_key(b, key);
	random_value(b, value);
	same(b, "set",
	     kernel_op(BPF_MAP_UPDATE_ELEM, b->fd, b->def.key_size ? key : NULL, value, flag),
	     skep_vm_map_set(b->vm, b->map, key, value, flag));
}

static void step_get(const struct both *b, bool take)
{
	uint8_t key[64], kernel[VALUE_MAX] = {}, machine[VALUE_MAX] = {};
	int r;

	random_key(b, key);
	r = kernel_op(take ? BPF_MAP_LOOKUP_AND_DELETE_ELEM : BPF_MAP_LOOKUP_ELEM, b->fd,
		      b->def.key_size ? key : NULL, kernel, 0);
	same(b, take ? "take" : "get", r,
	     take ? skep_vm_map_take(b->vm, b->map, key, machine)
		  : skep_vm_map_get(b->vm, b->map, key, machine));
	if (r == 0 && memcmp(kernel, machine, b->def.value_size) != 0)
		fail_msg("%s, step %u: values differ", b->what, b->step);
}

static void step_delete(const struct both *b)
{
	uint8_t key[64];

	random_key(b, key);
	same(b, "delete", kernel_op(BPF_MAP_DELETE_ELEM, b->fd, key, NULL, 0),
	     skep_vm_map_delete(b->vm, b->map, key));
}

static unsigned count_kernel(const struct both *b)
{
	uint8_t keys[2][64];
	unsigned n = 0;

	for (const uint8_t *key = NULL;
	     kernel_op(BPF_MAP_GET_NEXT_KEY, b->fd, key, keys[n & 1], 0) == 0 && n < 10000; n++)
		key = keys[n & 1];
	return n;
}

static unsigned count_machine(const struct both *b)
{
	uint8_t keys[2][64];
	unsigned n = 0;

	for (const uint8_t *key = NULL;
	     skep_vm_map_next(b->vm, b->map, key, keys[n & 1]) == 0 && n < 10000; n++)
		key = keys[n & 1];
	return n;
}

static void compare(const char *what, struct skep_vm_map_def def, unsigned operations)
{
	struct both b = { .def = def, .what = what };
	bool keyless = def.key_size == 0;
	char why[256];

	assert_int_equal(skep_vm_new(NULL, &b.vm), 0);
	if (skep_vm_add_map(b.vm, &def, why, sizeof(why), &b.map) < 0)
		fail_msg("%s: %s", what, why);
	b.fd = kernel_new(&def);
	if (b.fd < 0)
		fail_msg("%s: the kernel says %s", what, strerror(-b.fd));
	for (b.step = 0; b.step < operations; b.step++) {
		switch (next_random() % 8) {
		case 0:
		case 1:
		case 2:
		case 3:
			step_set(&b);
			break;
		case 4:
		case 5:
			step_get(&b, false);
			break;
		case 6:
			/* The kernel takes out of these only. */
			if (def.kind == SKEP_MAP_QUEUE || def.kind == SKEP_MAP_STACK ||
			    def.kind == SKEP_MAP_HASH || def.kind == SKEP_MAP_LRU_HASH)
				step_get(&b, true);
			break;
		default:
			if (!keyless)
				step_delete(&b);
			break;
		}
		if (!keyless && b.step % 64 == 0 && count_kernel(&b) != count_machine(&b))
			fail_msg("%s, step %u: %u keys in the kernel, %u here", what, b.step,
				 count_kernel(&b), count_machine(&b));
	}
	close(b.fd);
	skep_vm_free(b.vm);
}

#define COMPARE(test, kind_, key, value, n, flag)                           \
	static void test(void **state)                                      \
	{                                                                   \
		if (!allowed())                                             \
			skip();                                             \
		compare(#test,                                              \
			(struct skep_vm_map_def){ .kind = SKEP_MAP_##kind_, \
						  .key_size = key,          \
						  .value_size = value,      \
						  .max_entries = n,         \
						  .flags = flag },          \
			20000);                                             \
	}

COMPARE(hash, HASH, 4, 8, 16, 0)
COMPARE(hash_of_long_keys, HASH, 24, 12, 8, 0)
COMPARE(hash_without_preallocation, HASH, 1, 4, 5, SKEP_MAP_F_NO_PREALLOC)
COMPARE(array, ARRAY, 4, 8, 16, 0)
COMPARE(array_of_odd_size, ARRAY, 4, 5, 7, 0)
COMPARE(lpm_trie, LPM_TRIE, 8, 8, 24, SKEP_MAP_F_NO_PREALLOC)
COMPARE(lpm_trie_of_one_byte, LPM_TRIE, 5, 1, 300, SKEP_MAP_F_NO_PREALLOC)
COMPARE(queue, QUEUE, 0, 8, 5, 0)
COMPARE(stack, STACK, 0, 12, 5, 0)

/* Per-CPU maps have as many values in user space as the kernel has CPUs; here only errors and keys are compared. */
static void percpu_hash_and_array_have_values_of_each_cpu(void **state)
{
	struct skep_vm_config config = { .n_cpus = 4 };
	const uint32_t kinds[] = { SKEP_MAP_PERCPU_HASH, SKEP_MAP_PERCPU_ARRAY,
				   SKEP_MAP_LRU_PERCPU_HASH };

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct skep_vm_map_def def = {
			.kind = kinds[i], .key_size = 4, .value_size = 4, .max_entries = 3
		};
		uint64_t in[4] = { 1, 2, 3, 4 }, out[4] = {};
		uint32_t key = 2, map;
		struct skep_vm *vm;

		assert_int_equal(skep_vm_new(&config, &vm), 0);
		assert_int_equal(skep_vm_add_map(vm, &def, NULL, 0, &map), 0);
		assert_int_equal(skep_vm_map_set(vm, map, &key, in, 0), 0);
		assert_int_equal(skep_vm_map_get(vm, map, &key, out), 0);
		assert_memory_equal(in, out, sizeof(in));
		skep_vm_free(vm);
	}
}

/* Programs that run on another CPU than the first write to the same value of an ordinary map. */
static void ordinary_maps_have_one_value_for_all_cpus(void **state)
{
	const uint32_t kinds[] = { SKEP_MAP_HASH, SKEP_MAP_ARRAY, SKEP_MAP_LRU_HASH };
	const struct skep_insn_pair map = skep_insn_ld_map_fd(SKEP_R1, 0);
	const struct skep_insn code[] = {
		skep_insn_store_imm(SKEP_SIZE_DW, SKEP_R10, -8, 1),
		skep_insn_store_imm(SKEP_SIZE_DW, SKEP_R10, -16, 77),
		map.insn[0],
		map.insn[1],
		skep_insn_mov64_reg(SKEP_R2, SKEP_R10),
		skep_insn_alu64_imm(SKEP_ALU_ADD, SKEP_R2, -8),
		skep_insn_mov64_reg(SKEP_R3, SKEP_R10),
		skep_insn_alu64_imm(SKEP_ALU_ADD, SKEP_R3, -16),
		skep_insn_mov64_imm(SKEP_R4, 0),
		skep_insn_call(2), /* map_update_elem */
		skep_insn_exit(),
	};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct skep_vm_config config = { .n_cpus = 4, .env.cpu = 3 };
		struct skep_vm_map_def def = {
			.kind = kinds[i], .key_size = 4, .value_size = 8, .max_entries = 2
		};
		struct skep_vm_prog_def prog = { .insns = code, .n_insns = ARRAY_SIZE(code) };
		uint32_t key = 1, index;
		struct skep_vm_result result;
		struct skep_vm_run *run;
		struct skep_vm *vm;
		uint64_t value = 0;

		assert_int_equal(skep_vm_new(&config, &vm), 0);
		assert_int_equal(skep_vm_add_map(vm, &def, NULL, 0, &index), 0);
		assert_int_equal(skep_vm_add_prog(vm, &prog, NULL, 0, &index), 0);
		assert_int_equal(skep_vm_run_new(vm, &run), 0);
		assert_int_equal(skep_vm_run_prog(run, index, NULL, &result), 0);
		assert_int_equal(skep_vm_map_get(vm, 0, &key, &value), 0);
		assert_int_equal(value, 77);
		skep_vm_run_free(run);
		skep_vm_free(vm);
	}
}

static struct skep_vm *new_map(struct skep_vm_map_def def, uint32_t *ret_map)
{
	struct skep_vm *vm;
	char why[256];

	assert_int_equal(skep_vm_new(NULL, &vm), 0);
	if (skep_vm_add_map(vm, &def, why, sizeof(why), ret_map) < 0)
		fail_msg("%s", why);
	return vm;
}

/* Looking up from user space is no use: what was set longest ago goes first. */
static void lru_evicts_the_oldest(void **state)
{
	uint32_t map;
	struct skep_vm *vm = new_map((struct skep_vm_map_def){ .kind = SKEP_MAP_LRU_HASH,
							       .key_size = 4,
							       .value_size = 4,
							       .max_entries = 3 },
				     &map);

	for (uint32_t key = 0; key < 10; key++)
		assert_int_equal(skep_vm_map_set(vm, map, &key, &key, 0), 0);
	for (uint32_t key = 0; key < 10; key++) {
		uint32_t value;

		assert_int_equal(skep_vm_map_get(vm, map, &key, &value), key < 7 ? -ENOENT : 0);
	}
	skep_vm_free(vm);
}

static void bloom_knows_what_was_pushed(void **state)
{
	unsigned false_positives = 0;
	uint32_t map;
	struct skep_vm *vm = new_map((struct skep_vm_map_def){ .kind = SKEP_MAP_BLOOM_FILTER,
							       .value_size = 4,
							       .max_entries = 1000 },
				     &map);

	for (uint32_t value = 0; value < 1000; value++)
		assert_int_equal(skep_vm_map_set(vm, map, NULL, &value, 0), 0);
	for (uint32_t value = 0; value < 1000; value++)
		assert_int_equal(skep_vm_map_get(vm, map, NULL, &value), 0);
	for (uint32_t value = 1000; value < 11000; value++)
		false_positives += skep_vm_map_get(vm, map, NULL, &value) == 0;
	assert_in_range(false_positives, 0, 1000);
	skep_vm_free(vm);
}

static int collect(void *data, uint32_t cpu, const void *bytes, size_t size)
{
	uint64_t *sum = data;

	assert_int_equal(size, 12);
	*sum += *(const uint8_t *)bytes;
	return 0;
}

/* A full ring drops and counts; records come out in order, however often the ring wraps. */
static void user_ring_sends_and_drops(void **state)
{
	struct skep_vm_map_def def = { .kind = SKEP_MAP_USER_RINGBUF, .max_entries = 4096 };
	uint8_t record[12] = { 1 };
	unsigned sent = 0;
	uint32_t map;
	struct skep_vm *vm = new_map(def, &map);

	while (skep_vm_ring_send(vm, map, record, sizeof(record)) == 0)
		sent++;
	assert_int_equal(
		sent,
		4095 / 24); /* 8 of header, 12 rounded up to 16; never quite full, as in the kernel */
	assert_int_equal(skep_vm_ring_drops(vm, map), 1);
	assert_int_equal(skep_vm_ring_drain(vm, map, collect, NULL), -EOPNOTSUPP);
	assert_int_equal(skep_vm_ring_send(vm, map, record, 100000), -ENOSPC);
	skep_vm_free(vm);
}

static void too_large_maps_are_refused(void **state)
{
	static const struct skep_vm_map_def defs[] = {
		{ .kind = SKEP_MAP_HASH,
		  .key_size = 4,
		  .value_size = 8,
		  .max_entries = UINT32_MAX },
		{ .kind = SKEP_MAP_ARRAY,
		  .key_size = 4,
		  .value_size = 0x7fffffff,
		  .max_entries = UINT32_MAX },
		{ .kind = SKEP_MAP_LPM_TRIE,
		  .key_size = 8,
		  .value_size = 8,
		  .max_entries = UINT32_MAX,
		  .flags = SKEP_MAP_F_NO_PREALLOC },
		{ .kind = SKEP_MAP_STACK_TRACE,
		  .key_size = 4,
		  .value_size = 1016,
		  .max_entries = UINT32_MAX },
		{ .kind = SKEP_MAP_QUEUE, .value_size = 1 << 20, .max_entries = UINT32_MAX },
		{ .kind = SKEP_MAP_ARRAY, .key_size = 8, .value_size = 8, .max_entries = 1 },
		{ .kind = SKEP_MAP_STRUCT_OPS, .key_size = 4, .value_size = 8, .max_entries = 1 },
		{ .kind = 9999, .key_size = 4, .value_size = 8, .max_entries = 1 },
		{ .kind = SKEP_MAP_ARRAY_OF_MAPS,
		  .key_size = 4,
		  .value_size = 4,
		  .max_entries = 1,
		  .inner = 77 },
	};
	struct skep_vm *vm;

	assert_int_equal(skep_vm_new(NULL, &vm), 0);
	for (size_t i = 0; i < ARRAY_SIZE(defs); i++) {
		char why[256] = "";
		uint32_t map = 99;

		assert_true(skep_vm_add_map(vm, &defs[i], why, sizeof(why), &map) < 0);
		assert_int_equal(map, 99);
		assert_true(why[0]);
	}
	skep_vm_free(vm);
}

static void maps_of_maps_take_their_like(void **state)
{
	struct skep_vm_map_def inner = {
		.kind = SKEP_MAP_HASH, .key_size = 4, .value_size = 8, .max_entries = 4
	};
	struct skep_vm_map_def other = inner, outer = {
		.kind = SKEP_MAP_HASH_OF_MAPS, .key_size = 4, .value_size = 4, .max_entries = 2
	};
	uint32_t first, second, third, map, key = 5, value;
	struct skep_vm *vm = new_map(inner, &first);

	other.value_size = 4;
	assert_int_equal(skep_vm_add_map(vm, &inner, NULL, 0, &second), 0);
	assert_int_equal(skep_vm_add_map(vm, &other, NULL, 0, &third), 0);
	outer.inner = first;
	assert_int_equal(skep_vm_add_map(vm, &outer, NULL, 0, &map), 0);
	assert_int_equal(skep_vm_map_set(vm, map, &key, &second, 0), 0);
	assert_int_equal(skep_vm_map_set(vm, map, &key, &third, 0), -EINVAL);
	assert_int_equal(skep_vm_map_get(vm, map, &key, &value), 0);
	assert_int_equal(value, second);
	value = 12345;
	assert_int_equal(skep_vm_map_set(vm, map, &key, &value, 0), -EBADF);
	skep_vm_free(vm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hash),
		cmocka_unit_test(hash_of_long_keys),
		cmocka_unit_test(hash_without_preallocation),
		cmocka_unit_test(array),
		cmocka_unit_test(array_of_odd_size),
		cmocka_unit_test(lpm_trie),
		cmocka_unit_test(lpm_trie_of_one_byte),
		cmocka_unit_test(queue),
		cmocka_unit_test(stack),
		cmocka_unit_test(percpu_hash_and_array_have_values_of_each_cpu),
		cmocka_unit_test(ordinary_maps_have_one_value_for_all_cpus),
		cmocka_unit_test(lru_evicts_the_oldest),
		cmocka_unit_test(bloom_knows_what_was_pushed),
		cmocka_unit_test(user_ring_sends_and_drops),
		cmocka_unit_test(too_large_maps_are_refused),
		cmocka_unit_test(maps_of_maps_take_their_like),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
