/* SPDX-License-Identifier: Apache-2.0 */
#include "live/world.h"

#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/hash.h"
#include "live/binary.h"
#include "live/usdt.h"
#include "obj/returns.h"
#include "sys/cpus.h"
#include "sys/feature.h"
#include "sys/kallsyms.h"
#include "sys/progs.h"
#include "sys/tracefs.h"
#include "sys/vmlinux.h"
#include "who/cgroup.h"
#include "who/demangle.h"

#define FIRST_PID_NS 0xeffffffc /* the kernel's PROC_PID_INIT_INO */

#define RETURNS_MAX 1024 /* return instructions of one function */

struct symbol {
	uint64_t address;
	int error;
};

struct module {
	const char *name;
	struct skep_btf *btf; /* NULL: it has none */
	struct module *next;
};

struct skep_kernel_world {
	struct skep_world world;
	struct skep_arena *arena;
	struct skep_hash formats; /* "category/event" to text */
	struct skep_hash symbols; /* of the kernel, by name: struct symbol */
	struct skep_hash kfuncs;  /* kind of program and function to "yes" or "no" */
	struct skep_hash made;	  /* "category/event" of those made at run time, once read */
	int made_known;		  /* 0: not read; 1: read; -errno */
	struct module *modules;
	struct skep_progs *progs; /* NULL: nobody has asked */
	struct skep_binary_file *binaries;
};

static struct skep_kernel_world *self(const struct skep_world *world)
{
	return world->data;
}

static bool has(const struct skep_world *world, enum skep_world_feature feature)
{
	static const int features[SKEP_WORLD_FEATURE_MAX] = {
		[SKEP_WORLD_RAW_TP] = SKEP_FEATURE_RAW_TP,
		[SKEP_WORLD_TP_BTF] = SKEP_FEATURE_TP_BTF,
		[SKEP_WORLD_FENTRY] = SKEP_FEATURE_FENTRY,
		[SKEP_WORLD_KPROBE] = SKEP_FEATURE_KPROBE,
		[SKEP_WORLD_KPROBE_MULTI] = SKEP_FEATURE_KPROBE_MULTI,
		[SKEP_WORLD_UPROBE_MULTI] = SKEP_FEATURE_UPROBE_MULTI,
		[SKEP_WORLD_UPROBE_MULTI_PID] = SKEP_FEATURE_UPROBE_MULTI_PID,
		[SKEP_WORLD_CURRENT_TASK_BTF] = SKEP_FEATURE_CURRENT_TASK_BTF,
		[SKEP_WORLD_COOKIE] = SKEP_FEATURE_COOKIE,
		[SKEP_WORLD_RAW_TP_COOKIE] = SKEP_FEATURE_RAW_TP_COOKIE,
		[SKEP_WORLD_LOOP] = SKEP_FEATURE_LOOP,
		[SKEP_WORLD_OVERRIDE] = SKEP_FEATURE_OVERRIDE,
		[SKEP_WORLD_WRITE_USER] = SKEP_FEATURE_WRITE_USER,
		[SKEP_WORLD_VPRINTK] = SKEP_FEATURE_VPRINTK,
		[SKEP_WORLD_FOR_EACH] = SKEP_FEATURE_FOR_EACH,
		[SKEP_WORLD_PERCPU_ELEM] = SKEP_FEATURE_PERCPU_ELEM,
		[SKEP_WORLD_CPU_V4] = SKEP_FEATURE_CPU_V4,
	};

	return features[feature] >= 0 && skep_feature_has((enum skep_feature)features[feature]);
}

/* Tracepoints */

struct names {
	skep_world_name_fn fn;
	void *data;
};

static int one_tracepoint(void *data, const char *category, const char *name)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};
	struct names *n = data;

	skep_str_addf(&text, "%s/%s", category, name);
	return n->fn(n->data, text.data);
}

static int each_tracepoint(const struct skep_world *world, const char *glob, skep_world_name_fn fn,
			   void *data)
{
	const char *slash = strchr(glob, '/');
	struct names n = { fn, data };

	if (!slash)
		return skep_tracefs_events(glob, "*", one_tracepoint, &n);
	return skep_tracefs_events(skep_arena_strndup(self(world)->arena, glob,
						      (size_t)(slash - glob)),
				   slash + 1, one_tracepoint, &n);
}

