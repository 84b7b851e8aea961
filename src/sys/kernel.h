/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel engine: loads a spec into the running kernel, attaches it, reads it (obj/engine.h says
 * what each function promises).
 *
 *	const struct skep_engine *engine = skep_kernel_engine();
 *	r = engine->load(engine, spec, &options, diag, &loaded);
 *	r = engine->attach(loaded, i, diag);
 *	r = engine->ring_drain(loaded, ring_map, &sink);
 *	engine->close(loaded);
 *
 * What is where: load.c makes maps and programs, attach.c and its siblings make links, ring.c and
 * maps.c read, detach.c takes links away. Everything that a loaded spec holds is a descriptor of
 * this process: when it dies, however it dies, the kernel removes all of it. Only maps that an object wants kept
 * stay, under /sys/fs/bpf, and are met there again.
 *
 * attach() returns how many targets it attached: with optional targets that may be less than asked
 * for, even 0, and each one left out is a warning in the diag.
 *
 * Misses: a kernel before 6.7 does not count runs that it skipped for kprobes, uprobes and perf
 * tracepoints, and no kernel counts them for sampling events; prog_misses then says -EOPNOTSUPP,
 * never 0.
 */
#pragma once

#include "obj/engine.h"

const struct skep_engine *skep_kernel_engine(void);

/* Borrowed descriptors of a spec loaded by this engine, -1 when there is no such thing. */
int skep_kernel_map_fd(const struct skep_loaded *loaded, size_t map);
int skep_kernel_prog_fd(const struct skep_loaded *loaded, size_t prog);
/*
 * Opens the rings of a perf event array, @pages (a power of two) for each CPU; ring_drain and ring_fd know them then. Before
 * programs are attached, for what they write earlier is lost. -EINVAL: no such map, or open already.
 */
int skep_kernel_perf_open(struct skep_loaded *loaded, size_t map, unsigned pages) _must_check_;
/* Records of it that found no room. */
uint64_t skep_kernel_perf_lost(const struct skep_loaded *loaded, size_t map);
/* How many links are open, for cost reports. */
size_t skep_kernel_n_links(const struct skep_loaded *loaded);
