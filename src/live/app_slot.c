/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Slots: programs that can be replaced in one step where the kernel cannot exchange the program of a link.
 *
 *	event ──► stub, attached ──► slot-NAME[0] ──► the program		(a map of programs, a tail call)
 *
 * The stub stays; what the element holds is replaced. It costs a jump for each event, some nanoseconds, and the kernel
 * counts runs of the stub instead of the program's. Only for what is kept.
 */
#include <errno.h>

#include "isa/attachtype.h"
#include "isa/insn.h"
#include "isa/progkind.h"
#include "live/app_kept.h"
#include "sys/kernel.h"

#define HELPER_TAIL_CALL 12

/* Sleepable programs have no tail calls; what a session's program returns has a meaning of its own. */
static bool wants_slot(const struct skep_spec_prog *p)
{
	if (p->sleepable || p->unsupported)
		return false;
	switch (p->type) {
	case SKEP_PROG_TRACEPOINT:
	case SKEP_PROG_RAW_TRACEPOINT:
	case SKEP_PROG_PERF_EVENT:
		return true;
	case SKEP_PROG_KPROBE:
		return p->attach_type != SKEP_AT_TRACE_KPROBE_SESSION &&
		       p->attach_type != SKEP_AT_TRACE_UPROBE_SESSION;
	case SKEP_PROG_TRACING:
		return p->attach_type == SKEP_AT_TRACE_RAW_TP ||
		       p->attach_type == SKEP_AT_TRACE_FENTRY ||
		       p->attach_type == SKEP_AT_TRACE_FEXIT;
	default:
		return false;
	}
}

static bool is_attached(const struct skep_app *app, size_t prog)
{
	for (size_t i = 0; i < app->spec.n_attaches; i++)
		if (app->spec.attaches[i].prog == prog)
			return true;
	return false;
}

static void make_stub(struct skep_app *app, const struct skep_spec_prog *p, uint32_t map,
		      struct skep_spec_prog *stub)
{
	struct skep_insn_pair slot = skep_insn_ld_map_fd(2, 0);
	struct skep_insn insns[] = {
		slot.insn[0],
		slot.insn[1],
		skep_insn_mov64_imm(3, 0),
		skep_insn_call(HELPER_TAIL_CALL),
		skep_insn_mov64_imm(0, 0),
		skep_insn_exit(),
	};
	struct skep_reloc reloc = { .kind = SKEP_RELOC_MAP, .insn = 0, .index = map };

	*stub = *p;
	stub->insns = skep_arena_memdup(app->arena, insns, sizeof(insns));
	stub->n_insns = ARRAY_SIZE(insns);
	stub->relocs = skep_arena_memdup(app->arena, &reloc, sizeof(reloc));
	stub->n_relocs = 1;
	stub->cores = NULL;
	stub->n_cores = 0;
	stub->lines = NULL;
	stub->n_lines = 0;
	stub->btf_func = 0;
}

static void add_slot(struct skep_app *app, size_t prog)
{
	struct skep_spec *spec = &app->spec;
	struct app_kept *k = app->kept;
	const struct skep_spec_prog *p = &spec->progs[prog];
	struct skep_spec_map map = {
		.name = skep_arena_printf(app->arena, "slot-%s", p->name),
		.type = SKEP_MAP_PROG_ARRAY,
		.key_size = 4,
		.value_size = 4,
		.max_entries = 1,
	};

	make_stub(app, p, (uint32_t)spec->n_maps, &spec->progs[spec->n_progs]);
	k->stubs[prog] = (uint32_t)spec->n_progs++;
	k->slots[prog] = (uint32_t)spec->n_maps;
	spec->maps[spec->n_maps++] = map;
	for (size_t i = 0; i < spec->n_attaches; i++)
		if (spec->attaches[i].prog == prog)
			spec->attaches[i].prog = k->stubs[prog];
}

/* Links that serve all targets at once stay whole. */
static bool is_one_link(const struct skep_spec_prog *p)
{
	return p->attach_type == SKEP_AT_TRACE_KPROBE_MULTI ||
	       p->attach_type == SKEP_AT_TRACE_UPROBE_MULTI ||
	       p->attach_type == SKEP_AT_TRACE_KPROBE_SESSION ||
	       p->attach_type == SKEP_AT_TRACE_UPROBE_SESSION;
}

