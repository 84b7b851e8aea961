/* SPDX-License-Identifier: Apache-2.0 */
/* From an inventory to rows: names of owners and containers, places in a line, rates. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "isa/mapkind.h"
#include "isa/progkind.h"
#include "sys/file.h"
#include "who/cgroup.h"
#include "who/group.h"
#include "workbench/ps_priv.h"

#define PROC_FILE_MAX (64u << 10)

/* --- owners ----------------------------------------------------------------------------------- */

static void read_comm(uint32_t pid, char *ret_comm, size_t size)
{
	_cleanup_free_ char *text = NULL;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%u/comm", pid);
	if (skep_file_read(path, PROC_FILE_MAX, &text, NULL) < 0)
		return;
	text[strcspn(text, "\n")] = 0;
	snprintf(ret_comm, size, "%s", text);
}

static void read_container(uint32_t pid, char ret_name[static SKEP_CONTAINER_NAME_MAX])
{
	_cleanup_free_ char *text = NULL;
	char path[64], *rest;

	snprintf(path, sizeof(path), "/proc/%u/cgroup", pid);
	if (skep_file_read(path, PROC_FILE_MAX, &text, NULL) < 0)
		return;
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		const char *at = strrchr(line, ':');
		bool is_id;
		size_t len;

		if (at && skep_container_in(NULL, at + 1, at + 1, &len, ret_name, &is_id))
			return;
	}
	ret_name[0] = 0;
}

/* What a process is called and where it is, for one look: most objects belong to few processes. */
struct process {
	uint32_t pid;
	char comm[128], container[SKEP_CONTAINER_NAME_MAX];
};

struct skep_ps_processes {
	struct process slots[64];
};

static const struct process *find_process(struct skep_ps_processes *processes, uint32_t pid)
{
	struct process *process = &processes->slots[pid % ARRAY_SIZE(processes->slots)];

	if (process->pid == pid)
		return process;
	memset(process, 0, sizeof(*process));
	process->pid = pid;
	read_comm(pid, process->comm, sizeof(process->comm));
	read_container(pid, process->container);
	return process;
}

/* Processes that hold an object, each once. */
struct owners {
	SKEP_VEC(uint32_t);
};

static void add_owners(const struct skep_inventory *inv, enum skep_inventory_kind kind, uint32_t id,
		       struct owners *owners)
{
	size_t n, i;
	const struct skep_inventory_holder *h = skep_inventory_holders(inv, kind, id, &n);

	for (; n; n--, h++) {
		for (i = 0; i < owners->len && owners->data[i] != h->pid;)
			i++;
		if (i == owners->len)
			skep_vec_add(owners, h->pid);
	}
}

static void add_pin(const struct skep_inventory *inv, enum skep_inventory_kind kind, uint32_t id,
		    struct skep_ps_row *row)
{
	size_t n;
	const struct skep_inventory_pin *pin = skep_inventory_pins(inv, kind, id, &n);

	if (pin && !row->pin[0])
		snprintf(row->pin, sizeof(row->pin), "%s", pin->path);
}

/* False: only we hold it, to be able to look. */
static bool name_owner(const struct skep_ps_look *look, const struct owners *owners,
		       struct skep_ps_row *row)
{
	uint32_t self = (uint32_t)getpid();
	const struct process *process;

	if (owners->len == 1 && owners->data[0] == self && !row->pin[0])
		return false;
	row->owners = (uint32_t)owners->len;
	for (size_t i = 0; i < owners->len && (!row->pid || row->pid == self); i++)
		row->pid = owners->data[i];
	if (!row->pid)
		return true;
	process = find_process(look->processes, row->pid);
	snprintf(row->owner, sizeof(row->owner), "%s", process->comm);
	snprintf(row->container, sizeof(row->container), "%s", process->container);
	return true;
}

/* --- places ----------------------------------------------------------------------------------- */

static void place_text(const struct skep_inventory_place *place, struct skep_str *out)
{
	skep_str_add(out, place->kind);
	if (place->text[0])
		skep_str_addf(out, " %s", place->text);
	if (place->cgroup) {
		skep_str_addc(out, ' ');
		if (skep_cgroup_path(place->cgroup, out) < 0)
			skep_str_addf(out, "cgroup %" PRIu64, place->cgroup);
	}
}

static bool same_place(const struct skep_inventory_place *a, const struct skep_inventory_place *b)
{
	return skep_streq(a->kind, b->kind) && skep_streq(a->text, b->text) &&
	       a->cgroup == b->cgroup;
}

