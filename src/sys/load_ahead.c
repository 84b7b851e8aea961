/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Most of the time until a tool sees its first event the verifier reads programs. It reads one for each thread that asks, so
 * large programs are handed to it side by side, on as many processors as we may use:
 *
 *	prepare all (load.c) ─► this thread and a few others each take the largest that nobody has ─► results in order (load.c)
 *
 * The others do nothing but this one system call: no memory, no signals, no descriptors of ours. What cannot be done side by
 * side, as no thread can be made, is left to whoever loads what was not tried here.
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>

#include "sys/load_priv.h"

#define THREADS_MAX 4
#define STACK_BYTES (128 * 1024)
/* Making a thread takes as long as the verifier has for some hundred instructions. */
#define WORTH_INSNS 400

struct ahead {
	struct load_pending **largest_first;
	size_t n, next;
};

static void *load_some(void *data)
{
	struct ahead *a = data;
	size_t i;

	while ((i = __atomic_fetch_add(&a->next, 1, __ATOMIC_RELAXED)) < a->n) {
		struct load_pending *p = a->largest_first[i];

		p->result = skep_bpf_prog_load(&p->attr, 0, NULL);
		p->was_tried = true;
	}
	return NULL;
}

static int compare(const void *a, const void *b)
{
	const struct load_pending *x = *(struct load_pending *const *)a;
	const struct load_pending *y = *(struct load_pending *const *)b;

	if (x->attr.insn_cnt != y->attr.insn_cnt)
		return x->attr.insn_cnt > y->attr.insn_cnt ? -1 : 1;
	return x < y ? -1 : x > y;
}

static unsigned cpus_for_us(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) == 0 ? (unsigned)CPU_COUNT(&set) : 1;
}

/* Signals are for the thread that waits for them. */
static unsigned start(struct ahead *a, unsigned n, pthread_t threads[])
{
	pthread_attr_t attr;
	sigset_t all, old;
	unsigned made = 0;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	while (made < n && pthread_create(&threads[made], &attr, load_some, a) == 0)
		made++;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	return made;
}

void skep_load_ahead(struct load *l)
{
	struct ahead a = { .largest_first = skep_arena_calloc(l->arena, l->n_pending,
							      sizeof(*a.largest_first)) };
	pthread_t threads[THREADS_MAX];
	uint64_t insns = 0;
	unsigned n;

	for (size_t i = 0; i < l->n_pending; i++) {
		if (!l->pending[i].is_ready)
			continue;
		a.largest_first[a.n++] = &l->pending[i];
		insns += l->pending[i].attr.insn_cnt;
	}
	if (a.n < 2)
		return;
	qsort(a.largest_first, a.n, sizeof(*a.largest_first), compare);
	if (insns - a.largest_first[0]->attr.insn_cnt < WORTH_INSNS)
		return;
	n = (unsigned)MIN((size_t)MIN(cpus_for_us(), THREADS_MAX), a.n) - 1;
	n = n ? start(&a, n, threads) : 0;
	if (!n)
		return;
	load_some(&a);
	for (unsigned i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
}
