/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define CHUNK_BYTES 32768
#define ALIGN_BYTES 16
#define SHORT_BYTES 128 /* texts below this are formatted once */

struct chunk {
	struct chunk *next;
	size_t used, size;
	_Alignas(ALIGN_BYTES) char data[];
};

struct skep_arena {
	struct chunk *chunks;
	size_t used;
};

void skep_oom(void)
{
	static const char msg[] = "skep: out of memory\n";

	(void)!write(STDERR_FILENO, msg, sizeof(msg) - 1);
	_exit(1);
}

struct skep_arena *skep_arena_new(void)
{
	struct skep_arena *arena = calloc(1, sizeof(*arena));

	if (!arena)
		skep_oom();
	return arena;
}

void skep_arena_free(struct skep_arena *arena)
{
	if (!arena)
		return;
	for (struct chunk *c = arena->chunks, *next; c; c = next) {
		next = c->next;
		free(c);
	}
	free(arena);
}

static struct chunk *chunk_add(struct skep_arena *arena, size_t size_bytes)
{
	size_t size = MAX(size_bytes, (size_t)CHUNK_BYTES);
	struct chunk *c;

	if (size > SIZE_MAX - sizeof(*c))
		skep_oom();
	/* calloc keeps the promise of zeroed memory: the kernel's fresh pages are zero already. */
	c = calloc(1, sizeof(*c) + size);
	if (!c)
		skep_oom();
	c->size = size;
	/* A chunk made for one large request goes behind the current one, which still has room. */
	if (arena->chunks && size_bytes > CHUNK_BYTES / 2) {
		c->next = arena->chunks->next;
		arena->chunks->next = c;
	} else {
		c->next = arena->chunks;
		arena->chunks = c;
	}
	return c;
}

void *skep_arena_alloc(struct skep_arena *arena, size_t size_bytes)
{
	struct chunk *c = arena->chunks;
	void *p;

	if (size_bytes > SIZE_MAX - ALIGN_BYTES)
		skep_oom();
	size_bytes = ALIGN_UP(MAX(size_bytes, (size_t)1), (size_t)ALIGN_BYTES);
	if (!c || c->size - c->used < size_bytes)
		c = chunk_add(arena, size_bytes);
	p = c->data + c->used;
	c->used += size_bytes;
	arena->used += size_bytes;
	return p;
}

void *skep_arena_calloc(struct skep_arena *arena, size_t count, size_t size_bytes)
{
	size_t total;

	if (__builtin_mul_overflow(count, size_bytes, &total))
		skep_oom();
	return skep_arena_alloc(arena, total);
}

void *skep_arena_memdup(struct skep_arena *arena, const void *data, size_t size_bytes)
{
	void *p = skep_arena_alloc(arena, size_bytes);

	if (size_bytes)
		memcpy(p, data, size_bytes);
	return p;
}

char *skep_arena_strndup(struct skep_arena *arena, const char *s, size_t len)
{
	size_t n = len ? strnlen(s, len) : 0;
	char *p = skep_arena_alloc(arena, n + 1);

	if (n)
		memcpy(p, s, n);
	return p;
}

char *skep_arena_strdup(struct skep_arena *arena, const char *s)
{
	return skep_arena_memdup(arena, s, strlen(s) + 1);
}

char *skep_arena_printf(struct skep_arena *arena, const char *fmt, ...)
{
	char first[SHORT_BYTES];
	va_list ap;
	char *p;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(first, sizeof(first), fmt, ap);
	va_end(ap);
	if (n < 0)
		skep_oom();
	if ((size_t)n < sizeof(first))
		return skep_arena_memdup(arena, first, (size_t)n + 1);
	p = skep_arena_alloc(arena, (size_t)n + 1);
	va_start(ap, fmt);
	vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return p;
}

size_t skep_arena_used(const struct skep_arena *arena)
{
	return arena->used;
}
