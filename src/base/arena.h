/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arena: memory for a job with one end (a compilation, a rule load). Everything is released at once.
 *
 * Allocations are zeroed and aligned to 16 bytes. An arena never returns NULL: when the system has no memory
 * left the process says so on stderr and exits with status 1 (see skep_oom). Code whose memory
 * outlives one job uses malloc and returns -ENOMEM instead.
 *
 *	_cleanup_(skep_arena_freep) struct skep_arena *arena = skep_arena_new();
 *	struct node *n = skep_arena_alloc(arena, sizeof(*n));
 *	n->name = skep_arena_printf(arena, "sys_%s", name);
 */
#pragma once

#include "base/macros.h"

struct skep_arena;

/* Reports the lack of memory and exits with status 1. Never returns. */
_noreturn_ void skep_oom(void);

struct skep_arena *skep_arena_new(void);
void skep_arena_free(struct skep_arena *arena);
SKEP_DEFINE_CLEANUP(struct skep_arena, skep_arena_free)

/* Zeroed memory of @size_bytes; a size of 0 gives a valid unique pointer. */
void *skep_arena_alloc(struct skep_arena *arena, size_t size_bytes);
/* Zeroed memory for @count elements of @size_bytes each; the product is checked. */
void *skep_arena_calloc(struct skep_arena *arena, size_t count, size_t size_bytes);
void *skep_arena_memdup(struct skep_arena *arena, const void *data, size_t size_bytes);
char *skep_arena_strdup(struct skep_arena *arena, const char *s);
/* Copies at most @len bytes of @s and terminates the copy. Without length @s may be NULL. */
char *skep_arena_strndup(struct skep_arena *arena, const char *s, size_t len);
char *skep_arena_printf(struct skep_arena *arena, const char *fmt, ...) _printf_(2, 3);

/* Bytes handed out so far, for cost reports. */
size_t skep_arena_used(const struct skep_arena *arena);
