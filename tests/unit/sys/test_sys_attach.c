/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every kind of attachment that this machine knows, on this process; and that nothing is left of
 * it.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

#include "fixture.h"
#include "sys/vmlinux.h"

static const struct skep_engine *engine;

/* What the uprobes fire on. */
__attribute__((noinline)) int probed_one(int x);
__attribute__((noinline)) int probed_two(int x);

int probed_one(int x)
{
	__asm__ volatile("" : "+r"(x));
	return x + 1;
}

int probed_two(int x)
{
	__asm__ volatile("" : "+r"(x));
	return x + 2;
}

/* Where a function of this program is in its file. */
static uint64_t file_offset(void *function)
{
	uint64_t start, end, offset, found = 0, at = (uint64_t)(uintptr_t)function;
	FILE *f = fopen("/proc/self/maps", "r");
	char line[512];

	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%lx-%lx %*s %lx", &start, &end, &offset) == 3 && at >= start &&
		    at < end)
			found = at - start + offset;
	fclose(f);
	assert_true(found != 0);
	return found;
}

/* One program that counts its runs in maps[0] and adds the cookies up in maps[1]; one record. */
struct rig {
	struct code code;
	struct skep_spec_prog prog;
	struct skep_spec_map maps[2];
	struct skep_attach_target targets[3];
	struct skep_spec_attach attach;
	struct skep_spec spec;
	struct skep_loaded *loaded;
};

static void rig_init(struct rig *rig, const char *name, uint32_t type, enum skep_attach_kind kind,
		     bool cookies)
{
	memset(rig, 0, sizeof(*rig));
	emit_only_me(&rig->code);
	if (cookies)
		emit_add_cookie(&rig->code, 1);
	emit_count(&rig->code, 0);
	emit_return(&rig->code, 0);
	rig->maps[0] = counter_map("hits");
	rig->maps[1] = counter_map("cookies");
	rig->prog = prog_of(name, type, &rig->code);
	rig->attach = (struct skep_spec_attach){
		.kind = kind, .targets = rig->targets, .n_targets = 1, .probe = "test:probe"
	};
	rig->spec = (struct skep_spec){
		.license = "GPL",
		.maps = rig->maps,
		.n_maps = 2,
		.progs = &rig->prog,
		.n_progs = 1,
		.attaches = &rig->attach,
		.n_attaches = 1,
	};
}

static void rig_start(struct rig *rig, int targets)
{
	rig->loaded = load_spec(&rig->spec);
	assert_int_equal(attach_spec(rig->loaded, 0), targets);
}

static uint64_t hits(struct rig *rig)
{
	return read_counter(rig->loaded, 0);
}

static void rig_stop(struct rig *rig)
{
	uint64_t before;

	engine->detach(rig->loaded);
	assert_int_equal(skep_kernel_n_links(rig->loaded), 0);
	before = hits(rig);
	probed_one(1);
	syscall(SYS_getppid);
	assert_int_equal(hits(rig), before);
	engine->close(rig->loaded);
	assert_gone(rig->prog.name);
}

static void pin_to(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	assert_int_equal(sched_setaffinity(0, sizeof(set), &set), 0);
}

