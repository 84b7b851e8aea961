/* SPDX-License-Identifier: Apache-2.0 */
#include "sink/deliver.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "sink/spool.h"

#define BACK_OFF_FIRST_MS 1000
#define BACK_OFF_MAX_MS 30000

struct waiting {
	struct waiting *next;
	char *file; /* of the spool, or NULL */
	struct skep_payload payload;
};

struct skep_deliver {
	skep_attempt_fn *attempt;
	void *data;
	size_t bytes_max;
	struct skep_spool *spool; /* or NULL */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed; /* on CLOCK_MONOTONIC */
	/* Under the lock: */
	struct waiting *first, **end;
	size_t bytes;
	bool closing;	     /* nothing comes any more */
	uint64_t give_up_ns; /* once closing */
	struct skep_deliver_counts counts;
};

static void wait_until(struct skep_deliver *d, uint64_t ns)
{
	struct timespec t = { (time_t)(ns / 1000000000), (long)(ns % 1000000000) };

	pthread_cond_timedwait(&d->changed, &d->lock, &t);
}

/* Between half of the pause and all of it, so that many senders do not come back together. */
static uint64_t with_jitter(uint64_t ms, uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return ms / 2 + (*state >> 33) % (ms / 2 + 1);
}

/* The pause before the next attempt; false: the sink is closed before it is over. */
static bool pause_for(struct skep_deliver *d, uint64_t ms)
{
	uint64_t until = skep_clock_ns(CLOCK_MONOTONIC) + ms * 1000000;

	while (skep_clock_ns(CLOCK_MONOTONIC) < until) {
		if (d->closing && until > d->give_up_ns)
			return false;
		wait_until(d, until);
	}
	return true;
}

static void count(struct skep_deliver *d, const struct waiting *w, const struct skep_attempt *a)
{
	uint64_t lost = a->n_lost < w->payload.n_items ? a->n_lost : w->payload.n_items;

	d->counts.delivered += w->payload.n_items - lost;
	d->counts.lost[a->loss] += lost;
}

/* The request's bytes, when they are only in a file. Without the lock. */
static int fetch(struct skep_deliver *d, struct waiting *w)
{
	return w->payload.bytes ? 0 : skep_spool_read(d->spool, w->file, &w->payload);
}

/* Sends one, again and again. With the lock, but for the attempt itself. False: given up. */
static bool send_one(struct skep_deliver *d, struct waiting *w, uint64_t *jitter)
{
	uint64_t back_off_ms = BACK_OFF_FIRST_MS;

	for (;;) {
		struct skep_attempt a = { .pause_ms = -1 };
		int r;

		pthread_mutex_unlock(&d->lock);
		r = fetch(d, w);
		if (r < 0 && r != -EBADMSG) {
			a.again = true;
			snprintf(a.why, sizeof(a.why), "--spool: %s: %s", w->file, strerror(-r));
		} else if (r < 0) {
			a.n_lost = w->payload.n_items;
			a.loss = SKEP_DELIVER_DAMAGED;
			snprintf(a.why, sizeof(a.why), "--spool: %s is damaged", w->file);
		} else {
			d->attempt(d->data, &w->payload, &a);
		}
		pthread_mutex_lock(&d->lock);
		d->counts.requests++;
		if (a.why[0])
			memcpy(d->counts.why, a.why, sizeof(a.why));
		if (!a.again) {
			count(d, w, &a);
			return true;
		}
		d->counts.retries++;
		if (!pause_for(d, a.pause_ms >= 0 ? (uint64_t)a.pause_ms
						  : with_jitter(back_off_ms, jitter)))
			return false;
		back_off_ms = MIN(back_off_ms * 2, (uint64_t)BACK_OFF_MAX_MS);
	}
}

static struct waiting *take_first(struct skep_deliver *d)
{
	struct waiting *w = d->first;

	d->first = w->next;
	if (!d->first)
		d->end = &d->first;
	if (w->payload.bytes)
		d->bytes -= w->payload.size;
	return w;
}

static void drop(struct waiting *w)
{
	free(w->file);
	free(w->payload.bytes);
	free(w);
}

/* It could not be sent any more. */
static void give_up(struct skep_deliver *d, const struct waiting *w)
{
	if (w->file)
		d->counts.kept += w->payload.n_items;
	else
		d->counts.lost[SKEP_DELIVER_LATE] += w->payload.n_items;
}

static void append(struct skep_deliver *d, struct waiting *w)
{
	*d->end = w;
	d->end = &w->next;
	pthread_cond_broadcast(&d->changed);
}

