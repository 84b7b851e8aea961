/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects name functions of binaries (SEC("uprobe//usr/bin/bash:readline")), and the kernel wants places in the file.
 * Scripts have theirs looked up before (live), with patterns, source lines and all; here it is names of symbols only.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "obj/elf_sym.h"
#include "sys/explain.h"
#include "sys/file.h"
#include "sys/kernel_priv.h"

static int find_offset(const void *data, size_t size, const struct skep_spec_attach *a,
		       struct skep_attach_target *t, struct skep_diag *diag)
{
	_cleanup_(skep_elf_freep)
	struct skep_elf *elf = NULL;
	struct skep_elf_sym sym;
	const char *near;
	uint64_t offset;
	int r = skep_elf_parse(data, size, t->name, diag, &elf);

	if (r < 0)
		return r;
	r = skep_elf_find(elf, t->symbol, SKEP_ELF_FUNC, &sym);
	if (r == 0)
		r = skep_elf_file_offset(elf, sym.value, &offset);
	if (r < 0) {
		skep_diag_error(diag, a->loc, "there is no function %s in %s", t->symbol, t->name);
		near = skep_elf_nearest(elf, t->symbol);
		if (near)
			skep_diag_hint(diag, "did you mean %s?", near);
		return r;
	}
	t->offset += offset;
	t->by_symbol = false;
	return 0;
}

static int find_one(const struct skep_spec_attach *a, struct skep_attach_target *t,
		    struct skep_diag *diag)
{
	_cleanup_close_ int fd = skep_file_open_own(AT_FDCWD, t->name, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *data;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0) {
		r = -errno;
		skep_diag_error(diag, a->loc, "cannot read %s: %s", t->name, skep_explain_errno(r));
		return r;
	}
	data = mmap(NULL, MAX((size_t)st.st_size, (size_t)1), PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return -errno;
	r = find_offset(data, (size_t)st.st_size, a, t, diag);
	munmap(data, MAX((size_t)st.st_size, (size_t)1));
	return r;
}

int skep_attach_find_symbols(const struct skep_spec_attach *a, struct skep_diag *diag,
			     struct skep_spec_attach *ret_attach,
			     struct skep_attach_target **ret_targets)
{
	_cleanup_free_ struct skep_attach_target *targets = NULL;
	bool wanted = false;

	*ret_attach = *a;
	*ret_targets = NULL;
	for (size_t i = 0; i < a->n_targets; i++)
		wanted |= a->targets[i].by_symbol;
	if (!wanted)
		return 0;
	targets = calloc(a->n_targets, sizeof(*targets));
	if (!targets)
		return -ENOMEM;
	for (size_t i = 0; i < a->n_targets; i++) {
		targets[i] = a->targets[i];
		if (targets[i].by_symbol) {
			int r = find_one(a, &targets[i], diag);

			if (r < 0)
				return r;
		}
	}
	ret_attach->targets = *ret_targets = TAKE_PTR(targets);
	return 0;
}
