/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/groups.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "isa/helper.h"
#include "isa/insn.h"
#include "isa/mapkind.h"
#include "isa/progkind.h"
#include "sys/bpf.h"
#include "sys/file.h"
#include "sys/perf.h"
#include "sys/ring.h"
#include "sys/tracefs.h"

#define RING_BYTES (32 * 1024) /* some 100 of the longest */

/* Of the tracepoints' records; their formats are asked whether they are so. */
#define AT_HIERARCHY 8
#define AT_ID 16
#define AT_PATH 24

struct skep_groups {
	struct skep_ring *ring;
	int ring_fd, probes[2];
	uint32_t memory; /* number of the hierarchy of version 1; 0: there is none */
};

/* The number of the memory hierarchy in a text as of /proc/cgroups: "memory	9	120	1". */
static uint32_t memory_hierarchy(void)
{
	_cleanup_free_ char *text = NULL;
	const char *line;

	if (skep_file_read("/proc/cgroups", 65536, &text, NULL) < 0)
		return 0;
	line = strstr(text, "\nmemory\t");
	return line ? (uint32_t)strtoul(line + strlen("\nmemory\t"), NULL, 10) : 0;
}

static bool is_as_expected(const char *event)
{
	static const char *const fields[] = { "int root;\toffset:8;\tsize:4;",
					      "id;\toffset:16;\tsize:8;",
					      "path;\toffset:24;\tsize:4;" };
	_cleanup_free_ char *format = NULL;

	if (skep_tracefs_event_format(event, &format) < 0)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if (!strstr(format, fields[i]))
			return false;
	return true;
}

static int load(int map_fd, uint32_t memory)
{
#define AT(member) \
	((int)offsetof(struct skep_group_news, member) - (int)sizeof(struct skep_group_news))
	const struct skep_insn_pair map = skep_insn_ld_map_fd(SKEP_R1, map_fd);
	const struct skep_insn insns[] = {
		skep_insn_mov64_reg(SKEP_R6, SKEP_R1),
		skep_insn_load(SKEP_SIZE_W, SKEP_R1, SKEP_R6, AT_HIERARCHY),
		skep_insn_jmp_imm(SKEP_JMP_JEQ, SKEP_R1, 0, 1),
		skep_insn_jmp_imm(SKEP_JMP_JNE, SKEP_R1, (int32_t)memory, 25),
		skep_insn_store(SKEP_SIZE_W, SKEP_FP, AT(hierarchy), SKEP_R1),
		skep_insn_store_imm(SKEP_SIZE_W, SKEP_FP, AT(zero), 0),
		skep_insn_load(SKEP_SIZE_DW, SKEP_R1, SKEP_R6, AT_ID),
		skep_insn_store(SKEP_SIZE_DW, SKEP_FP, AT(id), SKEP_R1),
		skep_insn_mov64_reg(SKEP_R1, SKEP_FP),
		skep_insn_alu64_imm(SKEP_ALU_ADD, SKEP_R1, AT(maker)),
		skep_insn_mov64_imm(SKEP_R2, 16),
		skep_insn_call(SKEP_HELPER_GET_CURRENT_COMM),
		/* The lower half says how far from the record's start the text is. */
		skep_insn_load(SKEP_SIZE_W, SKEP_R3, SKEP_R6, AT_PATH),
		skep_insn_alu64_imm(SKEP_ALU_AND, SKEP_R3, 0xffff),
		skep_insn_alu64_reg(SKEP_ALU_ADD, SKEP_R3, SKEP_R6),
		skep_insn_mov64_reg(SKEP_R1, SKEP_FP),
		skep_insn_alu64_imm(SKEP_ALU_ADD, SKEP_R1, AT(path)),
		skep_insn_mov64_imm(SKEP_R2, SKEP_GROUPS_PATH),
		skep_insn_call(SKEP_HELPER_PROBE_READ_KERNEL_STR),
		/* One that fills its room is perhaps not whole. */
		skep_insn_alu64_imm(SKEP_ALU_SUB, SKEP_R0, 1),
		skep_insn_jmp_imm(SKEP_JMP_JGT, SKEP_R0, SKEP_GROUPS_PATH - 2, 8),
		skep_insn_mov64_reg(SKEP_R3, SKEP_R0),
		skep_insn_alu64_imm(SKEP_ALU_ADD, SKEP_R3,
				    (int)offsetof(struct skep_group_news, path) + 1),
		skep_insn_mov64_reg(SKEP_R2, SKEP_FP),
		skep_insn_alu64_imm(SKEP_ALU_ADD, SKEP_R2, AT(id)),
		map.insn[0],
		map.insn[1],
		skep_insn_mov64_imm(SKEP_R4, 0),
		skep_insn_call(SKEP_HELPER_RINGBUF_OUTPUT),
		skep_insn_mov64_imm(SKEP_R0, 0),
		skep_insn_exit(),
	};
#undef AT
	struct skep_bpf_prog_load attr = {
		.prog_type = SKEP_PROG_TRACEPOINT,
		.insn_cnt = ARRAY_SIZE(insns),
		.insns = skep_bpf_ptr(insns),
		.license = skep_bpf_ptr("GPL"),
	};

	skep_bpf_name("skep_groups", attr.prog_name);
	return skep_bpf_prog_load(&attr, 0, NULL);
}

