/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hash table: byte-string keys to pointers. Open addressing, power-of-two size, at most 3/4 full.
 *
 * Keys are borrowed: they must outlive the table (an arena's strings, a BTF blob's names).
 *
 *	_cleanup_(skep_hash_fini) struct skep_hash h = {};
 *	skep_hash_set_str(&h, "read", value);
 *	value = skep_hash_get_str(&h, "read");
 *
 * Values may not be NULL, which stands for "absent". A table ends the process when memory is out (skep_oom).
 */
#pragma once

#include "base/macros.h"

struct skep_hash_entry {
	const void *key;
	size_t key_len;
	uint64_t hash;
	void *value;
};

struct skep_hash {
	struct skep_hash_entry *entries;
	size_t len, cap; /* cap is 0 or a power of two */
};

uint64_t skep_hash_bytes(const void *data, size_t len);

void skep_hash_fini(struct skep_hash *h);
/* Adds or replaces. */
void skep_hash_set(struct skep_hash *h, const void *key, size_t key_len, void *value);
void *skep_hash_get(const struct skep_hash *h, const void *key, size_t key_len);
void skep_hash_set_str(struct skep_hash *h, const char *key, void *value);
void *skep_hash_get_str(const struct skep_hash *h, const char *key);