static void name_place(const struct skep_inventory_place *place, size_t n, struct skep_ps_row *row)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};
	size_t same;

	row->places = (uint32_t)n;
	if (!n)
		return;
	place_text(place, &text);
	for (same = 1; same < n && same_place(&place[0], &place[same]);)
		same++;
	if (same > 1 && skep_streq(place->kind, "perf event"))
		skep_str_addf(&text, " on %zu CPUs", same);
	else
		same = 1;
	if (n > same)
		skep_str_addf(&text, " and %zu more", n - same);
	snprintf(row->place, sizeof(row->place), "%s", skep_str_text(&text));
}

/*
 * What skep run --pin attaches is a stub that jumps through a map of one element to the program, which can be replaced so
 * (live/app_slot.c). Each names the other.
 */
#define STUB_INSNS_MAX 12

static bool is_slot(const struct skep_inventory *inv, uint32_t map)
{
	const struct skep_inventory_map *m = skep_inventory_map(inv, map);

	return m && m->type == SKEP_MAP_PROG_ARRAY && m->max_entries == 1 &&
	       skep_has_prefix(m->name, "slot_");
}

static const struct skep_inventory_prog *stub_of(const struct skep_inventory *inv, uint32_t map)
{
	for (size_t i = 0; i < inv->n_progs; i++) {
		const struct skep_inventory_prog *p = &inv->progs[i];

		if (p->n_maps == 1 && p->maps[0] == map && p->n_insns <= STUB_INSNS_MAX)
			return p;
	}
	return NULL;
}

static void name_stub(const struct skep_inventory *inv, const struct skep_inventory_prog *prog,
		      const struct skep_inventory_place *places, size_t n, struct skep_ps_row *row)
{
	const struct skep_inventory_prog *stub;
	char place[sizeof(row->place)];

	if (n == 1 && places->map && is_slot(inv, places->map)) {
		stub = stub_of(inv, places->map);
		if (!stub || stub->id == prog->id)
			return;
		places = skep_inventory_places(inv, stub->id, &n);
		name_place(places, n, row);
		snprintf(place, sizeof(place), "%.200s, through stub %u", row->place, stub->id);
		snprintf(row->place, sizeof(row->place), "%s", place);
		return;
	}
	if (prog->n_maps != 1 || prog->n_insns > STUB_INSNS_MAX || !is_slot(inv, prog->maps[0]))
		return;
	for (size_t i = 0; i < inv->n_places; i++)
		if (inv->places[i].map == prog->maps[0] && inv->places[i].prog != prog->id) {
			snprintf(place, sizeof(place), "stub of %u", inv->places[i].prog);
			snprintf(row->place, sizeof(row->place), "%s", place);
			return;
		}
}

/* --- programs --------------------------------------------------------------------------------- */

static int64_t known(uint64_t number)
{
	return number == SKEP_UNKNOWN ? SKEP_PS_UNKNOWN : (int64_t)number;
}

static const struct skep_ps_before *find_before(const struct skep_ps_look *look,
						const struct skep_inventory_prog *prog)
{
	size_t low = 0, high = look->before ? look->n_before : 0;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (look->before[middle].id < prog->id)
			low = middle + 1;
		else
			high = middle;
	}
	if (look->before && low < look->n_before && look->before[low].id == prog->id &&
	    look->before[low].loaded_ns == prog->loaded_ns)
		return &look->before[low];
	return NULL;
}

/* Four digits behind the point are more than was measured. */
static double rounded(double n)
{
	return (double)(uint64_t)(n * 10000 + 0.5) / 10000;
}

static void add_rates(const struct skep_ps_look *look, const struct skep_inventory_prog *prog,
		      struct skep_ps_row *row)
{
	const struct skep_ps_before *before = find_before(look, prog);
	uint64_t runs, ns;

	row->ns_per_run = SKEP_PS_UNKNOWN;
	row->rates = before && look->passed_ns;
	if (!row->rates)
		return;
	runs = prog->runs - before->runs;
	ns = prog->run_ns - before->run_ns;
	row->runs_per_s = rounded((double)runs * 1e9 / (double)look->passed_ns);
	row->cpu_percent = rounded((double)ns * 100 / (double)look->passed_ns);
	if (runs)
		row->ns_per_run = (int64_t)(ns / runs);
}

static int64_t full_percent(const struct skep_inventory_map *map)
{
	if (map->entries == SKEP_UNKNOWN || map->more || !map->max_entries)
		return SKEP_PS_UNKNOWN;
	return (int64_t)(map->entries * 100 / map->max_entries);
}

