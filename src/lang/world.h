/* SPDX-License-Identifier: Apache-2.0 */
/*
 * World: what the language can know of a machine. `live` fills it from the running kernel; a test fills it from files.
 *
 * Every function may be called with the same arguments more than once and answers the same. Texts and tables live as
 * long as the world. A function that is NULL means "this machine has none of these".
 */
#pragma once

#include "base/arena.h"
#include "obj/btf.h"
#include "obj/param.h"
#include "obj/usdt.h"

/* One found target of a probe. */
struct skep_world_symbol {
	const char *name; /* function */
	const char *
		module; /* kernel: module, or NULL for vmlinux; user: path of the binary as resolved */
	uint64_t offset;  /* user: offset in the file */
	uint64_t size;	  /* bytes of the function, 0 unknown */
	uint64_t address; /* as the symbol table gives it */
	uint64_t inside;  /* user_offset: how far behind the function's beginning the place is */
	const char *container; /* the archive that module is a member of ("x.apk"), or NULL */
	uint64_t base;	       /* and where its bytes begin there: offset counts from it */
	const char *linkage;   /* as the linker knows it, when name is demangled; else NULL */
};

/* One place of a static probe; a probe may have several. */
struct skep_world_usdt {
	const char *binary; /* path, as resolved */
	const char *provider, *name;
	uint64_t offset;    /* in the file */
	uint64_t semaphore; /* offset in the file of the counter of listeners, 0: none */
	uint64_t address;   /* of the place, as linked */
	const char *args_text;
	const struct skep_usdt_arg *args; /* n_args */
	size_t n_args;
};

/* A function of a program that runs in the kernel. */
struct skep_world_program {
	uint32_t id, type; /* of the program, the kernel's numbers */
	const char *name;
	const struct skep_btf *btf; /* of the program */
	uint32_t func;		    /* FUNC in it */
};

/* A network interface of this process's network namespace. */
struct skep_world_interface {
	const char *name;
	uint32_t index;
	bool has_frames; /* its packets have Ethernet headers; those of tunnels mostly begin with IP */
};

/* Collects names; a negative return ends the listing and is passed on. */
typedef int (*skep_world_name_fn)(void *data, const char *name);
typedef int (*skep_world_symbol_fn)(void *data, const struct skep_world_symbol *symbol);
typedef int (*skep_world_program_fn)(void *data, const struct skep_world_program *function);
typedef int (*skep_world_usdt_fn)(void *data, const struct skep_world_usdt *probe);

enum skep_world_feature {
	SKEP_WORLD_RAW_TP, /* raw tracepoints can be attached */
	SKEP_WORLD_TP_BTF, /* BTF-typed raw tracepoints can be attached */
	SKEP_WORLD_FENTRY, /* fentry and fexit can be attached */
	SKEP_WORLD_KPROBE,
	SKEP_WORLD_KPROBE_MULTI,
	SKEP_WORLD_UPROBE_MULTI,
	SKEP_WORLD_UPROBE_MULTI_PID, /* for one process, all of its threads */
	SKEP_WORLD_CURRENT_TASK_BTF, /* helper get_current_task_btf */
	SKEP_WORLD_COOKIE,	     /* helper get_attach_cookie for perf links */
	SKEP_WORLD_RAW_TP_COOKIE,    /* the same for raw tracepoints, typed ones too */
	SKEP_WORLD_LOOP,	     /* helper loop */
	SKEP_WORLD_OVERRIDE,	     /* helper override_return */
	SKEP_WORLD_WRITE_USER,	     /* helper probe_write_user */
	SKEP_WORLD_VPRINTK,	     /* helper trace_vprintk */
	SKEP_WORLD_FOR_EACH,	     /* helper for_each_map_elem */
	SKEP_WORLD_PERCPU_ELEM,	     /* helper map_lookup_percpu_elem */
	SKEP_WORLD_LSM,		     /* security hooks are asked, not only known */
	SKEP_WORLD_XDP,
	SKEP_WORLD_TC, /* links of traffic control (tcx), or filters */
	SKEP_WORLD_CGROUP,
	SKEP_WORLD_CPU_V4,	   /* instruction set version 4 */
	SKEP_WORLD_KPROBE_SESSION, /* entry and return of functions in one link */
	SKEP_WORLD_TRACEFS,	   /* it may be read: perf finds its tracepoints */
	SKEP_WORLD_FEATURE_MAX,
};

struct skep_world {
	void *data;
	unsigned n_cpus;	    /* possible CPUs */
	const struct skep_btf *btf; /* vmlinux, or NULL */
	/* Device and inode of this process's pid namespace, as stat(2) of /proc/self/ns/pid has them; 0: the first one. */
	uint64_t pid_ns_dev, pid_ns_ino;

