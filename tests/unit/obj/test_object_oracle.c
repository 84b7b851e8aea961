/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects held against libbpf: after the relocations the instructions must be the same, one by one. libbpf relocates
 * only on the way into the kernel, so this needs root; whether the kernel takes the programs does not matter.
 *
 * Objects are our own, compiled here, and those inside of the programs in the directory SKEP_OBJECTS: scripts/objects
 * fetches Debian's libbpf tools.
 */
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>

#include <bpf/libbpf.h>
#include <cmocka.h>

#include "compile.h"
#include "isa/mapkind.h"
#include "obj/link.h"
#include "obj/object.h"

static struct skep_str vmlinux, config;
static struct skep_btf *kernel;
static bool verbose;

static size_t read_all(const char *path, struct skep_str *out)
{
	char bytes[65536];
	FILE *f = fopen(path, "rb");

	skep_str_reset(out);
	for (size_t n; f && (n = fread(bytes, 1, sizeof(bytes), f)) > 0;)
		skep_str_addn(out, bytes, n);
	if (f)
		fclose(f);
	return out->len;
}

/* How far libbpf came with an object, as it tells on its way. */
static struct {
	bool core_failed, at_programs;
} told;

static int quiet(enum libbpf_print_level level, const char *format, va_list args)
{
	if (strstr(format, "failed to perform CO-RE relocations"))
		told.core_failed = true;
	if (strstr(format, "BPF program load failed") ||
	    strstr(format, "failed to find kernel BTF type ID") ||
	    strstr(format, "failed to prepare load attributes"))
		told.at_programs = true;
	return verbose && level <= LIBBPF_INFO ? vprintf(format, args) : 0;
}

/* Descriptors of maps and our numbers of them belong together one to one, whatever they are. */
struct pairing {
	int fds[256];
};

static bool pair_map(struct pairing *p, uint32_t map, int fd)
{
	if (map >= ARRAY_SIZE(p->fds))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(p->fds); i++)
		if (i != map && p->fds[i] == fd)
			return false;
	if (p->fds[map] && p->fds[map] != fd)
		return false;
	p->fds[map] = fd;
	return true;
}

/* The number that a name of the kernel has; 0: none. */
static uint32_t kernel_id(const char *name, enum skep_btf_kind kind)
{
	uint32_t id;

	return kernel && skep_btf_find(kernel, name, kind, &id) == 0 ? id : 0;
}

/* Whether libbpf's instruction is what the relocation asks for. */
static bool check_reloc(struct pairing *pairs, const struct skep_reloc *reloc,
			const struct skep_insn *insn)
{
	uint32_t id;

	switch (reloc->kind) {
	case SKEP_RELOC_MAP:
		return insn->src == SKEP_PSEUDO_MAP_FD && !insn[1].imm &&
		       pair_map(pairs, reloc->index, insn->imm);
	case SKEP_RELOC_MAP_VALUE:
		return insn->src == SKEP_PSEUDO_MAP_VALUE &&
		       (uint32_t)insn[1].imm == reloc->addend &&
		       pair_map(pairs, reloc->index, insn->imm);
	case SKEP_RELOC_KFUNC:
		id = kernel_id(reloc->name, SKEP_BTF_FUNC);
		return id ? insn->src == SKEP_CALL_KFUNC && insn->imm == (int32_t)id
			  : reloc->weak && insn->src != SKEP_CALL_LOCAL;
	case SKEP_RELOC_KVAR:
		id = kernel_id(reloc->name, SKEP_BTF_VAR);
		if (!id)
			id = kernel_id(reloc->name, SKEP_BTF_FUNC);
		return id ? insn->src == SKEP_PSEUDO_BTF_ID && insn->imm == (int32_t)id
			  : reloc->weak && !insn->imm && !insn[1].imm;
	case SKEP_RELOC_KSYM:
		return insn->src == SKEP_PSEUDO_NONE && (reloc->weak || insn->imm || insn[1].imm);
	default:
		return false;
	}
}

/* Relocations that this instruction has; NULL: none. */
static const struct skep_reloc *reloc_at(const struct skep_spec_prog *p, size_t insn)
{
	for (size_t i = 0; i < p->n_relocs; i++)
		if (p->relocs[i].insn == insn)
			return &p->relocs[i];
	return NULL;
}

