/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bpfs: puts programs and maps of known kinds into the kernel, says "ready PID", holds them until its standard input ends.
 *
 *	bpfs rawtp=sys_enter pin=/sys/fs/bpf/x hash=3:8
 *
 *	many=N         N programs of kind socket_filter, called many_0, many_1...
 *	rawtp=EVENT    a program on a raw tracepoint, by a link
 *	tp=EVENT       on a tracepoint ("category/name") of this process, by a perf event without a link
 *	clock=1        on the CPU clock of this process, likewise
 *	cgroup=DIR     on what leaves a cgroup, by PROG_ATTACH without a link
 *	signal=1       may send signals; it is not attached, nor are the next two
 *	writer=1       may write the memory of programs
 *	xdp=1          an XDP program that passes everything
 *	cls=1          one for traffic control, likewise
 *	pin=PATH       pins what was loaded last
 *	tail=I         the last program becomes element I of a map of programs
 *	hash=N:MAX     a hash "bpfs_hash" with N of MAX elements
 *	ring=N         a ring buffer "bpfs_ring" of 4096 bytes with N unread records of 8 bytes (16 with their heads)
 *	spin=N         N runs of the program of rawtp=sys_enter, by as many system calls
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/mount.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static int last = -1;

static int bpf(int cmd, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

static void die(const char *what)
{
	fprintf(stderr, "bpfs: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int load(int type, const char *name, const struct bpf_insn *insns, int n)
{
	static char log[65536];
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = (unsigned)type;
	attr.insns = (unsigned long)insns;
	attr.insn_cnt = (unsigned)n;
	attr.license = (unsigned long)"GPL";
	attr.log_buf = (unsigned long)log;
	attr.log_size = sizeof(log);
	attr.log_level = 1;
	if (type == BPF_PROG_TYPE_CGROUP_SKB)
		attr.expected_attach_type = BPF_CGROUP_INET_EGRESS;
	snprintf(attr.prog_name, sizeof(attr.prog_name), "%s", name);
	last = bpf(BPF_PROG_LOAD, &attr);
	if (last < 0) {
		fputs(log, stderr);
		die(name);
	}
	return last;
}

#define MOV(r, n)                                                               \
	{                                                                       \
		.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = (r), .imm = (n) \
	}
#define REG(r, s)                                                                   \
	{                                                                           \
		.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = (r), .src_reg = (s) \
	}
#define ADD(r, n)                                                               \
	{                                                                       \
		.code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = (r), .imm = (n) \
	}
#define STORE(at, n)                                                                      \
	{                                                                                 \
		.code = BPF_ST | BPF_DW | BPF_MEM, .dst_reg = 10, .off = (at), .imm = (n) \
	}
#define CALL(id)                                        \
	{                                               \
		.code = BPF_JMP | BPF_CALL, .imm = (id) \
	}
#define EXIT()                             \
	{                                  \
		.code = BPF_JMP | BPF_EXIT \
	}

/* Returns @result. */
static int load_plain(int type, const char *name, int result)
{
	const struct bpf_insn insns[] = { MOV(0, result), EXIT() };

	return load(type, name, insns, 2);
}

static void load_many(int n)
{
	struct rlimit limit = { 1 << 20, 1 << 20 };
	char name[16];

	setrlimit(RLIMIT_NOFILE, &limit);
	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "many_%d", i);
		load_plain(BPF_PROG_TYPE_SOCKET_FILTER, name, 0);
	}
}

static void attach_rawtp(const char *event)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.raw_tracepoint.prog_fd =
		(unsigned)load_plain(BPF_PROG_TYPE_RAW_TRACEPOINT, "bpfs_raw", 0);
	attr.raw_tracepoint.name = (unsigned long)event;
	if (bpf(BPF_RAW_TRACEPOINT_OPEN, &attr) < 0)
		die(event);
}

static void attach_perf(struct perf_event_attr *event, int prog)
{
	int fd;

	event->size = sizeof(*event);
	fd = (int)syscall(SYS_perf_event_open, event, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0 || ioctl(fd, PERF_EVENT_IOC_SET_BPF, prog) < 0 ||
	    ioctl(fd, PERF_EVENT_IOC_ENABLE, 0) < 0)
		die("perf event");
}

static void attach_tp(const char *event)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_TRACEPOINT, .sample_period = 1 };
	char path[256], id[32] = "";
	int fs = (int)syscall(SYS_fsopen, "tracefs", 0), fd; /* it may not be mounted */

	if (fs < 0 || syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		die("tracefs");
	fd = (int)syscall(SYS_fsmount, fs, 0, 0);
	snprintf(path, sizeof(path), "events/%s/id", event);
	fd = openat(fd, path, O_RDONLY);
	if (fd < 0 || read(fd, id, sizeof(id) - 1) <= 0)
		die(path);
	close(fd);
	close(fs);
	attr.config = strtoull(id, NULL, 10);
	attach_perf(&attr, load_plain(BPF_PROG_TYPE_TRACEPOINT, "bpfs_tp", 0));
}

static void attach_clock(void)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE,
					.config = PERF_COUNT_SW_CPU_CLOCK,
					.sample_period = 1000000000 };

	attach_perf(&attr, load_plain(BPF_PROG_TYPE_PERF_EVENT, "bpfs_clock", 0));
}

