/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's test-run. It is there for the kinds of programs that work on packets and a few others; all others the kernel
 * runs only when something happens. A program that is in the kernel already is run where it is, with its own maps.
 */
#include <errno.h>
#include <string.h>

#include "isa/helper.h"
#include "isa/progkind.h"
#include "sys/bpf.h"
#include "sys/cpus.h"
#include "sys/kernel.h"
#include "workbench/try_priv.h"

#define HEADER_BYTES 14 /* of Ethernet, below which the kernel runs nothing */
#define IPV4_BYTES 20
#define IPV6_BYTES 40
#define PACKET_ROOM 4096 /* by which a packet may grow */
#define RAW_ARGS_MAX 96	 /* bytes of a raw tracepoint's arguments */

bool skep_try_kernel_runs(uint32_t prog_type)
{
	switch (prog_type) {
	case SKEP_PROG_SK_SKB:
		return false;
	case SKEP_PROG_RAW_TRACEPOINT:
	case SKEP_PROG_RAW_TRACEPOINT_WRITABLE:
	case SKEP_PROG_SK_LOOKUP:
	case SKEP_PROG_SYSCALL:
		return true;
	default:
		return skep_try_has_packet(prog_type);
	}
}

static int cannot(struct try_job *j, const char *kind)
{
	skep_diag_error(j->diag, SKEP_NO_LOC,
			"the kernel runs programs of kind %s only when what they wait for happens",
			kind);
	skep_diag_hint(j->diag, "--engine interp and --engine jit run them at any time");
	return -EOPNOTSUPP;
}

/* The descriptor of the program: of the one that is there, or of one that is loaded now. */
static int open_prog(struct try_job *j)
{
	const char *id;
	int r;

	if (j->input->loaded) {
		id = skep_arena_printf(j->arena, "id:%u", j->input->loaded->image.info.id);
		r = skep_image_open(id, j->diag);
		if (r >= 0)
			j->prog_fd = r;
		return r < 0 ? r : 0;
	}
	j->engine = skep_kernel_engine();
	r = j->engine->load(j->engine, &j->spec, NULL, j->diag, &j->loaded);
	if (r < 0)
		return r;
	j->prog_fd = skep_kernel_prog_fd(j->loaded, j->prog);
	return 0;
}

/* Kinds whose packet begins behind the Ethernet header, which the test-run wants nevertheless, and takes away. */
static bool begins_behind(uint32_t type)
{
	switch (type) {
	case SKEP_PROG_SOCKET_FILTER:
	case SKEP_PROG_CGROUP_SKB:
	case SKEP_PROG_LWT_IN:
	case SKEP_PROG_LWT_OUT:
	case SKEP_PROG_LWT_XMIT:
	case SKEP_PROG_LWT_SEG6LOCAL:
		return true;
	default:
		return false;
	}
}

/* A header that says what follows, as far as that can be seen. */
static void make_header(const struct try_job *j, uint8_t *header)
{
	const uint8_t *packet = j->with->bytes;
	unsigned version = j->with->size ? packet[0] >> 4 : 0;
	uint16_t type = version == 4 && j->with->size >= IPV4_BYTES ? 0x0800
			: version == 6 && j->with->size >= IPV6_BYTES
				? 0x86dd
				: 0x88b5; /* for experiments */

	header[12] = (uint8_t)(type >> 8);
	header[13] = (uint8_t)type;
}

static int too_short(struct try_job *j)
{
	skep_diag_error(j->diag, SKEP_NO_LOC,
			"the kernel wants a packet of at least %d bytes, an Ethernet header",
			HEADER_BYTES);
	skep_diag_hint(j->diag, "--input gives it");
	return -EINVAL;
}

