/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who holds what, by an iterator over the files of all tasks: a program of our own that looks at each file and writes a
 * record for those of bpf(2) and for perf events with a program.
 *
 *	file->f_op ──== ops of programs, maps, links, perf events?──► id, read from file->private_data ──► { pid, fd, kind, id }
 *
 * Where these ops are is learnt from files of our own whose kind is known: the kernel's symbols may not have them.
 */
#include <errno.h>
#include <linux/perf_event.h>
#include <string.h>

#include "isa/attachtype.h"
#include "isa/helper.h"
#include "isa/insn.h"
#include "isa/mapkind.h"
#include "isa/progkind.h"
#include "sys/inventory_files.h"
#include "sys/perf.h"
#include "sys/vmlinux.h"

/* The context: struct bpf_iter__task_file { meta, task, fd, file }, its pointers 8 bytes each. */
#define CTX_META 0
#define CTX_TASK 8
#define CTX_FD 16
#define CTX_FILE 24

#define RECORD (-16) /* on the stack */
#define POINTER (-24)

#define N_KINDS (SKEP_INVENTORY_PERF + 1)
#define STEPS_MAX 3
#define INSNS_MAX 256

/* Members on the way from private_data to an id, 0xffff: none. */
struct way {
	uint32_t offsets[STEPS_MAX];
	unsigned n;
};

struct layout {
	uint32_t f_op, private_data, tgid;
	struct way ways[N_KINDS];
};

struct code {
	struct skep_insn insns[INSNS_MAX];
	size_t n;
};

static void add(struct code *c, struct skep_insn insn)
{
	if (c->n < INSNS_MAX)
		c->insns[c->n++] = insn;
}

/* A jump to a place that is not known yet. */
static size_t jump(struct code *c, unsigned op, unsigned source, unsigned dst, unsigned src,
		   int32_t imm)
{
	add(c, skep_insn_make(SKEP_CLASS_JMP | source | op, dst, src, 0, imm));
	return c->n - 1;
}

static void land(struct code *c, size_t jump)
{
	c->insns[jump].off = (int16_t)(c->n - jump - 1);
}

/* stack[@to] = the kernel's memory at R3 */
static void read_kernel(struct code *c, int to, int32_t size)
{
	add(c, skep_insn_mov64_reg(SKEP_R1, SKEP_FP));
	add(c, skep_insn_alu64_imm(SKEP_ALU_ADD, SKEP_R1, to));
	add(c, skep_insn_mov64_imm(SKEP_R2, size));
	add(c, skep_insn_call(SKEP_HELPER_PROBE_READ_KERNEL));
}

/* Writes the record, then leaves. R6 is the context. */
static void emit(struct code *c)
{
	add(c, skep_insn_load(SKEP_SIZE_DW, SKEP_R1, SKEP_R6, CTX_META));
	add(c, skep_insn_load(SKEP_SIZE_DW, SKEP_R1, SKEP_R1, 0)); /* its first member: seq */
	add(c, skep_insn_mov64_reg(SKEP_R2, SKEP_FP));
	add(c, skep_insn_alu64_imm(SKEP_ALU_ADD, SKEP_R2, RECORD));
	add(c, skep_insn_mov64_imm(SKEP_R3, 16));
	add(c, skep_insn_call(SKEP_HELPER_SEQ_WRITE));
}

/* R8: private_data. Ids are never 0, which is what a read that failed leaves. */
static void write_id(struct code *c, const struct way *way, enum skep_inventory_kind kind)
{
	size_t none;

	add(c, skep_insn_mov64_reg(SKEP_R3, SKEP_R8));
	for (unsigned i = 0; i < way->n; i++) {
		bool last = i + 1 == way->n;

		add(c, skep_insn_alu64_imm(SKEP_ALU_ADD, SKEP_R3, (int32_t)way->offsets[i]));
		read_kernel(c, last ? RECORD + 12 : POINTER, last ? 4 : 8);
		if (!last)
			add(c, skep_insn_load(SKEP_SIZE_DW, SKEP_R3, SKEP_FP, POINTER));
	}
	add(c, skep_insn_store_imm(SKEP_SIZE_W, SKEP_FP, RECORD + 8, (int32_t)kind));
	add(c, skep_insn_load(SKEP_SIZE_W, SKEP_R1, SKEP_FP, RECORD + 12));
	none = jump(c, SKEP_JMP_JEQ, SKEP_SRC_K, SKEP_R1, 0, 0);
	emit(c);
	land(c, none);
	add(c, skep_insn_mov64_imm(SKEP_R0, 0));
	add(c, skep_insn_exit());
}

