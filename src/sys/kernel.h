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

#include "obj/btf.h"
#include "obj/engine.h"

const struct skep_engine *skep_kernel_engine(void);

/* Borrowed descriptors of a spec loaded by this engine, -1 when there is no such thing. */
int skep_kernel_map_fd(const struct skep_loaded *loaded, size_t map);
int skep_kernel_prog_fd(const struct skep_loaded *loaded, size_t prog);
/*
 * Types of a map that is in the kernel, by a descriptor of it: *ret_value_type in *ret_btf, which the caller frees. -ENOENT:
 * it was made without.
 */
int skep_kernel_map_types(int fd, struct skep_btf **ret_btf, uint32_t *ret_value_type) _must_check_;
/*
 * Opens the rings of a perf event array, @pages (a power of two) for each CPU; ring_drain and ring_fd know them then. Before
 * programs are attached, for what they write earlier is lost. -EINVAL: no such map, or open already.
 */
int skep_kernel_perf_open(struct skep_loaded *loaded, size_t map, unsigned pages) _must_check_;
/* Records of it that found no room. */
uint64_t skep_kernel_perf_lost(const struct skep_loaded *loaded, size_t map);
/*
 * The descriptor of link @index, and which program it is of. -1: what is attached is held by no descriptor, and ends with
 * the session (a filter of traffic control on old kernels, for example).
 */
int skep_kernel_link_fd(const struct skep_loaded *loaded, size_t index, size_t *ret_prog);
/* A descriptor from which what an attached ITER program writes can be read, one visit of everything. -EINVAL: not attached. */
int skep_kernel_iter_open(const struct skep_loaded *loaded, size_t prog) _must_check_;
/*
 * Writes the value of a map of kind struct_ops, so that a link to it can be made or given it: *ret_fd is the map, borrowed.
 * -EOPNOTSUPP: this kernel registers such maps without links.
 */
int skep_kernel_ops_fill(const struct skep_loaded *loaded, const char *name, struct skep_diag *diag,
			 int *ret_fd) _must_check_;
/* skep_ring_full of a ring buffer; 0 for other maps. */
uint64_t skep_kernel_ring_full(const struct skep_loaded *loaded, size_t map);
/* How many links are open, for cost reports. */
size_t skep_kernel_n_links(const struct skep_loaded *loaded);