/* One perf event on CPU 0 makes the program run on every CPU. */
static void test_tracepoint(void **state)
{
	unsigned n_cpus = (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
	cpu_set_t old;
	struct rig rig;
	uint64_t misses;
	int counted;

	need(SKEP_FEATURE_TRACEPOINT);
	rig_init(&rig, "t_tp", SKEP_PROG_TRACEPOINT, SKEP_ATTACH_TP, true);
	rig.targets[0] =
		(struct skep_attach_target){ .name = "syscalls/sys_enter_getppid", .cookie = 1000 };
	rig_start(&rig, 1);
	sched_getaffinity(0, sizeof(old), &old);
	for (unsigned cpu = 0; cpu < n_cpus && cpu < 4; cpu++) {
		pin_to((int)cpu);
		for (int i = 0; i < 10; i++)
			syscall(SYS_getppid);
	}
	sched_setaffinity(0, sizeof(old), &old);
	assert_int_equal(hits(&rig), 10 * MIN(n_cpus, 4));
	assert_int_equal(read_counter(rig.loaded, 1), 10000 * MIN(n_cpus, 4));
	/* Kernels before 6.7 do not count them, and then they say so after the end as well. */
	counted = engine->prog_misses(rig.loaded, 0, &misses);
	assert_true(counted == 0 || counted == -EOPNOTSUPP);
	if (!counted)
		assert_int_equal(misses, 0);
	engine->detach(rig.loaded);
	assert_int_equal(engine->prog_misses(rig.loaded, 0, &misses), counted);
	rig_stop(&rig);
}

/* A missing target fails the record and leaves nothing; an optional one is told. */
static void test_missing(void **state)
{
	struct skep_diag diag = {};
	struct rig rig;

	need(SKEP_FEATURE_TRACEPOINT);
	rig_init(&rig, "t_missing", SKEP_PROG_TRACEPOINT, SKEP_ATTACH_TP, false);
	rig.targets[0].name = "syscalls/sys_enter_getppid";
	rig.targets[1].name = "syscalls/sys_enter_nonsense";
	rig.targets[2].name = "../../etc/passwd";
	rig.attach.n_targets = 2;
	rig.loaded = load_spec(&rig.spec);
	assert_int_equal(engine->attach(rig.loaded, 0, &diag), -ENOENT);
	assert_int_equal(skep_kernel_n_links(rig.loaded), 0);
	assert_int_equal(diag.n_errors, 1);
	assert_non_null(strstr(diag.items[0].what, "sys_enter_nonsense"));
	skep_diag_fini(&diag);

	rig.targets[1].optional = true;
	assert_int_equal(engine->attach(rig.loaded, 0, &diag), 1);
	assert_int_equal(diag.n_errors, 0);
	assert_int_equal(diag.n_items, 1);
	skep_diag_fini(&diag);
	engine->detach(rig.loaded);

	rig.attach.n_targets = 3;
	assert_int_equal(engine->attach(rig.loaded, 0, &diag), -EINVAL);
	assert_int_equal(skep_kernel_n_links(rig.loaded), 0);
	skep_diag_fini(&diag);
	assert_int_equal(engine->attach(rig.loaded, 1, NULL), -EINVAL);
	rig_stop(&rig);
}

static void uprobe_case(const char *name, enum skep_attach_kind kind, uint32_t attach_type, int pid,
			size_t links)
{
	struct rig rig;

	rig_init(&rig, name, SKEP_PROG_KPROBE, kind, true);
	rig.prog.attach_type = attach_type;
	rig.targets[0] = (struct skep_attach_target){ .name = "/proc/self/exe",
						      .offset = file_offset(probed_one),
						      .cookie = 1 };
	rig.targets[1] = (struct skep_attach_target){ .name = "/proc/self/exe",
						      .offset = file_offset(probed_two),
						      .cookie = 100 };
	rig.attach.n_targets = 2;
	rig.attach.pid = pid;
	rig_start(&rig, 2);
	assert_int_equal(skep_kernel_n_links(rig.loaded), links);
	for (int i = 0; i < 5; i++) {
		probed_one(i);
		probed_two(i);
		probed_two(i);
	}
	assert_int_equal(hits(&rig), 15);
	assert_int_equal(read_counter(rig.loaded, 1), 5 + 1000);
	rig_stop(&rig);
}

static void test_uprobe(void **state)
{
	need(SKEP_FEATURE_UPROBE);
	need(SKEP_FEATURE_COOKIE);
	uprobe_case("t_uprobe", SKEP_ATTACH_UPROBE, 0, 0, 2);
	uprobe_case("t_uprobe", SKEP_ATTACH_UPROBE, 0, getpid(), 2);
	uprobe_case("t_uretprobe", SKEP_ATTACH_URETPROBE, 0, 0, 2);
}

/*
 * One link where the kernel has such links; else it is loaded and attached singly, and works the
 * same.
 */
static void test_uprobe_multi(void **state)
{
	size_t links;

	need(SKEP_FEATURE_UPROBE);
	links = skep_feature_has(SKEP_FEATURE_UPROBE_MULTI) ? 1 : 2;
	uprobe_case("t_umulti", SKEP_ATTACH_UPROBE, SKEP_BPF_ATTACH_UPROBE_MULTI, 0, links);
	uprobe_case("t_umulti", SKEP_ATTACH_UPROBE, SKEP_BPF_ATTACH_UPROBE_MULTI, getpid(), links);
	uprobe_case("t_urmulti", SKEP_ATTACH_URETPROBE, SKEP_BPF_ATTACH_UPROBE_MULTI, 0, links);
}

/* Of many targets in one link the bad optional one is left out, the others live. */
static void test_uprobe_multi_optional(void **state)
{
	struct skep_diag diag = {};
	struct rig rig;

	need(SKEP_FEATURE_UPROBE);
	rig_init(&rig, "t_umulti_opt", SKEP_PROG_KPROBE, SKEP_ATTACH_UPROBE, true);
	rig.prog.attach_type = SKEP_BPF_ATTACH_UPROBE_MULTI;
	rig.targets[0] = (struct skep_attach_target){ .name = "/proc/self/exe",
						      .offset = file_offset(probed_one),
						      .cookie = 1 };
	rig.targets[1] = (struct skep_attach_target){ .name = "/proc/self/exe",
						      .offset = 1ull << 40,
						      .optional = true };
	rig.targets[2] =
		(struct skep_attach_target){ .name = "/nonexistent/binary", .optional = true };
	rig.attach.n_targets = 3;
	rig.loaded = load_spec(&rig.spec);
	assert_int_equal(engine->attach(rig.loaded, 0, &diag), 1);
	assert_int_equal(diag.n_errors, 0);
	assert_int_equal(diag.n_items, 2);
	skep_diag_fini(&diag);
	probed_one(1);
	assert_int_equal(hits(&rig), 1);
	engine->detach(rig.loaded);
	rig.targets[1].optional = false;
	assert_true(engine->attach(rig.loaded, 0, &diag) < 0);
	assert_true(diag.n_errors >= 1);
	assert_int_equal(skep_kernel_n_links(rig.loaded), 0);
	skep_diag_fini(&diag);
	rig_stop(&rig);
}

static void touch_pages(size_t n)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *p = mmap(NULL, n * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(p, MAP_FAILED);
	for (size_t i = 0; i < n; i++)
		((volatile char *)p)[i * page] = 1;
	munmap(p, n * page);
}

static void test_software(void **state)
{
	struct rig rig;
	uint64_t misses;

	need(SKEP_FEATURE_PERF_SOFTWARE);
	rig_init(&rig, "t_software", SKEP_PROG_PERF_EVENT, SKEP_ATTACH_PERF, false);
	rig.attach.n_targets = 0;
	rig.attach.perf_type = PERF_TYPE_SOFTWARE;
	rig.attach.perf_config = PERF_COUNT_SW_PAGE_FAULTS;
	rig.attach.perf_period = 1;
	rig.attach.all_cpus = true;
	rig_start(&rig, 1);
	touch_pages(64);
	assert_true(hits(&rig) >= 32);
	assert_int_equal(engine->prog_misses(rig.loaded, 0, &misses), -EOPNOTSUPP);
	rig_stop(&rig);

	/* The same, of this process alone. */
	rig.attach.pid = getpid();
	rig_start(&rig, 1);
	touch_pages(64);
	assert_true(hits(&rig) >= 32);
	rig_stop(&rig);
}

static void test_profile(void **state)
{
	struct timespec start, now;
	struct rig rig;

	need(SKEP_FEATURE_PERF_SOFTWARE);
	rig_init(&rig, "t_profile", SKEP_PROG_PERF_EVENT, SKEP_ATTACH_PERF, false);
	rig.attach.n_targets = 0;
	rig.attach.perf_type = PERF_TYPE_SOFTWARE;
	rig.attach.perf_config = PERF_COUNT_SW_CPU_CLOCK;
	rig.attach.perf_freq = 997;
	rig.attach.all_cpus = true;
	rig_start(&rig, 1);
	clock_gettime(CLOCK_MONOTONIC, &start);
	/* Until samples come; a machine that stands still for 10 s has other sorrows. */
	do
		clock_gettime(CLOCK_MONOTONIC, &now);
	while (hits(&rig) < 5 && now.tv_sec - start.tv_sec < 10);
	assert_true(hits(&rig) >= 5);
	rig_stop(&rig);

	rig.attach.perf_freq = 1ull << 40;
	rig.loaded = load_spec(&rig.spec);
	assert_true(engine->attach(rig.loaded, 0, NULL) < 0);
	engine->close(rig.loaded);
}

static void test_tp_btf(void **state)
{
	const struct skep_btf *btf;
	struct rig rig;

	need(SKEP_FEATURE_TP_BTF);
	rig_init(&rig, "t_tp_btf", SKEP_PROG_TRACING, SKEP_ATTACH_TRACING, false);
	rig.prog.attach_type = SKEP_BPF_ATTACH_RAW_TP;
	assert_int_equal(skep_vmlinux_btf(NULL, &btf), 0);
	assert_int_equal(skep_btf_find(btf, "btf_trace_sys_enter", SKEP_BTF_TYPEDEF,
				       &rig.prog.attach_btf_id),
			 0);
	rig.targets[0].name = "sys_enter";
	rig_start(&rig, 1);
	syscall(SYS_getppid);
	assert_true(hits(&rig) >= 1);
	rig_stop(&rig);
}

static void test_cookie_raw_tp(void **state)
{
	struct rig rig;

	need(SKEP_FEATURE_RAW_TP_COOKIE);
	rig_init(&rig, "t_raw_cookie", SKEP_PROG_RAW_TRACEPOINT, SKEP_ATTACH_RAW_TP, true);
	rig.targets[0] = (struct skep_attach_target){ .name = "sys_enter", .cookie = 3 };
	rig_start(&rig, 1);
	syscall(SYS_getppid);
	engine->detach(rig.loaded);
	assert_int_equal(read_counter(rig.loaded, 1), 3 * hits(&rig));
	rig_stop(&rig);
}

/* Only in guests: this needs a kernel with kprobes. */
static void test_kprobe(void **state)
{
	struct rig rig;
	size_t links;

	need(SKEP_FEATURE_KPROBE);
	rig_init(&rig, "t_kprobe", SKEP_PROG_KPROBE, SKEP_ATTACH_KPROBE, true);
	rig.targets[0] = (struct skep_attach_target){ .name = "__x64_sys_getppid", .cookie = 1 };
	rig.targets[1] = (struct skep_attach_target){ .name = "__x64_sys_getpid", .cookie = 100 };
	rig.attach.n_targets = 2;
	for (int multi = 0; multi < 2; multi++) {
		rig.prog.attach_type = multi ? SKEP_BPF_ATTACH_KPROBE_MULTI : 0;
		rig_start(&rig, 2);
		links = multi && skep_feature_has(SKEP_FEATURE_KPROBE_MULTI) ? 1 : 2;
		assert_int_equal(skep_kernel_n_links(rig.loaded), links);
		syscall(SYS_getppid);
		syscall(SYS_getpid);
		assert_int_equal(hits(&rig), 2);
		assert_int_equal(read_counter(rig.loaded, 1), 101);
		rig_stop(&rig);
	}
}

/* Likewise. The function's own cookie comes through the newer call. */
static void test_fentry(void **state)
{
	static const uint32_t types[] = { SKEP_BPF_ATTACH_FENTRY, SKEP_BPF_ATTACH_FEXIT };
	const struct skep_btf *btf;
	struct rig rig;
	uint64_t misses;
	char byte;
	int zero;

	need(SKEP_FEATURE_FENTRY);
	zero = open("/dev/zero", O_RDONLY);
	assert_true(zero >= 0);
	assert_int_equal(skep_vmlinux_btf(NULL, &btf), 0);
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		rig_init(&rig, "t_fentry", SKEP_PROG_TRACING, SKEP_ATTACH_TRACING, true);
		rig.prog.attach_type = types[i];
		rig.targets[0] = (struct skep_attach_target){ .name = "vfs_read", .cookie = 9 };
		assert_int_equal(skep_btf_find(btf, rig.targets[0].name, SKEP_BTF_FUNC,
					       &rig.prog.attach_btf_id),
				 0);
		rig_start(&rig, 1);
		assert_int_equal(read(zero, &byte, 1), 1);
		assert_int_equal(hits(&rig), 1);
		assert_int_equal(read_counter(rig.loaded, 1), 9);
		assert_int_equal(engine->prog_misses(rig.loaded, 0, &misses), 0);
		rig_stop(&rig);
	}
	close(zero);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tracepoint),
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_uprobe),
		cmocka_unit_test(test_uprobe_multi),
		cmocka_unit_test(test_uprobe_multi_optional),
		cmocka_unit_test(test_software),
		cmocka_unit_test(test_profile),
		cmocka_unit_test(test_tp_btf),
		cmocka_unit_test(test_cookie_raw_tp),
		cmocka_unit_test(test_kprobe),
		cmocka_unit_test(test_fentry),
	};

	engine = skep_kernel_engine();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
