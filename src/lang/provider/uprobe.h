/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Uprobe: what the parts of the providers uprobe and uretprobe share.
 *
 *	attach point ── uprobe.c ──► by_name, by_address, by_line ──► places ──► add: targets of the instance
 *
 * One search serves one attach point. It counts what it found; what it did not take is told when it ends.
 */
#pragma once

#include "base/hash.h"
#include "lang/match.h"

extern const struct skep_provider skep_provider_uprobe, skep_provider_uretprobe;

struct skep_uprobe_search {
	struct skep_compiler *c;
	struct skep_probe_node *probe;
	const struct skep_attach_point *point;
	bool is_return, by_name, glob, multi;
	bool many; /* the binary is a pattern: a function is wanted of each that has it */
	bool demangled; /* functions go by their demangled names, of which one may be several functions' */
	bool by_instruction; /* returns are probed where they happen: attached as entries are */
	bool elsewhere; /* another point of the probe has it: the C library itself, see uprobe_search.c */
	bool by_line; /* somewhere inside: not where arguments are in their registers */
	struct skep_used_args used;
	uint64_t offset; /* in the function */
	size_t found, beyond;
	size_t left_out; /* functions whose returns cannot be found, and why not of the first */
	const char *left_out_why;
	size_t twins;		   /* functions of the one name, all of them static */
	struct skep_str twin_text; /* the addresses of the first ones */
	struct skep_hash seen;	   /* places: aliases of one function count once for a pattern */
};

const struct skep_provider *skep_uprobe_provider(bool is_return);

/* uprobe_place.c */
/* @function: what `func` and `probe` show. */
void skep_uprobe_add(struct skep_uprobe_search *s, const struct skep_world_symbol *symbol,
		     const char *function);
/* What a function is given, from debugging information, as user_proto() of the world has it. */
int skep_uprobe_params(const struct skep_world *world, const struct skep_world_symbol *symbol,
		       bool own, struct skep_proto_regs *ret_params,
		       const char **ret_why) _must_check_;
/*
 * The kernel writes a breakpoint wherever it is told. In the midst of an instruction the program
 * would crash, or go on with something else: -ERANGE.
 */
int skep_uprobe_check_place(struct skep_uprobe_search *s, const struct skep_world_symbol *function,
			    uint64_t inside) _must_check_;
/*
 * Go's functions: a probe at each return instruction, under the one name. 1: done; 0: another
 * language's.
 */
int skep_uprobe_add_returns(struct skep_uprobe_search *s, const struct skep_world_symbol *function,
			    const char *name) _must_check_;
/* Tells what add_returns left out: of a pattern a warning, of one function an error. */
int skep_uprobe_tell_left_out(struct skep_uprobe_search *s) _must_check_;

/* uprobe_search.c */
int skep_uprobe_by_name(struct skep_uprobe_search *s, const char *binary,
			const char *function) _must_check_;
/* Tells that there is no such binary, with what the world @said; the result of the search. */
int skep_uprobe_no_binary(struct skep_uprobe_search *s, const char *binary, int error,
			  const struct skep_diag *said) _must_check_;

/* uprobe_address.c */
int skep_uprobe_by_address(struct skep_uprobe_search *s, const char *binary,
			   const char *text) _must_check_;
/* BINARY@FILE:LINE[:COLUMN]; @at is the '@' of part 1. */
int skep_uprobe_by_line(struct skep_uprobe_search *s, const char *at) _must_check_;
