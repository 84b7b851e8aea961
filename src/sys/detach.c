/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Closing a link waits until no CPU can be inside its program. Measured on two CPUs, Linux 6.18:
 *
 *	raw tracepoint		0.2 ms		alone; 2 ms each when there are more
 *	perf tracepoint		65 to 90 ms	half of it under one lock of the kernel
 *	perf uprobe		100 ms		all of it under that lock
 *	uprobe_multi link	20 ms		one target or twenty
 *
 * So several threads halve the time of tracepoints (8 of them: 585 ms one by one, 286 ms with 4
 * threads, no better with 8 or 16) and do nothing for single uprobes, which is why those should ask
 * for a multi link.
 */
#include <pthread.h>

#include "sys/kernel_priv.h"

#define THREADS_MAX 4
#define FEW 2			       /* so few links are closed without threads */
#define THREAD_STACK_BYTES (64u << 10) /* a closer needs next to none */

struct closing {
	const struct klink *links;
	size_t n, next;
};

static void close_link(const struct klink *link)
{
	if (link->undo)
		link->undo(link->data);
	if (link->fd >= 0)
		close(link->fd);
}

static void *close_some(void *data)
{
	struct closing *c = data;
	size_t i;

	while ((i = __atomic_fetch_add(&c->next, 1, __ATOMIC_RELAXED)) < c->n)
		close_link(&c->links[i]);
	return NULL;
}

void skep_kernel_drop_links(struct skep_loaded *loaded, size_t from)
{
	pthread_t threads[THREADS_MAX];
	struct closing c = {};
	pthread_attr_t attr;
	size_t n_threads = 0;

	if (from >= loaded->links.len)
		return;
	c.links = loaded->links.data + from;
	c.n = loaded->links.len - from;
	if (c.n >= FEW && pthread_attr_init(&attr) == 0) {
		pthread_attr_setstacksize(&attr, MAX(THREAD_STACK_BYTES, PTHREAD_STACK_MIN));
		/* This thread is one of them. Without threads, e.g. no memory, it closes alone. */
		while (n_threads < THREADS_MAX - 1 && n_threads + 1 < c.n &&
		       pthread_create(&threads[n_threads], &attr, close_some, &c) == 0)
			n_threads++;
		pthread_attr_destroy(&attr);
	}
	close_some(&c);
	for (size_t i = 0; i < n_threads; i++)
		pthread_join(threads[i], NULL);
	loaded->links.len = from;
}