/* R7: the ops of the file, R8: its private_data; the record has the process and the descriptor. */
static void look_at_file(struct code *c, const struct layout *at)
{
	size_t out[2];

	add(c, skep_insn_mov64_reg(SKEP_R6, SKEP_R1));
	add(c, skep_insn_load(SKEP_SIZE_DW, SKEP_R1, SKEP_R6, CTX_FILE));
	out[0] = jump(c, SKEP_JMP_JEQ, SKEP_SRC_K, SKEP_R1, 0, 0);
	add(c, skep_insn_load(SKEP_SIZE_DW, SKEP_R2, SKEP_R6, CTX_TASK));
	out[1] = jump(c, SKEP_JMP_JEQ, SKEP_SRC_K, SKEP_R2, 0, 0);
	add(c, skep_insn_load(SKEP_SIZE_W, SKEP_R2, SKEP_R2, (int)at->tgid));
	add(c, skep_insn_store(SKEP_SIZE_W, SKEP_FP, RECORD, SKEP_R2));
	add(c, skep_insn_load(SKEP_SIZE_W, SKEP_R2, SKEP_R6, CTX_FD));
	add(c, skep_insn_store(SKEP_SIZE_W, SKEP_FP, RECORD + 4, SKEP_R2));
	add(c, skep_insn_load(SKEP_SIZE_DW, SKEP_R7, SKEP_R1, (int)at->f_op));
	add(c, skep_insn_load(SKEP_SIZE_DW, SKEP_R8, SKEP_R1, (int)at->private_data));
	jump(c, SKEP_JMP_JA, SKEP_SRC_K, 0, 0, 0);
	land(c, c->n - 1);
	c->insns[c->n - 1].off = 2; /* over the way out */
	land(c, out[0]);
	land(c, out[1]);
	add(c, skep_insn_mov64_imm(SKEP_R0, 0));
	add(c, skep_insn_exit());
}

static void finish(struct code *c)
{
	add(c, skep_insn_mov64_imm(SKEP_R0, 0));
	add(c, skep_insn_exit());
}

/* --- layout of the kernel's structures --------------------------------------------------------- */

static bool member(const struct skep_btf *btf, const char *type, const char *name,
		   uint32_t *ret_offset)
{
	struct skep_btf_member m;
	uint32_t id;

	if (skep_btf_find(btf, type, SKEP_BTF_STRUCT, &id) < 0 ||
	    skep_btf_find_member(btf, id, name, &m) < 0 || m.bit_offset / 8 > INT16_MAX)
		return false;
	*ret_offset = m.bit_offset / 8;
	return true;
}

static bool find_way(const struct skep_btf *btf, const char *const (*steps)[2], struct way *ret_way)
{
	ret_way->n = 0;
	for (unsigned i = 0; i < STEPS_MAX && steps[i][0]; i++)
		if (!member(btf, steps[i][0], steps[i][1], &ret_way->offsets[ret_way->n++]))
			return false;
	return true;
}

static bool find_layout(const struct skep_btf *btf, struct layout *ret_at)
{
	static const char *const ways[N_KINDS][STEPS_MAX][2] = {
		[SKEP_INVENTORY_PROG] = { { "bpf_prog", "aux" }, { "bpf_prog_aux", "id" } },
		[SKEP_INVENTORY_MAP] = { { "bpf_map", "id" } },
		[SKEP_INVENTORY_LINK] = { { "bpf_link", "id" } },
		[SKEP_INVENTORY_PERF] = { { "perf_event", "prog" },
					  { "bpf_prog", "aux" },
					  { "bpf_prog_aux", "id" } },
	};

	for (unsigned i = 0; i < N_KINDS; i++)
		if (!find_way(btf, ways[i], &ret_at->ways[i]))
			return false;
	return member(btf, "file", "f_op", &ret_at->f_op) &&
	       member(btf, "file", "private_data", &ret_at->private_data) &&
	       member(btf, "task_struct", "tgid", &ret_at->tgid);
}

/* --- loading and reading ----------------------------------------------------------------------- */

static int load(const struct skep_btf *btf, const struct code *c)
{
	struct skep_bpf_prog_load attr = {
		.prog_type = SKEP_PROG_TRACING,
		.expected_attach_type = SKEP_AT_TRACE_ITER,
		.insns = skep_bpf_ptr(c->insns),
		.insn_cnt = (uint32_t)c->n,
		.license = skep_bpf_ptr("GPL"),
	};
	int r;

	if (c->n >= INSNS_MAX)
		return -E2BIG;
	r = skep_btf_find(btf, "bpf_iter_task_file", SKEP_BTF_FUNC, &attr.attach_btf_id);
	if (r < 0)
		return r;
	skep_bpf_name("skep_holders", attr.prog_name);
	return skep_bpf_prog_load(&attr, 0, NULL);
}

