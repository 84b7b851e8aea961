/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small words every file uses: ownership by scope, hand-over, array sizes.
 *
 * Ownership: declare an owning local at the point of acquisition, with the matching _cleanup_;
 * hand it over with TAKE_PTR or TAKE_FD. A function either uses scope cleanup or goto, never both.
 *
 *	_cleanup_free_ char *path = NULL;
 *	_cleanup_close_ int fd = -1;
 *
 *	r = build(&path);
 *	if (r < 0)
 *		return r;
 *	*ret_path = TAKE_PTR(path);
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define ALIGN_UP(x, a) (((x) + (a)-1) / (a) * (a))

#define _printf_(fmt, args) __attribute__((format(printf, fmt, args)))
#define _must_check_ __attribute__((warn_unused_result))
#define _unused_ __attribute__((unused))
#define _noreturn_ __attribute__((noreturn))

#define _cleanup_(fn) __attribute__((cleanup(fn)))
#define _cleanup_free_ _cleanup_(skep_freep)
#define _cleanup_close_ _cleanup_(skep_closep)

/* Hand an owned pointer over: the local keeps NULL, so its cleanup does nothing. */
#define TAKE_PTR(p)                         \
	({                                  \
		__typeof__(p) _taken = (p); \
		(p) = NULL;                 \
		_taken;                     \
	})

#define TAKE_FD(fd)                \
	({                         \
		int _taken = (fd); \
		(fd) = -1;         \
		_taken;            \
	})

/* Defines fn##p(T **), for _cleanup_(fn##p). The destructor itself must accept NULL. */
#define SKEP_DEFINE_CLEANUP(T, fn)               \
	static inline _unused_ void fn##p(T **p) \
	{                                        \
		fn(*p);                          \
		*p = NULL;                       \
	}

static inline void skep_freep(void *p)
{
	free(*(void **)p);
}

static inline void skep_closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}