/* The kernel counts these runs itself. */
static int run_packets(struct try_job *j, struct skep_bpf_test_run *attr)
{
	bool behind = begins_behind(j->spec.progs[j->prog].type);
	size_t skip = behind ? HEADER_BYTES : 0, size = j->with->size + skip;
	uint8_t *in = skep_arena_alloc(j->arena, size + 1);
	uint8_t *out = skep_arena_alloc(j->arena, size + PACKET_ROOM);
	int r;

	if (size < HEADER_BYTES)
		return too_short(j);
	if (behind)
		make_header(j, in);
	if (j->with->size)
		memcpy(in + skip, j->with->bytes, j->with->size);
	attr->data_in = skep_bpf_ptr(in);
	attr->data_size_in = (uint32_t)size;
	attr->data_out = skep_bpf_ptr(out);
	attr->data_size_out = (uint32_t)(size + PACKET_ROOM);
	attr->repeat = j->result->runs;
	if (j->with->ctx || j->with->n_fields) {
		attr->ctx_in = skep_bpf_ptr(j->ctx);
		attr->ctx_size_in = (uint32_t)j->ctx_size;
	}
	r = skep_bpf(SKEP_BPF_TEST_RUN, attr, sizeof(*attr));
	if (r < 0)
		return r;
	size = MIN((size_t)attr->data_size_out, size + PACKET_ROOM);
	j->result->ns = attr->duration;
	j->result->packet.data = out + skip;
	j->result->packet.size = size - MIN(size, skip);
	j->result->packet_changed =
		j->result->packet.size != j->with->size ||
		(j->with->size && memcmp(out + skip, j->with->bytes, j->with->size) != 0);
	return 0;
}

/* These one by one. */
static int run_contexts(struct try_job *j, struct skep_bpf_test_run *attr)
{
	uint32_t type = j->spec.progs[j->prog].type;
	bool raw = type == SKEP_PROG_RAW_TRACEPOINT || type == SKEP_PROG_RAW_TRACEPOINT_WRITABLE;
	size_t size = raw ? MIN(j->ctx_size, (size_t)RAW_ARGS_MAX) : j->ctx_size;
	uint64_t begin = skep_clock_ns(CLOCK_MONOTONIC);
	int r = 0;

	attr->ctx_in = skep_bpf_ptr(j->ctx);
	attr->ctx_size_in = (uint32_t)(type == SKEP_PROG_SYSCALL && !j->with->size ? 0 : size);
	if (!attr->ctx_size_in)
		attr->ctx_in = 0;
	for (unsigned i = 0; i < j->result->runs && r == 0; i++)
		r = skep_bpf(SKEP_BPF_TEST_RUN, attr, sizeof(*attr));
	j->result->ns = (skep_clock_ns(CLOCK_MONOTONIC) - begin) / j->result->runs;
	return r;
}

static bool prints(const struct try_job *j)
{
	for (size_t i = 0; i < j->spec.n_progs; i++)
		for (size_t k = 0; k < j->spec.progs[i].n_insns; k++) {
			struct skep_insn insn = j->spec.progs[i].insns[k];

			if (skep_insn_is_call(insn) && insn.src == SKEP_CALL_HELPER &&
			    (insn.imm == SKEP_HELPER_TRACE_PRINTK ||
			     insn.imm == SKEP_HELPER_TRACE_VPRINTK))
				return true;
		}
	return false;
}

int try_kernel(struct try_job *j)
{
	const struct skep_prog_kind *kind = skep_prog_kind_find(j->spec.progs[j->prog].type);
	struct skep_bpf_test_run attr = {};
	int r;

	if (!skep_try_kernel_runs(kind->id))
		return cannot(j, kind->name);
	j->n_cpus = skep_cpus_possible();
	r = open_prog(j);
	if (r < 0)
		return r;
	attr.prog_fd = (uint32_t)j->prog_fd;
	r = skep_try_has_packet(kind->id) ? run_packets(j, &attr) : run_contexts(j, &attr);
	if (r < 0 && !j->diag->n_errors) {
		skep_diag_error(j->diag, SKEP_NO_LOC, "the kernel does not run it: %s",
				strerror(-r));
		if (r == -EINVAL)
			skep_diag_hint(
				j->diag,
				"behind the Ethernet header it wants something, of IP the whole header; of a context it takes only some fields, the others must be 0");
	}
	if (r < 0)
		return r;
	j->result->value = attr.retval;
	if (prints(j))
		try_note(j, "what it prints is in the kernel's trace_pipe");
	return 0;
}
