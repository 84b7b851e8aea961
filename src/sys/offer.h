/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Offers: which kinds of programs and of maps this kernel has, and which of its helpers and functions (kfuncs) each kind of
 * programs may call. All of it is tried, never concluded from a version.
 *
 *	skep_offer_prog(SKEP_PROG_NETFILTER)			0: there
 *	skep_offer_map(SKEP_MAP_ARENA)
 *	skep_offer_helper(SKEP_PROG_XDP, SKEP_HELPER_REDIRECT)
 *	for (at = 0; (at = skep_offer_next(btf, skep_offer_marks(btf), at, &func));)
 *		skep_offer_function(SKEP_PROG_XDP, func)
 *
 * A kind of program may be run at several places, and what it may call hangs on which: a kind has what any of its places has.
 * Each question is a program that is loaded, some 30 microseconds: kinds are asked in milliseconds, all pairs of kinds with
 * helpers and functions take some tenths of a second. Not for several threads at once.
 */
#pragma once

#include "obj/btf.h"

/* 0 when programs of this kind can be loaded, else -errno. */
int skep_offer_prog(uint32_t kind) _must_check_;
/* 0 when maps of this kind can be made, else -errno. */
int skep_offer_map(uint32_t kind) _must_check_;
/*
 * Whether programs of the kind, which can be loaded, may call the helper: 0, -EOPNOTSUPP. -EDOM: that hangs on another
 * program (kind ext).
 */
int skep_offer_helper(uint32_t kind, uint32_t id) _must_check_;
/* The same of a function, by its id in the kernel's types. */
int skep_offer_function(uint32_t kind, uint32_t id) _must_check_;
/* The highest number of a helper that the kernel has. */
int32_t skep_offer_last_helper(void);
/*
 * Functions that are made for programs, one after the other: @at is 0 at the first call and what the last one returned
 * at the next; 0: no more. Kernels before 6.10 do not mark them: then each that is called bpf_*, which most of them are.
 */
uint32_t skep_offer_next(const struct skep_btf *btf, bool marked, uint32_t at, uint32_t *ret_func);
/* Whether the kernel's types mark them. */
bool skep_offer_marks(const struct skep_btf *btf);
