/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the .eh_frame reader: eh_frame.c (entries, rows) and eh_cfa.c (the programs in them). */
#pragma once

#include "obj/eh_frame.h"

/* Bytes that are read in order; `bad` stays set once something did not fit, and everything read since is 0. */
struct eh_reader {
	const uint8_t *p, *end;
	uint64_t vaddr; /* of p */
	bool bad;
};

/* What differs from one kind of machine to the next: numbers of registers. */
struct eh_machine {
	uint16_t elf;
	unsigned sp, fp, ra;
	bool link_register; /* the return address is in register `ra` when a function begins */
};

/* A CIE: what functions have in common. */
struct eh_cie {
	uint64_t code_align;
	int64_t data_align;
	uint64_t ra;
	uint8_t encoding; /* of addresses in its functions */
	bool is_signal;
	bool has_augmentation;
	struct eh_reader program;
};

/* Where a register of the caller is. */
enum eh_where {
	EH_SAME, /* also: nobody knows, for registers that may be lost */
	EH_UNDEFINED,
	EH_AT_CFA, /* at CFA + offset */
	EH_AT_FP,  /* at fp + 0 */
	EH_ELSEWHERE,
};

struct eh_place {
	enum eh_where where;
	int64_t off;
};

struct eh_state {
	enum skep_unwind_kind
		kind; /* of the CFA: SP, FP, PLT, SP_DEREF, FP_DEREF; NONE: cannot be said */
	int64_t off;
	bool plus_8; /* SP_DEREF */
	struct eh_place fp, ra;
};

uint64_t eh_take(struct eh_reader *r, unsigned bytes);
uint64_t eh_take_uleb(struct eh_reader *r);
int64_t eh_take_sleb(struct eh_reader *r);
/* @len bytes as a reader of their own. */
struct eh_reader eh_take_block(struct eh_reader *r, uint64_t len);
/* An address in this encoding (DW_EH_PE_*); what we cannot follow is bad. */
uint64_t eh_take_address(struct eh_reader *r, uint8_t encoding);

/*
 * Runs the CIE's program, then @program, for a function at @start. @row is told the state from each address on; at least
 * once. False: the programs cannot be followed.
 */
typedef void (*eh_row_fn)(void *data, uint64_t address, const struct eh_state *state);
bool eh_cfa_run(const struct eh_machine *m, const struct eh_cie *cie, struct eh_reader program,
		uint64_t start, eh_row_fn row, void *data);
