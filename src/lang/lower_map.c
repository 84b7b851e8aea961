/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lowering, the script's maps.
 *
 *	@ = count()	striped: one array element, a stripe of it for each CPU, reached without a lookup
 *	@[k] = count()	a per-CPU hash: each CPU adds to its own value; of texts the short ones have a hash of their own
 *	@ = 5		one array element: "was set", then the value
 *	@[k] = 5	a hash
 *
 * Aggregations lose nothing: a CPU adds to its own memory, atomically where another program may cut in.
 */
#include <errno.h>

#include "lang/expr_text.h"
#include "lang/lower_priv.h"

#define UPDATE_ANY 0
#define UPDATE_NOEXIST 1
#define LARGE_MAP (1u << 20) /* bytes */

static uint32_t value_bytes(const struct skep_type *type)
{
	switch (type->kind) {
	case SKEP_TYPE_COUNT:
	case SKEP_TYPE_SUM:
		return 8;
	case SKEP_TYPE_MIN:
	case SKEP_TYPE_MAX:
	case SKEP_TYPE_AVG:
	case SKEP_TYPE_STATS:
		return 16;
	case SKEP_TYPE_HIST:
		return (uint32_t)skep_hist_buckets(type->param) * 8;
	case SKEP_TYPE_LHIST:
		return (uint32_t)((type->lhist_max - type->lhist_min) / type->lhist_step + 2) * 8;
	case SKEP_TYPE_TSERIES:
		return type->param * SKEP_SERIES_WORDS * 8;
	default:
		return type->size;
	}
}

static enum skep_snapshot_kind snapshot_kind(const struct skep_type *type)
{
	switch (type->kind) {
	case SKEP_TYPE_COUNT:
		return SKEP_SNAPSHOT_COUNT;
	case SKEP_TYPE_SUM:
		return SKEP_SNAPSHOT_SUM;
	case SKEP_TYPE_MIN:
		return SKEP_SNAPSHOT_MIN;
	case SKEP_TYPE_MAX:
		return SKEP_SNAPSHOT_MAX;
	case SKEP_TYPE_AVG:
		return SKEP_SNAPSHOT_AVG;
	case SKEP_TYPE_STATS:
		return SKEP_SNAPSHOT_STATS;
	case SKEP_TYPE_HIST:
		return SKEP_SNAPSHOT_HIST;
	case SKEP_TYPE_LHIST:
		return SKEP_SNAPSHOT_LHIST;
	case SKEP_TYPE_TSERIES:
		return SKEP_SNAPSHOT_TSERIES;
	default:
		return SKEP_SNAPSHOT_VALUE;
	}
}

/*
 * As the script first wrote it, a variable without its '$', syscall_name(...) as "syscall". What is a literal there is another
 * one elsewhere: such a part is called "key", "key2".
 */
static const char *key_name(struct skep_compiler *c, const struct skep_map_info *map, size_t n,
			    size_t i)
{
	const struct skep_expr *expr =
		map->key_exprs && map->key_exprs->len == n ? map->key_exprs->data[i] : NULL;

	if (expr && expr->kind == SKEP_EXPR_CALL && skep_has_suffix(expr->call.name, "_name"))
		return skep_arena_strndup(c->arena, expr->call.name,
					  strlen(expr->call.name) - strlen("_name"));
	if (expr && !skep_expr_is_literal(expr)) {
		const char *text = skep_expr_text(c->arena, expr);

		return text + (text[0] == '$');
	}
	return n == 1 ? "key" : skep_arena_printf(c->arena, "key%zu", i + 1);
}

/* The parts of the key. */
static void shape_keys(struct skep_compiler *c, const struct skep_map_info *map,
		       struct skep_snapshot *s)
{
	const struct skep_type *key = map->key;
	bool tuple = key->kind == SKEP_TYPE_TUPLE && !key->is_record;
	size_t n = tuple ? key->n_fields : 1;
	struct skep_schema_field *keys = skep_arena_calloc(c->arena, n, sizeof(*keys));

	for (size_t i = 0; i < n; i++) {
		keys[i] = skep_compiler_field(c, tuple ? key->fields[i].type : key,
					      key_name(c, map, n, i),
					      tuple ? key->fields[i].offset : 0);
	}
	s->keys = keys;
	s->n_keys = n;
	s->key_size = key->size;
}

