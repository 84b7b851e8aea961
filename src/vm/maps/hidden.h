/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hash inside of another kind of map, for kinds that keep something by key but give no such values to programs. It
 * is the map's state.
 *
 *	r = vm_hidden_new(map, map->key_size, 4, map->max_entries);
 *	value = vm_hash_ops.lookup(map->state, 0, key);
 */
#pragma once

#include "vm/maps/maps.h"

int vm_hidden_new(struct skep_vm_map *map, uint32_t key_size, uint32_t value_size,
		  uint32_t max_entries) _must_check_;
void vm_hidden_free(struct skep_vm_map *map);
/* For vm_map_ops, with the keys and values of the hidden hash. */
int vm_hidden_get(struct skep_vm_map *map, const void *key, void *ret_value);
int vm_hidden_remove(struct skep_vm_map *map, const void *key);
int vm_hidden_next(struct skep_vm_map *map, const void *key, void *ret_key);
