/* SPDX-License-Identifier: Apache-2.0 */
#include "workbench/try.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "isa/context.h"
#include "isa/mapkind.h"
#include "isa/progkind.h"
#include "vm/engine.h"

#define ENTRIES_SHOWN 100 /* of each map */

bool skep_try_has_packet(uint32_t prog_type)
{
	switch (prog_type) {
	case SKEP_PROG_SOCKET_FILTER:
	case SKEP_PROG_SCHED_CLS:
	case SKEP_PROG_SCHED_ACT:
	case SKEP_PROG_XDP:
	case SKEP_PROG_CGROUP_SKB:
	case SKEP_PROG_LWT_IN:
	case SKEP_PROG_LWT_OUT:
	case SKEP_PROG_LWT_XMIT:
	case SKEP_PROG_LWT_SEG6LOCAL:
	case SKEP_PROG_SK_SKB:
	case SKEP_PROG_FLOW_DISSECTOR:
		return true;
	default:
		return false;
	}
}

static void print_line(void *data, const char *text, size_t len)
{
	struct skep_str *out = data;

	skep_str_add(out, "printed: ");
	skep_str_addn(out, text, len);
	if (!len || text[len - 1] != '\n')
		skep_str_addc(out, '\n');
}

static void add_bytes(const uint8_t *bytes, size_t size, struct skep_str *out)
{
	uint64_t x = 0;

	if (size == 4 || size == 8) { /* most are numbers */
		memcpy(&x, bytes, size);
		skep_str_addf(out, "%" PRIu64, x);
		return;
	}
	for (size_t i = 0; i < size; i++)
		skep_str_addf(out, "%s%02x", i && i % 8 == 0 ? " " : "", bytes[i]);
}

static int add_record(void *data, const void *bytes, size_t len)
{
	struct skep_str *out = data;

	skep_str_addf(out, "  record of %zu bytes: ", len);
	add_bytes(bytes, len, out);
	skep_str_addc(out, '\n');
	return 0;
}

static bool is_zero(const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (bytes[i])
			return false;
	return true;
}

/* One entry; of arrays those that are all zero are left out. */
static bool add_entry(const struct skep_spec_map *map, const uint8_t *key, const uint8_t *value,
		      size_t size, struct skep_str *out)
{
	const struct skep_map_kind *kind = skep_map_kind_find(map->type);

	if (kind && kind->traits & SKEP_TRAIT_INDEXED && is_zero(value, size))
		return false;
	skep_str_add(out, "  ");
	add_bytes(key, map->key_size, out);
	skep_str_add(out, ": ");
	add_bytes(value, size, out);
	skep_str_addc(out, '\n');
	return true;
}

static void add_entries(struct skep_loaded *loaded, const struct skep_spec *spec, size_t index,
			struct skep_str *out)
{
	const struct skep_engine *engine = skep_vm_engine();
	const struct skep_spec_map *map = &spec->maps[index];
	const struct skep_map_kind *kind = skep_map_kind_find(map->type);
	size_t size = map->value_size;
	_cleanup_free_ uint8_t *key = calloc(2, map->key_size + 8), *value = NULL;
	uint8_t *next_key = key ? key + map->key_size + 8 : NULL;
	unsigned shown = 0;
	bool first = true;

	if (kind && kind->traits & SKEP_TRAIT_PER_CPU)
		size = ALIGN_UP(size, 8) * engine->n_cpus(engine);
	value = calloc(1, size + 8);
	if (!key || !value)
		skep_oom();
	while (engine->map_next(loaded, index, first ? NULL : key, next_key) == 0) {
		first = false;
		memcpy(key, next_key, map->key_size);
		if (engine->map_get(loaded, index, key, value) < 0)
			continue;
		if (shown == ENTRIES_SHOWN) {
			skep_str_add(out, "  ...\n");
			break;
		}
		shown += add_entry(map, key, value, size, out);
	}
}

static void add_maps(struct skep_loaded *loaded, const struct skep_spec *spec, struct skep_str *out)
{
	for (size_t i = 0; i < spec->n_maps; i++) {
		const struct skep_spec_map *map = &spec->maps[i];
		const struct skep_map_kind *kind = skep_map_kind_find(map->type);
		struct skep_str entries = {};

		if (!kind || map->flags & SKEP_MAP_RDONLY_PROG)
			continue;
		if (kind->traits & SKEP_TRAIT_RING) {
			struct skep_ring_sink sink = { .record = add_record, .data = &entries };

			(void)!skep_vm_engine()->ring_drain(loaded, i, &sink);
		} else if (kind->traits & SKEP_TRAIT_VALUES) {
			add_entries(loaded, spec, i, &entries);
		}
		if (entries.len) {
			skep_str_addf(out, "map %s (%s):\n", map->name, kind->name);
			skep_str_addn(out, entries.data, entries.len);
		}
		skep_str_fini(&entries);
	}
}