static void add_maps(const struct skep_inventory *inv, const struct skep_inventory_prog *prog,
		     struct skep_ps_row *row)
{
	row->full_percent = SKEP_PS_UNKNOWN;
	for (size_t i = 0; i < prog->n_maps; i++) {
		const struct skep_inventory_map *map = skep_inventory_map(inv, prog->maps[i]);

		if (!map)
			continue;
		if (map->bytes == SKEP_UNKNOWN || row->maps_memory == SKEP_PS_UNKNOWN)
			row->maps_memory = SKEP_PS_UNKNOWN;
		else
			row->maps_memory += (int64_t)map->bytes;
		row->full_percent = MAX(row->full_percent, full_percent(map));
	}
}

static void add_abilities(const struct skep_inventory_prog *prog, struct skep_ps_row *row)
{
	size_t at = 0;

	for (unsigned i = 0; i < SKEP_N_ABILITIES; i++)
		if (prog->can & 1u << i)
			at += (size_t)snprintf(row->can + at, sizeof(row->can) - at, "%s%s",
					       at ? "," : "",
					       skep_ability_word((enum skep_ability)i));
	if (prog->can_hidden)
		snprintf(row->can + at, sizeof(row->can) - at, "%s?", at ? "," : "");
}

static void set_kind(const char *name, uint32_t number, struct skep_ps_row *row)
{
	if (name)
		snprintf(row->kind, sizeof(row->kind), "%s", name);
	else
		snprintf(row->kind, sizeof(row->kind), "kind %u", number);
}

static bool make_prog(const struct skep_ps_look *look, const struct skep_inventory_prog *prog,
		      struct skep_ps_row *row)
{
	const struct skep_prog_kind *kind = skep_prog_kind_find(prog->type);
	const struct skep_inventory_place *places;
	struct owners owners = {};
	size_t n;
	bool ours;

	row->id = row->prog = prog->id;
	row->uid = prog->uid;
	set_kind(kind ? kind->name : NULL, prog->type, row);
	snprintf(row->name, sizeof(row->name), "%s", prog->name);
	for (size_t i = 0; i < sizeof(prog->tag); i++)
		snprintf(row->tag + 2 * i, 3, "%02x", prog->tag[i]);
	row->runs = (int64_t)prog->runs;
	row->run_ns = (int64_t)prog->run_ns;
	row->loaded_s = (int64_t)(prog->loaded_ns / 1000000000);
	row->n_insns = prog->n_insns;
	row->memory = known(prog->bytes);
	row->misses = known(prog->misses);
	add_rates(look, prog, row);
	add_maps(look->inv, prog, row);
	add_abilities(prog, row);
	places = skep_inventory_places(look->inv, prog->id, &n);
	name_place(places, n, row);
	name_stub(look->inv, prog, places, n, row);
	add_owners(look->inv, SKEP_INVENTORY_PROG, prog->id, &owners);
	add_owners(look->inv, SKEP_INVENTORY_PERF, prog->id, &owners);
	add_pin(look->inv, SKEP_INVENTORY_PROG, prog->id, row);
	for (size_t i = 0; i < n; i++) {
		if (places[i].link) {
			add_owners(look->inv, SKEP_INVENTORY_LINK, places[i].link, &owners);
			add_pin(look->inv, SKEP_INVENTORY_LINK, places[i].link, row);
		}
		if (places[i].map) {
			add_owners(look->inv, SKEP_INVENTORY_MAP, places[i].map, &owners);
			add_pin(look->inv, SKEP_INVENTORY_MAP, places[i].map, row);
		}
	}
	ours = !name_owner(look, &owners, row);
	skep_vec_fini(&owners);
	return !ours;
}

/* --- links and maps --------------------------------------------------------------------------- */

static bool make_link(const struct skep_ps_look *look, const struct skep_inventory_link *link,
		      struct skep_ps_row *row)
{
	const struct skep_inventory_prog *prog = skep_inventory_prog(look->inv, link->prog);
	const struct skep_inventory_place *places;
	struct owners owners = {};
	size_t n;
	bool ours;

	row->id = link->id;
	row->prog = link->prog;
	set_kind(link->kind, link->type, row);
	snprintf(row->name, sizeof(row->name), "%s", prog ? prog->name : "");
	row->misses = known(link->misses);
	places = skep_inventory_places(look->inv, link->prog, &n);
	for (size_t i = 0; i < n; i++)
		if (places[i].link == link->id)
			name_place(&places[i], 1, row);
	add_owners(look->inv, SKEP_INVENTORY_LINK, link->id, &owners);
	add_pin(look->inv, SKEP_INVENTORY_LINK, link->id, row);
	ours = !name_owner(look, &owners, row);
	skep_vec_fini(&owners);
	return !ours;
}

