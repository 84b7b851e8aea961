/* SPDX-License-Identifier: Apache-2.0 */
/* A machine: its configuration, maps and programs. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "isa/context.h"
#include "vm/code.h"
#include "vm/jit/jit.h"
#include "vm/maps/maps.h"
#include "vm/memory.h"

static int say(char *why, size_t size, int r, const char *format, ...) _printf_(4, 5);
static int say(char *why, size_t size, int r, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	if (why && size)
		vsnprintf(why, size, format, ap);
	va_end(ap);
	return r;
}

static void set_defaults(struct skep_vm_config *c)
{
	c->size = sizeof(*c);
	c->n_cpus = c->n_cpus ? c->n_cpus : 1;
	c->max_maps = c->max_maps ? c->max_maps : 256;
	c->max_progs = c->max_progs ? c->max_progs : 256;
	c->max_insns = c->max_insns ? c->max_insns : 1000000;
	c->memory_max = c->memory_max ? c->memory_max : 1ull << 32;
	c->max_steps = c->max_steps ? c->max_steps : 1ull << 32;
	if (c->max_steps > INT64_MAX)
		c->max_steps = INT64_MAX;
	c->env.time_ns = c->env.time_ns ? c->env.time_ns : 1000000000;
	c->env.time_step_ns = c->env.time_step_ns ? c->env.time_step_ns : 1000;
	c->env.pid = c->env.pid ? c->env.pid : 1;
	c->env.tgid = c->env.tgid ? c->env.tgid : c->env.pid;
	c->env.ns_pid = c->env.ns_pid ? c->env.ns_pid : c->env.pid;
	c->env.ns_tgid = c->env.ns_tgid ? c->env.ns_tgid : c->env.tgid;
	c->env.cgroup_id = c->env.cgroup_id ? c->env.cgroup_id : 1;
	if (!c->env.comm[0])
		memcpy(c->env.comm, "skep", 5);
}

int skep_vm_new(const struct skep_vm_config *config, struct skep_vm **ret_vm)
{
	struct skep_vm *vm;

	if (config && (config->size > sizeof(*config) || config->n_cpus > 4096))
		return -EINVAL;
	if (config && config->jit && !vm_jit_here())
		return -EOPNOTSUPP;
	vm = calloc(1, sizeof(*vm));
	if (!vm)
		return -ENOMEM;
	if (config)
		memcpy(&vm->config, config, config->size ? config->size : sizeof(*config));
	set_defaults(&vm->config);
	vm->maps = calloc(vm->config.max_maps, sizeof(*vm->maps));
	vm->progs = calloc(vm->config.max_progs, sizeof(struct vm_prog *));
	if (!vm->maps || !vm->progs) {
		skep_vm_free(vm);
		return -ENOMEM;
	}
	*ret_vm = vm;
	return 0;
}

static void free_prog(struct vm_prog *prog)
{
	if (!prog)
		return;
	vm_jit_free(prog);
	free(prog->insns);
	free(prog->ops);
	free(prog->funcs);
	free(prog);
}

void skep_vm_free(struct skep_vm *vm)
{
	if (!vm)
		return;
	for (uint32_t i = 0; i < vm->n_progs; i++)
		free_prog(vm->progs[i]);
	for (uint32_t i = 0; i < vm->n_maps; i++)
		vm->maps[i].ops->fini(&vm->maps[i]);
	free(vm->areas);
	free(vm->progs);
	free(vm->maps);
	free(vm);
}

struct skep_vm_env *skep_vm_env(struct skep_vm *vm)
{
	return &vm->config.env;
}

static bool fits(uint32_t offset, uint32_t size, uint32_t align, uint32_t value_size)
{
	return offset == 0 ||
	       ((offset - 1) % align == 0 && value_size >= size && offset - 1 <= value_size - size);
}

/* What stands behind the map, or NULL and why there is none. */
static const struct vm_map_ops *choose_ops(const struct skep_vm *vm,
					   const struct skep_vm_map_def *def, char *why,
					   size_t why_size)
{
	const struct vm_map_ops *ops =
		def->backing ? vm_backed_ops(def) : vm_map_ops_find(def->kind);
	const struct skep_map_kind *kind = skep_map_kind_find(def->kind);

	if (!ops) {
		(void)say(why, why_size, 0,
			  def->backing ? "maps of kind %u cannot be elsewhere"
				       : "this machine has no maps of kind %u",
			  def->kind);
	} else if (def->backing && def->timer_off) {
		(void)say(why, why_size, 0, "a map that is elsewhere cannot have timers here");
		return NULL;
	} else if (def->backing && kind->traits & SKEP_TRAIT_PER_CPU &&
		   def->backing->n_cpus != vm->config.n_cpus) {
		(void)say(why, why_size, 0,
			  "it has values for %u CPUs where it is, and the machine has %u",
			  def->backing->n_cpus, vm->config.n_cpus);
		return NULL;
	}
	return ops;
}