/* What a snapshot of the map looks like, entries aside. */
static struct skep_snapshot shape(struct skep_compiler *c, const struct skep_map_info *map)
{
	const struct skep_type *value = map->value;
	struct skep_snapshot s = {
		.name = skep_arena_printf(c->arena, "@%s", map->name),
		.kind = snapshot_kind(value),
		.is_signed = value->elem ? value->elem->is_signed : true,
		.is_level = !map->event_writer,
		.by_total = c->config.sort_by_total,
		.n_numbers = value_bytes(value) / 8,
		.hist_bits = value->param,
		.lhist_min = value->lhist_min,
		.lhist_max = value->lhist_max,
		.lhist_step = value->lhist_step,
		.value_field.unit = map->unit,
	};

	if (s.kind == SKEP_SNAPSHOT_VALUE)
		s.value_field = skep_compiler_field(c, value, "value", 0);
	if (map->key)
		shape_keys(c, map, &s);
	return s;
}

/*
 * The kernel hashes all of a key, zeroes included: of a text of 1024 bytes that takes longer than all else. Most texts
 * are short. Only where nothing but adding depends on where a key is, and the room is not the script's own choice.
 */
static bool wants_short_map(const struct skep_compiler *c, const struct skep_map_info *map)
{
	static const uint32_t usual_keys = 4096;

	return map->store == SKEP_STORE_PERCPU_HASH && map->key->kind == SKEP_TYPE_STRING &&
	       map->key->size > SKEP_PLAN_SHORT_KEY && !map->looked_into && !map->lru &&
	       !map->max_entries && c->config.max_map_keys == usual_keys;
}

/* What user space sees of plain numbers of which each processor has its own: their sum. */
static const struct skep_map_info *added_up(struct skep_compiler *c,
					    const struct skep_map_info *map)
{
	struct skep_map_info *sum = skep_arena_memdup(c->arena, map, sizeof(*map));

	sum->value = skep_type_agg(&c->types, SKEP_TYPE_SUM, map->value);
	return sum;
}

/*
 * Whether the kernel takes memory for a key when it comes, not for all of them at the start. Where a probe cannot wait for
 * memory it is better to have it; else of a large map most is never used, and getting it takes longer than all else at the
 * start (100,000 keys, or 4096 of 5 KiB: 4 to 10 ms).
 */
static bool wants_no_room(const struct skep_compiler *c, const struct skep_map_info *map,
			  const struct skep_spec_map *spec, bool split)
{
	if (map->hasty_writer)
		return split && !skep_plan_has_room(spec, c->world->n_cpus);
	return split ||
	       (uint64_t)spec->max_entries * (spec->key_size + spec->value_size) > LARGE_MAP;
}

void skep_lower_map_make(struct skep_compiler *c, struct skep_map_info *map,
			 struct skep_plan_map *plan)
{
	struct skep_lower l = { .c = c };
	bool agg = skep_type_is_agg(map->value), split = agg || map->percpu;
	struct skep_spec_map spec = {
		.name = map->name[0] ? map->name : "at",
		.type = SKEP_MAP_ARRAY,
		.key_size = 4,
		.max_entries = 1,
	};

	map->value_size = value_bytes(map->value);
	if (map->key) {
		map->store = agg ? SKEP_STORE_PERCPU_HASH : SKEP_STORE_HASH;
		spec.type = split ? SKEP_MAP_PERCPU_HASH : SKEP_MAP_HASH;
		spec.key_size = map->key->size;
		spec.value_size = map->value_size;
		spec.max_entries = map->max_entries ? map->max_entries : c->config.max_map_keys;
		spec.flags = wants_no_room(c, map, &spec, split) ? SKEP_MAP_NO_PREALLOC : 0;
		if (map->lru) {
			spec.type = split ? SKEP_MAP_LRU_PERCPU_HASH : SKEP_MAP_LRU_HASH;
			spec.flags = 0;
		}
	} else if (agg) {
		map->store = SKEP_STORE_STRIPED;
		map->stripe_size = ALIGN_UP(map->value_size, 64u);
		spec.value_size = map->stripe_size * skep_lower_stripes(&l);
	} else {
		map->store = SKEP_STORE_SCALAR;
		spec.value_size = 8 + ALIGN_UP(map->value_size, 8u);
	}
	map->spec_map = skep_gen_map(c->gen, &spec);
	if (wants_short_map(c, map)) {
		spec.key_size = SKEP_PLAN_SHORT_KEY;
		map->short_map_plus1 = skep_gen_map(c->gen, &spec) + 1;
	}
	*plan = (struct skep_plan_map){
		.spec_map = map->spec_map,
		.short_map_plus1 = map->short_map_plus1,
		.store = map->key && split ? SKEP_STORE_PERCPU_HASH : map->store,
		.n_stripes = map->store == SKEP_STORE_STRIPED ? skep_lower_stripes(&l) : 0,
		.stripe_size = map->stripe_size,
		.shape = shape(c, map->key && split && !agg ? added_up(c, map) : map),
		.value_size = map->value_size,
		.hasty = map->hasty_writer,
		.print_at_end = true,
		.loc = map->loc,
	};
	plan->name = plan->shape.name;
}

