/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The world of a script that is compiled for other machines: what it answers is true of all of them, or is asked again of
 * the machine that runs the script (fit.h).
 *
 *	features	those of Linux 6.1, whatever this machine has; which of them the script relies on is noted
 *	types, formats	of this machine; what the script relies on of them is noted (need.h)
 *	functions	every name is taken; a pattern stands for what it finds on the other machine
 *	lines, places	likewise: interfaces, cgroups, lines of a source file
 *	static probes	of this machine's binaries, when the code reads arguments: it is made for where they are kept
 *	all else	is not known
 */
#pragma once

#include "lang/need.h"
#include "lang/world.h"

#define SKEP_PORTABLE_CPUS 64 /* unless this machine has more, or the user says so */

struct skep_portable {
	struct skep_world world;
	const struct skep_world *under; /* this machine's */
	struct skep_needs *needs;
};

/* @cpus: the machines that run it have at most as many. */
void skep_portable_init(struct skep_portable *portable, const struct skep_world *under,
			struct skep_needs *needs, unsigned cpus);
