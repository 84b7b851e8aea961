/* SPDX-License-Identifier: Apache-2.0 */
/* The hash function of hashes, bloom filters and stack traces: multiply and fold, eight bytes at a time. */
#include <string.h>

#include "vm/maps/maps.h"

#define MIX 0x9e3779b97f4a7c15ull /* 2^64 divided by the golden ratio */

static uint64_t fold(uint64_t x)
{
	unsigned __int128 product = (unsigned __int128)(x ^ MIX) * 0xd6e8feb86659fd93ull;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

uint32_t vm_hash(const void *key, uint32_t size, uint32_t seed)
{
	const uint8_t *at = key;
	uint64_t state = seed * MIX + size, word;

	for (; size >= 8; size -= 8, at += 8) {
		memcpy(&word, at, 8);
		state = fold(state ^ word);
	}
	if (size == 4) {
		uint32_t half;

		memcpy(&half, at, 4);
		state = fold(state ^ half);
	} else if (size) {
		word = 0;
		memcpy(&word, at, size);
		state = fold(state ^ word);
	}
	return (uint32_t)(state >> 32 ^ state);
}