struct skep_val *skep_lower_map_scalar(struct skep_lower *l, const struct skep_map_info *map)
{
	return skep_ir_map_value(l->fn, map->spec_map, 0);
}

/* The key as one value: several keys are the elements of a tuple. */
static int key_value(struct skep_lower *l, const struct skep_expr *map,
		     struct skep_value *ret_value)
{
	const struct skep_expr_list *keys = &map->map.keys;
	struct skep_value *parts;

	if (keys->len == 1)
		return skep_lower_expr(l, keys->data[0], ret_value);
	parts = skep_arena_calloc(l->c->arena, keys->len, sizeof(*parts));
	for (size_t i = 0; i < keys->len; i++) {
		int r = skep_lower_expr(l, keys->data[i], &parts[i]);

		if (r < 0)
			return r;
	}
	*ret_value = (struct skep_value){ .type = map->map.info->key,
					  .space = SKEP_SPACE_BPF,
					  .parts = parts };
	return 0;
}

int skep_lower_map_key(struct skep_lower *l, const struct skep_expr *map, struct skep_val **ret_key)
{
	const struct skep_type *type = map->map.info->key;
	struct skep_value value;
	struct skep_val *key;
	int r, off;

	r = key_value(l, map, &value);
	if (r < 0)
		return r;
	/* What lies in the program's memory with the very layout of the key is the key. */
	if (!value.parts && !value.literal && value.space == SKEP_SPACE_BPF &&
	    !skep_type_is_scalar(value.type) && skep_type_equal(value.type, type)) {
		*ret_key = skep_lower_at(l, value.val, value.off);
		return 0;
	}
	key = skep_lower_object(l, type->size, "map key", &off);
	r = skep_lower_store(l, &value, type, key, off);
	if (r < 0)
		return r;
	*ret_key = skep_lower_at(l, key, off);
	return 0;
}

static struct skep_val *lookup(struct skep_lower *l, unsigned spec_map, struct skep_val *key)
{
	return skep_ir_call(l->fn, SKEP_HELPER_MAP_LOOKUP_ELEM, SKEP_CALL_NOEFFECT, 2,
			    skep_ir_map(l->fn, spec_map), key);
}

/* Counts a refused update as a full map. */
static void update(struct skep_lower *l, const struct skep_map_info *map, struct skep_val *key,
		   struct skep_val *value)
{
	struct skep_block *full = skep_ir_block(l->fn), *good = skep_ir_block(l->fn);
	struct skep_val *result = skep_ir_call(l->fn, SKEP_HELPER_MAP_UPDATE_ELEM, 0, 4,
					       skep_ir_map(l->fn, map->spec_map), key, value,
					       skep_ir_const(l->fn, UPDATE_ANY));

	skep_ir_branch(l->fn, SKEP_CC_EQ, result, skep_ir_const(l->fn, 0), good, full);
	skep_ir_at(l->fn, full);
	skep_lower_loss(l, SKEP_LOSS_MAP_FULL);
	skep_ir_jump(l->fn, good);
	skep_ir_at(l->fn, good);
}

/*
 * The address of a key's value, made of zeroes when it is new. Code goes on in a block where it is not NULL; where there is
 * no room it is counted and control goes to @full.
 */
static struct skep_val *find_or_make_in(struct skep_lower *l, unsigned spec_map,
					uint32_t value_size, struct skep_val *key,
					struct skep_block *full)
{
	struct skep_block *miss = skep_ir_block(l->fn), *hit = skep_ir_block(l->fn),
			  *made = skep_ir_block(l->fn), *none = skep_ir_block(l->fn),
			  *have = skep_ir_block(l->fn);
	struct skep_var *at = skep_ir_var(l->fn, "value");
	struct skep_val *null = skep_ir_const(l->fn, 0), *p;

