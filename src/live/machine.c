/* SPDX-License-Identifier: Apache-2.0 */
#include "live/machine.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "isa/mapkind.h"
#include "vm/engine.h"

/* A map that the kernel has. */
struct behind {
	const struct skep_machine *machine;
	size_t map;
	const char *
		name; /* by whose address the machine tells it from others; NULL: it has this map itself */
};

struct skep_machine {
	struct skep_arena *arena;
	const struct skep_plan *plan;
	const struct skep_engine *kernel;
	struct skep_loaded *kernel_loaded;
	struct skep_spec spec; /* with only what the machine runs */
	struct behind *behind; /* by map */
	struct skep_vm_map_backing backing;
	struct skep_loaded *loaded; /* in the machine */
};

/* --- maps that are the kernel's ------------------------------------------------------------------ */

static int get(void *data, const void *key, void *ret_value)
{
	const struct behind *b = data;

	return b->machine->kernel->map_get(b->machine->kernel_loaded, b->map, key, ret_value);
}

static int set(void *data, const void *key, const void *value, uint64_t flags)
{
	const struct behind *b = data;

	return b->machine->kernel->map_set(b->machine->kernel_loaded, b->map, key, value, flags);
}

static int drop(void *data, const void *key)
{
	const struct behind *b = data;

	return b->machine->kernel->map_delete(b->machine->kernel_loaded, b->map, key);
}

static int next(void *data, const void *key, void *ret_key)
{
	const struct behind *b = data;

	return b->machine->kernel->map_next(b->machine->kernel_loaded, b->map, key, ret_key);
}

static const struct skep_vm_map_backing *backing(void *data, const struct skep_vm_map_def *def)
{
	struct skep_machine *m = data;

	for (size_t i = 0; i < m->spec.n_maps; i++) {
		if (m->behind[i].name != def->name)
			continue;
		m->backing = (struct skep_vm_map_backing){
			.data = &m->behind[i],
			.n_cpus = m->kernel->n_cpus(m->kernel),
			.get = get,
			.set = set,
			.remove = drop,
			.next = next,
		};
		return &m->backing;
	}
	return NULL;
}

/* --- what is loaded ------------------------------------------------------------------------------ */

static bool runs_here(const struct skep_plan *plan, size_t prog)
{
	for (size_t i = 0; i < plan->n_user_probes; i++)
		if (plan->user_probes[i].by_machine && plan->user_probes[i].prog == prog)
			return true;
	return false;
}

static bool has_own(const struct skep_machine *m, size_t prog)
{
	return m->spec.progs[prog].type == 0 || !m->spec.progs[prog].is_off;
}

/* Functions of the script, which have no type, stay: whose they are is not looked into. */
static void choose_programs(struct skep_machine *m)
{
	const struct skep_spec *from = m->plan->spec;

	m->spec.progs =
		skep_arena_memdup(m->arena, from->progs, from->n_progs * sizeof(*from->progs));
	for (size_t i = 0; i < from->n_progs; i++)
		m->spec.progs[i].is_off = !runs_here(m->plan, i);
}

static void link_map(struct skep_machine *m, int map)
{
	if (map < 0)
		return;
	m->behind[map] = (struct behind){
		.machine = m,
		.map = (size_t)map,
		.name = skep_arena_strdup(m->arena, m->plan->spec->maps[map].name),
	};
	m->spec.maps[map].name = m->behind[map].name;
}

