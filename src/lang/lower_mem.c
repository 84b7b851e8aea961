/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lowering, memory: where objects live: on the stack, in scratch memory of the CPU, in maps of constants.
 */
#include "lang/lower.h"

#include <string.h>

#include "isa/helper.h"
#include "lang/lower_priv.h"

uint32_t skep_lower_stripes(const struct skep_lower *l)
{
	return skep_compiler_stripes(l->c);
}

/*
 * The address of this CPU's stripe. The mask is what proves to the verifier that the access stays inside; it changes
 * nothing, since the number of stripes is a power of two not below the number of CPUs.
 */
struct skep_val *skep_lower_stripe(struct skep_lower *l, unsigned map, uint32_t off,
				   uint32_t stripe_size)
{
	struct skep_val *cpu =
		skep_ir_call(l->fn, SKEP_HELPER_GET_SMP_PROCESSOR_ID, SKEP_CALL_PURE, 0);
	struct skep_val *base = skep_ir_map_value(l->fn, map, off);

	cpu = skep_ir_opi(l->fn, SKEP_OP_AND, cpu, skep_lower_stripes(l) - 1);
	cpu = skep_ir_opi(l->fn, SKEP_OP_MUL, cpu, stripe_size);
	return skep_ir_op(l->fn, SKEP_OP_ADD, base, cpu);
}

/*
 * Scratch memory is one array map value: for each object of each program a row of stripes, one a CPU. A program is never
 * entered twice at once on a CPU (the kernel counts such a run as missed), so an object has one user at a time.
 */
struct skep_val *skep_lower_lasting(struct skep_lower *l, uint32_t size)
{
	uint32_t stripe = ALIGN_UP(size, 64u), at;
	struct skep_spec_map *map;

	if (l->c->scratch_map < 0)
		l->c->scratch_map = (int)skep_gen_map(l->gen, &(struct skep_spec_map){
								      .name = "scratch",
								      .type = SKEP_MAP_ARRAY,
								      .key_size = 4,
								      .max_entries = 1,
							      });
	map = skep_gen_map_at(l->gen, (unsigned)l->c->scratch_map);
	at = map->value_size;
	map->value_size += stripe * skep_lower_stripes(l);
	return skep_lower_stripe(l, (unsigned)l->c->scratch_map, at, stripe);
}

struct skep_val *skep_lower_object(struct skep_lower *l, uint32_t size, const char *name,
				   int *ret_off)
{
	*ret_off = 0;
	if (size <= SKEP_STACK_OBJECT_MAX)
		return skep_ir_slot(l->fn, MAX(size, 1u), name);
	return skep_lower_lasting(l, size);
}

/* A read-only map of constants: string literals and tables. Equal contents share bytes. */
static struct skep_val *rodata_at(struct skep_lower *l, size_t at)
{
	struct skep_compiler *c = l->c;

	if (c->rodata_map < 0)
		c->rodata_map = (int)skep_gen_map(l->gen, &(struct skep_spec_map){
								  .name = "rodata",
								  .type = SKEP_MAP_ARRAY,
								  .key_size = 4,
								  .max_entries = 1,
								  .flags = SKEP_MAP_RDONLY_PROG,
								  .read_only = true,
							  });
	return skep_ir_map_value(l->fn, (unsigned)c->rodata_map, (unsigned)at);
}

struct skep_val *skep_lower_literal(struct skep_lower *l, const char *text, size_t len)
{
	struct skep_str *rodata = &l->c->rodata;
	size_t at = 0;

	for (; at + len + 1 <= rodata->len; at++)
		if (memcmp(rodata->data + at, text, len) == 0 && !rodata->data[at + len])
			break;
	if (at + len + 1 > rodata->len) {
		at = rodata->len;
		skep_str_addn(rodata, text, len);
		skep_str_addc(rodata, '\0');
	}
	return rodata_at(l, at);
}

struct skep_val *skep_lower_table(struct skep_lower *l, const void *data, size_t size)
{
	struct skep_str *rodata = &l->c->rodata;
	size_t at = 0;

	for (; at + size <= rodata->len; at += 8)
		if (memcmp(rodata->data + at, data, size) == 0)
			return rodata_at(l, at);
	while (rodata->len % 8)
		skep_str_addc(rodata, '\0');
	at = rodata->len;
	skep_str_addn(rodata, data, size);
	return rodata_at(l, at);
}

struct skep_val *skep_lower_zeroes(struct skep_lower *l, uint32_t size)
{
	struct skep_compiler *c = l->c;
	struct skep_spec_map *map;

	if (c->zero_map < 0)
		c->zero_map = (int)skep_gen_map(l->gen, &(struct skep_spec_map){
								.name = "zero",
								.type = SKEP_MAP_ARRAY,
								.key_size = 4,
								.max_entries = 1,
								.flags = SKEP_MAP_RDONLY_PROG,
								.read_only = true,
							});
	map = skep_gen_map_at(l->gen, (unsigned)c->zero_map);
	map->value_size = MAX(map->value_size, ALIGN_UP(size, 8u));
	return skep_ir_map_value(l->fn, (unsigned)c->zero_map, 0);
}

struct skep_val *skep_lower_at(struct skep_lower *l, struct skep_val *addr, int off)
{
	return off ? skep_ir_opi(l->fn, SKEP_OP_ADD, addr, (uint64_t)(int64_t)off) : addr;
}

void skep_lower_clear(struct skep_lower *l, struct skep_val *addr, int off, uint32_t size)
{
	if (size <= SKEP_COPY_INLINE_MAX) {
		skep_ir_zero(l->fn, addr, off, size);
		return;
	}
	/* A read that cannot succeed clears its target: the kernel's memset, in one call. */
	skep_ir_call(l->fn, SKEP_HELPER_PROBE_READ_KERNEL, 0, 3, skep_lower_at(l, addr, off),
		     skep_ir_const(l->fn, size), skep_ir_const(l->fn, 0));
}

void skep_lower_loss(struct skep_lower *l, enum skep_loss_cause cause)
{
	struct skep_compiler *c = l->c;
	struct skep_spec_map *map;
	uint32_t at = (l->prog * SKEP_LOSS_MAX + cause) * 8;

	skep_ir_cold(skep_ir_here(l->fn));
	if (c->loss_map < 0)
		c->loss_map = (int)skep_gen_map(l->gen, &(struct skep_spec_map){
								.name = "loss",
								.type = SKEP_MAP_ARRAY,
								.key_size = 4,
								.max_entries = 1,
							});
	map = skep_gen_map_at(l->gen, (unsigned)c->loss_map);
	map->value_size = MAX(map->value_size, (l->prog + 1) * SKEP_LOSS_MAX * 8);
	skep_ir_atomic_add(l->fn, skep_ir_map_value(l->fn, (unsigned)c->loss_map, at), 0, 8,
			   skep_ir_const(l->fn, 1));
}

struct skep_val *skep_lower_global(struct skep_lower *l, uint32_t offset, unsigned size)
{
	struct skep_compiler *c = l->c;

	if (c->globals_map < 0)
		c->globals_map = (int)skep_gen_map(
			l->gen, &(struct skep_spec_map){
					.name = "globals",
					.type = SKEP_MAP_ARRAY,
					.key_size = 4,
					.value_size = sizeof(struct skep_plan_globals),
					.max_entries = 1,
					.flags = SKEP_MAP_RDONLY_PROG,
					.read_only = true,
				});
	return skep_ir_load(l->fn, skep_ir_map_value(l->fn, (unsigned)c->globals_map, 0),
			    (int)offset, size, SKEP_LOAD_PURE);
}
