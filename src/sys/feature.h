/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Features: what this kernel can do, found by trying and never by version number (a vendor's 5.14
 * may hold half of 6.4, and a kernel may accept a program that it cannot attach).
 *
 * A probe runs when it is asked for the first time, its answer holds for the life of the process.
 * Most load a program of two instructions, about 0.1 ms; those that make a link may wait for the
 * kernel to let go of it, so `skep doctor` is the only one that asks for all. What a probe makes is closed
 * before it returns, but for the links on raw tracepoints: see hold() in feature.c.
 *
 *	if (skep_feature_has(SKEP_FEATURE_UPROBE_MULTI)) ...
 *	printf("%s: %s\n", skep_feature_name(f), skep_feature_gives(f));
 */
#pragma once

#include "base/macros.h"

/* clang-format off */
#define SKEP_FEATURES(X) \
	X(BPF, bpf, "bpf(2)", "any program at all") \
	X(BTF, btf, "kernel types (BTF)", "arguments and structures by name") \
	X(JIT, jit, "BPF JIT compiler", "programs at full speed") \
	X(RINGBUF, ringbuf, "ring buffer map", "events") \
	X(RAW_TP, raw_tp, "raw tracepoint", "rawtracepoint, tracepoint:syscalls") \
	X(TP_BTF, tp_btf, "typed raw tracepoint", "rawtracepoint arguments by name") \
	X(TRACEPOINT, tracepoint, "tracepoint through perf", "tracepoint") \
	X(TRACEFS, tracefs, "tracefs", "the list of tracepoints and their fields") \
	X(FENTRY, fentry, "function entry and exit (fentry)", "fentry, fexit") \
	X(KPROBE, kprobe, "kprobe", "kprobe, kretprobe") \
	X(KPROBE_MULTI, kprobe_multi, "many kprobes in one link", "kprobe with wildcards, fast") \
	X(KPROBE_SESSION, kprobe_session, "entry and return in one link", "kprobe and kretprobe with one wildcard, faster") \
	X(UPROBE, uprobe, "uprobe", "uprobe, uretprobe") \
	X(UPROBE_MULTI, uprobe_multi, "many uprobes in one link", "uprobe with wildcards, fast") \
	X(UPROBE_MULTI_PID, uprobe_multi_pid, "processes of such links", "the same with -p") \
	X(PERF_SOFTWARE, perf_software, "software counters", "software, profile") \
	X(PERF_HARDWARE, perf_hardware, "hardware counters", "hardware") \
	X(BREAKPOINT, breakpoint, "breakpoint registers of the CPU", "watchpoint") \
	X(COOKIE, cookie, "cookies of perf links", "one program for many probes") \
	X(RAW_TP_COOKIE, raw_tp_cookie, "cookies of raw tracepoints", "one program for many of them") \
	X(CURRENT_TASK_BTF, current_task_btf, "typed current task", "cheap pid, comm, curtask") \
	X(LOOP, loop, "loop helper", "long loops") \
	X(OVERRIDE, override, "results overridden (error injection)", "override") \
	X(WRITE_USER, write_user, "writes into the memory of programs", "write_user") \
	X(VPRINTK, vprintk, "trace_vprintk helper", "debugf with more than three values") \
	X(FOR_EACH, for_each, "walk of maps", "len(@map), for $kv : @map") \
	X(PERCPU_ELEM, percpu_elem, "reads of other CPUs' values", "aggregations as numbers") \
	X(CPU_V4, cpu_v4, "instruction set version 4", "shorter programs") \
	X(TEST_RUN, test_run, "test run of raw tracepoints", "BEGIN, END, interval") \
	X(LSM, lsm, "BPF security module", "lsm") \
	X(XDP, xdp, "XDP programs", "xdp") \
	X(TC, tc, "programs in traffic control", "tc") \
	X(TCX, tcx, "links of traffic control", "tc that leaves nothing behind") \
	X(CGROUP, cgroup, "links of cgroups", "cgroup") \
	X(SLEEPABLE, sleepable, "sleepable programs", "reading memory that is paged out") \
	X(TASK_STORAGE, task_storage, "task storage map", "values per thread that end with it") \
	X(LRU_HASH, lru_hash, "least recently used map", "maps that never fill up") \
	X(PERCPU_HASH, percpu_hash, "per-CPU map", "aggregations") \
	X(BLOOM_FILTER, bloom_filter, "bloom filter map", "large sets") \
	X(BATCH, batch, "batch reads of maps", "fast map output") \
	X(MMAP_ARRAY, mmap_array, "mapped arrays", "reading values without system calls")
/* clang-format on */

enum skep_feature {
#define SKEP_FEATURE_ROW_(constant, probe, name, gives) SKEP_FEATURE_##constant,
	SKEP_FEATURES(SKEP_FEATURE_ROW_)
#undef SKEP_FEATURE_ROW_
	SKEP_N_FEATURES,
};

/*
 * True when the kernel can do it, in this process, with its privileges. Not for several threads at
 * once.
 */
bool skep_feature_has(enum skep_feature feature);
/* 0 when it is there, else the -errno that the probe met. */
int skep_feature_error(enum skep_feature feature);

/*
 * From now on the feature called @word ("tp_btf"; @len bytes) counts as missing, so that the ways
 * around it can be tried on a kernel that has it. -ENOENT: there is no such feature.
 */
int skep_feature_deny(const char *word, size_t len) _must_check_;

/* Whether programs of this kind may call the helper. Not for those that are verified against a function. */
bool skep_feature_helper(uint32_t type, uint32_t attach_type, int32_t id);
/*
 * Whether programs of this kind (@attach_btf_id: verified against this function) may call the function @name of the
 * kernel. Not for functions without parameters.
 */
bool skep_kfunc_allowed(uint32_t type, uint32_t attach_type, uint32_t attach_btf_id,
			const char *name);

/* What `skep doctor` calls it: "tp_btf". */
const char *skep_feature_word(enum skep_feature feature);
const char *skep_feature_name(enum skep_feature feature);
/* What a user gets from it. */
const char *skep_feature_gives(enum skep_feature feature);