static int tracepoint_format(const struct skep_world *world, const char *category,
			     const char *event, const char **ret_text)
{
	struct skep_kernel_world *w = self(world);
	const char *key = skep_arena_printf(w->arena, "%s/%s", category, event);
	char *text = skep_hash_get_str(&w->formats, key);
	int r;

	if (!text) {
		r = skep_tracefs_event_format(key, &text);
		if (r < 0)
			return r;
		skep_hash_set_str(&w->formats, key, skep_arena_strdup(w->arena, text));
		free(text);
		text = skep_hash_get_str(&w->formats, key);
	}
	*ret_text = text;
	return 0;
}

static int add_made(void *data, const char *event)
{
	struct skep_kernel_world *w = data;

	skep_hash_set_str(&w->made, skep_arena_strdup(w->arena, event), w);
	return 0;
}

/* Without the list every event may be one. */
static bool tracepoint_is_made(const struct skep_world *world, const char *path)
{
	struct skep_kernel_world *w = self(world);

	if (!w->made_known) {
		w->made_known = skep_tracefs_made_events(add_made, w);
		if (!w->made_known)
			w->made_known = 1;
	}
	return w->made_known < 0 || skep_has_prefix(path, "user_events/") ||
	       skep_hash_get_str(&w->made, path);
}

/* Kernel functions and symbols */

struct functions {
	skep_world_symbol_fn fn;
	void *data;
	const char *module_glob, *name;
	size_t n;
};

static int one_function(void *data, const char *module, const char *name)
{
	struct functions *f = data;
	struct skep_world_symbol sym = { .name = name, .module = module };

	f->n++;
	return f->fn(f->data, &sym);
}

/* For a name that the kernel's types do not know: in a module, or without a type. */
static int one_symbol(void *data, const struct skep_ksym *symbol)
{
	struct functions *f = data;

	if (!skep_streq(symbol->name, f->name) ||
	    !skep_glob_match(f->module_glob, symbol->module ? symbol->module : "vmlinux"))
		return 0;
	return one_function(f, symbol->module, symbol->name);
}

static int each_kernel_function(const struct skep_world *world, const char *module_glob,
				const char *glob, skep_world_symbol_fn fn, void *data)
{
	struct functions f = { fn, data, module_glob ? module_glob : "*", glob, 0 };
	uint32_t id;

	if (strchr(glob, '*'))
		return skep_tracefs_functions(module_glob, glob, one_function, &f, NULL);
	if (world->btf && skep_glob_match(f.module_glob, "vmlinux") &&
	    skep_btf_find(world->btf, glob, SKEP_BTF_FUNC, &id) == 0)
		return one_function(&f, NULL, glob);
	return skep_kallsyms_each(one_symbol, &f);
}

/* The list of symbols is long: what was asked once is kept. */
static int kernel_symbol(const struct skep_world *world, const char *name, uint64_t *ret_address)
{
	struct skep_kernel_world *w = self(world);
	struct symbol *symbol = skep_hash_get_str(&w->symbols, name);

	if (!symbol) {
		symbol = skep_arena_calloc(w->arena, 1, sizeof(*symbol));
		symbol->error = skep_kallsyms_address(name, &symbol->address);
		skep_hash_set_str(&w->symbols, skep_arena_strdup(w->arena, name), symbol);
	}
	if (symbol->error < 0)
		return symbol->error;
	*ret_address = symbol->address;
	return 0;
}

/* Read once: what is loaded later is not this script's. */
static int each_program(const struct skep_world *world, uint32_t id, const char *glob,
			skep_world_program_fn fn, void *data)
{
	struct skep_kernel_world *w = self(world);
	int r = 0;

	if (!w->progs) {
		r = skep_progs_load(&w->progs);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; r == 0 && i < skep_progs_n(w->progs); i++) {
		const struct skep_prog_function *f = skep_progs_at(w->progs, i);
		struct skep_world_program out = { f->prog_id, f->prog_type, f->name, f->btf,
						  f->func };

		if ((!id || id == f->prog_id) && skep_glob_match(glob, f->name))
			r = fn(data, &out);
	}
	return r;
}

static const struct skep_btf *module_btf(const struct skep_world *world, const char *name)
{
	struct skep_kernel_world *w = self(world);
	struct module *m;

	for (m = w->modules; m; m = m->next) {
		if (skep_streq(m->name, name))
			return m->btf;
	}
	m = skep_arena_alloc(w->arena, sizeof(*m));
	m->name = skep_arena_strdup(w->arena, name);
	if (!world->btf || skep_module_btf(name, NULL, &m->btf) < 0)
		m->btf = NULL;
	m->next = w->modules;
	w->modules = m;
	return m->btf;
}

/* User functions */

static int open_binary(struct skep_kernel_world *w, const char *path, struct skep_diag *diag,
		       struct skep_binary_file **ret_file)
{
	struct skep_binary_file *file;
	int r;

