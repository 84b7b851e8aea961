/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel counts over a program and all functions that it calls. The stack: all frames of a
 * chain have 512 bytes together, each rounded up, and chains are 8 functions long at most. Maps: 64.
 * Callbacks count as calls.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "gen/ir.h"

#define MAX_FRAMES 8
#define MAX_MAPS 64
#define FRAME_UNIT 32 /* what kernels round a frame up to; newer ones round less */

struct chain {
	struct skep_gen *gen;
	const struct skep_spec_prog *progs;
	unsigned *bytes;  /* by function: of the deepest chain from it on; 0: not known yet */
	unsigned *height; /* by function: frames of the longest chain from it on */
	unsigned frames[MAX_FRAMES]; /* the functions on the way here */
	bool *has_map;		     /* of the program that is looked at, by map */
	bool *seen;		     /* its functions */
	struct skep_diag *diag;
};

static int refuse(struct chain *c, const char *what, const char *hint)
{
	const struct skep_fn *fn = c->gen->fns[c->frames[0]];

	skep_diag_error(c->diag, fn->proto.loc, "'%s' %s", fn->proto.name, what);
	skep_diag_hint(c->diag, "%s", hint);
	return -E2BIG;
}

/*
 * Bytes of stack that function @index needs with all it calls. The depth of recursion is that of
 * the kernel.
 */
static int deepest(struct chain *c, unsigned index, unsigned level)
{
	const struct skep_spec_prog *prog = &c->progs[index];
	unsigned below = 0, height = 0;

	if (level + MAX(c->height[index], 1u) > MAX_FRAMES)
		return refuse(c, "calls functions more than 8 deep, or in a circle",
			      "the kernel does not run that: make the functions fewer or flatter");
	if (c->bytes[index])
		return (int)c->bytes[index];
	c->frames[level] = index;
	for (size_t i = 0; i < prog->n_relocs; i++) {
		int r;

		if (prog->relocs[i].kind != SKEP_RELOC_FUNC)
			continue;
		r = deepest(c, prog->relocs[i].index, level + 1);
		if (r < 0)
			return r;
		below = MAX(below, (unsigned)r);
		height = MAX(height, c->height[prog->relocs[i].index]);
	}
	c->height[index] = height + 1;
	c->bytes[index] = ALIGN_UP(MAX(c->gen->fns[index]->stack, 1u), FRAME_UNIT) + below;
	return (int)c->bytes[index];
}

static unsigned count_maps(struct chain *c, unsigned index)
{
	const struct skep_spec_prog *prog = &c->progs[index];
	unsigned n = 0;

	if (c->seen[index])
		return 0;
	c->seen[index] = true;
	for (size_t i = 0; i < prog->n_relocs; i++) {
		const struct skep_reloc *reloc = &prog->relocs[i];

		if (reloc->kind == SKEP_RELOC_FUNC)
			n += count_maps(c, reloc->index);
		if ((reloc->kind != SKEP_RELOC_MAP && reloc->kind != SKEP_RELOC_MAP_VALUE) ||
		    c->has_map[reloc->index])
			continue;
		c->has_map[reloc->index] = true;
		n++;
	}
	return n;
}

static int check_maps(struct chain *c, unsigned index)
{
	char what[80];
	unsigned n;

	memset(c->seen, 0, c->gen->n_fns * sizeof(*c->seen));
	memset(c->has_map, 0, c->gen->n_maps * sizeof(*c->has_map));
	n = count_maps(c, index);
	if (n <= MAX_MAPS)
		return 0;
	c->frames[0] = index;
	snprintf(what, sizeof(what), "works with %u maps, and the kernel allows %d in a program", n,
		 MAX_MAPS);
	return refuse(
		c, what,
		"one map with a key in place of many: @m[\"reads\"]++, @m[\"writes\"]++; or several "
		"probes of the same name with a part of the work each");
}

int ir_check_calls(struct skep_gen *gen, const struct skep_spec_prog *progs, struct skep_diag *diag)
{
	struct chain c = { .gen = gen, .progs = progs, .diag = diag };
	int r, ret = 0;

	c.bytes = skep_arena_calloc(gen->arena, gen->n_fns, sizeof(*c.bytes));
	c.has_map = skep_arena_calloc(gen->arena, gen->n_maps, sizeof(*c.has_map));
	c.seen = skep_arena_calloc(gen->arena, gen->n_fns, sizeof(*c.seen));
	c.height = skep_arena_calloc(gen->arena, gen->n_fns, sizeof(*c.height));
	for (unsigned i = 0; i < gen->n_fns; i++) {
		if (!progs[i].type)
			continue;
		r = deepest(&c, i, 0);
		if (r > SKEP_GEN_STACK_MAX) {
			c.frames[0] = i;
			r = refuse(
				&c,
				"needs more than 512 bytes of stack with the functions it calls",
				"make strings and buffers smaller, or move work out of callbacks");
		}
		if (r >= 0)
			r = check_maps(&c, i);
		if (r < 0)
			ret = r;
	}
	return ret;
}
