/* SPDX-License-Identifier: Apache-2.0 */
#include "live/losses.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/vec.h"
#include "isa/mapkind.h"

static const struct {
	const char *cause, *one, *what, *hint;
} causes[SKEP_LOSS_MAX] = {
	[SKEP_LOSS_RING] = { "ring_full", "row did not fit into the ring",
			     "rows did not fit into the ring",
			     "print less, or aggregate in a map" },
	[SKEP_LOSS_MAP_FULL] = { "map_full", "update found its map full",
				 "updates found their map full",
				 "raise max_map_keys in the script's config" },
	[SKEP_LOSS_READ] = { "read_failed", "read of memory failed and gave zeroes",
			     "reads of memory failed and gave zeroes",
			     "not in memory at that moment, or a wrong address" },
	[SKEP_LOSS_STACK] = { "stack_failed", "stack could not be stored",
			      "stacks could not be stored", NULL },
	[SKEP_LOSS_LOOP] = { "loop_too_long", "loop had too many rounds",
			     "loops had too many rounds",
			     "a range is left out beyond 8388608, a while ends at 1048576" },
	[SKEP_LOSS_UNWIND] = { "stack_cut",
			       "user stack is cut short or guessed: no table said how to go on",
			       "user stacks are cut short or guessed: no table said how to go on",
			       NULL },
	[SKEP_LOSS_SAMPLED] = { "sampled", "event was left out to stay within --max-cpu",
				"events were left out to stay within --max-cpu",
				"what is shown is a sample" },
	[SKEP_LOSS_EXIT] = { NULL, NULL, NULL, NULL }, /* obeyed, so nothing is lost */
};

static const struct {
	const char *cause, *one, *what;
} session_causes[SKEP_SESSION_LOSS_MAX] = {
	[SKEP_LOSS_TICK] = { "late_tick", "interval tick came too late and was left out",
			     "interval ticks came too late and were left out" },
	[SKEP_LOSS_BAD_ROW] = { "bad_row", "row could not be understood",
				"rows could not be understood" },
	[SKEP_LOSS_BYTE] = { "bad_text", "byte of a text was not UTF-8 and is \\ufffd in JSON",
			     "bytes of texts were not UTF-8 and are \\ufffd in JSON" },
	[SKEP_LOSS_DNS] = { "dns_full",
			    "packet of DNS came too fast to be read: a name may be missing",
			    "packets of DNS came too fast to be read: names may be missing" },
	[SKEP_LOSS_PAUSED] = { "paused", "millisecond was not looked at to stay within --max-cpu",
			       "milliseconds were not looked at to stay within --max-cpu" },
};

/* The counters of the plan's loss map, [n_progs][SKEP_LOSS_MAX]; *ret_counters stays NULL when there is no such map. */
static int read_counters(const struct skep_plan *plan, const struct skep_engine *engine,
			 struct skep_loaded *loaded, uint64_t **ret_counters)
{
	const struct skep_spec_map *map;
	_cleanup_free_ uint64_t *counters = NULL;
	size_t need = plan->spec->n_progs * SKEP_LOSS_MAX * sizeof(*counters);
	uint32_t zero = 0;
	int r;

	if (plan->loss_map < 0)
		return 0;
	map = &plan->spec->maps[plan->loss_map];
	/* Programs behind the last one that counts have no room in the map. */
	counters = calloc(1, MAX(need, (size_t)ALIGN_UP(map->value_size, 8u)));
	if (!counters)
		return -ENOMEM;
	r = engine->map_get(loaded, (size_t)plan->loss_map, &zero, counters);
	if (r < 0)
		return r;
	*ret_counters = TAKE_PTR(counters);
	return 0;
}

/* What a program may have found full. */
struct search {
	const struct skep_plan *plan;
	bool *seen; /* by program */
	const struct skep_plan_map *found;
	size_t n_found;
};

#define CALLS_MAX 16 /* deeper than the kernel lets functions call each other */

