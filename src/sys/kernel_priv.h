/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the kernel engine share. Nobody else includes this. */
#pragma once

#include "base/arena.h"
#include "base/vec.h"
#include "obj/engine.h"
#include "sys/bpf.h"
#include "sys/perf_buffer.h"
#include "sys/ring.h"

struct kmap {
	int fd;
	uint32_t max_entries; /* as the kernel has it, which may be more than the spec asks for */
	void *memory;	      /* mapped on first use */
	size_t memory_size;
	struct skep_ring *ring;	       /* likewise */
	struct skep_perf_buffer *perf; /* once opened */
};

struct kprog {
	int fd;		       /* -1: a subprogram */
	uint32_t attach_type;  /* what it was verified for, which may be less than the spec asked */
	bool misses_uncounted; /* attached to something that skips runs without counting them */
	bool misses_in_links;  /* attached to links that have a count of their own, since 6.7 */
	int kept_misses_error; /* of links that are closed: -errno, or 0 and ... */
	uint64_t kept_misses;  /* ... what they missed */
	int iter_fd;	       /* of a visit that is not at its end, or -1 */
};

/*
 * One attachment. With a BPF link the link's descriptor is all; on old kernels the perf event
 * carries the program. A filter, a route or an element of a map stays until it is taken back.
 */
struct klink {
	int fd; /* or -1 */
	size_t prog;
	/* What no descriptor holds: called to take it back, with data that it frees; or NULL. */
	void (*undo)(void *data);
	void *data;
};

struct skep_loaded {
	const struct skep_spec *spec; /* borrowed */
	struct kmap *maps;
	struct kprog *progs;
	int btf_fd;
	int epoll_fd;	       /* -1: no rings */
	uint32_t n_usdt_specs; /* numbers given to places of USDT probes */
	struct {
		SKEP_VEC(struct klink);
	} links;
};

/* load.c */
int skep_kernel_load(const struct skep_engine *engine, const struct skep_spec *spec,
		     const struct skep_load_options *options, struct skep_diag *diag,
		     struct skep_loaded **ret_loaded) _must_check_;

/* attach.c. Whether every target of a record may be missing. */
bool skep_attach_is_optional(const struct skep_spec_attach *a);
/* Links that a failed record made are gone when it returns. */
int skep_kernel_attach(struct skep_loaded *loaded, size_t index,
		       struct skep_diag *diag) _must_check_;

/* Takes @fd over, also on failure. */
int skep_kernel_add_link(struct skep_loaded *loaded, size_t prog, int fd) _must_check_;
/* For what is taken back by @undo, which is called here already on failure. */
int skep_kernel_add_undo(struct skep_loaded *loaded, size_t prog, void (*undo)(void *data),
			 void *data) _must_check_;

/*
 * attach_trace.c, attach_probe.c, attach_perf.c, attach_net.c: each attaches one target, or all targets of a
 * record at once.
 */
int skep_attach_raw_tp(struct skep_loaded *loaded, const struct skep_spec_attach *a,
		       const struct skep_attach_target *t, struct skep_diag *diag) _must_check_;
int skep_attach_tracing(struct skep_loaded *loaded, const struct skep_spec_attach *a,
			const struct skep_attach_target *t, struct skep_diag *diag) _must_check_;
int skep_attach_tp(struct skep_loaded *loaded, const struct skep_spec_attach *a,
		   const struct skep_attach_target *t, struct skep_diag *diag) _must_check_;
int skep_attach_probe(struct skep_loaded *loaded, const struct skep_spec_attach *a,
		      const struct skep_attach_target *t, struct skep_diag *diag) _must_check_;
int skep_attach_perf(struct skep_loaded *loaded, const struct skep_spec_attach *a,
		     const struct skep_attach_target *t, struct skep_diag *diag) _must_check_;
int skep_attach_iter(struct skep_loaded *loaded, const struct skep_spec_attach *a,
		     const struct skep_attach_target *t, struct skep_diag *diag) _must_check_;
