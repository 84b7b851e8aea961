/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Maps of any kind and size, and any operations on them: no crash, and a hash and an array hold what a simple list says
 * they hold. First 16 bytes: kind, sizes, entries, flags; then one operation in 4 bytes each.
 */
#include <stdlib.h>
#include <string.h>

#include <skep/vm.h>

#include "isa/mapkind.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SIZE_MAX_BYTES 96
#define MODEL_MAX 64

/* What a hash holds: keys are one byte, repeated; so are values. */
struct model {
	struct {
		uint8_t key, value;
	} items[MODEL_MAX];
	size_t n, max;
};

static int model_find(const struct model *m, uint8_t key)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->items[i].key == key)
			return (int)i;
	return -1;
}

static int model_set(struct model *m, uint8_t key, uint8_t value, uint64_t flags)
{
	int at = model_find(m, key);

	if (flags > 2)
		return -22;
	if (at >= 0 && (flags & 1))
		return -17;
	if (at < 0 && (flags & 2))
		return -2;
	if (at < 0) {
		if (m->n >= m->max)
			return -7;
		at = (int)m->n++;
	}
	m->items[at].key = key;
	m->items[at].value = value;
	return 0;
}

static int count(void *data, uint32_t cpu, const void *bytes, size_t size)
{
	return 0;
}

static void operate(struct skep_vm *vm, const struct skep_vm_map_def *def, struct model *model,
		    const uint8_t op[4])
{
	static uint8_t key[SIZE_MAX_BYTES], value[SIZE_MAX_BYTES * 4], next[SIZE_MAX_BYTES];
	int r, at;

	memset(key, op[1], sizeof(key));
	memset(value, op[2], sizeof(value));
	if (def->kind == SKEP_MAP_LPM_TRIE)
		memcpy(key, &(uint32_t){ op[3] }, 4);
	switch (op[0] % 7) {
	case 0:
	case 1:
		r = skep_vm_map_set(vm, 0, key, value, op[3] % 9);
		if (model && r != model_set(model, op[1], op[2], op[3] % 9))
			abort();
		break;
	case 2:
		r = skep_vm_map_get(vm, 0, key, value);
		if (!model)
			break;
		at = model_find(model, op[1]);
		if ((r == 0) != (at >= 0) || (at >= 0 && value[0] != model->items[at].value))
			abort();
		break;
	case 3:
		r = skep_vm_map_delete(vm, 0, key);
		if (!model)
			break;
		at = model_find(model, op[1]);
		if ((r == 0) != (at >= 0))
			abort();
		if (at >= 0)
			model->items[at] = model->items[--model->n];
		break;
	case 4:
		(void)skep_vm_map_next(vm, 0, op[3] & 1 ? key : NULL, next);
		break;
	case 5:
		if (!model)
			(void)skep_vm_map_take(vm, 0, key, value);
		break;
	default:
		(void)skep_vm_ring_drain(vm, 0, count, NULL);
		(void)skep_vm_ring_send(vm, 0, value, op[3]);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct skep_vm_config config = {
		.n_cpus = 2, .max_maps = 2, .max_progs = 1, .memory_max = 1 << 24
	};
	struct skep_vm_map_def def = {};
	struct model model = {}, *checked = NULL;
	char why[200] = "";
	struct skep_vm *vm;
	uint32_t map;

	if (size < 16 || skep_vm_new(&config, &vm) < 0)
		return 0;
	def.kind = data[0] % 36;
	def.key_size = data[1];
	def.value_size = data[2] | (uint32_t)(data[3] & 0x10) << 20;
	memcpy(&def.max_entries, data + 4, 4);
	if (data[3] & 1)
		def.max_entries %= MODEL_MAX;
	memcpy(&def.flags, data + 8, 4);
	if (data[3] & 2)
		def.flags &= SKEP_MAP_F_NO_PREALLOC;
	def.extra = data[12] & 31;
	if (def.key_size > SIZE_MAX_BYTES)
		def.key_size %= 16;
	if (skep_vm_add_map(vm, &def, why, sizeof(why), &map) < 0) {
		if (!why[0])
			abort();
	} else if (def.value_size <= SIZE_MAX_BYTES) {
		model.max = def.max_entries;
		if (def.kind == SKEP_MAP_HASH && def.max_entries <= MODEL_MAX)
			checked = &model;
		for (data += 16, size -= 16; size >= 4; data += 4, size -= 4)
			operate(vm, &def, checked, data);
	}
	skep_vm_free(vm);
	return 0;
}