static bool may_be_full(const struct search *s, const struct skep_plan_map *map, uint32_t index)
{
	uint32_t type = s->plan->spec->maps[map->spec_map].type;

	return (map->spec_map == index || map->short_map_plus1 == index + 1) &&
	       (type == SKEP_MAP_HASH || type == SKEP_MAP_PERCPU_HASH);
}

/* All that the program and the functions that it calls name. */
static void search_maps(struct search *s, size_t prog, unsigned depth)
{
	const struct skep_spec_prog *p = &s->plan->spec->progs[prog];

	if (s->seen[prog] || depth > CALLS_MAX)
		return;
	s->seen[prog] = true;
	for (size_t i = 0; i < p->n_relocs; i++) {
		const struct skep_reloc *reloc = &p->relocs[i];

		if (reloc->kind == SKEP_RELOC_FUNC)
			search_maps(s, reloc->index, depth + 1);
		for (size_t m = 0; reloc->kind == SKEP_RELOC_MAP && m < s->plan->n_maps; m++) {
			const struct skep_plan_map *map = &s->plan->maps[m];

			if (!may_be_full(s, map, reloc->index) || s->found == map)
				continue;
			s->found = map;
			s->n_found++;
		}
	}
}

/* One that holds another number than max_map_keys was declared with it. */
static void name_map(const struct skep_plan *plan, size_t prog, struct skep_loss_item *item)
{
	_cleanup_free_ bool *seen = calloc(plan->spec->n_progs, sizeof(*seen));
	struct search s = { .plan = plan, .seen = seen };

	if (!seen)
		return;
	search_maps(&s, prog, 0);
	if (s.n_found != 1)
		return;
	item->map = s.found->name;
	item->n_entries = plan->spec->maps[s.found->spec_map].max_entries;
	if (item->n_entries != plan->config.max_map_keys)
		item->hint = "raise the number in its declaration";
}

struct items {
	SKEP_VEC(struct skep_loss_item);
};

static const char *prog_name(const struct skep_plan *plan, size_t prog)
{
	return plan->prog_names && plan->prog_names[prog] ? plan->prog_names[prog]
							  : plan->spec->progs[prog].name;
}

static bool is_attached(const struct skep_plan *plan, size_t prog)
{
	for (size_t i = 0; i < plan->spec->n_attaches; i++) {
		if (plan->spec->attaches[i].prog == prog &&
		    plan->spec->attaches[i].kind != SKEP_ATTACH_USER)
			return true;
	}
	return false;
}

static void add_misses(struct items *items, struct skep_losses *losses,
		       const struct skep_plan *plan, const struct skep_engine *engine,
		       struct skep_loaded *loaded, size_t prog)
{
	uint64_t misses = 0;
	int r;

	if (!is_attached(plan, prog))
		return;
	r = engine->prog_misses(loaded, prog, &misses);
	if (r < 0)
		losses->n_uncounted++;
	else if (misses)
		skep_vec_add(items,
			     (struct skep_loss_item){
				     .probe = prog_name(plan, prog),
				     .cause = "missed",
				     .what = misses == 1
						     ? "event found the program busy or barred"
						     : "events found the program busy or barred",
				     .count = misses,
			     });
}

int skep_losses_collect(struct skep_losses *losses, const struct skep_plan *plan,
			const struct skep_engine *engine, struct skep_loaded *loaded)
{
	_cleanup_free_ uint64_t *counters = NULL;
	struct items items = {};
	int r;

	r = read_counters(plan, engine, loaded, &counters);
	if (r < 0)
		return r;
	for (size_t i = 0; i < plan->spec->n_progs; i++) {
		for (unsigned c = 0; counters && c < SKEP_LOSS_MAX; c++) {
			uint64_t n = counters[i * SKEP_LOSS_MAX + c];
			struct skep_loss_item item = { .probe = prog_name(plan, i), .count = n };

			if (!n || !causes[c].cause)
				continue;
			item.cause = causes[c].cause;
			item.what = n == 1 ? causes[c].one : causes[c].what;
			item.hint = causes[c].hint;
			if (c == SKEP_LOSS_MAP_FULL)
				name_map(plan, i, &item);
			skep_vec_add(&items, item);
		}
		add_misses(&items, losses, plan, engine, loaded, i);
	}
	for (unsigned c = 0; c < SKEP_SESSION_LOSS_MAX; c++) {
		if (losses->session[c])
			skep_vec_add(&items, (struct skep_loss_item){
						     .cause = session_causes[c].cause,
						     .what = losses->session[c] == 1
								     ? session_causes[c].one
								     : session_causes[c].what,
						     .count = losses->session[c],
					     });
	}
	free(losses->items);
	losses->items = items.data;
	losses->n_items = items.len;
	return 0;
}