/* Of maps that nobody here uses, some of which are large, only their place is left. */
static void choose_maps(struct skep_machine *m)
{
	const struct skep_plan *plan = m->plan;
	const struct skep_spec *from = plan->spec;
	bool *used = skep_arena_calloc(m->arena, from->n_maps + 1, sizeof(*used));

	m->spec.maps = skep_arena_memdup(m->arena, from->maps, from->n_maps * sizeof(*from->maps));
	m->behind = skep_arena_calloc(m->arena, from->n_maps + 1, sizeof(*m->behind));
	for (size_t i = 0; i < from->n_progs; i++)
		for (size_t k = 0; has_own(m, i) && k < from->progs[i].n_relocs; k++) {
			const struct skep_reloc *reloc = &from->progs[i].relocs[k];

			if (reloc->kind == SKEP_RELOC_MAP || reloc->kind == SKEP_RELOC_MAP_VALUE)
				used[reloc->index] = true;
		}
	for (size_t i = 0; i < from->n_maps; i++)
		if (!used[i])
			m->spec.maps[i] = (struct skep_spec_map){
				.name = from->maps[i].name,
				.type = SKEP_MAP_ARRAY,
				.key_size = 4,
				.value_size = 8,
				.max_entries = 1,
			};
	for (size_t i = 0; i < plan->n_maps; i++) {
		if (used[plan->maps[i].spec_map])
			link_map(m, (int)plan->maps[i].spec_map);
		if (plan->maps[i].short_map_plus1 && used[plan->maps[i].short_map_plus1 - 1])
			link_map(m, (int)plan->maps[i].short_map_plus1 - 1);
	}
	if (plan->loss_map >= 0 && used[plan->loss_map])
		link_map(m, plan->loss_map);
	if (plan->globals_map >= 0 && used[plan->globals_map])
		link_map(m, plan->globals_map);
}

static uint64_t now(void *data, unsigned which)
{
	static const clockid_t clocks[] = { CLOCK_MONOTONIC, CLOCK_BOOTTIME, CLOCK_MONOTONIC_COARSE,
					    CLOCK_TAI };

	return which < ARRAY_SIZE(clocks) ? skep_clock_ns(clocks[which]) : 0;
}

static void be_this_process(struct skep_vm_env *env)
{
	env->time = now;
	env->pid = env->tgid = env->ns_pid = env->ns_tgid = (uint32_t)getpid();
	env->uid = (uint32_t)getuid();
	env->gid = (uint32_t)getgid();
	(void)prctl(PR_GET_NAME, env->comm);
}

int skep_machine_open(const struct skep_plan *plan, const struct skep_engine *engine,
		      struct skep_loaded *loaded, struct skep_diag *diag,
		      struct skep_machine **ret_machine)
{
	_cleanup_(skep_machine_closep)
	struct skep_machine *m = NULL;
	struct skep_vm_config config = {
		.size = sizeof(config),
		.n_cpus = engine->n_cpus(engine),
		.backing = backing,
	};
	bool any = false;
	int r;

	for (size_t i = 0; i < plan->spec->n_progs; i++)
		any |= runs_here(plan, i);
	if (any) {
		m = calloc(1, sizeof(*m));
		if (!m)
			return -ENOMEM;
		m->arena = skep_arena_new();
		m->plan = plan;
		m->kernel = engine;
		m->kernel_loaded = loaded;
		m->spec = *plan->spec;
		m->spec.n_attaches = 0;
		choose_programs(m);
		choose_maps(m);
		config.backing_data = m;
		config.max_maps = (uint32_t)m->spec.n_maps + 1;
		config.max_progs = (uint32_t)m->spec.n_progs + 1;
		be_this_process(&config.env);
		r = skep_vm_load_spec(&m->spec, &config, diag, &m->loaded);
		if (r < 0)
			return r;
	}
	*ret_machine = TAKE_PTR(m);
	return 0;
}

void skep_machine_close(struct skep_machine *m)
{
	if (!m)
		return;
	skep_vm_engine()->close(m->loaded);
	skep_arena_free(m->arena);
	free(m);
}

int skep_machine_run(struct skep_machine *m, size_t prog, const struct skep_ring_sink *sink,
		     struct skep_diag *diag)
{
	struct skep_vm_run *run = skep_vm_loaded_run(m->loaded);
	uint32_t value;
	int r = skep_vm_engine()->run(m->loaded, prog, NULL, 0, &value), n = 0;

	if (r < 0)
		skep_diag_error(diag, m->spec.progs[prog].loc, "cannot run %s here: %s",
				m->plan->prog_names[prog],
				r == -EFAULT ? skep_vm_fault_text(run) : strerror(-r));
	if (m->plan->ring_map >= 0)
		n = skep_vm_engine()->ring_drain(m->loaded, (size_t)m->plan->ring_map, sink);
	return r < 0 ? r : MIN(n, 0);
}
