/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watching: what skep top knows at the moment, as rows of four kinds that are made from what the sensors tell. Each look replaces the
 * numbers; rates are of the time between two looks.
 *
 *	sensors ──rows, maps──► tables of totals ──differences──► processes │ containers │ files │ connections ──► view.h
 *
 *	skep_top_look(&w, bits of the sensors that are wanted);
 *	for (i = 0; i < w.processes.rows.len; i++) ...
 *
 * A row's struct is its own record: view.h describes its members. What ended since the last look is shown once more.
 */
#pragma once

#include "live/scope.h"
#include "top/sensor.h"
#include "top/table.h"
#include "who/place.h"

enum skep_top_total { /* what threads take */
	SKEP_TOP_CPU_NS,
	SKEP_TOP_RUNQ_NS,
	SKEP_TOP_READ,
	SKEP_TOP_WRITTEN,
	SKEP_TOP_FAULTS,
	SKEP_TOP_N_TOTALS
};

struct skep_top_process {
	uint32_t pid; /* the key */
	uint32_t ppid, uid, threads;
	uint64_t began, group;
	bool alive, fresh, ended, kernel, running;
	bool inside;	   /* of the groups of the scope */
	bool in_scope;	   /* once it is, it stays */
	bool scope_tested; /* what does not change of it */
	uint64_t net_total;
	uint64_t sums[SKEP_TOP_N_TOTALS]; /* since the last look */
	/* What is shown. Rates are of a second. */
	char comm[16], user[16], state[2], container[64];
	double cpu, runq; /* percent of one processor; of a thread's time */
	uint64_t rss, faults, read, written, net;
};

struct skep_top_group {
	uint64_t id; /* the key */
	bool seen, fresh;
	uint64_t throttled_total, psi_next_ns; /* when its averages of pressure are made next */
	bool has_throttled, keeps_pressure;
	/* What is shown. */
	char name[64];
	uint32_t processes;
	double cpu, runq, throttled, pcpu, pmem, pio; /* percent; pressure: -1 where none is kept */
	uint64_t mem, faults, read, written, net;
};

struct skep_top_file_key {
	uint64_t ino;
	uint32_t pid, dev;
};

struct skep_top_file {
	struct skep_top_file_key key;
	uint64_t totals[5]; /* reads, bytes, writes, bytes, ns */
	unsigned idle;	    /* looks without any */
	/* What is shown. */
	uint32_t pid;
	char comm[16], name[100];
	uint64_t reads, writes, read, written, latency_us;
};

/* A socket's address is another's as soon as it is free: both ends belong to the key. All bytes behind the texts are zero. */
struct skep_top_connection_key {
	uint64_t id;
	char local[56], remote[56];
};

struct skep_top_connection {
	struct skep_top_connection_key key;
	uint64_t sent_total, got_total, again_total;
	uint64_t sent_sum, got_sum, again_sum; /* since the last look */
	bool seen;
	bool ended; /* a row that comes is of another one, which begins with nothing */
	/* What is shown, beside both ends. */
	uint32_t pid;
	char comm[16], state[12];
	uint64_t in, out, rtt_us, again;
};

struct skep_top_watching {
	struct skep_top_sensors sensors;
	struct skep_top_table processes, threads, groups, files, connections;
	struct skep_places places;
	const struct skep_scope *scope; /* NULL: all */
	bool children;			/* of those in scope, too */
	uint64_t at_ns, boot_ns;	/* of the last look; 0: there was none */
	double passed_s;		/* between the last two; 0: there was one */
	unsigned before;		/* sensors that the look before had */
	struct skep_losses losses;	/* of all that is watched */
	struct skep_losses gone;	/* of what was watched before */
	uint64_t
		ran_ns; /* when the last process was given a processor, by the clock of the scheduler */
	unsigned page_size;
};

void skep_top_watching_init(struct skep_top_watching *w, const struct skep_scope *scope,
			    bool children);
void skep_top_watching_fini(struct skep_top_watching *w);
/* @wanted: bits of sensors. -errno: there are no processes to be seen, sensors.why tells. */
int skep_top_look(struct skep_top_watching *w, unsigned wanted) _must_check_;
/* Takes what waits, when the next look is some time away. */
void skep_top_drain(struct skep_top_watching *w);

/* --- the kinds, one file each ------------------------------------------------------------------ */

int skep_top_look_processes(struct skep_top_watching *w) _must_check_;
void skep_top_look_groups(struct skep_top_watching *w);
void skep_top_look_files(struct skep_top_watching *w);
void skep_top_look_connections(struct skep_top_watching *w);
void skep_top_drain_processes(struct skep_top_watching *w);
void skep_top_drain_connections(struct skep_top_watching *w);

/* NULL: not seen, or not in scope. */
const struct skep_top_process *skep_top_process_of(const struct skep_top_watching *w, uint32_t pid);
bool skep_top_in_scope(const struct skep_top_watching *w, uint32_t pid);
/* Of a difference: in a second. */
uint64_t skep_top_rate(const struct skep_top_watching *w, uint64_t difference);
/* Of nanoseconds: percent of the time, with two digits behind the point. */
double skep_top_percent(const struct skep_top_watching *w, uint64_t ns);
double skep_top_round(double percent);
