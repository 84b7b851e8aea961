/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects name functions, also with wildcards (SEC("uprobe//usr/bin/bash:readline"), SEC("kprobe.multi/tcp_*")), and the
 * kernel wants places in files and whole names. Scripts have theirs looked up before (live), with source lines and all;
 * here it is names of symbols only.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/str.h"
#include "obj/elf_sym.h"
#include "sys/explain.h"
#include "sys/file.h"
#include "sys/kernel_priv.h"
#include "sys/tracefs.h"

#define TARGETS_MAX 65536

struct found {
	const struct skep_spec_attach *a;
	struct skep_arena *arena;
	struct skep_diag *diag;
	struct {
		SKEP_VEC(struct skep_attach_target);
	} targets;
};

static bool is_pattern(const char *text)
{
	return text && strpbrk(text, "*?[");
}

static int add(struct found *f, const struct skep_attach_target *t)
{
	if (f->targets.len == TARGETS_MAX) {
		skep_diag_error(f->diag, f->a->loc, "%s matches more than %d functions",
				f->a->probe ? f->a->probe : "the probe", TARGETS_MAX);
		return -E2BIG;
	}
	return skep_vec_push(&f->targets, *t) ? 0 : -ENOMEM;
}

/*
 * Binaries.
 */

static const char *try_dirs(struct skep_arena *arena, const char *dirs, const char *name)
{
	while (dirs && *dirs) {
		size_t len = strcspn(dirs, ":");
		const char *path = skep_arena_printf(arena, "%.*s/%s", (int)len, dirs, name);

		if (len && access(path, R_OK) == 0)
			return path;
		dirs += len + (dirs[len] == ':');
	}
	return NULL;
}

/* A name without a slash is searched where programs and libraries are; the same when it is in none of these places. */
static const char *find_binary(struct skep_arena *arena, const char *name)
{
	const char *found = NULL;

	if (strchr(name, '/'))
		return name;
	if (strstr(name, ".so")) {
		found = try_dirs(arena, getenv("LD_LIBRARY_PATH"), name);
		if (!found)
			found = try_dirs(arena,
					 "/lib/x86_64-linux-gnu:/usr/lib/x86_64-linux-gnu:"
					 "/lib/aarch64-linux-gnu:/usr/lib/aarch64-linux-gnu:"
					 "/lib64:/usr/lib64:/lib:/usr/lib",
					 name);
	}
	if (!found)
		found = try_dirs(arena, getenv("PATH"), name);
	if (!found)
		found = try_dirs(arena, "/usr/bin:/usr/sbin:/bin:/sbin", name);
	return found ? found : name;
}

static int no_function(struct found *f, const struct skep_elf *elf,
		       const struct skep_attach_target *t, int error)
{
	const char *near;

	skep_diag_error(f->diag, f->a->loc, "there is no function %s in %s", t->symbol, t->name);
	near = skep_elf_nearest(elf, t->symbol);
	if (!skep_elf_has_symbols(elf))
		skep_diag_hint(f->diag,
			       "it has no symbols at all; a place in the file does: %s:0x1234",
			       t->name);
	else if (near)
		skep_diag_hint(f->diag, "did you mean %s?", near);
	return error;
}

static int add_matching(struct found *f, const struct skep_elf *elf,
			const struct skep_attach_target *t)
{
	struct skep_elf_sym sym;
	size_t index = 0, before = f->targets.len;
	int r;

	while ((r = skep_elf_next_func(elf, t->symbol, &index, &sym)) == 0) {
		struct skep_attach_target one = *t;

		if (skep_elf_file_offset(elf, sym.value, &one.offset) < 0)
			continue;
		one.symbol = skep_arena_strdup(f->arena, sym.name);
		one.by_symbol = false;
		one.optional = true;
		r = add(f, &one);
		if (r < 0)
			return r;
	}
	if (f->targets.len > before)
		return 0;
	return no_function(f, elf, t, -ENOENT);
}

