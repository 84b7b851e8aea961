/* SPDX-License-Identifier: Apache-2.0 */
/*
 * BTF as bytes: what the reader and the builder agree on. Documentation/bpf/btf.rst of the kernel.
 *
 *	+--------+-------------------------------+------------------------+
 *	| header | types: 12 bytes, tail, ...    | strings: "\0name\0..." |
 *	+--------+-------------------------------+------------------------+
 *
 * All words have the byte order of the machine that wrote them. Section offsets count from the end
 * of the header.
 */
#pragma once

#include <string.h>

#include "base/macros.h"

#define SKEP_BTF_MAGIC 0xeb9f
#define SKEP_BTF_VERSION 1
#define SKEP_BTF_ALIGN 4 /* of the type section */

struct skep_btf_header {
	uint16_t magic;
	uint8_t version;
	uint8_t flags;
	uint32_t header_len;
	uint32_t types_off, types_len;
	uint32_t strings_off, strings_len;
};
_Static_assert(sizeof(struct skep_btf_header) == 24, "fixed by the kernel");

/* Of .BTF.ext; offsets count from its end. */
struct skep_btf_ext_header {
	uint16_t magic;
	uint8_t version, flags;
	uint32_t header_len, funcs_off, funcs_len, lines_off, lines_len, cores_off, cores_len;
};

/* The head of every type: name, info, and a word that is a size or a type id. */
#define SKEP_BTF_HEAD_SIZE 12
/*
 * info: bits 0-15 count, 24-28 kind, 31 a flag whose meaning depends on the kind; the others are 0.
 */
#define SKEP_BTF_INFO(kind, vlen, flag) \
	((uint32_t)(kind) << 24 | ((uint32_t)(vlen)&0xffff) | (uint32_t)(flag) << 31)
#define SKEP_BTF_INFO_KIND(info) ((info) >> 24 & 0x1f)
#define SKEP_BTF_INFO_VLEN(info) ((info)&0xffff)
#define SKEP_BTF_INFO_FLAG(info) ((info) >> 31)
#define SKEP_BTF_INFO_UNUSED 0x60ff0000u

/* The word behind an INT: bits 0-7 width, 16-23 offset, 24-27 encoding. */
#define SKEP_BTF_INT_WORD(encoding, bits) ((uint32_t)(encoding) << 24 | (uint32_t)(bits))
#define SKEP_BTF_INT_BITS(word) ((word)&0xff)
#define SKEP_BTF_INT_OFFSET(word) ((word) >> 16 & 0xff)
#define SKEP_BTF_INT_ENCODING(word) ((word) >> 24 & 0xf)
#define SKEP_BTF_INT_SIGNED 1
#define SKEP_BTF_INT_CHAR 2
#define SKEP_BTF_INT_BOOL 4

/* With the flag, a struct's member offsets are bits 0-23 and bit field widths bits 24-31. */
#define SKEP_BTF_MEMBER_OFFSET(word) ((word)&0xffffff)
#define SKEP_BTF_MEMBER_BITS(word) ((word) >> 24)

static inline uint32_t skep_load32(const void *p)
{
	uint32_t value;

	memcpy(&value, p, sizeof(value));
	return value;
}