	bool (*has)(const struct skep_world *world, enum skep_world_feature feature);
	/* User space can run BEGIN, END, interval and self itself, on the kernel's maps, where the kernel lacks a helper. */
	bool machine;
	/* "category/event" of every tracepoint whose name matches the glob. */
	int (*each_tracepoint)(const struct skep_world *world, const char *glob,
			       skep_world_name_fn fn, void *data);
	/* The text of a tracepoint's format file; -ENOENT. */
	int (*tracepoint_format)(const struct skep_world *world, const char *category,
				 const char *event, const char **ret_text);
	/*
	 * Whether the event ("category/event") was made at run time, and has its name from
	 * somebody who may have borrowed it.
	 */
	bool (*tracepoint_is_made)(const struct skep_world *world, const char *path);
	/* Kernel functions that can be probed. A pattern without '*' must not read a long list. */
	int (*each_kernel_function)(const struct skep_world *world, const char *module_glob,
				    const char *glob, skep_world_symbol_fn fn, void *data);
	/* Address of any kernel symbol; -ENOENT. */
	int (*kernel_symbol)(const struct skep_world *world, const char *name,
			     uint64_t *ret_address);
	/*
	 * Functions of a binary. @binary: path or a short library name ("libc", "libssl.so.3"); @pid: look from that process (its
	 * mount namespace), 0 from here. -ENOENT: no such binary (and @diag says what was tried); -ENOEXEC: not an ELF file.
	 * A name without '*' may be that of several static functions.
	 */
	int (*each_user_function)(const struct skep_world *world, const char *binary, int pid,
				  const char *glob, struct skep_diag *diag, skep_world_symbol_fn fn,
				  void *data);
	/*
	 * The same by demangled names: @wanted is "ns::f(int)", or "ns::f" for all of that name; '*' is any run. Functions
	 * of other languages go by their plain names.
	 */
	int (*each_user_demangled)(const struct skep_world *world, const char *binary, int pid,
				   const char *wanted, struct skep_diag *diag,
				   skep_world_symbol_fn fn, void *data);
	/* Offset in the file of a virtual address of a binary; -ERANGE. */
	int (*user_offset)(const struct skep_world *world, const char *binary, int pid,
			   uint64_t address, struct skep_diag *diag,
			   struct skep_world_symbol *ret_symbol);
	/*
	 * A function or variable of a binary: ->address. If the binary may be loaded anywhere, which is
	 * 1, ->inside is how far it is from what lies at @offset in the file. -ENOENT.
	 */
	int (*user_symbol)(const struct skep_world *world, const char *binary, const char *name,
			   uint64_t offset, struct skep_world_symbol *ret_symbol);
	/*
	 * Places of a source line, from debugging information: the first of each function that has code for it. @file: the end
	 * of its path; @column 0: any. -ENOENT without a message: no code is there, *ret_nearest is the next line that has some,
	 * or the last before it (0: none). Else the message says what is missing.
	 */
	int (*user_line)(const struct skep_world *world, const char *binary, int pid,
			 const char *file, unsigned line, unsigned column, struct skep_diag *diag,
			 skep_world_symbol_fn fn, void *data, unsigned *ret_nearest);
	/* "struct foo", "union foo", "enum foo" or a typedef, from a binary's debugging information. -ENOENT. */
	int (*user_type)(const struct skep_world *world, const char *binary, const char *name,
			 const struct skep_btf **ret_btf, uint32_t *ret_id);
	/*
	 * What a function is given, from debugging information: a FUNC_PROTO and the place of each parameter. -ENOENT: there is
	 * none of it; *ret_why is the end of "...: ". @own: only that of the binary itself, for what nobody has asked for: a
	 * file of its own is read as a whole (20 MB for libc's).
	 */
	int (*user_proto)(const struct skep_world *world, const struct skep_world_symbol *function,
			  bool own, const struct skep_btf **ret_btf, uint32_t *ret_proto,
			  const struct skep_param_place **ret_places, const char **ret_why);
	/*
	 * Whether an instruction begins @inside bytes behind the beginning of the function at
	 * @function->offset of its binary: 1 yes, 0 no, -errno: nobody can tell.
	 */
	int (*is_user_instruction)(const struct skep_world *world,
				   const struct skep_world_symbol *function, uint64_t inside);
	/*
	 * For a function of a program whose return addresses must stay where they are (Go moves its
	 * stacks): the offsets in the file of its return instructions, and how many. 0: it returns
	 * as others do. -ENOTSUP: they cannot be told; *ret_why is the end of "F: ...".
	 */
	int (*user_returns)(const struct skep_world *world,
			    const struct skep_world_symbol *function, const uint64_t **ret_offsets,
			    const char **ret_why);
	/*
	 * Static probes of a binary, in the order of its notes. @binary: as of each_user_function, and
	 * "*" with @pid: all that this process has mapped. Errors are the same.
	 */
	int (*each_usdt)(const struct skep_world *world, const char *binary, int pid,
			 const char *provider_glob, const char *glob, struct skep_diag *diag,
			 skep_world_usdt_fn fn, void *data);
	/* Functions of running programs, of all (@id 0) or one, by their names. */
	int (*each_program)(const struct skep_world *world, uint32_t id, const char *glob,
			    skep_world_program_fn fn, void *data);
	/* BTF of a loaded module by name; NULL when there is none. */
	const struct skep_btf *(*module_btf)(const struct skep_world *world, const char *module);
	/* Whether programs of this kind (the kernel's numbers) may call this helper here; isa/helper.h knows in general. */
	bool (*helper_allowed)(const struct skep_world *world, uint32_t prog_type,
			       uint32_t attach_type, int32_t helper);
	/* Whether programs of this kind (the kernel's numbers) may call this function of the kernel. */
	bool (*kfunc_allowed)(const struct skep_world *world, uint32_t prog_type,
			      uint32_t attach_type, uint32_t attach_btf_id, const char *name);
	/* -ENOENT. */
	int (*interface)(const struct skep_world *world, const char *name,
			 struct skep_world_interface *ret_interface);
	int (*each_interface)(const struct skep_world *world, const char *glob,
			      skep_world_name_fn fn, void *data);
	/* The directory of a cgroup v2 path, as the file system shows it; -ENOENT. */
	int (*cgroup_dir)(const struct skep_world *world, const char *path, const char **ret_dir);
	/* id of a cgroup v2 path; -ENOENT. */
	int (*cgroup_id)(const struct skep_world *world, const char *path, uint64_t *ret_id);
};