	for (file = w->binaries; file; file = file->next) {
		if (skep_streq(file->path, path)) {
			*ret_file = file;
			return 0;
		}
	}
	r = skep_binary_open(path, diag, &file);
	if (r < 0)
		return r;
	file->next = w->binaries;
	w->binaries = file;
	*ret_file = file;
	return 0;
}

struct user_search {
	struct skep_kernel_world *w;
	const char *glob;
	struct skep_diag *diag;
	skep_world_symbol_fn fn;
	void *data;
	bool many; /* files by a pattern: those that are no binaries are left out */
	uint64_t address;
	struct skep_world_symbol *ret_symbol;
};

/* @demangled: NULL when nobody asked for it. */
static int report(struct user_search *u, const struct skep_binary_file *file,
		  const struct skep_elf_sym *sym, const char *demangled)
{
	const char *name = skep_arena_strndup(u->w->arena, sym->name, strcspn(sym->name, "@"));
	struct skep_world_symbol out = {
		.name = demangled ? skep_arena_strdup(u->w->arena, demangled) : name,
		.linkage = demangled ? name : NULL,
		.module = file->path,
		.size = sym->size,
		.address = sym->value,
	};

	if (skep_elf_file_offset(file->elf, sym->value, &out.offset) < 0)
		return 0;
	return u->fn(u->data, &out);
}

static int functions_of(void *data, const char *path)
{
	struct user_search *u = data;
	struct skep_binary_file *file;
	struct skep_elf_sym sym;
	size_t i = 0;
	int r;

	r = open_binary(u->w, path, u->many ? NULL : u->diag, &file);
	if (r < 0)
		return u->many ? 0 : r;
	if (!strchr(u->glob, '*')) {
		r = skep_elf_find(file->elf, u->glob, SKEP_ELF_FUNC, &sym);
		return r < 0 ? 0 : report(u, file, &sym, NULL);
	}
	do {
		r = skep_elf_next_func(file->elf, u->glob, &i, &sym);
		if (r == 0)
			r = report(u, file, &sym, NULL);
	} while (r == 0);
	return r == -ENOENT ? 0 : r;
}

static int each_user_function(const struct skep_world *world, const char *binary, int pid,
			      const char *glob, struct skep_diag *diag, skep_world_symbol_fn fn,
			      void *data)
{
	struct user_search u = {
		.w = self(world),
		.glob = glob,
		.diag = diag,
		.fn = fn,
		.data = data,
		.many = strchr(binary, '*'),
	};

	return skep_binary_find(u.w->arena, binary, pid, diag, functions_of, &u);
}

/* All functions of a file, by what they are called when demangled. */
static int demangled_of(void *data, const char *path)
{
	_cleanup_(skep_str_fini)
	struct skep_str name = {};
	struct user_search *u = data;
	struct skep_binary_file *file;
	struct skep_elf_sym sym;
	size_t i = 0;
	int r;

	r = open_binary(u->w, path, u->many ? NULL : u->diag, &file);
	if (r < 0)
		return u->many ? 0 : r;
	while ((r = skep_elf_next_func(file->elf, "*", &i, &sym)) == 0) {
		skep_str_reset(&name);
		skep_demangle(sym.name, strcspn(sym.name, "@"), &name);
		if (!skep_demangle_match(u->glob, skep_str_text(&name)))
			continue;
		r = report(u, file, &sym, skep_str_text(&name));
		if (r != 0)
			return r;
	}
	return r == -ENOENT ? 0 : r;
}

static int each_user_demangled(const struct skep_world *world, const char *binary, int pid,
			       const char *wanted, struct skep_diag *diag, skep_world_symbol_fn fn,
			       void *data)
{
	struct user_search u = {
		.w = self(world),
		.glob = wanted,
		.diag = diag,
		.fn = fn,
		.data = data,
		.many = strchr(binary, '*'),
	};

	return skep_binary_find(u.w->arena, binary, pid, diag, demangled_of, &u);
}

static int user_symbol(const struct skep_world *world, const char *binary, const char *name,
		       uint64_t offset, struct skep_world_symbol *ret_symbol)
{
	struct skep_binary_file *file;
	struct skep_elf_sym sym;
	uint64_t there;
	int r;

	r = open_binary(self(world), binary, NULL, &file);
	if (r == 0)
		r = skep_elf_find(file->elf, name, SKEP_ELF_ANY, &sym);
	if (r < 0)
		return r;
	*ret_symbol = (struct skep_world_symbol){ .name = name, .address = sym.value };
	if (!skep_elf_is_dyn(file->elf) || skep_elf_vaddr(file->elf, offset, &there) < 0)
		return 0;
	ret_symbol->inside = sym.value - there;
	return 1;
}