static void add_result(const struct skep_vm_result *result, struct skep_str *out)
{
	skep_str_addf(out, "r0: %" PRIu64 " (0x%" PRIx64 ")\n", result->value, result->value);
	if (result->redirect != SKEP_VM_REDIRECT_NONE)
		skep_str_addf(out, "redirect: to %s %" PRIu64 "\n",
			      result->redirect == SKEP_VM_REDIRECT_MAP ? "element" : "interface",
			      result->target);
}

/* The instruction that did it, by its source line. */
static void add_fault(const struct skep_input *input, size_t prog, struct skep_vm_run *run,
		      struct skep_str *out)
{
	const struct skep_spec_prog *p = &input->spec.progs[prog];
	const struct skep_vm_fault *fault = skep_vm_run_fault(run);
	const struct skep_spec_line *line = NULL;

	skep_str_addf(out, "fault at instruction %u: %s\n", fault->insn, skep_vm_fault_text(run));
	for (size_t i = 0; i < p->n_lines && p->lines[i].insn <= fault->insn; i++)
		line = &p->lines[i];
	if (line && line->text)
		skep_str_addf(out, "  line %u: %s\n", line->loc.line,
			      line->text + strspn(line->text, " \t"));
}

/* Only the chosen program is loaded, with what it calls. */
static struct skep_spec only(const struct skep_spec *spec, size_t prog, struct skep_arena *arena)
{
	struct skep_spec one = *spec;

	one.n_attaches = 0;
	one.progs = skep_arena_memdup(arena, spec->progs, spec->n_progs * sizeof(*spec->progs));
	for (size_t i = 0; i < one.n_progs; i++)
		if (i != prog)
			one.progs[i].type = 0;
	one.progs[prog].is_off = false;
	return one;
}

static int run(const struct skep_input *input, size_t prog, struct skep_loaded *loaded,
	       const struct skep_try_input *with, struct skep_arena *arena, struct skep_str *out)
{
	const struct skep_context *context = skep_context_find(input->spec.progs[prog].type);
	bool has_packet = skep_try_has_packet(input->spec.progs[prog].type);
	const void *given = has_packet ? with->ctx : with->bytes;
	size_t given_size = given ? (has_packet ? with->ctx_size : with->size) : 0;
	size_t ctx_size = MAX(given_size, context ? context->size : 0);
	uint8_t *ctx = skep_arena_alloc(arena, ctx_size + 1);
	struct skep_vm_run *vm_run = skep_vm_loaded_run(loaded);
	struct skep_vm_env *env = skep_vm_run_env(vm_run);
	struct skep_vm_input vm_input = { .ctx = ctx, .ctx_size = ctx_size };
	struct skep_vm_result result;
	int r = 0;

	env->data = out;
	env->print = print_line;
	env->pid = env->tgid = with->pid;
	if (with->comm)
		strncpy(env->comm, with->comm, sizeof(env->comm) - 1);
	if (has_packet) {
		vm_input.packet = with->bytes;
		vm_input.packet_size = with->size;
	}
	for (unsigned i = 0; i < MAX(with->repeat, 1) && r == 0; i++) {
		if (given_size)
			memcpy(ctx, given, given_size);
		r = skep_vm_run_prog(vm_run, skep_vm_loaded_prog(loaded, prog), &vm_input, &result);
	}
	if (r == -EFAULT)
		add_fault(input, prog, vm_run, out);
	else if (r == 0)
		add_result(&result, out);
	return r;
}

int skep_try(const struct skep_input *input, size_t prog, const struct skep_try_input *with,
	     struct skep_diag *diag, struct skep_str *ret_text)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	struct skep_spec one = only(&input->spec, prog, arena);
	struct skep_vm_config config = { .size = sizeof(config) };
	struct skep_loaded *loaded = NULL;
	int r = skep_vm_load_spec(&one, &config, diag, &loaded);

	if (r < 0)
		return r;
	r = run(input, prog, loaded, with, arena, ret_text);
	if (r == -EINVAL)
		skep_diag_error(diag, SKEP_NO_LOC, "the input does not fit a program of kind %s",
				skep_prog_kind_find(one.progs[prog].type)->name);
	if (r == 0)
		add_maps(loaded, &one, ret_text);
	skep_vm_engine()->close(loaded);
	return r;
}
