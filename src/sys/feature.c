/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/feature.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "isa/helper.h"
#include "isa/insn.h"
#include "isa/mapkind.h"
#include "isa/progkind.h"
#include "sys/bpf.h"
#include "sys/offer.h"
#include "sys/perf.h"
#include "sys/tracefs.h"
#include "sys/trial.h"
#include "sys/vmlinux.h"

/*
 * Never called in ordinary life, so a probe on one of them disturbs nobody; the later ones are for
 * odd kernels.
 */
static const char *const quiet_functions[] = { "bpf_fentry_test1", "vfs_fallocate" };
static const char *const quiet_raw_tps[] = { "bpf_test_finish", "module_free", "sys_enter" };
static const char *const quiet_tp = "syscalls/sys_enter_vhangup";

static int load_trivial(uint32_t type, uint32_t attach_type, uint32_t btf_id, uint32_t flags)
{
	return skep_trial_load(&(struct skep_trial){ type, attach_type, btf_id, flags });
}

static int close_ok(int fd)
{
	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

static int helper(uint32_t type, int32_t id)
{
	return skep_trial_helper(&(struct skep_trial){ .kind = type }, id);
}

bool skep_feature_helper(uint32_t type, uint32_t attach_type, int32_t id)
{
	return skep_trial_helper(&(struct skep_trial){ type, attach_type, 0, 0 }, id) == 0;
}

static int probe_bpf(void)
{
	return close_ok(load_trivial(SKEP_PROG_RAW_TRACEPOINT, 0, 0, 0));
}

static int probe_btf(void)
{
	const struct skep_btf *btf;

	return skep_vmlinux_btf(NULL, &btf);
}

static int probe_jit(void)
{
	_cleanup_close_ int prog = load_trivial(SKEP_PROG_RAW_TRACEPOINT, 0, 0, 0);
	struct skep_bpf_prog_info info = {};
	uint32_t size = sizeof(info);
	int r;

	if (prog < 0)
		return prog;
	r = skep_bpf_obj_info(prog, &info, &size);
	return r < 0 ? r : info.jited_len ? 0 : -EOPNOTSUPP;
}

static int map(uint32_t type, uint32_t key_size, uint32_t value_size, uint32_t n, uint32_t flags)
{
	return close_ok(skep_bpf_map_create("skep_probe", type, key_size, value_size, n, flags));
}

static int probe_ringbuf(void)
{
	return map(SKEP_MAP_RINGBUF, 0, 0, (uint32_t)sysconf(_SC_PAGESIZE), 0);
}

/*
 * A link on a raw tracepoint stays open for the life of the process: once one has been closed, the next to be opened, the
 * user's own, waits 5 to 15 ms for readers of the closed one. The tracepoints it sits on hardly ever fire.
 */
static int hold(int link)
{
	return link < 0 ? link : 0;
}

static int probe_raw_tp(void)
{
	_cleanup_close_ int prog = load_trivial(SKEP_PROG_RAW_TRACEPOINT, 0, 0, 0);
	int r = prog;

	for (size_t i = 0; prog >= 0 && i < ARRAY_SIZE(quiet_raw_tps); i++) {
		r = hold(skep_bpf_raw_tp_open(quiet_raw_tps[i], prog, 0));
		if (r != -ENOENT)
			break;
	}
	return r;
}

/* The id of the first of @names, with @prefix, that the kernel's types hold. */
static int find_id(const char *prefix, const char *const *names, size_t n, enum skep_btf_kind kind,
		   uint32_t *ret_id)
{
	const struct skep_btf *btf;
	char name[64];
	int r;

	r = skep_vmlinux_btf(NULL, &btf);
	if (r < 0)
		return r;
	r = -ENOENT;
	for (size_t i = 0; i < n && r == -ENOENT; i++) {
		snprintf(name, sizeof(name), "%s%s", prefix, names[i]);
		r = skep_btf_find(btf, name, kind, ret_id);
	}
	return r;
}

/* Loads and attaches, as some kernels take the program and refuse the link. Returns the link. */
static int tracing(uint32_t attach_type, const char *prefix, const char *const *names, size_t n,
		   enum skep_btf_kind kind)
{
	_cleanup_close_ int prog = -1;
	uint32_t id;
	int r;

	r = find_id(prefix, names, n, kind, &id);
	if (r < 0)
		return r;
	prog = load_trivial(SKEP_PROG_TRACING, attach_type, id, 0);
	return prog < 0 ? prog : skep_bpf_raw_tp_open(NULL, prog, 0);
}

static int probe_tp_btf(void)
{
	return hold(tracing(SKEP_BPF_ATTACH_RAW_TP, "btf_trace_", quiet_raw_tps,
			    ARRAY_SIZE(quiet_raw_tps), SKEP_BTF_TYPEDEF));
}

static int probe_fentry(void)
{
	return close_ok(tracing(SKEP_BPF_ATTACH_FENTRY, "", quiet_functions,
				ARRAY_SIZE(quiet_functions), SKEP_BTF_FUNC));
}

static int probe_tracefs(void)
{
	int r = skep_tracefs_dir();

	return r < 0 ? r : 0;
}

static int probe_tracepoint(void)
{
	_cleanup_close_ int prog = load_trivial(SKEP_PROG_TRACEPOINT, 0, 0, 0);
	struct perf_event_attr attr = { .type = PERF_TYPE_TRACEPOINT, .sample_period = 1 };
	uint32_t id;
	int r;

	if (prog < 0)
		return prog;
	r = skep_tracefs_event_id(quiet_tp, &id);
	if (r < 0)
		return r;
	attr.config = id;
	return close_ok(skep_perf_attach(&attr, -1, 0, prog, 0));
}

static int perf_probe(const char *pmu, const char *target)
{
	_cleanup_close_ int prog = load_trivial(SKEP_PROG_KPROBE, 0, 0, 0);
	struct perf_event_attr attr = { .config1 = skep_bpf_ptr(target) };
	int r;

	if (prog < 0)
		return prog;
	r = skep_perf_pmu_type(pmu, &attr.type);
	return r < 0 ? r : close_ok(skep_perf_attach(&attr, -1, 0, prog, 0));
}

static int probe_kprobe(void)
{
	int r = -ENOENT;

	for (size_t i = 0; i < ARRAY_SIZE(quiet_functions) && r == -ENOENT; i++)
		r = perf_probe("kprobe", quiet_functions[i]);
	return r;
}

/* Offset 0 of our own program is the ELF header, which nobody executes. */
static int probe_uprobe(void)
{
	return perf_probe("uprobe", "/proc/self/exe");
}

/*
 * The list of addresses is nowhere: a kernel with such links says so when it wants to read it, others refuse before. With
 * the name of a function that cannot exist it would search all its symbols.
 */
static int kprobe_link(uint32_t attach_type)
{
	_cleanup_close_ int prog = load_trivial(SKEP_PROG_KPROBE, attach_type, 0, 0);
	struct skep_bpf_link_create attr = {
		.prog_fd = (uint32_t)prog,
		.attach_type = attach_type,
	};
	int r;

	if (prog < 0)
		return prog;
	attr.kprobe_multi.addrs = 1;
	attr.kprobe_multi.cnt = 1;
	r = close_ok(skep_bpf_link_create(&attr));
	return r == -EFAULT ? 0 : r;
}

static int probe_kprobe_multi(void)
{
	return kprobe_link(SKEP_BPF_ATTACH_KPROBE_MULTI);
}

/* Its programs have to be able to tell entry from return. */
static int probe_kprobe_session(void)
{
	int r = kprobe_link(SKEP_BPF_ATTACH_KPROBE_SESSION);

	if (r < 0)
		return r;
	return skep_kfunc_allowed(SKEP_PROG_KPROBE, SKEP_BPF_ATTACH_KPROBE_SESSION, 0,
				  "bpf_session_is_return")
		       ? 0
		       : -EOPNOTSUPP;
}

/* A directory is no binary: kernels with such links say so. */
static int uprobe_multi(uint32_t pid)
{
	_cleanup_close_ int prog =
		load_trivial(SKEP_PROG_KPROBE, SKEP_BPF_ATTACH_UPROBE_MULTI, 0, 0);
	const uint64_t offset = 0;
	struct skep_bpf_link_create attr = {
		.prog_fd = (uint32_t)prog,
		.attach_type = SKEP_BPF_ATTACH_UPROBE_MULTI,
	};

	if (prog < 0)
		return prog;
	attr.uprobe_multi.path = skep_bpf_ptr("/");
	attr.uprobe_multi.offsets = skep_bpf_ptr(&offset);
	attr.uprobe_multi.cnt = 1;
	attr.uprobe_multi.pid = pid;
	return close_ok(skep_bpf_link_create(&attr));
}

static int probe_uprobe_multi(void)
{
	int r = uprobe_multi(0);

	return r == -EBADF ? 0 : r;
}

/*
 * The first kernels with such links took the id for that of one thread (mended in 6.10). Since then
 * a negative one is refused before the path is looked at.
 */
static int probe_uprobe_multi_pid(void)
{
	int r = uprobe_multi((uint32_t)-1);

	if (r == -EINVAL && probe_uprobe_multi() == 0)
		return 0;
	return r == -EBADF ? -EOPNOTSUPP : r;
}

static int counter(uint32_t type, uint64_t config)
{
	_cleanup_close_ int prog = load_trivial(SKEP_PROG_PERF_EVENT, 0, 0, 0);
	struct perf_event_attr attr = {
		.type = type,
		.config = config,
		.sample_period = 1000000000,
	};

	/* Of this thread only, the machine is left alone. */
	return prog < 0 ? prog : close_ok(skep_perf_attach(&attr, 0, -1, prog, 0));
}

static int probe_perf_software(void)
{
	return counter(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK);
}

static int probe_perf_hardware(void)
{
	return counter(PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES);
}

/* A write that never happens, of this thread only. */
static int probe_breakpoint(void)
{
	_cleanup_close_ int prog = load_trivial(SKEP_PROG_PERF_EVENT, 0, 0, 0);
	uint32_t watched = 0;
	struct perf_event_attr attr = {
		.type = PERF_TYPE_BREAKPOINT,
		.sample_period = 1,
		.bp_type = HW_BREAKPOINT_W,
		.bp_addr = (uint64_t)(uintptr_t)&watched,
		.bp_len = sizeof(watched),
	};

	return prog < 0 ? prog : close_ok(skep_perf_attach(&attr, 0, -1, prog, 0));
}

static int probe_cookie(void)
{
	return helper(SKEP_PROG_KPROBE, SKEP_HELPER_GET_ATTACH_COOKIE);
}

static int probe_raw_tp_cookie(void)
{
	return helper(SKEP_PROG_RAW_TRACEPOINT, SKEP_HELPER_GET_ATTACH_COOKIE);
}

static int probe_current_task_btf(void)
{
	return helper(SKEP_PROG_RAW_TRACEPOINT, SKEP_HELPER_GET_CURRENT_TASK_BTF);
}

bool skep_kfunc_allowed(uint32_t type, uint32_t attach_type, uint32_t attach_btf_id,
			const char *name)
{
	const struct skep_trial trial = { type, attach_type, attach_btf_id, 0 };
	const struct skep_btf *btf;
	uint32_t id;

	return skep_vmlinux_btf(NULL, &btf) >= 0 &&
	       skep_btf_find(btf, name, SKEP_BTF_FUNC, &id) >= 0 &&
	       skep_trial_function(&trial, id) == 0;
}

static int probe_override(void)
{
	return helper(SKEP_PROG_KPROBE, SKEP_HELPER_OVERRIDE_RETURN);
}

static int probe_write_user(void)
{
	return helper(SKEP_PROG_RAW_TRACEPOINT, SKEP_HELPER_PROBE_WRITE_USER);
}

static int probe_vprintk(void)
{
	return helper(SKEP_PROG_RAW_TRACEPOINT, SKEP_HELPER_TRACE_VPRINTK);
}

static int probe_loop(void)
{
	return helper(SKEP_PROG_RAW_TRACEPOINT, SKEP_HELPER_LOOP);
}

static int probe_for_each(void)
{
	return helper(SKEP_PROG_RAW_TRACEPOINT, SKEP_HELPER_FOR_EACH_MAP_ELEM);
}

static int probe_percpu_elem(void)
{
	return helper(SKEP_PROG_RAW_TRACEPOINT, SKEP_HELPER_MAP_LOOKUP_PERCPU_ELEM);
}

/* Signed division came with it. */
static int probe_cpu_v4(void)
{
	const struct skep_insn insns[] = {
		skep_insn_mov64_imm(SKEP_R0, -6),
		skep_insn_sdiv64_imm(SKEP_ALU_DIV, SKEP_R0, 2),
		skep_insn_exit(),
	};
	struct skep_bpf_prog_load attr = {
		.prog_type = SKEP_PROG_RAW_TRACEPOINT,
		.insn_cnt = ARRAY_SIZE(insns),
		.insns = skep_bpf_ptr(insns),
		.license = skep_bpf_ptr("GPL"),
	};

	return close_ok(skep_bpf_prog_load(&attr, 0, NULL));
}

static int probe_test_run(void)
{
	_cleanup_close_ int prog = load_trivial(SKEP_PROG_RAW_TRACEPOINT, 0, 0, 0);
	uint32_t value;

	return prog < 0 ? prog : skep_bpf_test_run(prog, NULL, 0, &value);
}

/*
 * A kernel can hold BPF LSM without running it (its lsm= list), which no call tells. So this
 * refuses one harmless question of this very process and looks whether it is refused.
 */
static int probe_lsm(void)
{
	static const char *const hook[] = { "bpf_lsm_task_getscheduler" };
	const struct skep_insn insns[] = {
		skep_insn_call(SKEP_HELPER_GET_CURRENT_PID_TGID),
		skep_insn_alu64_imm(SKEP_ALU_RSH, SKEP_R0, 32),
		skep_insn_mov64_reg(SKEP_R1, SKEP_R0),
		skep_insn_mov64_imm(SKEP_R0, 0),
		skep_insn_jmp_imm(SKEP_JMP_JNE, SKEP_R1, (int32_t)getpid(), 1),
		skep_insn_mov64_imm(SKEP_R0, -EPERM),
		skep_insn_exit(),
	};
	struct skep_bpf_prog_load attr = {
		.prog_type = SKEP_PROG_LSM,
		.insn_cnt = ARRAY_SIZE(insns),
		.insns = skep_bpf_ptr(insns),
		.license = skep_bpf_ptr("GPL"),
		.expected_attach_type = SKEP_BPF_ATTACH_LSM,
	};
	_cleanup_close_ int prog = -1, link = -1;
	int r;

	r = find_id("", hook, 1, SKEP_BTF_FUNC, &attr.attach_btf_id);
	if (r < 0)
		return r;
	prog = skep_bpf_prog_load(&attr, 0, NULL);
	if (prog < 0)
		return prog;
	link = skep_bpf_raw_tp_open(NULL, prog, 0);
	if (link < 0)
		return link;
	return sched_getscheduler(0) < 0 && errno == EPERM ? 0 : -EOPNOTSUPP;
}

static int probe_xdp(void)
{
	return close_ok(load_trivial(SKEP_PROG_XDP, SKEP_BPF_ATTACH_XDP, 0, 0));
}

static int probe_tc(void)
{
	return close_ok(load_trivial(SKEP_PROG_SCHED_CLS, 0, 0, 0));
}

/* There is no such interface, and no such group: kernels with such links look for them and say so. */
static int probe_tcx(void)
{
	_cleanup_close_ int prog = load_trivial(SKEP_PROG_SCHED_CLS, 0, 0, 0);
	struct skep_bpf_link_create attr = {
		.prog_fd = (uint32_t)prog,
		.target_fd = INT32_MAX,
		.attach_type = SKEP_BPF_ATTACH_TCX_INGRESS,
	};
	int r = prog < 0 ? prog : close_ok(skep_bpf_link_create(&attr));

	return r == -ENODEV ? 0 : r;
}

static int probe_cgroup(void)
{
	_cleanup_close_ int prog = load_trivial(SKEP_PROG_CGROUP_SKB, 0, 0, 0);
	struct skep_bpf_link_create attr = {
		.prog_fd = (uint32_t)prog,
		.target_fd = (uint32_t)-1,
	};
	int r = prog < 0 ? prog : close_ok(skep_bpf_link_create(&attr));

	return r == -EBADF ? 0 : r;
}

static int probe_sleepable(void)
{
	return close_ok(load_trivial(SKEP_PROG_KPROBE, 0, 0, SKEP_BPF_F_SLEEPABLE));
}

static int probe_task_storage(void)
{
	return skep_offer_map(SKEP_MAP_TASK_STORAGE);
}

static int probe_lru_hash(void)
{
	return map(SKEP_MAP_LRU_HASH, 4, 8, 2, 0);
}

static int probe_percpu_hash(void)
{
	return map(SKEP_MAP_PERCPU_HASH, 4, 8, 2, 0);
}

static int probe_bloom_filter(void)
{
	return map(SKEP_MAP_BLOOM_FILTER, 0, 8, 2, 0);
}

static int probe_batch(void)
{
	_cleanup_close_ int fd = skep_bpf_map_create("skep_probe", SKEP_MAP_HASH, 4, 8, 2, 0);
	uint32_t out, key, n = 1;
	uint64_t value;
	int r;

	if (fd < 0)
		return fd;
	r = skep_bpf_map_batch(fd, false, NULL, &out, &key, &value, &n);
	return r == -ENOENT ? 0 : r;
}

static int probe_mmap_array(void)
{
	return map(SKEP_MAP_ARRAY, 4, 8, 1, SKEP_BPF_F_MMAPABLE);
}

static const struct {
	const char *word, *name, *gives;
	int (*probe)(void);
} features[] = {
#define ROW(constant, probe, name, gives) \
	[SKEP_FEATURE_##constant] = { #probe, name, gives, probe_##probe },
	SKEP_FEATURES(ROW)
#undef ROW
};

static struct {
	bool known;
	int error;
} answers[SKEP_N_FEATURES];

int skep_feature_error(enum skep_feature feature)
{
	if ((unsigned)feature >= SKEP_N_FEATURES)
		return -EINVAL;
	if (!answers[feature].known) {
		answers[feature].error = features[feature].probe();
		answers[feature].known = true;
	}
	return answers[feature].error;
}

bool skep_feature_has(enum skep_feature feature)
{
	return skep_feature_error(feature) == 0;
}

int skep_feature_deny(const char *word, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(features); i++) {
		if (strlen(features[i].word) != len || memcmp(features[i].word, word, len) != 0)
			continue;
		answers[i].known = true;
		answers[i].error = -EOPNOTSUPP;
		return 0;
	}
	return -ENOENT;
}

const char *skep_feature_word(enum skep_feature feature)
{
	return (unsigned)feature < SKEP_N_FEATURES ? features[feature].word : "?";
}

const char *skep_feature_name(enum skep_feature feature)
{
	return (unsigned)feature < SKEP_N_FEATURES ? features[feature].name : "?";
}

const char *skep_feature_gives(enum skep_feature feature)
{
	return (unsigned)feature < SKEP_N_FEATURES ? features[feature].gives : "";
}
