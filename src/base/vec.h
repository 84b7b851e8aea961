/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Vector: a growable array of any type. The element type is the vector's own type, so accesses are checked by
 * the compiler and an element is simply v.data[i].
 *
 *	struct { SKEP_VEC(int); } v = {};
 *	if (!skep_vec_push(&v, 42))
 *		return -ENOMEM;
 *	for (size_t i = 0; i < v.len; i++) ...
 *	skep_vec_fini(&v);
 *
 * skep_vec_add is the same for code that works in an arena's spirit: it ends the process when memory is out.
 */
#pragma once

#include <string.h>

#include "base/arena.h"

#define SKEP_VEC(T) \
	T *data;    \
	size_t len; \
	size_t cap

/* More room; false when memory is out. One for all types: there are many vectors. */
bool skep_vec_grow_(void **data, size_t *cap, size_t size);

/* Appends a copy of the value; true, or false (and no change) when memory is out. */
#define skep_vec_push(v, ...)                                                    \
	(((v)->len < (v)->cap ||                                                 \
	  skep_vec_grow_((void **)&(v)->data, &(v)->cap, sizeof(*(v)->data))) && \
	 (((v)->data[(v)->len++] = (__VA_ARGS__)), true))

#define skep_vec_add(v, ...)                          \
	do {                                          \
		if (!skep_vec_push((v), __VA_ARGS__)) \
			skep_oom();                   \
	} while (0)

/* Gives back the room that is not used, of a vector that will not grow any more. */
static inline void skep_vec_trim_(void **data, size_t len, size_t *cap, size_t size)
{
	void *p = len && len < *cap ? reallocarray(*data, len, size) : NULL;

	if (p) {
		*data = p;
		*cap = len;
	}
}

#define skep_vec_trim(v) \
	skep_vec_trim_((void **)&(v)->data, (v)->len, &(v)->cap, sizeof(*(v)->data))

#define skep_vec_last(v) ((v)->data[(v)->len - 1])
#define skep_vec_pop(v) ((v)->data[--(v)->len])

#define skep_vec_fini(v)          \
	do {                      \
		free((v)->data);  \
		(v)->data = NULL; \
		(v)->len = 0;     \
		(v)->cap = 0;     \
	} while (0)