/* Who holds a program holds its maps. */
static void add_users(const struct skep_inventory *inv, const struct skep_inventory_map *map,
		      struct owners *owners, struct skep_ps_row *row)
{
	for (size_t i = 0; i < inv->n_progs; i++) {
		const struct skep_inventory_prog *prog = &inv->progs[i];

		for (size_t m = 0; m < prog->n_maps; m++) {
			if (prog->maps[m] != map->id)
				continue;
			row->places++; /* programs that use it */
			row->prog = row->prog ? row->prog : prog->id;
			if (!owners->len)
				add_owners(inv, SKEP_INVENTORY_PROG, prog->id, owners);
			break;
		}
	}
}

static bool make_map(const struct skep_ps_look *look, const struct skep_inventory_map *map,
		     struct skep_ps_row *row)
{
	const struct skep_map_kind *kind = skep_map_kind_find(map->type);
	struct owners owners = {};
	bool ours;

	row->id = map->id;
	set_kind(kind ? kind->name : NULL, map->type, row);
	snprintf(row->name, sizeof(row->name), "%s", map->name);
	row->key_size = map->key_size;
	row->value_size = map->value_size;
	row->max_entries = map->max_entries;
	row->entries = known(map->entries);
	row->more = map->more;
	row->full_percent = full_percent(map);
	row->memory = known(map->bytes);
	add_owners(look->inv, SKEP_INVENTORY_MAP, map->id, &owners);
	add_pin(look->inv, SKEP_INVENTORY_MAP, map->id, row);
	add_users(look->inv, map, &owners, row);
	ours = !name_owner(look, &owners, row);
	skep_vec_fini(&owners);
	return !ours;
}

/* --- which, and in which order ----------------------------------------------------------------- */

static bool owner_matches(const char *pattern, const struct skep_ps_row *row)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%u", row->pid);
	return skep_streq(pattern, pid) || skep_glob_match(pattern, row->owner) ||
	       (row->container[0] && skep_glob_match(pattern, row->container));
}

static bool wanted(const struct skep_ps_options *o, const struct skep_ps_row *row)
{
	return (!o->owner || owner_matches(o->owner, row)) &&
	       (!o->kind || skep_glob_match(o->kind, row->kind)) &&
	       (!o->name || skep_glob_match(o->name, row->name));
}

static int by_number(double a, double b)
{
	return a > b ? -1 : a < b;
}

static int by_id(const struct skep_ps_row *a, const struct skep_ps_row *b)
{
	return a->id < b->id ? -1 : a->id > b->id;
}

static int compare(const void *x, const void *y, void *data)
{
	const struct skep_ps_row *a = x, *b = y;
	int r = 0;

	switch (*(const enum skep_ps_sort *)data) {
	case SKEP_PS_CPU:
		r = by_number(a->cpu_percent, b->cpu_percent);
		break;
	case SKEP_PS_RUNS:
		r = by_number(a->runs_per_s, b->runs_per_s);
		break;
	case SKEP_PS_MEM:
		r = by_number((double)a->memory + (double)a->maps_memory,
			      (double)b->memory + (double)b->maps_memory);
		break;
	case SKEP_PS_NAME:
		r = strcmp(a->name, b->name);
		break;
	case SKEP_PS_ID:
	case SKEP_PS_N_SORTS:
		break;
	}
	return r ? r : by_id(a, b);
}

static void keep(const struct skep_ps_look *look, bool shown, const struct skep_ps_row *row,
		 struct skep_ps_rows *rows)
{
	if (shown && wanted(look->options, row))
		skep_vec_add(rows, *row);
}

void skep_ps_make_rows(const struct skep_ps_look *given, struct skep_ps_rows *rows)
{
	struct skep_ps_processes processes = {};
	struct skep_ps_look whole = *given, *look = &whole;
	enum skep_ps_sort sort = look->options->sort;
	const struct skep_inventory *inv = look->inv;
	struct skep_ps_row row;

	look->processes = &processes;
	rows->len = 0;
	for (size_t i = 0; look->options->what == SKEP_PS_PROGS && i < inv->n_progs; i++) {
		memset(&row, 0, sizeof(row));
		keep(look, make_prog(look, &inv->progs[i], &row), &row, rows);
	}
	for (size_t i = 0; look->options->what == SKEP_PS_LINKS && i < inv->n_links; i++) {
		memset(&row, 0, sizeof(row));
		keep(look, make_link(look, &inv->links[i], &row), &row, rows);
	}
	for (size_t i = 0; look->options->what == SKEP_PS_MAPS && i < inv->n_maps; i++) {
		memset(&row, 0, sizeof(row));
		keep(look, make_map(look, &inv->maps[i], &row), &row, rows);
	}
	if (rows->len)
		qsort_r(rows->data, rows->len, sizeof(*rows->data), compare, &sort);
}
