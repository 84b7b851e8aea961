/* SPDX-License-Identifier: Apache-2.0 */
#include "progs.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tool.h"

#define FLOOR_ROUNDS 9
#define FLOOR_BATCHES 50

int progs_stats_on(void)
{
	int fd = bpf_enable_stats(BPF_STATS_RUN_TIME);

	return fd < 0 ? -errno : fd;
}

static int read_info(uint32_t id, struct prog *ret_prog)
{
	struct bpf_prog_info info = {};
	uint32_t size = sizeof(info);
	int fd = bpf_prog_get_fd_by_id(id), r;

	if (fd < 0)
		return -errno;
	r = bpf_obj_get_info_by_fd(fd, &info, &size) < 0 ? -errno : 0;
	close(fd);
	if (r < 0)
		return r;
	*ret_prog = (struct prog){
		.id = id,
		.type = info.type,
		.run_ns = info.run_time_ns,
		.n_runs = info.run_cnt,
		.n_insns = info.xlated_prog_len / 8,
		.jited_bytes = info.jited_prog_len,
		.n_verified = info.verified_insns,
	};
	memcpy(ret_prog->name, info.name, sizeof(ret_prog->name) - 1);
	return 0;
}

const struct prog *progs_find(const struct progs *progs, uint32_t id)
{
	for (unsigned i = 0; i < progs->n; i++)
		if (progs->v[i].id == id)
			return &progs->v[i];
	return NULL;
}

/* Program and link descriptors say "prog_id:" in their fdinfo. */
static uint32_t prog_of_fd(pid_t pid, const char *fd)
{
	char path[320], line[256];
	uint32_t id = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%s", (int)pid, fd);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, "prog_id:", 8) == 0)
			id = (uint32_t)strtoul(line + 8, NULL, 10);
	if (f)
		fclose(f);
	return id;
}

int progs_of(pid_t pid, struct progs *ret_progs)
{
	struct progs progs = {};
	struct dirent *e;
	char path[64];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo", (int)pid);
	dir = opendir(path);
	if (!dir)
		return -errno;
	while (progs.n < PROGS_MAX && (e = readdir(dir))) {
		uint32_t id = e->d_name[0] == '.' ? 0 : prog_of_fd(pid, e->d_name);

		if (id && !progs_find(&progs, id) && read_info(id, &progs.v[progs.n]) == 0)
			progs.n++;
	}
	closedir(dir);
	*ret_progs = progs;
	return 0;
}

const char *progs_kind(uint32_t type)
{
	const char *kind = libbpf_bpf_prog_type_str((enum bpf_prog_type)type);

	return kind ? kind : "unknown";
}

static int tracepoint_id(void)
{
	FILE *f = fopen("/sys/kernel/tracing/events/syscalls/sys_enter_getppid/id", "re");
	int id = -1;

	if (f && fscanf(f, "%d", &id) != 1)
		id = -1;
	if (f)
		fclose(f);
	return id;
}

/* A descriptor that holds the program on its tracepoint. */
static int attach(int prog, uint32_t type)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(attr),
		.sample_period = 1,
		.wakeup_events = 1,
	};
	int fd, id;

	if (type != BPF_PROG_TYPE_TRACEPOINT)
		return bpf_raw_tracepoint_open(type == BPF_PROG_TYPE_TRACING ? NULL : "sys_enter",
					       prog);
	id = tracepoint_id();
	if (id < 0)
		return -1;
	attr.config = (uint64_t)id;
	fd = (int)syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd >= 0 && (ioctl(fd, PERF_EVENT_IOC_SET_BPF, prog) < 0 ||
			ioctl(fd, PERF_EVENT_IOC_ENABLE, 0) < 0)) {
		close(fd);
		return -1;
	}
	return fd;
}

static int load_empty(uint32_t type)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	struct bpf_prog_load_opts options = { .sz = sizeof(options) };

	if (type == BPF_PROG_TYPE_TRACING) {
		int id = libbpf_find_vmlinux_btf_id("sys_enter", BPF_TRACE_RAW_TP);

		if (id < 0)
			return id;
		options.expected_attach_type = BPF_TRACE_RAW_TP;
		options.attach_btf_id = (uint32_t)id;
	}
	return bpf_prog_load((enum bpf_prog_type)type, "bench_empty", "GPL", insns, 2, &options);
}

/* By the kernel's account, with its statistics on. */
static int account_once(uint32_t id, struct workload *w, double *ret_ns)
{
	double batches[FLOOR_BATCHES];
	int stats = progs_stats_on(), r;
	struct prog before, after;

	if (stats < 0)
		return stats;
	r = read_info(id, &before);
	if (r == 0)
		r = workload_call(w, FLOOR_BATCHES, batches);
	if (r == 0)
		r = read_info(id, &after);
	close(stats);
	if (r == 0 && after.n_runs == before.n_runs)
		r = -EIO;
	if (r < 0)
		return r;
	*ret_ns = (double)(after.run_ns - before.run_ns) / (double)(after.n_runs - before.n_runs);
	return 0;
}

static int floor_once(int prog, uint32_t type, struct workload *w, double *ret_run,
		      double *ret_added)
{
	double untraced[FLOOR_BATCHES], traced[FLOOR_BATCHES];
	struct bpf_prog_info info = {};
	uint32_t size = sizeof(info);
	int r, link;

	if (bpf_obj_get_info_by_fd(prog, &info, &size) < 0)
		return -errno;
	r = workload_call(w, FLOOR_BATCHES, untraced);
	if (r < 0)
		return r;
	link = attach(prog, type);
	if (link < 0)
		return -ENOTSUP;
	r = workload_call(w, FLOOR_BATCHES, traced);
	if (r == 0)
		r = account_once(info.id, w, ret_run);
	close(link);
	*ret_added = bench_median(traced, FLOOR_BATCHES) - bench_median(untraced, FLOOR_BATCHES);
	return r;
}

int progs_floor(uint32_t type, struct workload *w, struct progs_floor *ret_floor)
{
	double run[FLOOR_ROUNDS], added[FLOOR_ROUNDS];
	int prog = load_empty(type), r = prog < 0 ? prog : 0;
	enum workload_kind kind = w->kind;

	w->kind = WORKLOAD_GETPPID;
	for (unsigned i = 0; i < FLOOR_ROUNDS && r == 0; i++)
		r = floor_once(prog, type, w, &run[i], &added[i]);
	w->kind = kind;
	if (prog >= 0)
		close(prog);
	if (r < 0)
		return r;
	ret_floor->run_ns = bench_median(run, FLOOR_ROUNDS);
	ret_floor->added_ns = bench_median(added, FLOOR_ROUNDS);
	return 0;
}