static int attach(const char *event, int prog)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_TRACEPOINT, .sample_period = 1 };
	uint32_t id;
	int r;

	if (!is_as_expected(event))
		return -EOPNOTSUPP;
	r = skep_tracefs_event_id(event, &id);
	attr.config = id;
	return r < 0 ? r : skep_perf_attach(&attr, -1, 0, prog, 0);
}

static int open_all(struct skep_groups *g)
{
	static const char *const events[] = { "cgroup/cgroup_mkdir", "cgroup/cgroup_rmdir" };
	_cleanup_close_ int prog = -1;
	int r;

	g->memory = memory_hierarchy();
	g->ring_fd = skep_bpf_map_create("skep_groups", SKEP_MAP_RINGBUF, 0, 0, RING_BYTES, 0);
	if (g->ring_fd < 0)
		return g->ring_fd;
	r = skep_ring_open(g->ring_fd, RING_BYTES, &g->ring);
	if (r < 0)
		return r;
	prog = load(g->ring_fd, g->memory);
	if (prog < 0)
		return prog;
	for (size_t i = 0; i < ARRAY_SIZE(events); i++) {
		g->probes[i] = attach(events[i], prog);
		if (g->probes[i] < 0)
			return g->probes[i];
	}
	return 0;
}

int skep_groups_open(struct skep_groups **ret_groups)
{
	struct skep_groups *g = calloc(1, sizeof(*g));
	int r;

	if (!g)
		return -ENOMEM;
	*g = (struct skep_groups){ .ring_fd = -1, .probes = { -1, -1 } };
	r = open_all(g);
	if (r < 0) {
		skep_groups_close(g);
		return r;
	}
	*ret_groups = g;
	return 0;
}

void skep_groups_close(struct skep_groups *g)
{
	if (!g)
		return;
	skep_closep(&g->probes[0]);
	skep_closep(&g->probes[1]);
	skep_ring_close(g->ring);
	skep_closep(&g->ring_fd);
	free(g);
}

int skep_groups_fd(const struct skep_groups *g)
{
	return g->ring_fd;
}

struct reader {
	void (*take)(void *data, const struct skep_group_news *news, bool is_v1);
	void *data;
};

static int take_record(void *data, const void *bytes, size_t len)
{
	const struct reader *reader = data;
	struct skep_group_news news = {};

	memcpy(&news, bytes, MIN(len, sizeof(news) - 1));
	reader->take(reader->data, &news, news.hierarchy != 0);
	return 0;
}

void skep_groups_read(struct skep_groups *g,
		      void (*take)(void *data, const struct skep_group_news *news, bool is_v1),
		      void *data)
{
	struct reader reader = { take, data };

	/* A ring that makes no sense has no names; rows say that they have none. */
	(void)!skep_ring_drain(g->ring, &(struct skep_ring_sink){ take_record, &reader });
}
