/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a function finds its parameters when it begins, as far as debugging information tells: facts, no guesses.
 *
 *	debugging information ──who──► a place for each parameter ──lang──► registers, stack slots, or why not
 *
 *	switch (places[i].in) {
 *	case SKEP_PARAM_REG:
 *		...places[i].number is DWARF's number of the register
 */
#pragma once

#include "base/macros.h"

#define SKEP_PARAMS_MAX 64 /* of one function */

enum skep_param_in {
	SKEP_PARAM_UNTOLD,   /* nothing is said of the beginning: it is where C passes it */
	SKEP_PARAM_REG,	     /* all of it in the register `number` */
	SKEP_PARAM_CONSTANT, /* it is always `number`, which nobody passes any more */
	SKEP_PARAM_GONE,     /* the compiler left it out, or lets callers pass anything */
	SKEP_PARAM_PARTS,    /* in several places, or computed from what is in them */
	SKEP_PARAM_STRANGE, /* passed in a way that C does not know: those behind cannot be counted */
};

struct skep_param_place {
	enum skep_param_in in;
	int64_t number;
};
