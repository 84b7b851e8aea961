/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs that take the place of a function of another one (freplace): which program that is, and which function, has to
 * be known when they are loaded. The section names the function, where it is attached names the program.
 */
#include <errno.h>

#include "isa/progkind.h"
#include "sys/explain.h"
#include "sys/image.h"
#include "sys/load_priv.h"
#include "sys/named.h"

/* The program that its record names; NULL: none is named. */
static const char *place_of(const struct skep_spec *spec, size_t prog)
{
	for (size_t i = 0; i < spec->n_attaches; i++) {
		const struct skep_spec_attach *a = &spec->attaches[i];

		if (a->prog == prog && a->kind == SKEP_ATTACH_REPLACE && a->n_targets)
			return a->targets[0].name;
	}
	return NULL;
}

static int find_function(const struct load *l, struct skep_spec_prog *p, int fd, const char *name)
{
	_cleanup_(skep_btf_freep)
	struct skep_btf *btf = NULL;
	struct skep_image image;
	int r = skep_image_read(fd, l->arena, &image);

	if (r == 0 && !image.btf)
		r = -ENODATA;
	if (r == 0)
		r = skep_btf_parse(image.btf, image.btf_size, NULL, NULL, NULL, &btf);
	if (r < 0) {
		skep_diag_error(l->diag, p->loc, "program '%s' cannot replace a function of %s: %s",
				p->name, name,
				r == -ENODATA ? "it was loaded without types"
					      : skep_explain_errno(r));
		return r;
	}
	r = skep_btf_find(btf, p->attach_btf_name, SKEP_BTF_FUNC, &p->attach_btf_id);
	if (r < 0) {
		const char *near = skep_btf_nearest(btf, p->attach_btf_name, SKEP_BTF_FUNC);

		skep_diag_error(l->diag, p->loc,
				"program '%s' replaces %s, and %s has no such function", p->name,
				p->attach_btf_name, name);
		skep_diag_hint(l->diag,
			       near ? "did you mean SEC(\"freplace/%s\")?"
				    : "only functions that are not static have a name there%s",
			       near ? near : "");
	}
	return r;
}

int skep_load_replaced(struct load *l, size_t index, struct skep_spec_prog *p, int *ret_fd)
{
	const char *name = place_of(l->loaded->spec, index);
	_cleanup_close_ int fd = -1;
	int r;

	if (p->type != SKEP_PROG_EXT || p->attach_prog_id)
		return 0;
	if (!name || !p->attach_btf_name) {
		skep_diag_error(l->diag, p->loc,
				"program '%s' replaces a function of another program, and nothing "
				"says %s",
				p->name, name ? "which function" : "of which program");
		skep_diag_hint(l->diag, name ? "SEC(\"freplace/FUNCTION\")"
					     : "--at PROGRAM=id:7, its pin, or its name");
		return -EDESTADDRREQ;
	}
	fd = skep_named_prog(name, l->diag);
	r = fd < 0 ? fd : find_function(l, p, fd, name);
	if (r < 0)
		return r;
	*ret_fd = TAKE_FD(fd);
	return 0;
}