	p = lookup(l, spec_map, key);
	skep_ir_branch(l->fn, SKEP_CC_NE, p, null, hit, miss);
	skep_ir_at(l->fn, hit);
	skep_ir_set(l->fn, at, p);
	skep_ir_jump(l->fn, have);

	/* Another CPU may make the same key meanwhile: then NOEXIST leaves its value alone and the lookup finds it. */
	skep_ir_at(l->fn, miss);
	skep_ir_call(l->fn, SKEP_HELPER_MAP_UPDATE_ELEM, 0, 4, skep_ir_map(l->fn, spec_map), key,
		     skep_lower_zeroes(l, value_size), skep_ir_const(l->fn, UPDATE_NOEXIST));
	p = lookup(l, spec_map, key);
	skep_ir_branch(l->fn, SKEP_CC_NE, p, null, made, none);
	skep_ir_at(l->fn, made);
	skep_ir_set(l->fn, at, p);
	skep_ir_jump(l->fn, have);
	skep_ir_at(l->fn, none);
	skep_lower_loss(l, SKEP_LOSS_MAP_FULL);
	skep_ir_jump(l->fn, full);

	skep_ir_at(l->fn, have);
	return skep_ir_get(l->fn, at);
}

/* A text is short when its bytes end before the last of a short key: behind its end are zeroes. */
static struct skep_val *find_or_make(struct skep_lower *l, const struct skep_map_info *map,
				     struct skep_val *key, struct skep_block *full)
{
	struct skep_block *is_short = skep_ir_block(l->fn), *is_long = skep_ir_block(l->fn),
			  *join = skep_ir_block(l->fn);
	struct skep_var *at = skep_ir_var(l->fn, "value");

	if (!map->short_map_plus1)
		return find_or_make_in(l, map->spec_map, map->value_size, key, full);
	skep_ir_branch(l->fn, SKEP_CC_EQ, skep_ir_load(l->fn, key, SKEP_PLAN_SHORT_KEY - 1, 1, 0),
		       skep_ir_const(l->fn, 0), is_short, is_long);
	skep_ir_at(l->fn, is_short);
	skep_ir_set(l->fn, at,
		    find_or_make_in(l, map->short_map_plus1 - 1, map->value_size, key, full));
	skep_ir_jump(l->fn, join);
	skep_ir_at(l->fn, is_long);
	skep_ir_set(l->fn, at, find_or_make_in(l, map->spec_map, map->value_size, key, full));
	skep_ir_jump(l->fn, join);
	skep_ir_at(l->fn, join);
	return skep_ir_get(l->fn, at);
}

static int load_found(struct skep_lower *l, const struct skep_map_info *map, struct skep_val *key,
		      struct skep_value *ret_value)
{
	struct skep_block *hit = skep_ir_block(l->fn), *miss = skep_ir_block(l->fn),
			  *join = skep_ir_block(l->fn);
	struct skep_var *result = skep_ir_var(l->fn, "found");
	bool is_scalar = skep_type_is_scalar(map->value);
	struct skep_val *p = lookup(l, map->spec_map, key);
	int r;

	skep_ir_branch(l->fn, SKEP_CC_NE, p, skep_ir_const(l->fn, 0), hit, miss);
	skep_ir_at(l->fn, hit);
	if (is_scalar) {
		struct skep_value loaded;

		r = skep_lower_load(l, map->value, p, 0, SKEP_SPACE_BPF, &loaded);
		if (r < 0)
			return r;
		p = loaded.val;
	}
	skep_ir_set(l->fn, result, p);
	skep_ir_jump(l->fn, join);
	skep_ir_at(l->fn, miss);
	skep_ir_set(l->fn, result,
		    is_scalar ? skep_ir_const(l->fn, 0) : skep_lower_zeroes(l, map->value->size));
	skep_ir_jump(l->fn, join);
	skep_ir_at(l->fn, join);
	*ret_value = (struct skep_value){
		.type = map->value,
		.val = skep_ir_get(l->fn, result),
		.space = SKEP_SPACE_BPF,
	};
	return 0;
}

