/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/offer.h"

#include <errno.h>
#include <string.h>

#include "isa/attachtype.h"
#include "isa/insn.h"
#include "isa/progkind.h"
#include "sys/bpf.h"
#include "sys/trial.h"
#include "sys/vmlinux.h"

/*
 * The places that kinds are asked at: one each, and further ones where helpers differ. @name, of BTF kind @btf, is what
 * the program is verified against there; of a struct of functions @member is the one it stands for.
 */
static const struct place {
	uint8_t kind, attach_type, flags;
	enum skep_btf_kind btf;
	const char *name, *member;
} places[] = {
#define PLAIN(kind)                                   \
	{                                             \
		SKEP_PROG_##kind, 0, 0, 0, NULL, NULL \
	}
#define AT(kind, type)                                             \
	{                                                          \
		SKEP_PROG_##kind, SKEP_AT_##type, 0, 0, NULL, NULL \
	}
#define SLEEPS SKEP_BPF_F_SLEEPABLE
	PLAIN(SOCKET_FILTER),
	PLAIN(KPROBE),
	{ SKEP_PROG_KPROBE, 0, SLEEPS, 0, NULL, NULL },
	AT(KPROBE, TRACE_KPROBE_SESSION),
	PLAIN(SCHED_CLS),
	PLAIN(SCHED_ACT),
	PLAIN(TRACEPOINT),
	PLAIN(XDP),
	PLAIN(PERF_EVENT),
	PLAIN(CGROUP_SKB),
	AT(CGROUP_SOCK, CGROUP_INET_SOCK_CREATE),
	PLAIN(LWT_IN),
	PLAIN(LWT_OUT),
	PLAIN(LWT_XMIT),
	PLAIN(SOCK_OPS),
	PLAIN(SK_SKB),
	PLAIN(CGROUP_DEVICE),
	PLAIN(SK_MSG),
	PLAIN(RAW_TRACEPOINT),
	AT(CGROUP_SOCK_ADDR, CGROUP_INET4_CONNECT),
	PLAIN(LWT_SEG6LOCAL),
	PLAIN(LIRC_MODE2),
	PLAIN(SK_REUSEPORT),
	PLAIN(FLOW_DISSECTOR),
	PLAIN(CGROUP_SYSCTL),
	PLAIN(RAW_TRACEPOINT_WRITABLE),
	AT(CGROUP_SOCKOPT, CGROUP_SETSOCKOPT),
	{ SKEP_PROG_TRACING, SKEP_AT_TRACE_FENTRY, 0, SKEP_BTF_FUNC, "vfs_fallocate", NULL },
	{ SKEP_PROG_TRACING, SKEP_AT_TRACE_FEXIT, 0, SKEP_BTF_FUNC, "vfs_fallocate", NULL },
	{ SKEP_PROG_TRACING, SKEP_AT_TRACE_RAW_TP, 0, SKEP_BTF_TYPEDEF, "btf_trace_sys_enter",
	  NULL },
	{ SKEP_PROG_TRACING, SKEP_AT_TRACE_ITER, SLEEPS, SKEP_BTF_FUNC, "bpf_iter_task", NULL },
	{ SKEP_PROG_STRUCT_OPS, 0, 0, SKEP_BTF_STRUCT, "tcp_congestion_ops", "ssthresh" },
	PLAIN(EXT),
	{ SKEP_PROG_LSM, SKEP_AT_LSM_MAC, 0, SKEP_BTF_FUNC, "bpf_lsm_file_open", NULL },
	{ SKEP_PROG_LSM, SKEP_AT_LSM_MAC, SLEEPS, SKEP_BTF_FUNC, "bpf_lsm_file_open", NULL },
	{ SKEP_PROG_LSM, SKEP_AT_LSM_MAC, SLEEPS, SKEP_BTF_FUNC, "bpf_lsm_bprm_committed_creds",
	  NULL },
	{ SKEP_PROG_LSM, SKEP_AT_LSM_CGROUP, 0, SKEP_BTF_FUNC, "bpf_lsm_socket_post_create", NULL },
	AT(SK_LOOKUP, SK_LOOKUP),
	{ SKEP_PROG_SYSCALL, 0, SLEEPS, 0, NULL, NULL },
	AT(NETFILTER, NETFILTER),
#undef PLAIN
#undef AT
#undef SLEEPS
};

