/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects: what clang and gcc make of BPF C, bytes in, spec out.
 *
 *	  a.bpf.o ─┐   sections ─► functions ─► progs[], relocs, lines
 *	  b.bpf.o ─┴─► symbols  ─► .maps, .data ─► maps[], vars[]          ─► one spec
 *	               .BTF, .BTF.ext ─► types, lines, CO-RE records
 *
 * Several files become one spec as the static linker has it: a function, a map or a variable that one file declares
 * is found in another; data sections of the same name lie one behind the other in one map.
 *
 * Nothing here asks a kernel. CO-RE records are resolved against the types of one when `target` has them; else they stay
 * open for whoever loads the spec (obj/core.h). What only a running kernel knows (addresses, numbers of functions) stays
 * a relocation by name.
 *
 * The bytes may be hostile or cut: everything is checked where it is read, and every refusal says which file,
 * section and symbol it was about. They are not needed any more when the call returns.
 *
 *	struct skep_object_file file = { "tool.bpf.o", bytes, size };
 *	struct skep_core_target target = { .kernel = btf };
 *	struct skep_object_options options = { .target = &target };
 *
 *	r = skep_object_read(&file, 1, &options, arena, diag, &spec);
 *	r = skep_kernel_engine()->load(engine, &spec, NULL, diag, &loaded);
 */
#pragma once

#include "base/str.h"
#include "obj/core.h"

#define SKEP_OBJECT_FILES_MAX 64
#define SKEP_OBJECT_SIZE_MAX (64u << 20) /* bytes of a file, and of one data map */

struct skep_object_file {
	const char *name; /* for messages */
	const void *data;
	size_t size;
};

struct skep_object_options {
	const struct skep_core_target *target; /* types to fit to; NULL: CO-RE records stay open */
	/* The kernel's configuration: lines such as CONFIG_HZ=250. NULL: not known, settings are then 0, with a warning. */
	const char *config;
	size_t config_len;
	uint32_t
		kernel_version; /* KERNEL_VERSION(6, 12, 3) as C has it, for LINUX_KERNEL_VERSION; 0: not known */
};

/* Whether the bytes are an ELF file for the BPF machine, so that a command can tell it from other inputs. */
bool skep_object_is(const void *data, size_t size);

/*
 * Everything in @ret_spec is in @arena. @options may be NULL. -EINVAL: damaged, or not such an object; -EOPNOTSUPP:
 * something that is understood and not supported; -ENOENT: a symbol that no file defines; -E2BIG: beyond a bound.
 */
int skep_object_read(const struct skep_object_file *files, size_t n_files,
		     const struct skep_object_options *options, struct skep_arena *arena,
		     struct skep_diag *diag, struct skep_spec *ret_spec) _must_check_;
/*
 * The files as one, for loaders that take one: appends an object that reads as they do together. Debugging information is not
 * kept, types are not merged. The same errors.
 */
int skep_object_link(const struct skep_object_file *files, size_t n_files, struct skep_arena *arena,
		     struct skep_diag *diag, struct skep_str *ret_bytes) _must_check_;
