/* SPDX-License-Identifier: Apache-2.0 */
/* Scripts: compiled for this kernel, or where that cannot be, as for other machines. */
#include <errno.h>
#include <string.h>

#include "isa/progkind.h"
#include "lang/compile.h"
#include "live/import.h"
#include "live/world.h"
#include "obj/section.h"
#include "sys/kallsyms.h"
#include "sys/vmlinux.h"
#include "workbench/input_priv.h"

#define PARAMS_MAX 64

/* What the program is verified against, or is to be attached to if that is one thing; NULL: neither is said by a section. */
static const char *target_of(const struct skep_spec_prog *p, const struct skep_spec_attach *a,
			     const struct skep_section_row *row)
{
	unsigned kind;

	if (row->traits & SKEP_SECTION_TYPED)
		return p->attach_btf_name && !p->attach_prog_id && !p->attach_module
			       ? p->attach_btf_name +
					 strlen(skep_section_btf_prefix(row->attach_type, &kind))
			       : NULL;
	switch (row->attach) {
	case SKEP_ATTACH_RAW_TP:
	case SKEP_ATTACH_TP:
	case SKEP_ATTACH_KPROBE:
	case SKEP_ATTACH_KRETPROBE:
		return a->n_targets == 1 && !a->targets[0].offset ? a->targets[0].name : NULL;
	default:
		return NULL;
	}
}

/* Gives the programs of a script sections as those of objects have, so that they can become one. */
static void name_sections(struct skep_spec *spec, struct skep_arena *arena)
{
	spec->progs = skep_arena_memdup(arena, spec->progs, spec->n_progs * sizeof(*spec->progs));
	for (size_t i = 0; i < spec->n_attaches; i++) {
		const struct skep_spec_attach *a = &spec->attaches[i];
		struct skep_spec_prog *p = &spec->progs[a->prog];
		const struct skep_section_row *row;
		const char *target;

		for (size_t k = 0; !p->section && (row = skep_section_row(k)); k++) {
			if (row->prog != p->type || row->attach_type != p->attach_type ||
			    row->attach != a->kind || row->traits & SKEP_SECTION_NO_LOAD ||
			    !!(row->traits & SKEP_SECTION_SLEEPABLE) != p->sleepable)
				continue;
			target = target_of(p, a, row);
			p->section = target ? skep_arena_printf(arena, "%s/%s", row->name, target)
					    : row->name;
		}
	}
}

/* One compilation; what it says goes to @diag. */
struct job {
	struct skep_arena *arena;
	const struct skep_world *world;
	const char *data;
	size_t size;
	struct skep_compile_options options;
};

static int compile_as(struct job *job, bool portable, struct skep_diag *diag,
		      struct skep_plan **ret_plan)
{
	job->options.portable = portable;
	return skep_compile(job->arena, job->world, job->data, job->size, &job->options, diag,
			    ret_plan);
}

/*
 * Where a script asks for what this machine has not, or what we may not see, it is compiled as for other machines; if that
 * does not help either, the first refusal is the one that is told. With another kernel's types it is the other way round.
 */
static int compile(struct job *job, bool is_foreign, struct skep_diag *diag,
		   struct skep_plan **ret_plan)
{
	size_t before = diag->n_items;
	struct skep_diag again = {
		.source_name = diag->source_name,
		.source_text = diag->source_text,
		.source_len = diag->source_len,
	};
	int r = compile_as(job, is_foreign, diag, ret_plan), r2;

	if (r == 0)
		return 0;
	r2 = compile_as(job, !is_foreign, &again, ret_plan);
	if (r2 == 0) {
		skep_diag_soften(diag, before);
		skep_diag_add(diag, SKEP_DIAG_NOTE, SKEP_NO_LOC,
			      is_foreign ? "%s is read as what runs on this machine"
					 : "%s is read as what runs on other machines (skep trace "
					   "--compile)",
			      diag->source_name);
		r = 0;
	} else if (r == -ENOTSUP && r2 != -ENOTSUP && !before) {
		/* What this machine has not hides what no machine has. */
		struct skep_diag first = *diag;

		*diag = again;
		again = first;
	}
	skep_diag_fini(&again);
	return r;
}

/* What such a script takes for granted of its kernel is what this one has: nothing is left to be fitted. */
static void settle(struct skep_spec *spec)
{
	for (size_t i = 0; i < spec->n_progs; i++) {
		struct skep_spec_prog *p = &spec->progs[i];
		size_t n = 0;

		for (size_t k = 0; k < p->n_relocs; k++)
			if (p->relocs[k].kind != SKEP_RELOC_NEED)
				p->relocs[n++] = p->relocs[k];
		p->n_relocs = n;
	}
	spec->n_needs = 0;
}

/* --- names ---------------------------------------------------------------------------------------------------- */

struct wanted {
	const char *name;
	bool found;
};

static int look_at_symbol(void *data, const struct skep_ksym *symbol)
{
	struct wanted *w = data;

	w->found = skep_streq(symbol->name, w->name);
	return w->found;
}