int skep_vm_add_map(struct skep_vm *vm, const struct skep_vm_map_def *wanted, char *why,
		    size_t why_size, uint32_t *ret_map)
{
	struct skep_vm_map_def copy = *wanted, *def = &copy;
	const struct vm_map_ops *ops;
	const char *text = "";
	struct skep_vm_map *map;
	int r;

	if (vm->n_maps == vm->config.max_maps)
		return say(why, why_size, -ENOSPC, "the machine has its %u maps already",
			   vm->config.max_maps);
	r = skep_map_kind_check(def->kind, def->key_size, def->value_size, def->max_entries,
				def->flags, &text);
	if (r < 0)
		return say(why, why_size, r, "%s", text);
	if (!def->backing && vm->config.backing)
		def->backing = vm->config.backing(vm->config.backing_data, wanted);
	ops = choose_ops(vm, def, why, why_size);
	if (!ops)
		return -EINVAL;
	if (!fits(def->timer_off, 16, 8, def->value_size) ||
	    !fits(def->lock_off, 4, 4, def->value_size))
		return say(why, why_size, -EINVAL, "the timer or lock lies outside of the value");
	map = &vm->maps[vm->n_maps];
	*map = (struct skep_vm_map){
		.ops = ops,
		.kind = skep_map_kind_find(def->kind),
		.vm = vm,
		.index = vm->n_maps,
		.key_size = def->key_size,
		.value_size = def->value_size,
		.max_entries = def->max_entries,
		.flags = def->flags,
		.extra = def->extra,
		.timer_off = def->timer_off,
		.lock_off = def->lock_off,
		.n_cpus = 1,
	};
	snprintf(map->name, sizeof(map->name), "%s", def->name ? def->name : map->kind->name);
	r = ops->init(map, def);
	if (r == 0)
		r = vm_area_add(vm, map);
	if (r < 0) {
		ops->fini(map);
		map->ops = NULL;
		return say(why, why_size, r, "map %s cannot be made: %s", map->name,
			   r == -ENOSPC
				   ? "the machine's maps would need more memory than it may have"
				   : strerror(-r));
	}
	vm->n_backed += def->backing != NULL;
	*ret_map = vm->n_maps++;
	return 0;
}

static bool is_packet_kind(uint32_t kind)
{
	const struct skep_context *context = skep_context_find(kind);

	for (size_t i = 0; context && i < context->n_fields; i++)
		if (context->fields[i].kind == SKEP_CTX_PACKET)
			return true;
	return kind == SKEP_PROG_SOCKET_FILTER;
}

/* Looked up once: every run of the program asks for it. */
static void keep_context(struct vm_prog *prog)
{
	const struct skep_context *context = skep_context_find(prog->kind);

	prog->context = context;
	prog->has_packet = is_packet_kind(prog->kind);
	for (size_t i = 0; context && i < context->n_fields; i++) {
		const struct skep_ctx_field *f = &context->fields[i];
		bool pointer = f->kind == SKEP_CTX_PACKET || f->kind == SKEP_CTX_PACKET_END ||
			       f->kind == SKEP_CTX_PACKET_META;
		bool length = !pointer && f->size == 4 && strcmp(f->name, "len") == 0;

		if ((pointer || length) && prog->n_packet_fields < VM_PACKET_FIELDS_MAX)
			prog->packet_fields[prog->n_packet_fields++] =
				(struct vm_packet_field){ f->offset, f->size,
							  length ? SKEP_CTX_SCALAR : f->kind };
	}
}

int skep_vm_add_prog(struct skep_vm *vm, const struct skep_vm_prog_def *def, char *why,
		     size_t why_size, uint32_t *ret_prog)
{
	struct vm_prog *prog;
	int r;

	if (vm->n_progs == vm->config.max_progs)
		return say(why, why_size, -ENOSPC, "the machine has its %u programs already",
			   vm->config.max_progs);
	if (def->kind && !skep_prog_kind_find(def->kind))
		return say(why, why_size, -EINVAL, "there is no kind of program %u", def->kind);
	if (def->n_insns == 0)
		return say(why, why_size, -EINVAL, "the program is empty");
	if (def->n_insns > vm->config.max_insns)
		return say(why, why_size, -E2BIG, "the program has more than %u instructions",
			   vm->config.max_insns);
	prog = calloc(1, sizeof(*prog));
	if (!prog)
		return -ENOMEM;
	prog->vm = vm;
	prog->index = vm->n_progs;
	prog->kind = def->kind;
	prog->attach_type = def->attach_type;
	prog->n_insns = def->n_insns;
	keep_context(prog);
	snprintf(prog->name, sizeof(prog->name), "%s", def->name ? def->name : "program");
	prog->insns = calloc(def->n_insns, sizeof(*prog->insns));
	r = prog->insns ? 0 : -ENOMEM;
	if (r == 0) {
		memcpy(prog->insns, def->insns, def->n_insns * sizeof(*prog->insns));
		r = vm_decode(vm, prog, why, why_size);
		if (r == 0 && vm->config.jit)
			r = vm_jit_compile(prog, why, why_size);
	}
	if (r < 0) {
		free_prog(prog);
		return r == -ENOMEM ? say(why, why_size, r, "no memory") : r;
	}
	vm->progs[vm->n_progs] = prog;
	*ret_prog = vm->n_progs++;
	return 0;
}