/* A record for each target, so that each has a link and a name of its own. */
static void part_records(struct skep_app *app)
{
	struct skep_spec *spec = &app->spec;
	struct skep_spec_attach *all;
	size_t n = 0;

	for (size_t i = 0; i < spec->n_attaches; i++)
		n += MAX(spec->attaches[i].n_targets, (size_t)1);
	all = skep_arena_calloc(app->arena, n + 1, sizeof(*all));
	n = 0;
	for (size_t i = 0; i < spec->n_attaches; i++) {
		const struct skep_spec_attach *a = &spec->attaches[i];

		if (a->n_targets < 2 || is_one_link(&spec->progs[a->prog])) {
			all[n++] = *a;
			continue;
		}
		for (size_t k = 0; k < a->n_targets; k++) {
			all[n] = *a;
			all[n].targets = &a->targets[k];
			all[n++].n_targets = 1;
		}
	}
	spec->attaches = all;
	spec->n_attaches = n;
}

static void *grown(struct skep_app *app, const void *data, size_t n, size_t more, size_t size)
{
	void *all = skep_arena_calloc(app->arena, n + more, size);

	if (n)
		memcpy(all, data, n * size);
	return all;
}

void app_slots_add(struct skep_app *app)
{
	struct skep_spec *spec = &app->spec;
	struct app_kept *k = app->kept;

	part_records(app);
	k->n_progs = spec->n_progs;
	k->stubs = skep_arena_calloc(app->arena, k->n_progs + 1, sizeof(*k->stubs));
	k->slots = skep_arena_calloc(app->arena, k->n_progs + 1, sizeof(*k->slots));
	spec->progs = grown(app, spec->progs, spec->n_progs, spec->n_progs, sizeof(*spec->progs));
	spec->maps = grown(app, spec->maps, spec->n_maps, spec->n_progs, sizeof(*spec->maps));
	for (size_t i = 0; i < k->n_progs; i++)
		if (app_prog_is_on(app, i) && wants_slot(&spec->progs[i]) && is_attached(app, i))
			add_slot(app, i);
}

static int set_slot(struct skep_app *app, uint32_t map, int prog_fd)
{
	uint32_t zero = 0;

	return app->engine->map_set(app->loaded, map, &zero, &prog_fd, 0);
}

int app_slots_fill(struct skep_app *app)
{
	const struct app_kept *k = app->kept;
	int r = 0;

	for (size_t i = 0; i < k->n_progs && r == 0; i++)
		if (k->stubs[i] && k->map_fds[k->slots[i]] < 0)
			r = set_slot(app, k->slots[i], skep_kernel_prog_fd(app->loaded, i));
	if (r < 0)
		skep_diag_error(&app->diag, SKEP_NO_LOC,
				"the kernel does not let stubs jump to programs that are kept");
	return r;
}

bool app_slot_is_stub(const struct skep_app *app, size_t prog)
{
	return prog >= app->kept->n_progs;
}

/* The program behind a stub, or SIZE_MAX. */
static size_t behind(const struct app_kept *k, size_t stub)
{
	for (size_t i = 0; i < k->n_progs && stub >= k->n_progs; i++)
		if (k->stubs[i] == stub)
			return i;
	return SIZE_MAX;
}

int app_slot_exchange(struct skep_app *app, size_t stub, struct app_link *link)
{
	const struct app_kept *k = app->kept;
	size_t prog = behind(k, stub);
	int r;

	if (prog == SIZE_MAX || k->map_fds[k->slots[prog]] < 0)
		return 0;
	r = set_slot(app, k->slots[prog], skep_kernel_prog_fd(app->loaded, prog));
	if (r < 0) {
		skep_diag_error(&app->diag, SKEP_NO_LOC,
				"program '%s' cannot take the place of the one that is kept",
				app->spec.progs[prog].name);
		return r;
	}
	link->is_slot = true;
	return 1;
}

void app_slot_restore(struct skep_app *app, const struct app_link *link)
{
	size_t prog = behind(app->kept, link->prog);

	if (link->old_prog < 0 || set_slot(app, app->kept->slots[prog], link->old_prog) < 0)
		skep_diag_error(&app->diag, SKEP_NO_LOC,
				"'%s' could not be given its old program again",
				app->spec.progs[prog].name);
}