void skep_losses_add(struct skep_losses *losses, const char *cause, const char *what,
		     const char *hint, uint64_t count)
{
	struct skep_loss_item item = { .cause = cause, .what = what, .hint = hint, .count = count };
	struct items items = { losses->items, losses->n_items, losses->n_items };

	if (!count)
		return;
	skep_vec_add(&items, item);
	losses->items = items.data;
	losses->n_items = items.len;
}

void skep_losses_fini(struct skep_losses *losses)
{
	free(losses->items);
	*losses = (struct skep_losses){};
}

void skep_losses_forget(struct skep_losses *losses, const char *cause)
{
	size_t n = 0;

	for (size_t i = 0; i < losses->n_items; i++) {
		if (strcmp(losses->items[i].cause, cause) != 0)
			losses->items[n++] = losses->items[i];
	}
	losses->n_items = n;
}

bool skep_losses_any(const struct skep_losses *losses)
{
	return losses->n_items > 0;
}

void skep_losses_text(const struct skep_losses *losses, bool verbose, struct skep_str *out)
{
	for (size_t i = 0; i < losses->n_items; i++) {
		const struct skep_loss_item *item = &losses->items[i];

		skep_str_add(out, "skep: lost: ");
		if (item->probe)
			skep_str_addf(out, "%s: ", item->probe);
		skep_str_addf(out, "%" PRIu64 " %s", item->count, item->what);
		if (item->map)
			skep_str_addf(out, " (%s holds %" PRIu32 ": %s)", item->map,
				      item->n_entries, item->hint);
		else if (item->hint)
			skep_str_addf(out, " (%s)", item->hint);
		skep_str_addc(out, '\n');
	}
	/* Beside other losses it must be known that these are not all. */
	if ((verbose || losses->n_items) && losses->n_uncounted)
		skep_str_addf(out,
			      "skep: missed events of %zu program%s: not counted on this kernel\n",
			      losses->n_uncounted, losses->n_uncounted > 1 ? "s" : "");
}

void skep_losses_json(const struct skep_losses *losses, struct skep_str *out)
{
	skep_str_add(out, "{\"type\": \"losses\", \"items\": [");
	for (size_t i = 0; i < losses->n_items; i++) {
		const struct skep_loss_item *item = &losses->items[i];

		skep_str_add(out, i ? ", {" : "{");
		if (item->probe) {
			skep_str_add(out, "\"probe\": ");
			skep_json_string(item->probe, strlen(item->probe), out);
			skep_str_add(out, ", ");
		}
		skep_str_addf(out, "\"cause\": \"%s\", \"count\": %" PRIu64 "}", item->cause,
			      item->count);
	}
	skep_str_add(out, "], \"missed\": ");
	skep_str_add(out, losses->n_uncounted ? "\"not counted on this kernel\"" : "\"counted\"");
	skep_str_add(out, "}\n");
}

bool skep_losses_exit(const struct skep_plan *plan, const struct skep_engine *engine,
		      struct skep_loaded *loaded)
{
	_cleanup_free_ uint64_t *counters = NULL;

	if (read_counters(plan, engine, loaded, &counters) < 0 || !counters)
		return false;
	for (size_t i = 0; i < plan->spec->n_progs; i++) {
		if (counters[i * SKEP_LOSS_MAX + SKEP_LOSS_EXIT])
			return true;
	}
	return false;
}