static size_t compare_prog(const char *object, const struct skep_spec_prog *p,
			   const struct bpf_program *theirs, struct pairing *pairs)
{
	const struct skep_insn *insns = (const void *)bpf_program__insns(theirs);
	size_t n = bpf_program__insn_cnt(theirs), wrong = 0;

	if (n != p->n_insns) {
		print_error("%s: %s has %zu instructions here, %zu there\n", object, p->name,
			    p->n_insns, n);
		return 1;
	}
	for (size_t i = 0; i < n; i++) {
		const struct skep_reloc *reloc = reloc_at(p, i);
		bool same = reloc ? check_reloc(pairs, reloc, &insns[i])
				  : !memcmp(&insns[i], &p->insns[i], sizeof(*insns));

		if (!same) {
			print_error(
				"%s: %s, instruction %zu: %02x %d %d %d %d, there %02x %d %d %d %d\n",
				object, p->name, i, p->insns[i].opcode, p->insns[i].dst,
				p->insns[i].src, p->insns[i].off, p->insns[i].imm, insns[i].opcode,
				insns[i].dst, insns[i].src, insns[i].off, insns[i].imm);
			wrong++;
		}
		/* The second half of a load that a relocation is at. */
		i += reloc && skep_insn_is_wide(p->insns[i]);
	}
	return wrong;
}

static struct {
	size_t objects, progs, insns, wrong, cores, missing, refused;
	double ms, slowest_ms;
} total;

static double now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

/* Reads an object our way, with everything that libbpf knows as well. */
static int read_ours(const char *name, const void *data, size_t size, const struct skep_btf *types,
		     struct skep_arena *arena, struct skep_diag *diag, struct skep_spec *spec,
		     struct skep_linked **linked)
{
	struct skep_object_file file = { name, data, size };
	struct skep_core_target target = { .kernel = types };
	struct skep_object_options options = {
		.target = &target,
		.config = skep_str_text(&config),
		.config_len = config.len,
	};
	struct utsname uts;
	unsigned a, b, c = 0;
	double begin = now_ms();
	int r;

	uname(&uts);
	if (sscanf(uts.release, "%u.%u.%u", &a, &b, &c) >= 2)
		options.kernel_version = a << 16 | b << 8 | MIN(c, 255u);
	r = skep_object_read(&file, 1, &options, arena, diag, spec);
	if (r == 0)
		r = skep_spec_link_all(spec, arena, diag, linked);
	total.ms += now_ms() - begin;
	total.slowest_ms = MAX(total.slowest_ms, now_ms() - begin);
	return r;
}

/* Sizes that the programs around an object fill in. Without them no map is made, and nothing relocated. */
static void complete_maps(struct bpf_object *object)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, object)
	{
		const struct skep_map_kind *kind = skep_map_kind_find(bpf_map__type(map));
		unsigned traits = kind ? kind->traits : 0;

		if (bpf_map__type(map) == BPF_MAP_TYPE_STACK_TRACE && !bpf_map__value_size(map))
			assert_int_equal(bpf_map__set_value_size(map, 8 * 16), 0);
		if (!bpf_map__max_entries(map) && !(traits & SKEP_TRAIT_OWNED) &&
		    bpf_map__type(map) != BPF_MAP_TYPE_PERF_EVENT_ARRAY)
			assert_int_equal(bpf_map__set_max_entries(map, 16), 0);
		if (bpf_map__get_pin_path(map))
			assert_int_equal(bpf_map__set_pin_path(map, NULL), 0);
	}
}

/* Every program of both; what libbpf does not know is told. */
static void compare_progs(const char *name, const struct skep_spec *spec,
			  const struct skep_linked *linked, struct bpf_object *theirs)
{
	struct pairing pairs = {};

	total.objects++;
	for (size_t i = 0; i < spec->n_progs; i++) {
		const struct skep_spec_prog *p = &linked[i].prog;
		const struct bpf_program *prog;

		if (!spec->progs[i].type || spec->progs[i].is_off)
			continue;
		prog = bpf_object__find_program_by_name(theirs, p->name);
		if (!prog)
			fail_msg("%s: libbpf has no program %s", name, p->name);
		total.progs++;
		total.insns += p->n_insns;
		total.cores += p->n_cores;
		for (size_t k = 0; k < p->n_cores; k++)
			total.missing += p->cores[k].state == SKEP_CORE_MISSING;
		total.wrong += compare_prog(name, p, prog, &pairs);
	}
}