static void attach_cgroup(const char *dir)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.target_fd = (unsigned)open(dir, O_RDONLY | O_DIRECTORY);
	attr.attach_bpf_fd = (unsigned)load_plain(BPF_PROG_TYPE_CGROUP_SKB, "bpfs_egress", 1);
	attr.attach_type = BPF_CGROUP_INET_EGRESS;
	if (bpf(BPF_PROG_ATTACH, &attr) < 0)
		die(dir);
}

static void load_signal(void)
{
	const struct bpf_insn insns[] = { MOV(1, 10), CALL(BPF_FUNC_send_signal), MOV(0, 0),
					  EXIT() };

	load(BPF_PROG_TYPE_PERF_EVENT, "bpfs_signal", insns, 4);
}

static void load_writer(void)
{
	const struct bpf_insn insns[] = { STORE(-8, 0), MOV(1, 0), REG(2, 10),
					  ADD(2, -8),	MOV(3, 8), CALL(BPF_FUNC_probe_write_user),
					  MOV(0, 0),	EXIT() };

	load(BPF_PROG_TYPE_RAW_TRACEPOINT, "bpfs_writer", insns, 8);
}

static void pin(const char *path)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.pathname = (unsigned long)path;
	attr.bpf_fd = (unsigned)last;
	if (bpf(BPF_OBJ_PIN, &attr) < 0)
		die(path);
}

static int make_map(int type, const char *name, int key, int value, int max)
{
	union bpf_attr attr;
	int fd;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = (unsigned)type;
	attr.key_size = (unsigned)key;
	attr.value_size = (unsigned)value;
	attr.max_entries = (unsigned)max;
	snprintf(attr.map_name, sizeof(attr.map_name), "%s", name);
	fd = bpf(BPF_MAP_CREATE, &attr);
	if (fd < 0)
		die(name);
	return fd;
}

static void set(int map, int key, const void *value)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (unsigned)map;
	attr.key = (unsigned long)&key;
	attr.value = (unsigned long)value;
	if (bpf(BPF_MAP_UPDATE_ELEM, &attr) < 0)
		die("map update");
}

static void make_tail(int index)
{
	set(make_map(BPF_MAP_TYPE_PROG_ARRAY, "bpfs_calls", 4, 4, 8), index, &last);
}

static void make_hash(const char *text)
{
	const char *max = strchr(text, ':');
	int map = make_map(BPF_MAP_TYPE_HASH, "bpfs_hash", 4, 8, max ? atoi(max + 1) : 8);
	long value = 0;

	for (int i = 0; i < atoi(text); i++)
		set(map, i, &value);
}

static void make_ring(int n)
{
	int map = make_map(BPF_MAP_TYPE_RINGBUF, "bpfs_ring", 0, 0, 4096);
	const struct bpf_insn insns[] = {
		{ .code = BPF_LD | BPF_IMM | BPF_DW,
		  .dst_reg = 1,
		  .src_reg = BPF_PSEUDO_MAP_FD,
		  .imm = map },
		{},
		STORE(-8, 1),
		REG(2, 10),
		ADD(2, -8),
		MOV(3, 8),
		MOV(4, 0),
		CALL(BPF_FUNC_ringbuf_output),
		MOV(0, 0),
		EXIT(),
	};
	int prog = load(BPF_PROG_TYPE_RAW_TRACEPOINT, "bpfs_fill", insns, 10);

	for (int i = 0; i < n; i++) {
		union bpf_attr attr;

		memset(&attr, 0, sizeof(attr));
		attr.test.prog_fd = (unsigned)prog;
		if (bpf(BPF_PROG_TEST_RUN, &attr) < 0)
			die("test run");
	}
}

static void do_item(char *item)
{
	char *value = strchr(item, '=');

	if (!value) {
		errno = EINVAL;
		die(item);
	}
	*value++ = 0;
	if (!strcmp(item, "many"))
		load_many(atoi(value));
	else if (!strcmp(item, "rawtp"))
		attach_rawtp(value);
	else if (!strcmp(item, "tp"))
		attach_tp(value);
	else if (!strcmp(item, "clock"))
		attach_clock();
	else if (!strcmp(item, "cgroup"))
		attach_cgroup(value);
	else if (!strcmp(item, "signal"))
		load_signal();
	else if (!strcmp(item, "writer"))
		load_writer();
	else if (!strcmp(item, "xdp"))
		load_plain(BPF_PROG_TYPE_XDP, "bpfs_xdp", 2);
	else if (!strcmp(item, "cls"))
		load_plain(BPF_PROG_TYPE_SCHED_CLS, "bpfs_cls", -1);
	else if (!strcmp(item, "pin"))
		pin(value);
	else if (!strcmp(item, "tail"))
		make_tail(atoi(value));
	else if (!strcmp(item, "hash"))
		make_hash(value);
	else if (!strcmp(item, "ring"))
		make_ring(atoi(value));
	else if (!strcmp(item, "spin"))
		for (int i = 0; i < atoi(value); i++)
			syscall(SYS_getppid);
	else
		die(item);
}

int main(int argc, char **argv)
{
	char c;

	for (int i = 1; i < argc; i++)
		do_item(argv[i]);
	printf("ready %d\n", (int)getpid());
	fflush(stdout);
	while (read(0, &c, 1) > 0)
		;
	return 0;
}
