/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unwinding of user stacks in the kernel: what programs and user space share.
 *
 * Most programs are compiled without frame pointers. How to get from a function to its caller stands in their
 * .eh_frame section, which a BPF program can neither find nor interpret. So user space makes a table of each binary
 * (eh_frame.h), puts it into maps, and the program walks the stack itself, frame by frame (lang/unwind.c). Stacks
 * are then numbers that can be keys of maps, as those of the kernel's own frame-pointer walk are.
 *
 *	pc ─► areas (what this process has mapped there)   ─┐
 *	   └► the kernel's own list of areas ─► binaries ───┴─► table: root ─► leaf ─► row ─► caller's pc, sp, fp
 *
 * Five maps. User space writes the first three, programs the last two:
 *
 *	tables    array of maps; element i is the table of one binary, an array map of blocks of SKEP_UNWIND_BLOCK bytes
 *	areas     trie, from process and address to skep_unwind_area: at most one entry for each power of two of an area
 *	binaries  hash, from device and inode to the table; serves programs that may ask the kernel for the area of an
 *	          address, so that the first stack of a process is as good as the second
 *	asks      hash: when user space was last told of a process
 *	news      ring of skep_unwind_news: a process that is not in `areas`, or an address of it that is not
 *
 * A table is block 0, the root, and leaves. A leaf is SKEP_UNWIND_LEAF rows in order of their places, the root holds the
 * place of the first row of each leaf; both are filled up with SKEP_UNWIND_NOWHERE. A place is an offset in the file, since
 * that is what areas of memory lead to. So each search is of fixed depth and without a branch, which the kernel's
 * verifier likes.
 *
 * Where there is no row (code of a JIT compiler, of Go, assembly without tables) the step is made by the frame pointer.
 */
#pragma once

#include "base/macros.h"

#define SKEP_UNWIND_BLOCK 8192
#define SKEP_UNWIND_LEAF (SKEP_UNWIND_BLOCK / 8) /* rows */
#define SKEP_UNWIND_ROOT (SKEP_UNWIND_BLOCK / 4) /* leaves */
#define SKEP_UNWIND_ROWS_MAX ((size_t)SKEP_UNWIND_LEAF * SKEP_UNWIND_ROOT)
#define SKEP_UNWIND_NOWHERE UINT32_MAX

#define SKEP_UNWIND_TABLES 1024 /* element 0 stays empty: table 0 means none */
#define SKEP_UNWIND_AREAS 65536
#define SKEP_UNWIND_ASKS 1024
#define SKEP_UNWIND_ASK_NS 4000000 /* a process is not reported more often */

/* How the caller's stack pointer (the CFA) is found. */
enum skep_unwind_kind {
	SKEP_UNWIND_NONE,     /* not known: try the frame pointer */
	SKEP_UNWIND_SP,	      /* sp + cfa */
	SKEP_UNWIND_FP,	      /* fp + cfa */
	SKEP_UNWIND_PLT,      /* sp + 8, and 8 more when the low 4 bits of pc are at least cfa */
	SKEP_UNWIND_SIGNAL,   /* the kernel's frame for a signal handler: everything is in it */
	SKEP_UNWIND_END,      /* nobody called this function */
	SKEP_UNWIND_SP_DEREF, /* memory at sp + (cfa & ~1), plus 8 when cfa is odd */
	SKEP_UNWIND_FP_DEREF, /* memory at fp + cfa; the caller's fp is at fp */
	SKEP_UNWIND_N_KINDS,
};

/*
 * What a row says. @fp: the caller's frame pointer is at the CFA plus this; 0: it is still in its register. @ra: so is the
 * return address; 0: in the link register. In bytes; @cfa of PLT is a number.
 */
struct skep_unwind_rule {
	enum skep_unwind_kind kind;
	int32_t cfa, fp, ra;
};

/* From here on until the next row. */
struct skep_unwind_row {
	uint32_t place;
	uint32_t word;
};

/* Bits of a word: kind 3, cfa 15 (signed, in units of 8; the last of SP_DEREF is the +8), fp 7, ra 7 (signed, of 8). */
#define SKEP_UNWIND_CFA_SHIFT 3
#define SKEP_UNWIND_CFA_BITS 15
#define SKEP_UNWIND_FP_SHIFT 18
#define SKEP_UNWIND_RA_SHIFT 25
#define SKEP_UNWIND_SLOT_BITS 7

/* A rule that does not fit becomes NONE. */
uint32_t skep_unwind_pack(const struct skep_unwind_rule *rule);
struct skep_unwind_rule skep_unwind_unpack(uint32_t word);

/* Key of areas. Everything of the address is compared from its first byte on, so it is big endian. */
struct skep_unwind_area_key {
	uint32_t
		prefix; /* bits: 64 for the process and as many of the address as the entry has in common */
	uint32_t process[2]; /* skep_unwind_process */
	uint32_t address[2];
};

struct skep_unwind_area {
	uint64_t start, end;
	uint64_t bias;	/* place = address - bias */
	uint32_t table; /* 0: none */
	uint32_t zero;
};

/* Key of binaries: as the kernel keeps them, major << 20 | minor. */
struct skep_unwind_binary_key {
	uint64_t dev, inode;
};

/*
 * A process and the program that it executes: where its stack begins differs from one execution to the next, and both sides can
 * see it (mm->start_stack; field 28 of /proc/PID/stat).
 */
static inline uint64_t skep_unwind_process(uint32_t tgid, uint64_t start_stack)
{
	return (uint64_t)tgid << 32 | (uint32_t)(start_stack >> 4);
}

struct skep_unwind_news {
	uint32_t tgid, zero;
	uint64_t address;
};

/*
 * Stacks that were walked are kept in a map from their number to addresses. The number is made of what is in the stack, so
 * equal ones have the same, whenever they were kept: user space may take a stack out that nobody holds, and put a copy of it
 * anywhere (who/kept.h). Value of the map: addresses, ended by 0 when there is room. Its key is a stack's number.
 */
#define SKEP_UNWIND_DEPTH 127
#define SKEP_UNWIND_ID \
	(UINT64_C(1) << 62) /* in the number: it is of this map, and not of the kernel's */
#define SKEP_UNWIND_LENGTH_SHIFT \
	32 /* in the number: how many addresses, in 7 bits; all else is a hash */

/* Indices of the maps in a spec; -1: there is none. */
struct skep_unwind_maps {
	int tables, areas, binaries, asks, news;
};

#define SKEP_KEPT_STACKS 8192 /* at a time; one that finds no place is counted */

struct skep_kept_maps {
	int stacks; /* hash, from number to addresses */
	int count;  /* array of one u64: how many were put there since the beginning */
};