/* @types: to fit to, which libbpf reads from @path; NULL: the kernel's. */
static void compare_object(const char *name, const void *data, size_t size,
			   const struct skep_btf *types, const char *path)
{
	LIBBPF_OPTS(bpf_object_open_opts, options, .btf_custom_path = path);
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	_cleanup_(skep_diag_fini)
	struct skep_diag diag = {};
	struct skep_linked *linked;
	struct skep_spec spec;
	struct bpf_object *theirs = bpf_object__open_mem(data, size, &options);
	int r, loaded;

	if (!theirs) {
		print_message("%s is left out, for libbpf does not open it: %s\n", name,
			      strerror(errno));
		return;
	}
	memset(&told, 0, sizeof(told));
	complete_maps(theirs);
	/* Refusals of the kernel come behind the relocations. */
	loaded = bpf_object__load(theirs);
	r = read_ours(name, data, size, types ? types : kernel, arena, &diag, &spec, &linked);
	if (told.core_failed && r < 0) {
		total.refused++;
	} else if (r < 0 || told.core_failed) {
		_cleanup_(skep_str_fini)
		struct skep_str text = {};

		skep_diag_format(&diag, false, false, &text);
		print_error("%s for %s: ours gives %d, libbpf's %s\n%s", name, path ? path : "", r,
			    told.core_failed ? "a refusal" : "none", skep_str_text(&text));
		total.wrong++;
	} else if (loaded < 0 && !told.at_programs) {
		print_message("%s is left out, for libbpf came to no program: %s\n", name,
			      strerror(-loaded));
	} else {
		compare_progs(name, &spec, linked, theirs);
	}
	bpf_object__close(theirs);
}

/* Objects lie inside of the programs that bring them along. */
static void compare_inside(const char *name, const struct skep_str *file)
{
	const uint8_t *at = (const uint8_t *)file->data, *end = at + file->len;

	while ((at = memmem(at, (size_t)(end - at), "\177ELF\2\1", 6))) {
		size_t left = (size_t)(end - at);
		uint64_t sections;
		uint16_t size, n;

		if (left > 64 && skep_object_is(at, left)) {
			memcpy(&sections, at + 40, 8);
			memcpy(&size, at + 58, 2);
			memcpy(&n, at + 60, 2);
			if (sections < left && (size_t)size * n <= left - sections)
				compare_object(name, at, sections + (size_t)size * n, NULL, NULL);
		}
		at++;
	}
}

static void report(void)
{
	print_message("%zu objects, %zu programs, %zu instructions, %zu CO-RE records (%zu without "
		      "answer), %zu refused by both: %zu differ; %.2f ms an object, %.2f ms the "
		      "slowest\n",
		      total.objects, total.progs, total.insns, total.cores, total.missing,
		      total.refused, total.wrong, total.ms / (double)MAX(total.objects, (size_t)1),
		      total.slowest_ms);
	assert_int_equal(total.wrong, 0);
}

static int prepare(void **state)
{
	struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	struct utsname uts;
	char path[512];

	verbose = getenv("SKEP_VERBOSE");
	libbpf_set_print(quiet);
	setrlimit(RLIMIT_MEMLOCK, &unlimited);
	if (read_all("/sys/kernel/btf/vmlinux", &vmlinux))
		(void)!skep_btf_parse(vmlinux.data, vmlinux.len, NULL, NULL, NULL, &kernel);
	uname(&uts);
	snprintf(path, sizeof(path), "/boot/config-%s", uts.release);
	if (!read_all(path, &config)) {
		FILE *f = popen("zcat /proc/config.gz 2>/dev/null", "r");
		char bytes[4096];

		for (size_t n; f && (n = fread(bytes, 1, sizeof(bytes), f)) > 0;)
			skep_str_addn(&config, bytes, n);
		if (f)
			pclose(f);
	}
	return 0;
}

static int clean_up(void **state)
{
	skep_btf_free(kernel);
	skep_str_fini(&vmlinux);
	skep_str_fini(&config);
	return 0;
}

static void skip_without_kernel(void)
{
	if (geteuid() == 0 && kernel)
		return;
	print_message("skipped, because libbpf relocates only for root, on a kernel with types\n");
	skip();
}

static void own_objects(void **state)
{
	static const char *const names[] = { "maps", "core", "extern" };
	static const char *const levels[] = { "-O2 -g", "-O1 -g", "-O2 -g -mcpu=v3",
					      "-O2 -g -mcpu=v1" };
	struct skep_str bytes = {};

	skip_without_kernel();
	memset(&total, 0, sizeof(total));
	/* Newer ones ask more kinds of questions. */
	for (size_t i = 0; i < ARRAY_SIZE(names) - !config.len; i++)
		for (size_t k = 0; k < ARRAY_SIZE(levels); k++) {
			char options[128];

			if (compile_bpf(names[i], levels[k], &bytes))
				compare_object(names[i], bytes.data, bytes.len, NULL, NULL);
			snprintf(options, sizeof(options), "-target bpf %s", levels[k]);
			if (compile_with("clang-19", names[i], options, &bytes))
				compare_object(names[i], bytes.data, bytes.len, NULL, NULL);
		}
	skep_str_fini(&bytes);
	if (!total.objects)
		skip();
	report();
}