static int offset_of(void *data, const char *path)
{
	struct user_search *u = data;
	struct skep_world_symbol out = { .address = u->address };
	struct skep_binary_file *file;
	struct skep_elf_sym sym;
	int r;

	r = open_binary(u->w, path, u->diag, &file);
	if (r < 0)
		return r;
	if (skep_elf_file_offset(file->elf, u->address, &out.offset) < 0)
		return -ERANGE;
	out.module = file->path;
	if (skep_elf_find_addr(file->elf, u->address, &sym) == 0) {
		out.name = skep_arena_strndup(u->w->arena, sym.name, strcspn(sym.name, "@"));
		out.size = sym.size;
		out.inside = u->address - sym.value;
	}
	*u->ret_symbol = out;
	return 0;
}

static int user_offset(const struct skep_world *world, const char *binary, int pid,
		       uint64_t address, struct skep_diag *diag,
		       struct skep_world_symbol *ret_symbol)
{
	struct user_search u = {
		.w = self(world),
		.diag = diag,
		.address = address,
		.ret_symbol = ret_symbol,
	};

	return skep_binary_find(u.w->arena, binary, pid, diag, offset_of, &u);
}

struct usdt_search {
	struct skep_kernel_world *w;
	const char *provider_glob, *glob;
	int pid;
	struct skep_diag *diag;
	bool many; /* files that are no binaries are left out */
	skep_world_usdt_fn fn;
	void *data;
};

static int usdt_of(void *data, const char *path)
{
	struct usdt_search *u = data;
	struct skep_binary_file *file;
	int r;

	r = open_binary(u->w, path, u->diag, &file);
	if (r < 0)
		return u->many ? 0 : r;
	return skep_usdt_each_in(u->w->arena, file, u->provider_glob, u->glob, u->fn, u->data);
}

/* A file that is mapped may be gone meanwhile. */
static int usdt_of_mapped(void *data, const char *path)
{
	struct usdt_search *u = data;
	int r = skep_binary_find(u->w->arena, path, u->pid, NULL, usdt_of, u);

	return r == -ENOENT ? 0 : r;
}

static int each_usdt(const struct skep_world *world, const char *binary, int pid,
		     const char *provider_glob, const char *glob, struct skep_diag *diag,
		     skep_world_usdt_fn fn, void *data)
{
	struct usdt_search u = {
		.w = self(world),
		.provider_glob = provider_glob,
		.glob = glob,
		.pid = pid,
		.diag = diag,
		.fn = fn,
		.data = data,
	};
	int r;

	if (!skep_streq(binary, "*"))
		return skep_binary_find(u.w->arena, binary, pid, diag, usdt_of, &u);
	u.many = true;
	u.diag = NULL;
	r = skep_usdt_each_mapped(u.w->arena, pid, usdt_of_mapped, &u);
	if (r == -ESRCH || r == -EACCES) {
		skep_diag_error(diag, SKEP_NO_LOC, "cannot read what process %d has loaded: %s",
				pid,
				r == -ESRCH ? "there is no such process" : "permission denied");
		skep_diag_hint(diag, "give the path of the program in place of '*'");
	}
	return r;
}

/* An answer costs a program that is loaded, so it is kept. */
static bool kfunc_allowed(const struct skep_world *world, uint32_t prog_type, uint32_t attach_type,
			  uint32_t attach_btf_id, const char *name)
{
	struct skep_kernel_world *w = self(world);
	const char *key = skep_arena_printf(w->arena, "%u %u %u %s", prog_type, attach_type,
					    attach_btf_id, name);
	const char *answer = skep_hash_get_str(&w->kfuncs, key);

	if (!answer) {
		answer = skep_kfunc_allowed(prog_type, attach_type, attach_btf_id, name) ? "yes"
											 : "no";
		skep_hash_set_str(&w->kfuncs, key, (void *)answer);
	}
	return answer[0] == 'y';
}

static int code_machine(const struct skep_binary_file *file, enum skep_code_machine *ret_machine)
{
	switch (skep_elf_machine(file->elf)) {
	case EM_X86_64:
		*ret_machine = SKEP_CODE_X86_64;
		return 0;
	case EM_AARCH64:
		*ret_machine = SKEP_CODE_FIXED_4;
		return 0;
	default:
		return -ENOTSUP;
	}
}