/* Maps from the outside. */

static int map_of(struct skep_vm *vm, uint32_t index, struct skep_vm_map **ret_map)
{
	if (index >= vm->n_maps)
		return -EINVAL;
	*ret_map = &vm->maps[index];
	return 0;
}

int skep_vm_map_get(struct skep_vm *vm, uint32_t map, const void *key, void *ret_value)
{
	struct skep_vm_map *m;
	const void *value;
	int r = map_of(vm, map, &m);

	if (r < 0)
		return r;
	if (m->ops->get)
		return m->ops->get(m, key, ret_value);
	if (!m->ops->lookup)
		return -EOPNOTSUPP;
	value = m->ops->lookup(m, 0, key);
	if (!value)
		return -ENOENT;
	memcpy(ret_value, value, m->value_size);
	return 0;
}

int skep_vm_map_set(struct skep_vm *vm, uint32_t map, const void *key, const void *value,
		    uint64_t flags)
{
	struct skep_vm_map *m;
	int r = map_of(vm, map, &m);

	if (r < 0)
		return r;
	if (m->ops->set)
		return m->ops->set(m, key, value, flags);
	return m->ops->update ? m->ops->update(m, 0, key, value, flags) : -EOPNOTSUPP;
}

int skep_vm_map_delete(struct skep_vm *vm, uint32_t map, const void *key)
{
	struct skep_vm_map *m;
	int r = map_of(vm, map, &m);

	if (r < 0)
		return r;
	return m->ops->remove ? m->ops->remove(m, key) : -EOPNOTSUPP;
}

int skep_vm_map_next(struct skep_vm *vm, uint32_t map, const void *key, void *ret_key)
{
	struct skep_vm_map *m;
	int r = map_of(vm, map, &m);

	if (r < 0)
		return r;
	return m->ops->next ? m->ops->next(m, key, ret_key) : -EOPNOTSUPP;
}

int skep_vm_map_take(struct skep_vm *vm, uint32_t map, const void *key, void *ret_value)
{
	struct skep_vm_map *m;
	int r = map_of(vm, map, &m);

	if (r < 0)
		return r;
	if (m->ops->pop)
		return m->ops->pop(m, ret_value);
	if (!(m->kind->traits & SKEP_TRAIT_KEYED))
		return -EOPNOTSUPP;
	r = skep_vm_map_get(vm, map, key, ret_value);
	return r < 0 ? r : skep_vm_map_delete(vm, map, key);
}

int skep_vm_map_memory(struct skep_vm *vm, uint32_t map, void **ret_memory, size_t *ret_size)
{
	struct skep_vm_map *m;
	int r = map_of(vm, map, &m);

	if (r < 0)
		return r;
	if (m->kind->id != SKEP_MAP_ARRAY || vm_is_backed(m))
		return -EOPNOTSUPP;
	*ret_memory = m->values;
	*ret_size = (size_t)m->n_values * m->stride;
	return 0;
}

int skep_vm_ring_drain(struct skep_vm *vm, uint32_t map,
		       int (*record)(void *data, uint32_t cpu, const void *bytes, size_t size),
		       void *data)
{
	struct skep_vm_map *m;
	int r = map_of(vm, map, &m);

	if (r < 0)
		return r;
	return m->ops->drain ? m->ops->drain(m, record, data) : -EOPNOTSUPP;
}

uint64_t skep_vm_ring_drops(const struct skep_vm *vm, uint32_t map)
{
	const struct skep_vm_map *m = map < vm->n_maps ? &vm->maps[map] : NULL;

	return m && m->ops->drops ? m->ops->drops(m) : 0;
}

int skep_vm_ring_send(struct skep_vm *vm, uint32_t map, const void *bytes, size_t size)
{
	struct skep_vm_map *m;
	int r = map_of(vm, map, &m);

	if (r < 0)
		return r;
	return m->kind->id == SKEP_MAP_USER_RINGBUF ? vm_user_ring_send(m, bytes, size)
						    : -EOPNOTSUPP;
}
