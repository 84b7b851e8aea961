/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"

#include <string.h>

#include "base/arena.h"

/* FNV-1a with a final mix: short keys, no seed needed because no table is filled by a remote peer. */
uint64_t skep_hash_bytes(const void *data, size_t len)
{
	const unsigned char *p = data;
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * 0x100000001b3u;
	return h ^ (h >> 29);
}

void skep_hash_fini(struct skep_hash *h)
{
	free(h->entries);
	*h = (struct skep_hash){};
}

/* The entry of @key, or the empty one where it belongs. The table must not be full. */
static struct skep_hash_entry *find(const struct skep_hash *h, const void *key, size_t key_len,
				    uint64_t hash)
{
	size_t mask = h->cap - 1;

	for (size_t i = hash & mask;; i = (i + 1) & mask) {
		struct skep_hash_entry *e = &h->entries[i];

		if (!e->value)
			return e;
		if (e->hash == hash && e->key_len == key_len && memcmp(e->key, key, key_len) == 0)
			return e;
	}
}

static void grow(struct skep_hash *h)
{
	struct skep_hash old = *h;

	h->cap = old.cap ? old.cap * 2 : 16;
	h->entries = calloc(h->cap, sizeof(*h->entries));
	if (!h->entries)
		skep_oom();
	for (size_t i = 0; i < old.cap; i++) {
		const struct skep_hash_entry *e = &old.entries[i];

		if (e->value)
			*find(h, e->key, e->key_len, e->hash) = *e;
	}
	free(old.entries);
}

void skep_hash_set(struct skep_hash *h, const void *key, size_t key_len, void *value)
{
	uint64_t hash = skep_hash_bytes(key, key_len);
	struct skep_hash_entry *e;

	if (h->len >= h->cap / 4 * 3)
		grow(h);
	e = find(h, key, key_len, hash);
	if (!e->value)
		h->len++;
	*e = (struct skep_hash_entry){ key, key_len, hash, value };
}

void *skep_hash_get(const struct skep_hash *h, const void *key, size_t key_len)
{
	return h->cap ? find(h, key, key_len, skep_hash_bytes(key, key_len))->value : NULL;
}

void skep_hash_set_str(struct skep_hash *h, const char *key, void *value)
{
	skep_hash_set(h, key, strlen(key), value);
}

void *skep_hash_get_str(const struct skep_hash *h, const char *key)
{
	return skep_hash_get(h, key, strlen(key));
}