static int is_user_instruction(const struct skep_world *world,
			       const struct skep_world_symbol *function, uint64_t inside)
{
	struct skep_binary_file *file;
	enum skep_code_machine machine;
	uint64_t size;
	int r;

	r = open_binary(self(world), function->module, NULL, &file);
	if (r < 0)
		return r;
	r = code_machine(file, &machine);
	if (r < 0)
		return r;
	if (function->offset >= file->size)
		return -EINVAL;
	size = file->size - function->offset;
	if (function->size)
		size = MIN(size, function->size);
	return skep_code_begins(machine, (const uint8_t *)file->data + function->offset, size,
				inside);
}

static bool is_go(const struct skep_binary_file *file)
{
	const void *data;
	size_t size;

	return skep_elf_section(file->elf, ".go.buildinfo", &data, &size) == 0 ||
	       skep_elf_section(file->elf, ".note.go.buildid", &data, &size) == 0;
}

static int user_returns(const struct skep_world *world, const struct skep_world_symbol *function,
			const uint64_t **ret_offsets, const char **ret_why)
{
	uint32_t found[RETURNS_MAX];
	struct skep_binary_file *file;
	enum skep_code_machine machine;
	uint64_t *offsets;
	size_t n;
	int r;

	if (open_binary(self(world), function->module, NULL, &file) < 0 || !is_go(file))
		return 0;
	r = code_machine(file, &machine);
	if (r == 0 && (!function->size || function->offset > file->size ||
		       function->size > file->size - function->offset))
		r = -EINVAL;
	if (r == 0)
		r = skep_returns_find(machine, (const uint8_t *)file->data + function->offset,
				      function->size, found, ARRAY_SIZE(found), &n);
	if (r < 0 || n == 0) {
		*ret_why = r == -E2BIG ? "it has too many return instructions"
			   : r < 0     ? "its machine code is not understood"
				       : "it never returns, or goes on in another function";
		return -ENOTSUP;
	}
	offsets = skep_arena_calloc(self(world)->arena, n, sizeof(*offsets));
	for (size_t i = 0; i < n; i++)
		offsets[i] = function->offset + found[i];
	*ret_offsets = offsets;
	return (int)n;
}

static int cgroup_id(const struct skep_world *world, const char *path, uint64_t *ret_id)
{
	return skep_cgroup_id(path, ret_id);
}

/* The first pid namespace has the same inode on every machine. */
static void look_at_namespace(struct skep_world *world)
{
	struct stat st;

	if (stat("/proc/self/ns/pid", &st) < 0 || st.st_ino == FIRST_PID_NS)
		return;
	world->pid_ns_dev = st.st_dev;
	world->pid_ns_ino = st.st_ino;
}

int skep_world_new(struct skep_diag *diag, struct skep_kernel_world **ret_world)
{
	struct skep_kernel_world *w = calloc(1, sizeof(*w));

	if (!w)
		return -ENOMEM;
	w->arena = skep_arena_new();
	w->world = (struct skep_world){
		.data = w,
		.n_cpus = skep_cpus_possible(),
		.has = has,
		.each_tracepoint = each_tracepoint,
		.tracepoint_format = tracepoint_format,
		.tracepoint_is_made = tracepoint_is_made,
		.each_kernel_function = each_kernel_function,
		.kernel_symbol = kernel_symbol,
		.each_user_function = each_user_function,
		.each_user_demangled = each_user_demangled,
		.user_symbol = user_symbol,
		.user_offset = user_offset,
		.is_user_instruction = is_user_instruction,
		.user_returns = user_returns,
		.each_usdt = each_usdt,
		.each_program = each_program,
		.module_btf = module_btf,
		.kfunc_allowed = kfunc_allowed,
		.cgroup_id = cgroup_id,
	};
	look_at_namespace(&w->world);
	if (skep_vmlinux_btf(NULL, &w->world.btf) < 0) {
		w->world.btf = NULL;
		skep_diag_warn(diag, SKEP_NO_LOC, "this kernel does not describe its types (BTF)");
		skep_diag_hint(diag, "arguments by name work only for tracepoints");
	}
	*ret_world = w;
	return 0;
}

void skep_world_free(struct skep_kernel_world *w)
{
	struct skep_binary_file *file;

	if (!w)
		return;
	while ((file = w->binaries)) {
		w->binaries = file->next;
		skep_binary_close(file);
	}
	for (struct module *m = w->modules; m; m = m->next)
		skep_btf_free(m->btf);
	skep_progs_free(w->progs);
	skep_hash_fini(&w->formats);
	skep_hash_fini(&w->made);
	skep_hash_fini(&w->kfuncs);
	skep_hash_fini(&w->symbols);
	skep_arena_free(w->arena);
	free(w);
	skep_vmlinux_release();
}

const struct skep_world *skep_world_get(const struct skep_kernel_world *world)
{
	return &world->world;
}