static int find_in(struct found *f, const struct skep_elf *elf, struct skep_attach_target t)
{
	struct skep_elf_sym sym;
	uint64_t offset;
	int r;

	if (is_pattern(t.symbol))
		return add_matching(f, elf, &t);
	r = skep_elf_find(elf, t.symbol, SKEP_ELF_FUNC, &sym);
	if (r == 0)
		r = skep_elf_file_offset(elf, sym.value, &offset);
	if (r < 0)
		return no_function(f, elf, &t, r);
	t.offset += offset;
	t.by_symbol = false;
	return add(f, &t);
}

static int each_binary(struct found *f, struct skep_attach_target t)
{
	_cleanup_(skep_elf_freep)
	struct skep_elf *elf = NULL;
	_cleanup_close_ int fd = -1;
	struct stat st;
	void *data;
	int r;

	t.name = find_binary(f->arena, t.name);
	if (!t.by_symbol)
		return add(f, &t);
	fd = skep_file_open_own(AT_FDCWD, t.name, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0) {
		r = -errno;
		skep_diag_error(f->diag, f->a->loc, "cannot read %s: %s", t.name,
				skep_explain_errno(r));
		return r;
	}
	data = mmap(NULL, MAX((size_t)st.st_size, (size_t)1), PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return -errno;
	r = skep_elf_parse(data, (size_t)st.st_size, t.name, f->diag, &elf);
	if (r == 0)
		r = find_in(f, elf, t);
	munmap(data, MAX((size_t)st.st_size, (size_t)1));
	return r;
}

/*
 * The kernel.
 */

struct matching {
	struct found *f;
	const struct skep_attach_target *t;
};

static int add_function(void *data, const char *module, const char *name)
{
	struct matching *m = data;
	struct skep_attach_target one = *m->t;

	one.name = skep_arena_strdup(m->f->arena, name);
	one.optional = true;
	return add(m->f, &one);
}

static int each_function(struct found *f, const struct skep_attach_target *t)
{
	struct matching m = { f, t };
	size_t before = f->targets.len;
	bool exact;
	int r;

	if (!is_pattern(t->name))
		return add(f, t);
	r = skep_tracefs_functions(NULL, t->name, add_function, &m, &exact);
	if (r < 0 || f->targets.len > before)
		return r;
	skep_diag_error(f->diag, f->a->loc, "no function of the kernel matches %s", t->name);
	skep_diag_hint(f->diag, "skep trace -l 'kprobe:PATTERN' lists what there is");
	return -ENOENT;
}

static bool wants(const struct skep_spec_attach *a, const struct skep_attach_target *t)
{
	switch (a->kind) {
	case SKEP_ATTACH_KPROBE:
	case SKEP_ATTACH_KRETPROBE:
		return is_pattern(t->name);
	case SKEP_ATTACH_UPROBE:
	case SKEP_ATTACH_URETPROBE:
		return t->by_symbol || !strchr(t->name, '/');
	default:
		return false;
	}
}

int skep_attach_find_symbols(const struct skep_spec_attach *a, struct skep_arena *arena,
			     struct skep_diag *diag, struct skep_spec_attach *ret_attach)
{
	struct found f = { .a = a, .arena = arena, .diag = diag };
	bool user = a->kind == SKEP_ATTACH_UPROBE || a->kind == SKEP_ATTACH_URETPROBE;
	bool wanted = false;
	int r = 0;

	*ret_attach = *a;
	for (size_t i = 0; i < a->n_targets && !wanted; i++)
		wanted = wants(a, &a->targets[i]);
	if (!wanted)
		return 0;
	for (size_t i = 0; i < a->n_targets && r == 0; i++)
		r = user ? each_binary(&f, a->targets[i]) : each_function(&f, &a->targets[i]);
	if (r == 0) {
		ret_attach->targets = skep_arena_memdup(arena, f.targets.data,
							f.targets.len * sizeof(*f.targets.data));
		ret_attach->n_targets = f.targets.len;
	}
	skep_vec_fini(&f.targets);
	return r;
}

const char *skep_attach_find_binary(struct skep_arena *arena, const char *name)
{
	return find_binary(arena, name);
}
