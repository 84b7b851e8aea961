/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Engine: what can load a spec and run it. `sys` fills it in with the live kernel, `vm` with our own machine.
 *
 *	r = engine->load(engine, spec, options, diag, &loaded);
 *	r = engine->attach(loaded, i, diag);            // attaches[i] of the spec
 *	r = engine->run(loaded, prog, NULL, 0, &ret);   // SKEP_ATTACH_USER programs
 *	r = engine->map_get(loaded, map, key, value);
 *	engine->close(loaded);                          // detaches everything
 *
 * Map values of per-CPU kinds are arrays of n_cpus() values, each rounded up to 8 bytes.
 */
#pragma once

#include "obj/spec.h"

struct skep_loaded; /* a spec inside an engine; each engine has its own */

struct skep_load_options {
	bool verifier_log; /* ask for the whole log even when the load succeeds */
	/*
	 * Of the kernel engine: by map, a descriptor of one that is there already and is taken over with what it holds, when it
	 * has the shape that the spec wants (else a new one is made, with a warning); -1: none. Borrowed. NULL: none at all.
	 */
	const int *map_fds;
	size_t *refused; /* set to the program that the kernel's verifier rejected, when that is why it failed; or NULL */
};

/* Called for each record of a ring; the bytes live only during the call. Negative return stops the drain. */
struct skep_ring_sink {
	int (*record)(void *data, const void *bytes, size_t len);
	void *data;
};

struct skep_engine {
	const char *name; /* "kernel", "interpreter", "jit" */

	/*
	 * Makes the maps and loads every program. On a refusal the diag holds the reason in a sentence at the
	 * source place of the instruction, the raw log behind it. -EPERM, -EACCES, -EINVAL, -ENOMEM...
	 */
	int (*load)(const struct skep_engine *engine, const struct skep_spec *spec,
		    const struct skep_load_options *options, struct skep_diag *diag,
		    struct skep_loaded **ret_loaded) _must_check_;

	/* Attaches all targets of attaches[index]. Nothing stays attached of a record that fails. */
	int (*attach)(struct skep_loaded *loaded, size_t index,
		      struct skep_diag *diag) _must_check_;

	/* Detaches one program from all that it is attached to. */
	void (*detach_prog)(struct skep_loaded *loaded, size_t prog);

	/* Runs a program once in this thread with the given context; *ret_value is what it returned. */
	int (*run)(struct skep_loaded *loaded, size_t prog, const void *ctx, size_t ctx_size,
		   uint32_t *ret_value) _must_check_;

	/* Runs a program of kind XDP @n times on an empty frame: nanoseconds of one run. NULL: the engine cannot. */
	int (*run_many)(struct skep_loaded *loaded, size_t prog, uint32_t n,
			uint32_t *ret_ns) _must_check_;

	/*
	 * Lets an attached ITER program visit some more objects: 1, or 0 when it has seen all of them.
	 * The next call would begin anew. Empty the rings between two calls.
	 */
	int (*iter_step)(struct skep_loaded *loaded, size_t prog) _must_check_;

	/* -ENOENT: no such key. */
	int (*map_get)(struct skep_loaded *loaded, size_t map, const void *key,
		       void *ret_value) _must_check_;
	/* @flags: BPF_ANY, BPF_NOEXIST, BPF_EXIST (0, 1, 2). */
	int (*map_set)(struct skep_loaded *loaded, size_t map, const void *key, const void *value,
		       uint64_t flags) _must_check_;
	int (*map_delete)(struct skep_loaded *loaded, size_t map, const void *key) _must_check_;
	/* Both at once: nothing that is added meanwhile is in neither. An error other than -ENOENT: it cannot. NULL: never. */
	int (*map_take)(struct skep_loaded *loaded, size_t map, const void *key,
			void *ret_value) _must_check_;
	/* The key after @key (NULL: the first). -ENOENT at the end. */
	int (*map_next)(struct skep_loaded *loaded, size_t map, const void *key,
			void *ret_key) _must_check_;
	/* Memory of an array map's values that both sides see, or -EOPNOTSUPP. Lives until close. */
	int (*map_mmap)(struct skep_loaded *loaded, size_t map, void **ret_memory,
			size_t *ret_size) _must_check_;

	/* Hands every record that is ready in ring buffer map @map to @sink; returns how many. */
	int (*ring_drain)(struct skep_loaded *loaded, size_t map,
			  const struct skep_ring_sink *sink) _must_check_;
	/* A descriptor that polls readable when a ring has records. Borrowed. */
	int (*ring_fd)(struct skep_loaded *loaded);

	/* How often the kernel could not run program @prog; -EOPNOTSUPP where the kernel does not count it. */
	int (*prog_misses)(struct skep_loaded *loaded, size_t prog,
			   uint64_t *ret_misses) _must_check_;
	/* Time spent in the program and runs, when statistics are on. */
	int (*prog_stats)(struct skep_loaded *loaded, size_t prog, uint64_t *ret_runs,
			  uint64_t *ret_time_ns) _must_check_;

	/* Detaches everything (slow links in parallel). Programs and maps stay readable until close. */
	void (*detach)(struct skep_loaded *loaded);
	void (*close)(struct skep_loaded *loaded); /* accepts NULL */

	unsigned (*n_cpus)(
		const struct skep_engine *engine); /* possible CPUs: values of a per-CPU map */
};