/* attach_iter.c: the engine's iter_step. */
int skep_kernel_iter_step(struct skep_loaded *loaded, size_t prog) _must_check_;
/*
 * attach_symbol.c. The record with every target that is a name of a function as a place in its binary, and every one with
 * wildcards as all that match, which are optional. What @ret_attach points to is of @a or in @arena.
 */
int skep_attach_find_symbols(const struct skep_spec_attach *a, struct skep_arena *arena,
			     struct skep_diag *diag,
			     struct skep_spec_attach *ret_attach) _must_check_;
/* The path of a binary without one: where programs and libraries are. As it is when it is nowhere. */
const char *skep_attach_find_binary(struct skep_arena *arena, const char *name);

/* One target each, of kinds whose place is in its name (obj/aim.h). */
#define SKEP_ATTACH_FN(name)                                                                 \
	int skep_attach_##name(struct skep_loaded *loaded, const struct skep_spec_attach *a, \
			       const struct skep_attach_target *t, struct skep_diag *diag)   \
		_must_check_
SKEP_ATTACH_FN(xdp); /* attach_net.c */
SKEP_ATTACH_FN(tc);
SKEP_ATTACH_FN(netkit);
SKEP_ATTACH_FN(cgroup);	   /* attach_cgroup.c */
SKEP_ATTACH_FN(netns);	   /* attach_netns.c */
SKEP_ATTACH_FN(netfilter); /* likewise */
SKEP_ATTACH_FN(socket);	   /* attach_socket.c */
SKEP_ATTACH_FN(reuseport); /* likewise */
SKEP_ATTACH_FN(sockmap);   /* attach_map.c */
SKEP_ATTACH_FN(prog_map);  /* likewise */
SKEP_ATTACH_FN(lirc);	   /* attach_other.c */
SKEP_ATTACH_FN(replace);   /* likewise */
SKEP_ATTACH_FN(once);	   /* likewise */
SKEP_ATTACH_FN(route);	   /* attach_route.c */
SKEP_ATTACH_FN(usdt);	   /* attach_usdt.c */
SKEP_ATTACH_FN(ops);	   /* ops.c */
#undef SKEP_ATTACH_FN

/* attach_cgroup.c: a descriptor of the directory; explains why there is none. */
int skep_attach_open_cgroup(const struct skep_spec_attach *a, const char *name,
			    struct skep_diag *diag) _must_check_;
/* attach_map.c: a new descriptor of a map by its name in the spec, its path or id:N; explains why there is none. */
int skep_attach_open_map(const struct skep_loaded *loaded, const struct skep_spec_attach *a,
			 const char *name, struct skep_diag *diag) _must_check_;

/* All targets of the record; returns how many. */
int skep_attach_kprobe_multi(struct skep_loaded *loaded, const struct skep_spec_attach *a,
			     struct skep_diag *diag) _must_check_;
int skep_attach_uprobe_multi(struct skep_loaded *loaded, const struct skep_spec_attach *a,
			     struct skep_diag *diag) _must_check_;

/* kernel.c: adds what the links from @from on missed to their programs, before they are closed. */
void skep_kernel_keep_misses(struct skep_loaded *loaded, size_t from);

/* detach.c: closes links from @from on. */
void skep_kernel_drop_links(struct skep_loaded *loaded, size_t from);

/* maps.c */
int skep_kernel_map_get(struct skep_loaded *loaded, size_t map, const void *key,
			void *ret_value) _must_check_;
int skep_kernel_map_set(struct skep_loaded *loaded, size_t map, const void *key, const void *value,
			uint64_t flags) _must_check_;
int skep_kernel_map_delete(struct skep_loaded *loaded, size_t map, const void *key) _must_check_;
int skep_kernel_map_take(struct skep_loaded *loaded, size_t map, const void *key,
			 void *ret_value) _must_check_;
int skep_kernel_map_next(struct skep_loaded *loaded, size_t map, const void *key,
			 void *ret_key) _must_check_;
int skep_kernel_map_mmap(struct skep_loaded *loaded, size_t map, void **ret_memory,
			 size_t *ret_size) _must_check_;
int skep_kernel_ring_drain(struct skep_loaded *loaded, size_t map,
			   const struct skep_ring_sink *sink) _must_check_;
void skep_kernel_maps_close(struct skep_loaded *loaded);