/* Which of the members @place stands for, counted as the kernel does. */
static int find_member(const struct skep_btf *btf, uint32_t id, const char *name,
		       uint32_t *ret_index)
{
	struct skep_btf_member m;

	for (uint32_t i = 0; skep_btf_member(btf, id, i, &m) >= 0; i++) {
		if (strcmp(m.name, name) != 0)
			continue;
		*ret_index = i;
		return 0;
	}
	return -ENOENT;
}

static int aim(const struct place *place, struct skep_trial *ret)
{
	const struct skep_btf *btf;
	int r;

	*ret = (struct skep_trial){
		.kind = place->kind,
		.attach_type = place->attach_type,
		.flags = place->flags,
	};
	if (!place->name)
		return 0;
	r = skep_vmlinux_btf(NULL, &btf);
	if (r >= 0)
		r = skep_btf_find(btf, place->name, place->btf, &ret->btf_id);
	if (r >= 0 && place->member)
		r = find_member(btf, ret->btf_id, place->member, &ret->attach_type);
	return r;
}

/* A program of kind ext takes the place of a function of another one. Without that, kernels that have the kind say so. */
static int try_ext(void)
{
	const struct skep_insn insns[] = { skep_insn_mov64_imm(SKEP_R0, 0), skep_insn_exit() };
	struct skep_bpf_prog_load attr = {
		.prog_type = SKEP_PROG_EXT,
		.insn_cnt = ARRAY_SIZE(insns),
		.insns = skep_bpf_ptr(insns),
		.license = skep_bpf_ptr("GPL"),
		.attach_btf_id = 1,
	};
	_cleanup_free_ char *log = NULL;
	int fd = skep_bpf_prog_load(&attr, SKEP_BPF_LOG_PATH, &log);

	if (fd >= 0)
		close(fd);
	return fd >= 0 || (log && strstr(log, "Cannot replace kernel functions")) ? 0 : fd;
}

/* What was found at each place: as long as the process lives. */
static struct found {
	bool known;
	int error;
	struct skep_trial trial;
} found[ARRAY_SIZE(places)];

static const struct found *look(size_t i)
{
	struct found *f = &found[i];
	int fd;

	if (f->known)
		return f;
	f->known = true;
	if (places[i].kind == SKEP_PROG_EXT) {
		f->error = try_ext();
		return f;
	}
	f->error = aim(&places[i], &f->trial);
	if (f->error < 0)
		return f;
	fd = skep_trial_load(&f->trial);
	f->error = MIN(fd, 0);
	if (fd >= 0)
		close(fd);
	return f;
}

int skep_offer_prog(uint32_t kind)
{
	int r = -EINVAL;

	for (size_t i = 0; i < ARRAY_SIZE(places) && r < 0; i++)
		if (places[i].kind == kind)
			r = look(i)->error;
	return r;
}

/* Asks each place of the kind until one says yes. */
static int ask(uint32_t kind, uint32_t id, bool is_helper)
{
	int r = -EOPNOTSUPP;

	if (kind == SKEP_PROG_EXT)
		return -EDOM;
	for (size_t i = 0; i < ARRAY_SIZE(places) && r < 0; i++) {
		const struct found *f;

		if (places[i].kind != kind)
			continue;
		f = look(i);
		if (f->error >= 0)
			r = is_helper ? skep_trial_helper(&f->trial, (int32_t)id)
				      : skep_trial_function(&f->trial, id);
	}
	return r;
}

int skep_offer_helper(uint32_t kind, uint32_t id)
{
	return ask(kind, (uint32_t)id, true);
}

int skep_offer_function(uint32_t kind, uint32_t id)
{
	return ask(kind, id, false);
}

int32_t skep_offer_last_helper(void)
{
	int32_t low = 0, high = 1024; /* low is there, high is not */

	while (high - low > 1) {
		int32_t middle = low + (high - low) / 2;

		if (skep_trial_helper_known(middle) == 0)
			low = middle;
		else
			high = middle;
	}
	return low;
}

uint32_t skep_offer_next(const struct skep_btf *btf, bool marked, uint32_t at, uint32_t *ret_func)
{
	while ((at = skep_btf_next(btf, at, marked ? SKEP_BTF_DECL_TAG : SKEP_BTF_FUNC))) {
		const char *name = skep_btf_name(btf, at);

		if (marked ? strcmp(name, "bpf_kfunc") != 0 : strncmp(name, "bpf_", 4) != 0)
			continue;
		*ret_func = marked ? skep_btf_type(btf, at).type : at;
		return at;
	}
	return 0;
}

bool skep_offer_marks(const struct skep_btf *btf)
{
	uint32_t func;

	return skep_offer_next(btf, true, 0, &func) != 0;
}