static int link_to(int prog, uint32_t pid)
{
	struct skep_bpf_iter_task task = { .pid = pid };
	struct skep_bpf_link_create attr = {
		.prog_fd = (uint32_t)prog,
		.attach_type = SKEP_AT_TRACE_ITER,
	};

	if (pid) {
		attr.iter.info = skep_bpf_ptr(&task);
		attr.iter.info_len = sizeof(task);
	}
	return skep_bpf_link_create(&attr);
}

int skep_files_read(int link, void (*each)(void *data, const struct skep_file_record *record),
		    void *data)
{
	_cleanup_close_ int fd = skep_bpf_iter_create(link);
	struct skep_file_record records[512];
	size_t have = 0;
	ssize_t n;

	if (fd < 0)
		return fd;
	while ((n = read(fd, (char *)records + have, sizeof(records) - have)) != 0) {
		size_t whole;

		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0)
			return -errno;
		have += (size_t)n;
		whole = have / sizeof(*records);
		for (size_t i = 0; i < whole; i++)
			each(data, &records[i]);
		have %= sizeof(*records);
		memmove(records, &records[whole], have);
	}
	return 0;
}

/* --- learning where the ops are ---------------------------------------------------------------- */

/* Files of ours, one of each kind, and what the kernel has as their ops. */
struct lesson {
	int fds[N_KINDS];
	uint64_t ops[N_KINDS];
};

static void learn(void *data, const struct skep_file_record *record)
{
	struct lesson *lesson = data;
	uint64_t ops;

	if (record->pid != (uint32_t)getpid())
		return;
	memcpy(&ops, &record->kind, sizeof(ops));
	for (unsigned i = 0; i < N_KINDS; i++)
		if (lesson->fds[i] >= 0 && (uint32_t)lesson->fds[i] == record->fd)
			lesson->ops[i] = ops;
}

static int ask_for_ops(const struct skep_btf *btf, const struct layout *at, struct lesson *lesson)
{
	struct perf_event_attr event = { .type = PERF_TYPE_SOFTWARE,
					 .config = PERF_COUNT_SW_DUMMY };
	_cleanup_close_ int prog = -1, map = -1, link = -1, perf = -1;
	struct code c = {};
	int r;

	look_at_file(&c, at);
	add(&c, skep_insn_store(SKEP_SIZE_DW, SKEP_FP, RECORD + 8, SKEP_R7));
	emit(&c);
	finish(&c);
	prog = load(btf, &c);
	if (prog < 0)
		return prog;
	link = link_to(prog, (uint32_t)getpid());
	if (link < 0) /* iterators visit one process since 6.1 */
		link = link_to(prog, 0);
	if (link < 0)
		return link;
	map = skep_bpf_map_create("skep_holders", SKEP_MAP_ARRAY, 4, 4, 1, 0);
	perf = skep_perf_open(&event, 0, -1);
	lesson->fds[SKEP_INVENTORY_PROG] = prog;
	lesson->fds[SKEP_INVENTORY_MAP] = map;
	lesson->fds[SKEP_INVENTORY_LINK] = link;
	lesson->fds[SKEP_INVENTORY_PERF] = perf;
	r = skep_files_read(link, learn, lesson);
	return r < 0 ? r : lesson->ops[0] && lesson->ops[1] && lesson->ops[2] ? 0 : -ENOENT;
}

int skep_files_open(void)
{
	const struct skep_btf *btf;
	struct lesson lesson = { .fds = { -1, -1, -1, -1 } };
	struct layout at = {};
	struct code c = {};
	_cleanup_close_ int prog = -1;
	int r = skep_vmlinux_btf(NULL, &btf);

	if (r < 0)
		return r;
	if (!find_layout(btf, &at))
		return -EOPNOTSUPP;
	r = ask_for_ops(btf, &at, &lesson);
	if (r < 0)
		return r;
	look_at_file(&c, &at);
	for (unsigned i = 0; i < N_KINDS; i++) {
		struct skep_insn_pair ops = skep_insn_ld_imm64(SKEP_R1, lesson.ops[i]);
		size_t other;

		if (!lesson.ops[i])
			continue;
		add(&c, ops.insn[0]);
		add(&c, ops.insn[1]);
		other = jump(&c, SKEP_JMP_JNE, SKEP_SRC_X, SKEP_R7, SKEP_R1, 0);
		write_id(&c, &at.ways[i], (enum skep_inventory_kind)i);
		land(&c, other);
	}
	finish(&c);
	prog = load(btf, &c);
	return prog < 0 ? prog : link_to(prog, 0);
}