static int get_hash(struct skep_lower *l, const struct skep_expr *expr,
		    struct skep_value *ret_value)
{
	struct skep_val *key;
	int r;

	if (skep_lower_known_find(l, expr, ret_value))
		return 0;
	r = skep_lower_map_key(l, expr, &key);
	if (r < 0)
		return r;
	r = load_found(l, expr->map.info, key, ret_value);
	/* Other values lie in the map, where they may change; a number has been taken out of it. */
	if (r >= 0 && skep_type_is_scalar(ret_value->type))
		skep_lower_known_add(l, expr, ret_value);
	return r;
}

int skep_lower_map_place(struct skep_lower *l, const struct skep_expr *expr,
			 struct skep_val **ret_addr)
{
	const struct skep_map_info *map = expr->map.info;
	struct skep_val *key;
	int r;

	if (map->store == SKEP_STORE_SCALAR) {
		*ret_addr = skep_lower_at(l, skep_lower_map_scalar(l, map), 8);
		return 0;
	}
	if (map->store != SKEP_STORE_HASH)
		return skep_lower_bug(l, expr->loc, "the address of this map");
	r = skep_lower_map_key(l, expr, &key);
	if (r < 0)
		return r;
	*ret_addr = lookup(l, map->spec_map, key);
	return 0;
}

int skep_lower_map_get_at(struct skep_lower *l, const struct skep_map_info *map,
			  struct skep_val *key, struct skep_value *ret_value)
{
	if (map->store == SKEP_STORE_HASH)
		return load_found(l, map, key, ret_value);
	*ret_value = (struct skep_value){ .type = skep_type_agg_number(map->value),
					  .val = skep_lower_agg_read(l, map, key) };
	return 0;
}

int skep_lower_map_get(struct skep_lower *l, const struct skep_expr *expr,
		       struct skep_value *ret_value)
{
	const struct skep_map_info *map = expr->map.info;
	struct skep_val *key = NULL;
	int r = 0;

	if (map->store == SKEP_STORE_HASH)
		return get_hash(l, expr, ret_value);
	if (map->store == SKEP_STORE_SCALAR)
		return skep_lower_load(l, map->value, skep_lower_map_scalar(l, map), 8,
				       SKEP_SPACE_BPF, ret_value);
	if (map->store == SKEP_STORE_PERCPU_HASH)
		r = skep_lower_map_key(l, expr, &key);
	if (r < 0)
		return r;
	return skep_lower_map_get_at(l, map, key, ret_value);
}

static int assign_agg(struct skep_lower *l, const struct skep_expr *expr)
{
	const struct skep_expr *target = expr->binary.left, *call = expr->binary.right;
	const struct skep_map_info *map = target->map.info;
	struct skep_block *full;
	struct skep_val *key, *at;
	int r;

	if (map->store == SKEP_STORE_STRIPED)
		return call->call.builtin->lower_agg(
			l, call, map, skep_lower_stripe(l, map->spec_map, 0, map->stripe_size), 0);
	r = skep_lower_map_key(l, target, &key);
	if (r < 0)
		return r;
	full = skep_ir_block(l->fn);
	at = find_or_make(l, map, key, full);
	l->conditional++;
	r = call->call.builtin->lower_agg(l, call, map, at, 0);
	l->conditional--;
	if (r < 0)
		return r;
	skep_ir_jump(l->fn, full);
	skep_ir_at(l->fn, full);
	return 0;
}

/* A plain value, into the map. */
static int put(struct skep_lower *l, const struct skep_expr *target, const struct skep_value *value)
{
	const struct skep_map_info *map = target->map.info;
	struct skep_val *key, *at;
	int r, off;

	if (map->store == SKEP_STORE_SCALAR) {
		at = skep_lower_map_scalar(l, map);
		r = skep_lower_store(l, value, map->value, at, 8);
		if (r < 0)
			return r;
		skep_ir_store(l->fn, at, 0, 8, skep_ir_const(l->fn, 1));
		return 0;
	}
	r = skep_lower_map_key(l, target, &key);
	if (r < 0)
		return r;
	if (!value->parts && !value->literal && value->space == SKEP_SPACE_BPF &&
	    !skep_type_is_scalar(value->type) && skep_type_equal(value->type, map->value)) {
		update(l, map, key, skep_lower_at(l, value->val, value->off));
		return 0;
	}
	at = skep_lower_object(l, map->value->size, "map value", &off);
	r = skep_lower_store(l, value, map->value, at, off);
	if (r < 0)
		return r;
	update(l, map, key, skep_lower_at(l, at, off));
	return 0;
}