/* A target that libbpf reads as a file, too. */
static void compare_for(const char *name, const struct skep_str *object, const char *path)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	_cleanup_(skep_btf_freep)
	struct skep_btf *types = NULL;
	struct skep_str bytes = {};
	struct skep_object_file file = { .name = path };
	struct skep_spec spec;

	if (read_all(path, &bytes)) {
		file.data = bytes.data;
		file.size = bytes.len;
		assert_int_equal(skep_object_read(&file, 1, NULL, arena, NULL, &spec), 0);
		assert_int_equal(skep_btf_parse(spec.btf, spec.btf_size, NULL, NULL, NULL, &types),
				 0);
		compare_object(name, object->data, object->len, types, path);
	}
	skep_str_fini(&bytes);
}

/* The same program for targets that differ from what it was compiled with. */
static void own_targets(void **state)
{
	struct skep_str object = {}, target = {};
	char path[] = "/tmp/skep-target-XXXXXX", options[64];
	int fd;

	skip_without_kernel();
	memset(&total, 0, sizeof(total));
	if (!compile_bpf("core", "-O2 -g", &object))
		skip();
	fd = mkstemp(path);
	assert_true(fd >= 0);
	for (int variant = 0; variant < 8; variant++) {
		snprintf(options, sizeof(options), "-O2 -g -DVARIANT=%d", variant);
		assert_true(compile_bpf("core_target", options, &target) > 0);
		assert_int_equal(pwrite(fd, target.data, target.len, 0), target.len);
		assert_int_equal(ftruncate(fd, (off_t)target.len), 0);
		compare_for("core", &object, path);
	}
	close(fd);
	unlink(path);
	skep_str_fini(&object);
	skep_str_fini(&target);
	report();
}

/* SKEP_TARGETS: a directory with programs PROGRAM.o, and targets btf__PROGRAM*.o for each. */
static void targets_of_others(void **state)
{
	const char *folder = getenv("SKEP_TARGETS");
	struct skep_str object = {};
	struct dirent **entries;
	int n;

	skip_without_kernel();
	memset(&total, 0, sizeof(total));
	n = folder ? scandir(folder, &entries, NULL, alphasort) : -1;
	if (n < 0)
		skip();
	for (int i = 0; i < n; i++) {
		const char *name = entries[i]->d_name;
		char path[1024], wanted[256];

		if (strncmp(name, "test_core", 9) != 0)
			continue;
		snprintf(wanted, sizeof(wanted), "btf__%s", name + 5);
		wanted[strcspn(wanted, ".")] = 0;
		snprintf(path, sizeof(path), "%s/%s", folder, name);
		if (!read_all(path, &object))
			continue;
		for (int k = 0; k < n; k++) {
			if (strncmp(entries[k]->d_name, wanted, strlen(wanted)) != 0 ||
			    !skep_has_suffix(entries[k]->d_name, ".o"))
				continue;
			snprintf(path, sizeof(path), "%s/%s", folder, entries[k]->d_name);
			compare_for(name, &object, path);
		}
	}
	for (int i = 0; i < n; i++)
		free(entries[i]);
	free(entries);
	skep_str_fini(&object);
	report();
}

static void objects_of_others(void **state)
{
	const char *folder = getenv("SKEP_OBJECTS");
	struct skep_str bytes = {};
	struct dirent **entries;
	int n;

	skip_without_kernel();
	memset(&total, 0, sizeof(total));
	n = folder ? scandir(folder, &entries, NULL, alphasort) : -1;
	if (n < 0) {
		print_message("skipped, because SKEP_OBJECTS names no directory\n");
		skip();
	}
	for (int i = 0; i < n; i++) {
		char path[1024];

		snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
		if (entries[i]->d_type == DT_REG && read_all(path, &bytes))
			compare_inside(entries[i]->d_name, &bytes);
		free(entries[i]);
	}
	free(entries);
	skep_str_fini(&bytes);
	report();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(own_objects),
		cmocka_unit_test(own_targets),
		cmocka_unit_test(targets_of_others),
		cmocka_unit_test(objects_of_others),
	};

	return cmocka_run_group_tests(tests, prepare, clean_up);
}
