/* SPDX-License-Identifier: Apache-2.0 */
/* What the language asks of programs and libraries: their functions, lines, arguments, static probes. */
#include <elf.h>
#include <errno.h>
#include <string.h>

#include "live/usdt.h"
#include "live/world_priv.h"
#include "obj/returns.h"
#include "who/demangle.h"

#define RETURNS_MAX 1024 /* return instructions of one function */

int world_open_binary(struct skep_kernel_world *w, const char *path, struct skep_diag *diag,
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

/* Files of a pattern, in their order. */
struct named_files {
	struct skep_arena *arena;
	struct named_file {
		const char *path;
		struct named_file *next;
	} * first, **end;
};

static int note_file(void *data, const char *path)
{
	struct named_files *files = data;
	struct named_file *file = skep_arena_alloc(files->arena, sizeof(*file));

	file->path = path;
	*files->end = file;
	files->end = &file->next;
	return 0;
}

/* As skep_binary_find(); many probes ask for the same names. */
static int find_binary(struct skep_kernel_world *w, const char *binary, int pid,
		       struct skep_diag *diag, int (*fn)(void *data, const char *path), void *data)
{
	struct named_files *files;
	const struct named_file *file;
	int r = 0;

	if (!strchr(binary, '*') || strchr(binary, '/'))
		return skep_binary_find(w->arena, binary, pid, diag, fn, data);
	files = skep_hash_get_str(&w->named, binary);
	if (!files) {
		files = skep_arena_alloc(w->arena, sizeof(*files));
		files->arena = w->arena;
		files->end = &files->first;
		(void)!skep_binary_each(w->arena, binary, pid, &w->running, note_file, files);
		skep_hash_set_str(&w->named, skep_arena_strdup(w->arena, binary), files);
	}
	if (!files->first && diag && !diag->n_items)
		skep_binary_missing(binary, pid, diag);
	if (!files->first)
		return -ENOENT;
	for (file = files->first; file && r == 0; file = file->next)
		r = fn(data, file->path);
	return r;
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
	size_t len = strcspn(sym->name, "@");
	/* The file stays mapped as long as the world: only a name with a version needs a copy. */
	const char *name =
		sym->name[len] ? skep_arena_strndup(u->w->arena, sym->name, len) : sym->name;
	struct skep_world_symbol out = {
		.name = demangled ? skep_arena_strdup(u->w->arena, demangled) : name,
		.linkage = demangled ? name : NULL,
		.module = file->path,
		.container = file->container,
		.base = file->base,
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
	struct skep_elf_sym sym, first = { .is_local = true };
	size_t i = 0;
	int r;

	r = world_open_binary(u->w, path, u->many ? NULL : u->diag, &file);
	if (r < 0)
		return u->many ? 0 : r;
	if (!strchr(u->glob, '*')) {
		r = skep_elf_find(file->elf, u->glob, SKEP_ELF_FUNC, &sym);
		if (r < 0 && skep_binary_symbols(file) != file->elf)
			r = skep_elf_find(skep_binary_symbols(file), u->glob, SKEP_ELF_FUNC, &sym);
		if (r < 0)
			return 0;
		/* Each file of the source may have a static function of this name, also beside the global one. */
		first = sym;
		if (!first.is_local &&
		    ((r = report(u, file, &first, NULL)) != 0 || u->many ||
		     skep_elf_find(skep_binary_symbols(file), u->glob, SKEP_ELF_STATIC, &sym) < 0))
			return r;
	}
	do {
		r = skep_elf_next_func(skep_binary_symbols(file), u->glob, &i, &sym);
		if (r == 0 && (first.is_local || (sym.is_local && sym.value != first.value)))
			r = report(u, file, &sym, NULL);
	} while (r == 0);
	return r == -ENOENT ? 0 : r;
}

static int each_user_function(const struct skep_world *world, const char *binary, int pid,
			      const char *glob, struct skep_diag *diag, skep_world_symbol_fn fn,
			      void *data)
{
	struct user_search u = {
		.w = world_self(world),
		.glob = glob,
		.diag = diag,
		.fn = fn,
		.data = data,
		.many = strchr(binary, '*'),
	};

	return find_binary(u.w, binary, pid, diag, functions_of, &u);
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

	r = world_open_binary(u->w, path, u->many ? NULL : u->diag, &file);
	if (r < 0)
		return u->many ? 0 : r;
	while ((r = skep_elf_next_func(skep_binary_symbols(file), "*", &i, &sym)) == 0) {
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
		.w = world_self(world),
		.glob = wanted,
		.diag = diag,
		.fn = fn,
		.data = data,
		.many = strchr(binary, '*'),
	};

	return find_binary(u.w, binary, pid, diag, demangled_of, &u);
}

static int user_symbol(const struct skep_world *world, const char *binary, const char *name,
		       uint64_t offset, struct skep_world_symbol *ret_symbol)
{
	struct skep_binary_file *file;
	struct skep_elf_sym sym;
	uint64_t there;
	int r;

	r = world_open_binary(world_self(world), binary, NULL, &file);
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

	r = world_open_binary(u->w, path, u->diag, &file);
	if (r < 0)
		return r;
	if (skep_elf_file_offset(file->elf, u->address, &out.offset) < 0)
		return -ERANGE;
	out.module = file->path;
	out.container = file->container;
	out.base = file->base;
	if (skep_elf_find_addr(skep_binary_symbols(file), u->address, &sym) == 0) {
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
		.w = world_self(world),
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

	r = world_open_binary(u->w, path, u->many ? NULL : u->diag, &file);
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
		.w = world_self(world),
		.provider_glob = provider_glob,
		.glob = glob,
		.pid = pid,
		.diag = diag,
		.many = strchr(binary, '*'),
		.fn = fn,
		.data = data,
	};
	int r;

	if (!skep_streq(binary, "*"))
		return find_binary(u.w, binary, pid, diag, usdt_of, &u);
	r = skep_usdt_each_mapped(u.w->arena, pid, usdt_of_mapped, &u);
	if (r == -ESRCH || r == -EACCES) {
		skep_diag_error(diag, SKEP_NO_LOC, "cannot read what process %d has loaded: %s",
				pid,
				r == -ESRCH ? "there is no such process" : "permission denied");
		skep_diag_hint(diag, "give the path of the program in place of '*'");
	}
	return r;
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

	r = world_open_binary(world_self(world), function->module, NULL, &file);
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

	if (world_open_binary(world_self(world), function->module, NULL, &file) < 0 || !is_go(file))
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
	offsets = skep_arena_calloc(world_self(world)->arena, n, sizeof(*offsets));
	for (size_t i = 0; i < n; i++)
		offsets[i] = function->offset + found[i];
	*ret_offsets = offsets;
	return (int)n;
}

void world_add_user(struct skep_world *world)
{
	world->each_user_function = each_user_function;
	world->each_user_demangled = each_user_demangled;
	world->user_symbol = user_symbol;
	world->user_offset = user_offset;
	world->is_user_instruction = is_user_instruction;
	world->user_returns = user_returns;
	world->each_usdt = each_usdt;
}

void world_close_user(struct skep_kernel_world *w)
{
	struct skep_binary_file *file;

	skep_hash_fini(&w->named);
	skep_running_fini(&w->running);
	while ((file = w->binaries)) {
		w->binaries = file->next;
		skep_binary_close(file);
	}
}
