/* SPDX-License-Identifier: Apache-2.0 */
/* Processes, from what their threads have taken. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "top/watching.h"
#include "who/users.h"

#define ANCESTORS_MAX 64 /* between a process and one in scope */

struct thread {
	uint32_t tid; /* the key */
	bool seen;
	uint64_t began;
	uint64_t totals[SKEP_TOP_N_TOTALS];
};

/* --- what is told ------------------------------------------------------------------------------ */

static struct skep_top_process *get(struct skep_top_watching *w, uint32_t pid)
{
	bool is_new;
	struct skep_top_process *p = skep_top_table_get(&w->processes, &pid, &is_new);

	if (p && is_new)
		snprintf(p->comm, sizeof(p->comm), "?");
	return p;
}

static void take_process(struct skep_top_watching *w, const struct skep_schema *schema,
			 const void *row)
{
	struct skep_top_process *p = get(w, (uint32_t)skep_top_number(schema, row, "pid"));
	uint64_t began = skep_top_number(schema, row, "began");
	const char *user;

	if (!p)
		return;
	if (p->began && p->began != began) /* another one with its number */
		p->scope_tested = p->in_scope = false;
	p->began = began;
	p->ppid = (uint32_t)skep_top_number(schema, row, "ppid");
	p->uid = (uint32_t)skep_top_number(schema, row, "uid");
	p->group = skep_top_number(schema, row, "group");
	p->kernel = skep_top_number(schema, row, "kernel");
	p->inside = skep_top_number(schema, row, "inside");
	p->ended = skep_top_number(schema, row, "last");
	p->rss = (uint64_t)MAX((int64_t)skep_top_number(schema, row, "rss"), 0) * w->page_size;
	p->alive |= !p->ended;
	p->fresh = true;
	skep_top_text(schema, row, "comm", p->comm, sizeof(p->comm));
	user = skep_user_name(p->uid);
	if (user)
		snprintf(p->user, sizeof(p->user), "%s", user);
	else
		snprintf(p->user, sizeof(p->user), "%" PRIu32, p->uid);
}

static char state_letter(uint64_t state)
{
	static const char letters[] = "SDTtXZP";

	if ((state & 0x402) == 0x402) /* waits for work, which is no load */
		return 'I';
	state &= 0x7f; /* what stands above says how it sleeps */
	for (unsigned i = 0; i < sizeof(letters) - 1; i++)
		if (state & 1u << i)
			return letters[i];
	return 'R';
}

static void add(struct skep_top_process *p, const uint64_t *now, const uint64_t *before)
{
	for (unsigned i = 0; i < SKEP_TOP_N_TOTALS; i++)
		p->sums[i] += now[i] > before[i] ? now[i] - before[i] : 0;
}

/* What it has taken since it was seen last; of one that has begun since then, all. */
static void take_thread(struct skep_top_watching *w, const struct skep_schema *schema,
			const void *row)
{
	static const char *const names[SKEP_TOP_N_TOTALS] = { "cpu", "runq", "read", "written",
							      "faults" };
	static const uint64_t none[SKEP_TOP_N_TOTALS];
	struct skep_top_process *p = get(w, (uint32_t)skep_top_number(schema, row, "pid"));
	uint32_t tid = (uint32_t)skep_top_number(schema, row, "tid");
	uint64_t began = skep_top_number(schema, row, "began"), now[SKEP_TOP_N_TOTALS];
	bool last = skep_top_number(schema, row, "last"), is_new;
	struct thread *t = skep_top_table_get(&w->threads, &tid, &is_new);
	uint64_t state = skep_top_number(schema, row, "state");

	if (!p || !t)
		return;
	for (unsigned i = 0; i < SKEP_TOP_N_TOTALS; i++)
		now[i] = skep_top_number(schema, row, names[i]);
	if (!is_new && t->began == began)
		add(p, now, t->totals);
	else if (began > w->boot_ns)
		add(p, now, none);
	memcpy(t->totals, now, sizeof(now));
	t->began = began;
	t->seen = !last;
	p->fresh = true;
	if (last)
		return;
	p->threads++;
	if (tid == p->pid || state_letter(state) == 'R')
		p->state[0] = p->running ? 'R' : state_letter(state);
	p->running |= p->state[0] == 'R';
}

static bool is_named(const struct skep_scope *scope, uint32_t pid)
{
	for (size_t i = 0; i < scope->n_pids; i++)
		if (scope->pids[i] == pid)
			return true;
	return false;
}

static bool matches(const struct skep_top_watching *w, const struct skep_top_process *p)
{
	const struct skep_scope *s = w->scope;

	return (!s->n_pids || is_named(s, p->pid)) && (!s->has_uid || p->uid == s->uid) &&
	       p->inside;
}

