/* SPDX-License-Identifier: Apache-2.0 */
/*
 * User symbols: an address in a process to a function.
 *
 *	/proc/PID/maps ──► mapping ──► binary (ELF symbols, one for all processes)
 *	               └─► memory without a file ──► /tmp/perf-PID.map (what JIT compilers leave there)
 *
 * The mappings of a process are kept as last seen, so names outlive it; so are those of files that it has unmapped, until
 * something else is in their place. They are read again when an address is in none of them and the process is still
 * there. A binary is opened when it is first met, and its symbols outlive the file.
 *
 *	skep_usyms_find(usyms, pid, address, &sym)
 */
#pragma once

#include "base/macros.h"

struct skep_usyms;

struct skep_usym {
	const char *name;   /* lives until the next call */
	const char *binary; /* path, or "" */
	uint64_t offset;    /* of the address in the function; without a name, in the file */
};

int skep_usyms_new(size_t max_procs, struct skep_usyms **ret_usyms) _must_check_;
void skep_usyms_free(struct skep_usyms *usyms);

/* Reads the mappings of a process now, if it is there. */
void skep_usyms_observe(struct skep_usyms *usyms, uint32_t pid);
/* False: no name is known; then *ret_sym has at least the binary, or "". */
bool skep_usyms_find(struct skep_usyms *usyms, uint32_t pid, uint64_t address,
		     struct skep_usym *ret_sym);

/* The build id of the file that is mapped at an address, and the place in that file. False: none is known. */
bool skep_usyms_build_id(struct skep_usyms *usyms, uint32_t pid, uint64_t address,
			 const uint8_t **ret_id, size_t *ret_size, uint64_t *ret_offset);

/* One line of /proc/PID/maps, in place. *ret_path is "" for memory without a file. False: not such a line. */
struct skep_mapping {
	uint64_t start, end, offset;
	uint64_t dev, inode;
	bool executable;
	const char *path;
};
bool skep_mapping_parse(char *line, struct skep_mapping *ret_mapping);