static void *work(void *data)
{
	struct skep_deliver *d = data;
	uint64_t jitter = skep_clock_ns(CLOCK_MONOTONIC);

	pthread_mutex_lock(&d->lock);
	for (;;) {
		struct waiting *w;

		while (!d->first && !d->closing)
			pthread_cond_wait(&d->changed, &d->lock);
		if (!d->first)
			break;
		w = take_first(d);
		if ((d->closing && skep_clock_ns(CLOCK_MONOTONIC) > d->give_up_ns) ||
		    !send_one(d, w, &jitter))
			give_up(d, w);
		else if (w->file)
			skep_spool_remove(d->spool, w->file, w->payload.size);
		drop(w);
	}
	pthread_mutex_unlock(&d->lock);
	return NULL;
}

int skep_deliver_open(skep_attempt_fn *attempt, void *data, size_t bytes_max,
		      struct skep_deliver **ret_deliver)
{
	struct skep_deliver *d = calloc(1, sizeof(*d));
	pthread_condattr_t attr;
	sigset_t all, old;
	int r;

	if (!d)
		return -ENOMEM;
	d->attempt = attempt;
	d->data = data;
	d->bytes_max = bytes_max;
	d->end = &d->first;
	pthread_mutex_init(&d->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&d->changed, &attr);
	pthread_condattr_destroy(&attr);
	/* Signals are for the thread that waits for them. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(&d->thread, NULL, work, d);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (r) {
		pthread_cond_destroy(&d->changed);
		pthread_mutex_destroy(&d->lock);
		free(d);
		return -r;
	}
	*ret_deliver = d;
	return 0;
}

void skep_deliver_spool(struct skep_deliver *d, struct skep_spool *spool)
{
	struct skep_payload payload;
	char *file;

	pthread_mutex_lock(&d->lock);
	d->spool = spool;
	while (skep_spool_left(spool, &payload, &file) > 0) {
		struct waiting *w = calloc(1, sizeof(*w));

		if (!w) {
			free(file); /* it stays for the next process */
			continue;
		}
		*w = (struct waiting){ .payload = payload, .file = file };
		d->counts.earlier += payload.n_items;
		append(d, w);
	}
	d->counts.damaged = skep_spool_damaged(spool);
	d->counts.stay = skep_spool_stay(spool);
	pthread_mutex_unlock(&d->lock);
}

/* Into a file, when there is a spool with room. */
static void keep(struct skep_deliver *d, struct waiting *w)
{
	int r = skep_spool_write(d->spool, &w->payload, &w->file);

	if (r >= 0)
		return;
	pthread_mutex_lock(&d->lock);
	d->counts.no_file++;
	snprintf(d->counts.why, sizeof(d->counts.why), "--spool: %s",
		 r == -EDQUOT ? "it has as many bytes as it may" : strerror(-r));
	pthread_mutex_unlock(&d->lock);
}

void skep_deliver_put(struct skep_deliver *d, struct skep_payload *payload)
{
	struct waiting *w = calloc(1, sizeof(*w));
	bool fits;

	if (w) {
		w->payload = *payload;
		if (d->spool)
			keep(d, w);
	}
	pthread_mutex_lock(&d->lock);
	fits = d->bytes + payload->size <= d->bytes_max;
	if (!w || (!fits && !w->file)) {
		d->counts.lost[SKEP_DELIVER_FULL] += payload->n_items;
		free(payload->bytes);
		free(w);
	} else {
		if (fits)
			d->bytes += payload->size;
		else
			free(TAKE_PTR(w->payload.bytes));
		append(d, w);
	}
	pthread_mutex_unlock(&d->lock);
	*payload = (struct skep_payload){};
}

void skep_deliver_counts(struct skep_deliver *d, struct skep_deliver_counts *ret_counts)
{
	pthread_mutex_lock(&d->lock);
	*ret_counts = d->counts;
	pthread_mutex_unlock(&d->lock);
}

void skep_deliver_end(struct skep_deliver *d, uint64_t grace_ms)
{
	pthread_mutex_lock(&d->lock);
	if (!d->closing)
		d->give_up_ns = skep_clock_ns(CLOCK_MONOTONIC) + grace_ms * 1000000;
	d->closing = true;
	pthread_cond_broadcast(&d->changed);
	pthread_mutex_unlock(&d->lock);
}

void skep_deliver_close(struct skep_deliver *d, uint64_t grace_ms,
			struct skep_deliver_counts *ret_counts)
{
	if (!d)
		return;
	skep_deliver_end(d, grace_ms);
	pthread_join(d->thread, NULL);
	*ret_counts = d->counts;
	skep_spool_close(d->spool);
	pthread_cond_destroy(&d->changed);
	pthread_mutex_destroy(&d->lock);
	free(d);
}