/*
 * @m += v and friends. Addition happens in place and atomically, so that two CPUs never lose each other's; other
 * operations read, compute and write.
 */
static int add_in_place(struct skep_lower *l, const struct skep_expr *target,
			struct skep_val *delta, bool before, struct skep_value *ret_value)
{
	const struct skep_map_info *map = target->map.info;
	struct skep_block *done = skep_ir_block(l->fn);
	struct skep_var *result = skep_ir_var(l->fn, "sum");
	struct skep_val *at, *old, *key;
	unsigned size = map->value->size;
	int r, off = 0;

	if (map->store == SKEP_STORE_SCALAR) {
		at = skep_lower_map_scalar(l, map);
		skep_ir_store(l->fn, at, 0, 8, skep_ir_const(l->fn, 1));
		off = 8;
	} else {
		r = skep_lower_map_key(l, target, &key);
		if (r < 0)
			return r;
		at = find_or_make(l, map, key, done);
	}
	old = skep_ir_load(l->fn, at, off, size, map->value->is_signed ? SKEP_LOAD_SIGNED : 0);
	skep_ir_atomic_add(l->fn, at, off, size, delta);
	skep_ir_set(l->fn, result, before ? old : skep_ir_op(l->fn, SKEP_OP_ADD, old, delta));
	skep_ir_jump(l->fn, done);
	skep_ir_at(l->fn, done);
	*ret_value = (struct skep_value){ .type = map->value, .val = skep_ir_get(l->fn, result) };
	return 0;
}

static bool addable(const struct skep_type *type)
{
	return type->kind == SKEP_TYPE_INT && type->size >= 4;
}

static int assign(struct skep_lower *l, const struct skep_expr *expr, struct skep_value *ret_value)
{
	const struct skep_expr *target = expr->binary.left, *right = expr->binary.right;
	struct skep_value value, now;
	int r;

	if (skep_type_is_agg(target->map.info->value))
		return assign_agg(l, expr);
	r = skep_lower_expr(l, right, &value);
	if (r < 0)
		return r;
	if ((expr->binary.op == SKEP_BINARY_ADD || expr->binary.op == SKEP_BINARY_SUB) &&
	    addable(target->map.info->value)) {
		if (expr->binary.op == SKEP_BINARY_SUB)
			value.val =
				skep_ir_op(l->fn, SKEP_OP_SUB, skep_ir_const(l->fn, 0), value.val);
		return add_in_place(l, target, value.val, false, ret_value);
	}
	if (expr->binary.op != SKEP_BINARY_NONE) {
		r = skep_lower_map_get(l, target, &now);
		if (r < 0)
			return r;
		value.val = skep_lower_arith(l, expr->binary.op, now.type, now.val, value.type,
					     value.val);
		value.type = now.type;
	}
	*ret_value = value;
	return put(l, target, &value);
}

int skep_lower_map_assign(struct skep_lower *l, const struct skep_expr *expr,
			  struct skep_value *ret_value)
{
	int r = assign(l, expr, ret_value);

	skep_lower_known_forget(l, expr->binary.left->map.info);
	return r;
}

static int step(struct skep_lower *l, const struct skep_expr *map, int delta, bool before,
		struct skep_value *ret_value)
{
	const struct skep_type *type = map->map.info->value;
	struct skep_value old, new;
	int r;

	if (addable(type))
		return add_in_place(l, map, skep_ir_const(l->fn, (uint64_t)(int64_t)delta), before,
				    ret_value);
	r = skep_lower_map_get(l, map, &old);
	if (r < 0)
		return r;
	new = old;
	new.val = skep_lower_arith(l, SKEP_BINARY_ADD, type, old.val, skep_type_int(8, true),
				   skep_ir_const(l->fn, (uint64_t)(int64_t)delta));
	*ret_value = before ? old : new;
	return put(l, map, &new);
}

int skep_lower_map_step(struct skep_lower *l, const struct skep_expr *map, int delta, bool before,
			struct skep_value *ret_value)
{
	int r = step(l, map, delta, before, ret_value);

	skep_lower_known_forget(l, map->map.info);
	return r;
}
