/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The user-space half of the unwinder (obj/unwind.h): tables of binaries and areas of processes, put into the maps of a
 * running plan.
 *
 *	/proc/PID/maps ─► areas ─────────────────────────► trie
 *	               └► binary ─► .eh_frame ─► blocks ─► an array map ─► tables, binaries
 *
 * A binary's table is made once, when the first process is seen that has it mapped, or ahead of that (preload). At most
 * SKEP_UNWIND_TABLES - 1 tables of together TABLES_BYTES_MAX bytes; what comes later is walked by frame pointers, and programs
 * count it. Of processes at most SKEP_WHO_PROCS_MAX have areas; the one that was seen longest ago makes room.
 *
 *	r = skep_tables_new(engine, loaded, maps, usyms, &tables);
 *	skep_tables_preload(tables, "/usr/bin/app");
 *	skep_tables_process(tables, pid);	// its mappings were just read
 */
#pragma once

#include "obj/engine.h"
#include "obj/unwind.h"
#include "who/usyms.h"

struct skep_tables;

/* Everything is borrowed. */
int skep_tables_new(const struct skep_engine *engine, struct skep_loaded *loaded,
		    const struct skep_unwind_maps *maps, struct skep_usyms *usyms,
		    struct skep_tables **ret_tables) _must_check_;
void skep_tables_free(struct skep_tables *tables);

/* Programs may find the file by themselves. What cannot be read is left out. */
void skep_tables_preload(struct skep_tables *tables, const char *path);
/* The end of preloading, behind which all tables are known: when everything is attached, and before the maps are closed. */
void skep_tables_settle(struct skep_tables *tables);
/* Brings the areas of a process to where its mappings are, as usyms has them. */
void skep_tables_process(struct skep_tables *tables, uint32_t pid);

/* Cuts a range of addresses into aligned powers of two: the first piece of [start, end). Exposed for tests. */
uint64_t skep_tables_piece(uint64_t start, uint64_t end);