/* For other machines every name of a function is taken: one that is a slip should not pass for safe in silence. */
static void tell_unknown(const struct skep_plan *plan, const struct skep_btf *btf, bool is_foreign,
			 struct skep_diag *diag)
{
	for (size_t i = 0; btf && i < plan->spec->n_attaches; i++) {
		const struct skep_spec_attach *a = &plan->spec->attaches[i];

		if (a->kind != SKEP_ATTACH_KPROBE && a->kind != SKEP_ATTACH_KRETPROBE)
			continue;
		for (size_t k = 0; k < a->n_targets; k++) {
			struct wanted w = { a->targets[k].name, false };
			const char *near;
			uint32_t id;

			if (!w.name || strpbrk(w.name, "*:+") ||
			    skep_btf_find(btf, w.name, SKEP_BTF_FUNC, &id) == 0)
				continue;
			if (!is_foreign)
				(void)!skep_kallsyms_each(look_at_symbol, &w);
			if (w.found)
				continue;
			skep_diag_warn(diag, SKEP_NO_LOC, "the kernel has no function '%s'",
				       w.name);
			near = skep_btf_nearest(btf, w.name, SKEP_BTF_FUNC);
			if (near)
				skep_diag_hint(diag, "did you mean %s?", near);
		}
	}
}

/* --- parameters --------------------------------------------------------------------------------------------- */

static const char *next_line(const char *at)
{
	at = strchr(at, '\n');
	return at ? at + 1 : NULL;
}

/*
 * "//   interval=1   seconds between two reports" in the head of a tool (trace/tool.h): the value behind "=", or NULL when the
 * term has none; false: the line is something else.
 */
static bool read_term(const char *line, struct skep_arena *arena, const char **ret_preset)
{
	const char *end, *equals;

	if (strncmp(line, "//   ", 5) != 0 || line[5] == ' ' || line[5] == '\n')
		return false;
	line += 5;
	end = line + strcspn(line, "\n");
	for (const char *p = line; p < end; p++)
		if (p[0] == ' ' && p[1] == ' ')
			end = p;
	equals = memchr(line, '=', (size_t)(end - line));
	*ret_preset =
		equals ? skep_arena_strndup(arena, equals + 1, (size_t)(end - equals - 1)) : NULL;
	return true;
}

/* Appends what the head says of parameters that are not given, from the @skip-th on. */
static void add_presets(const char *text, size_t skip, struct skep_arena *arena,
			const char **params, size_t *n)
{
	bool arguments = false, options = false;

	for (const char *line = text; line && strncmp(line, "//", 2) == 0; line = next_line(line)) {
		const char *preset;

		if (read_term(line, arena, &preset)) {
			if (arguments ? false : !options || !preset)
				continue;
			if (skip) {
				skip--;
				continue;
			}
			if (!preset || *n == PARAMS_MAX)
				return;
			params[(*n)++] = preset;
		} else if (strncmp(line, "// ", 3) == 0 && line[3] != ' ') {
			arguments = skep_has_prefix(line, "// arguments:\n");
			options = skep_has_prefix(line, "// options:\n");
		}
	}
}

static void give_params(const struct skep_input_options *given, const char *text,
			struct skep_arena *arena, struct skep_compile_options *options)
{
	const char **params = skep_arena_calloc(arena, PARAMS_MAX, sizeof(*params));
	size_t n = 0, positional = 0;

	for (; n < given->n_params && n < PARAMS_MAX; n++) {
		params[n] = given->params[n];
		positional += !skep_has_prefix(params[n], "--");
	}
	add_presets(text, positional, arena, params, &n);
	options->params = params;
	options->n_params = n;
}

/* --- the whole ---------------------------------------------------------------------------------------------- */

int skep_input_read_bt(const char *path, const char *data, size_t size,
		       const struct skep_input_options *given, struct skep_arena *arena,
		       struct skep_diag *diag, struct skep_input *source)
{
	_cleanup_(skep_world_freep)
	struct skep_kernel_world *world = NULL;
	const struct skep_btf *here = NULL;
	bool is_foreign =
		skep_vmlinux_btf(NULL, &here) < 0 ? given->kernel != NULL : given->kernel != here;
	_cleanup_(skep_str_fini)
	struct skep_str help = {};
	struct job job = {
		.arena = arena,
		.data = data,
		.size = size,
		.options = {
			.source_name = source->name,
			.has_cpid = true,
			.unsafe = true,
			.import = skep_live_import,
			.import_data = skep_arena_strdup(arena, path),
			.help = &help,
		},
	};
	struct skep_plan *plan;
	int r;

	source->kind = SKEP_INPUT_SCRIPT;
	diag->source_name = source->name;
	diag->source_text = data;
	diag->source_len = size;
	give_params(given, data, arena, &job.options);
	r = skep_world_new(diag, &world);
	if (r < 0)
		return r;
	skep_world_read_types(world, is_foreign ? given->kernel : NULL, diag);
	job.world = skep_world_get(world);
	r = compile(&job, is_foreign, diag, &plan);
	if (r < 0)
		return r;
	source->spec = *plan->spec;
	source->plan = plan;
	tell_unknown(plan, job.world->btf, is_foreign, diag);
	if (plan->portable)
		settle(&source->spec);
	name_sections(&source->spec, arena);
	return 0;
}

int skep_input_read_script(const char *name, const char *text,
			   const struct skep_input_options *options, struct skep_arena *arena,
			   struct skep_diag *diag, struct skep_input *ret_source)
{
	struct skep_input source = { .name = name };
	int r = skep_input_read_bt(name, text, strlen(text), options, arena, diag, &source);

	if (r == 0)
		*ret_source = source;
	return r;
}