/* What is started by who is in scope is in it, too, also if its parent ends before anybody looks. */
static void take_fork(struct skep_top_watching *w, const struct skep_schema *schema,
		      const void *row)
{
	const struct skep_top_process *parent =
		skep_top_process_of(w, (uint32_t)skep_top_number(schema, row, "ppid"));
	struct skep_top_process *p;

	if (!w->children || !parent || !(parent->in_scope || matches(w, parent)))
		return;
	p = get(w, (uint32_t)skep_top_number(schema, row, "pid"));
	if (p) {
		p->began = 0;
		p->fresh = p->in_scope = p->scope_tested = true;
	}
}

static void take_row(void *data, const struct skep_schema *schema, const void *row)
{
	if (skep_streq(schema->name, "process"))
		take_process(data, schema, row);
	else if (skep_streq(schema->name, "fork"))
		take_fork(data, schema, row);
	else
		take_thread(data, schema, row);
}

/* Sums of processes that are gone make room for others. */
static void take_net(struct skep_top_watching *w)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	struct skep_watch *watch = w->sensors.watch[SKEP_TOP_NET];
	struct skep_snapshot s;

	if (!watch || skep_watch_read(watch, "@net", arena, &s) < 0)
		return;
	for (size_t i = 0; i < s.n_entries; i++) {
		uint32_t pid = (uint32_t)skep_field_int(&s.keys[0], s.entries[i].key);
		uint64_t total = s.entries[i].numbers[0];
		struct skep_top_process *p = skep_top_table_find(&w->processes, &pid);

		if (p) {
			p->net = total > p->net_total ? total - p->net_total : 0;
			p->net_total = total;
		}
		if (!p || !p->alive)
			skep_watch_delete(watch, "@net", s.entries[i].key);
	}
}

/* --- what is in scope -------------------------------------------------------------------------- */

/* A child stays in scope when its parent ends. */
static void test_scope(struct skep_top_watching *w, struct skep_top_process *p)
{
	const struct skep_top_process *parent = p;

	if (!w->scope || p->scope_tested || !p->began)
		return;
	p->in_scope = matches(w, p);
	for (unsigned i = 0; w->children && !p->in_scope && parent && i < ANCESTORS_MAX; i++) {
		parent = parent->ppid ? skep_top_process_of(w, parent->ppid) : NULL;
		if (parent)
			p->in_scope = parent->in_scope || matches(w, parent);
	}
	p->scope_tested = true;
}

/* --- the whole --------------------------------------------------------------------------------- */

static bool is_thread_there(void *row, void *data)
{
	struct thread *t = row;
	bool seen = t->seen;

	(void)data;
	t->seen = false;
	return seen;
}

static bool is_there(void *row, void *data)
{
	(void)data;
	return ((struct skep_top_process *)row)->fresh;
}

static void begin(struct skep_top_watching *w)
{
	for (size_t i = 0; i < w->processes.rows.len; i++) {
		struct skep_top_process *p = w->processes.rows.data[i];

		p->alive = p->running = false;
		p->threads = 0;
		p->net = 0;
	}
}

static void finish(struct skep_top_watching *w)
{
	for (size_t i = 0; i < w->processes.rows.len; i++) {
		struct skep_top_process *p = w->processes.rows.data[i];

		if (!p->alive)
			p->state[0] = 'X';
		else if (!p->threads)
			p->state[0] = 'Z';
		p->cpu = skep_top_percent(w, p->sums[SKEP_TOP_CPU_NS]);
		p->runq = skep_top_percent(w, p->sums[SKEP_TOP_RUNQ_NS]);
		p->read = skep_top_rate(w, p->sums[SKEP_TOP_READ]);
		p->written = skep_top_rate(w, p->sums[SKEP_TOP_WRITTEN]);
		p->faults = skep_top_rate(w, p->sums[SKEP_TOP_FAULTS]);
		p->net = skep_top_rate(w, p->net);
		test_scope(w, p);
		/* From here on it is of the next look. */
		memset(p->sums, 0, sizeof(p->sums));
		p->fresh = false;
	}
}

void skep_top_drain_processes(struct skep_top_watching *w)
{
	struct skep_watch *watch = w->sensors.watch[SKEP_TOP_TASKS];

	if (watch && skep_watch_drain(watch, take_row, w) < 0)
		return; /* the next look tells */
}

int skep_top_look_processes(struct skep_top_watching *w)
{
	struct skep_watch *watch = w->sensors.watch[SKEP_TOP_TASKS];
	int r;

	if (!watch)
		return -ENOTSUP;
	w->threads.key_size = sizeof(uint32_t);
	w->threads.row_size = sizeof(struct thread);
	begin(w);
	r = skep_watch_visit(watch, take_row, w);
	if (r < 0)
		return r;
	take_net(w);
	skep_top_table_sweep(&w->threads, is_thread_there, NULL);
	skep_top_table_sweep(&w->processes, is_there, NULL);
	finish(w);
	return 0;
}
