/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader of objects, on programs of our own that clang compiles here: every map, variable, function and reference
 * of them arrives in the spec.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "compile.h"
#include "isa/mapkind.h"
#include "obj/btf_build.h"
#include "obj/link.h"
#include "obj/object.h"
#include "obj/section.h"
#include "obj/spec_append.h"
#include "obj/spec_btf.h"

struct fixture {
	struct skep_arena *arena;
	struct skep_diag diag;
	struct skep_str bytes[2];
	struct skep_spec spec;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->arena = skep_arena_new();
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	skep_arena_free(f->arena);
	skep_diag_fini(&f->diag);
	skep_str_fini(&f->bytes[0]);
	skep_str_fini(&f->bytes[1]);
	free(f);
	return 0;
}

/* Compiles and reads one object or two; skips the test where there is no compiler. */
static int read_object(struct fixture *f, const char *first, const char *second,
		       const char *options, const struct skep_object_options *how)
{
	const char *names[] = { first, second };
	struct skep_object_file files[2];
	size_t n = second ? 2 : 1;

	for (size_t i = 0; i < n; i++) {
		if (!compile_bpf(names[i], options, &f->bytes[i]))
			skip();
		files[i] = (struct skep_object_file){ names[i], f->bytes[i].data, f->bytes[i].len };
	}
	return skep_object_read(files, n, how, f->arena, &f->diag, &f->spec);
}

static const struct skep_spec_map *map_named(const struct fixture *f, const char *name)
{
	for (size_t i = 0; i < f->spec.n_maps; i++)
		if (!strcmp(f->spec.maps[i].name, name))
			return &f->spec.maps[i];
	fail_msg("no map %s", name);
	return NULL;
}

static const struct skep_spec_prog *prog_named(const struct fixture *f, const char *name)
{
	for (size_t i = 0; i < f->spec.n_progs; i++)
		if (!strcmp(f->spec.progs[i].name, name))
			return &f->spec.progs[i];
	fail_msg("no program %s", name);
	return NULL;
}

static const struct skep_spec_var *var_named(const struct fixture *f, const char *name)
{
	for (size_t i = 0; i < f->spec.n_vars; i++)
		if (!strcmp(f->spec.vars[i].name, name))
			return &f->spec.vars[i];
	fail_msg("no variable %s", name);
	return NULL;
}

static uint64_t value_of(const struct fixture *f, const char *name)
{
	const struct skep_spec_var *v = var_named(f, name);
	const struct skep_spec_map *m = &f->spec.maps[v->map];
	uint64_t value = 0;

	assert_true(v->offset + v->size_bytes <= m->value_size);
	if (m->data)
		memcpy(&value, (const uint8_t *)m->data + v->offset, MIN(v->size_bytes, 8u));
	return value;
}

static void maps_are_described(void **state)
{
	struct fixture *f = *state;
	const struct skep_spec_map *m;

	assert_int_equal(read_object(f, "maps", NULL, "-g", NULL), 0);
	m = map_named(f, "counts");
	assert_int_equal(m->type, SKEP_MAP_HASH);
	assert_int_equal(m->key_size, 4);
	assert_int_equal(m->value_size, 24);
	assert_int_equal(m->max_entries, 1024);
	assert_int_equal(m->flags, SKEP_MAP_NO_PREALLOC);
	assert_true(m->btf_key_type && m->btf_value_type);
	assert_true(map_named(f, "skep_test_kept")->pinned);
	assert_false(m->pinned);
	m = map_named(f, "outer");
	assert_int_equal(m->type, SKEP_MAP_ARRAY_OF_MAPS);
	assert_int_equal(m->inner->value_size, 8);
	assert_int_equal(m->n_slots, 2);
	assert_int_equal(m->slots[0].key, 0);
	assert_string_equal(f->spec.maps[m->slots[0].index].name, "inner_one");
	assert_int_equal(m->slots[1].key, 2);
	assert_string_equal(f->spec.maps[m->slots[1].index].name, "inner_two");
	m = map_named(f, "jumps");
	assert_int_equal(m->n_slots, 1);
	assert_int_equal(m->slots[0].key, 5);
	assert_string_equal(f->spec.progs[m->slots[0].index].name, "tail_one");
	assert_null(m->inner);
	assert_int_equal(map_named(f, "ring")->max_entries, 4096);
	assert_string_equal(f->spec.license, "Dual BSD/GPL");
}

static void data_is_placed(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(read_object(f, "maps", NULL, "-g", NULL), 0);
	assert_int_equal(value_of(f, "limit"), 17);
	assert_int_equal(value_of(f, "name"), 0x70656b73); /* "skep" */
	assert_int_equal(value_of(f, "hidden_data"), 5);
	assert_int_equal(value_of(f, "started"), 1);
	assert_int_equal(value_of(f, "cold"), 99);
	assert_int_equal(value_of(f, "total"), 0);
	assert_true(map_named(f, ".rodata")->read_only);
	assert_true(map_named(f, ".rodata")->flags & SKEP_MAP_RDONLY_PROG);
	assert_false(map_named(f, ".data.cold")->read_only);
	assert_null(map_named(f, ".bss")->data);
}

static void programs_have_kinds(void **state)
{
	struct fixture *f = *state;
	const struct skep_spec_prog *p;

	assert_int_equal(read_object(f, "maps", NULL, "-g", NULL), 0);
	p = prog_named(f, "on_open");
	assert_int_equal(p->type, SKEP_PROG_TRACEPOINT);
	assert_string_equal(p->section, "tracepoint/syscalls/sys_enter_openat");
	assert_true(p->n_lines > 5 && p->btf_func);
	assert_true(strstr(p->lines[0].file, "maps.bpf.c"));
	assert_true(strstr(p->lines[0].text, "bpf_get_current_pid_tgid") ||
		    strstr(p->lines[0].text, "on_open"));
	assert_true(prog_named(f, "off")->is_off);
	assert_int_equal(prog_named(f, "drop")->attach_type, SKEP_AT_XDP);
	p = prog_named(f, "global_sum");
	assert_int_equal(p->type, 0);
	assert_true(p->is_global);
	assert_false(prog_named(f, "add")->is_global);
	assert_int_equal(f->spec.n_attaches, 4); /* of drop nobody knows where */
	for (size_t i = 0; i < f->spec.n_attaches; i++) {
		const struct skep_spec_attach *a = &f->spec.attaches[i];

		if (a->kind == SKEP_ATTACH_KPROBE) {
			assert_string_equal(a->targets[0].name, "vfs_read");
			assert_int_equal(a->targets[0].offset, 0x10);
		}
		if (a->kind == SKEP_ATTACH_TP)
			assert_string_equal(a->targets[0].name, "syscalls/sys_enter_openat");
	}
}

static size_t count_relocs(const struct skep_spec_prog *p, enum skep_reloc_kind kind)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n_relocs; i++)
		n += p->relocs[i].kind == kind;
	return n;
}

static void references_are_found(void **state)
{
	struct fixture *f = *state;
	struct skep_linked *linked;
	const struct skep_spec_prog *p;

	assert_int_equal(read_object(f, "maps", NULL, "-g", NULL), 0);
	p = prog_named(f, "on_open");
	assert_int_equal(count_relocs(p, SKEP_RELOC_MAP), 2); /* counts, jumps */
	assert_int_equal(count_relocs(p, SKEP_RELOC_FUNC), 1);
	assert_true(count_relocs(p, SKEP_RELOC_MAP_VALUE) >= 3);
	p = prog_named(f, "loops");
	assert_int_equal(p->n_relocs, 1);
	assert_int_equal(p->relocs[0].kind, SKEP_RELOC_FUNC);
	assert_string_equal(f->spec.progs[p->relocs[0].index].name, "each");
	assert_int_equal(skep_spec_link_all(&f->spec, f->arena, &f->diag, &linked), 0);
	/* loops, each, and add that each calls without a relocation in the file */
	assert_int_equal(linked[p - f->spec.progs].n_funcs, 3);
}

static void legacy_maps_work(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(read_object(f, "legacy", NULL, "", NULL), 0);
	assert_int_equal(map_named(f, "first")->max_entries, 100);
	assert_int_equal(map_named(f, "first")->flags, SKEP_MAP_NO_PREALLOC);
	assert_int_equal(map_named(f, "second")->value_size, 16);
	assert_int_equal(prog_named(f, "filter")->type, SKEP_PROG_SOCKET_FILTER);
	assert_int_equal(count_relocs(prog_named(f, "filter"), SKEP_RELOC_MAP), 2);
	assert_null(f->spec.btf);
}

static const char config[] = "# CONFIG_NO is not set\n"
			     "CONFIG_HZ=250\nCONFIG_BPF=y\n"
			     "CONFIG_DEFAULT_HOSTNAME=\"(none) and more\"\n"
			     "CONFIG_XFS_FS=m\n";

static void settings_have_values(void **state)
{
	struct fixture *f = *state;
	struct skep_object_options options = {
		.config = config,
		.config_len = sizeof(config) - 1,
		.kernel_version = 0x60c03,
	};
	const struct skep_spec_var *v;
	const struct skep_spec_map *m;

	assert_int_equal(read_object(f, "extern", NULL, "-g", &options), 0);
	assert_int_equal(value_of(f, "CONFIG_HZ"), 250);
	assert_int_equal(value_of(f, "CONFIG_BPF"), 1);
	assert_int_equal(value_of(f, "CONFIG_XFS_FS"), 2);
	assert_int_equal(value_of(f, "CONFIG_ABSENT"), 0);
	assert_int_equal(value_of(f, "LINUX_KERNEL_VERSION"), 0x60c03);
	v = var_named(f, "CONFIG_DEFAULT_HOSTNAME");
	m = &f->spec.maps[v->map];
	assert_string_equal((const char *)m->data + v->offset, "(none) and ");
	assert_true(m->read_only);
}

static void settings_are_checked(void **state)
{
	static const char *const wrong[] = {
		"CONFIG_HZ=m",	"CONFIG_HZ=99999999999",       "CONFIG_HZ=-1",
		"CONFIG_BPF=m", "CONFIG_DEFAULT_HOSTNAME=\"x", "CONFIG_XFS_FS=7"
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct skep_object_options options = { .config = wrong[i],
						       .config_len = strlen(wrong[i]) };

		assert_int_equal(read_object(f, "extern", NULL, "-g", &options), -EINVAL);
	}
	assert_int_equal(f->diag.n_errors, ARRAY_SIZE(wrong));
}

static void kernel_symbols_stay_names(void **state)
{
	struct fixture *f = *state;
	const struct skep_spec_prog *p;
	size_t weak = 0;

	assert_int_equal(read_object(f, "extern", NULL, "-g", NULL), 0);
	p = prog_named(f, "on_new");
	assert_string_equal(p->attach_btf_name, "btf_trace_task_newtask");
	assert_int_equal(count_relocs(p, SKEP_RELOC_KFUNC), 3);
	assert_int_equal(count_relocs(p, SKEP_RELOC_KSYM), 2);
	assert_true(count_relocs(p, SKEP_RELOC_KVAR) >= 2);
	for (size_t i = 0; i < p->n_relocs; i++)
		weak += p->relocs[i].weak;
	assert_int_equal(weak, 3);
}

static void objects_are_linked(void **state)
{
	struct fixture *f = *state;
	struct skep_linked *linked;
	size_t a;

	assert_int_equal(read_object(f, "link_a", "link_b", "-g", NULL), 0);
	assert_int_equal(value_of(f, "counter"), 40);
	assert_int_equal(value_of(f, "other_counter"), 7);
	assert_int_equal(value_of(f, "byte"), 3);
	assert_int_equal(map_named(f, "shared")->max_entries, 3);
	assert_int_equal(f->spec.n_maps, 2); /* shared, and one .data */
	assert_int_equal(skep_spec_link_all(&f->spec, f->arena, &f->diag, &linked), 0);
	a = (size_t)(prog_named(f, "main_a") - f->spec.progs);
	/* main_a, scale and helper of the other file, and both: the one that is not weak */
	assert_int_equal(linked[a].n_funcs, 4);
	for (size_t i = 0; i < linked[a].n_funcs; i++) {
		const struct skep_spec_prog *p = &f->spec.progs[linked[a].funcs[i].prog];

		if (!strcmp(p->name, "both"))
			assert_int_equal(p->insns[1].imm, 100);
	}
}

static void write_file(const char *path, const struct skep_str *bytes)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes->data, 1, bytes->len, f), bytes->len);
	fclose(f);
}

/* What bpftool's static linker makes of both files is the same program as ours. */
static void linked_as_bpftool_does(void **state)
{
	struct fixture *f = *state;
	char dir[] = "/tmp/skep-link-XXXXXX", a[64], b[64], both[64], command[256];
	struct skep_object_file file = { .name = "both" };
	struct skep_linked *ours, *theirs;
	struct skep_spec spec;
	FILE *in;

	assert_int_equal(read_object(f, "link_a", "link_b", "-g", NULL), 0);
	assert_non_null(mkdtemp(dir));
	snprintf(a, sizeof(a), "%s/a.o", dir);
	snprintf(b, sizeof(b), "%s/b.o", dir);
	snprintf(both, sizeof(both), "%s/both.o", dir);
	write_file(a, &f->bytes[0]);
	write_file(b, &f->bytes[1]);
	snprintf(command, sizeof(command),
		 "PATH=$PATH:/usr/sbin:/sbin bpftool gen object %s %s %s >/dev/null 2>&1", both, a,
		 b);
	in = system(command) == 0 ? fopen(both, "rb") : NULL;
	skep_str_reset(&f->bytes[0]);
	for (int c; in && (c = fgetc(in)) != EOF;)
		skep_str_addc(&f->bytes[0], (char)c);
	if (in)
		fclose(in);
	unlink(a);
	unlink(b);
	unlink(both);
	rmdir(dir);
	if (!in)
		skip();
	file.data = f->bytes[0].data;
	file.size = f->bytes[0].len;
	assert_int_equal(skep_object_read(&file, 1, NULL, f->arena, &f->diag, &spec), 0);
	assert_int_equal(skep_spec_link_all(&spec, f->arena, &f->diag, &theirs), 0);
	assert_int_equal(skep_spec_link_all(&f->spec, f->arena, &f->diag, &ours), 0);
	for (size_t i = 0; i < spec.n_progs; i++) {
		const struct skep_spec_prog *x = &theirs[i].prog, *y;

		if (!spec.progs[i].type)
			continue;
		y = &ours[prog_named(f, x->name) - f->spec.progs].prog;
		assert_int_equal(x->n_insns, y->n_insns);
		assert_memory_equal(x->insns, y->insns, x->n_insns * sizeof(*x->insns));
		assert_int_equal(x->n_relocs, y->n_relocs);
		for (size_t k = 0; k < x->n_relocs; k++) {
			assert_int_equal(x->relocs[k].insn, y->relocs[k].insn);
			assert_int_equal(x->relocs[k].addend, y->relocs[k].addend);
			assert_string_equal(spec.maps[x->relocs[k].index].name,
					    f->spec.maps[y->relocs[k].index].name);
		}
	}
}

/* Read apart and put together: everything refers to what is its own. */
static void specs_are_appended(void **state)
{
	struct fixture *f = *state;
	struct skep_spec_places places;
	struct skep_linked *linked;
	struct skep_spec_btf info;
	struct skep_spec maps;
	struct skep_btf *btf;
	const struct skep_spec_map *outer;

	assert_int_equal(read_object(f, "maps", NULL, "-g", NULL), 0);
	maps = f->spec;
	assert_int_equal(read_object(f, "core", NULL, "-g", NULL), 0);
	assert_int_equal(skep_spec_append(&f->spec, &maps, f->arena, &places), 0);
	assert_int_equal(places.map + maps.n_maps, f->spec.n_maps);
	assert_int_equal(skep_btf_parse(f->spec.btf, f->spec.btf_size, NULL, NULL, NULL, &btf), 0);
	for (size_t i = 0; i < f->spec.n_progs; i++)
		assert_string_equal(skep_btf_name(btf, f->spec.progs[i].btf_func),
				    f->spec.progs[i].name);
	outer = map_named(f, "outer");
	assert_string_equal(f->spec.maps[outer->slots[1].index].name, "inner_two");
	assert_string_equal(f->spec.progs[map_named(f, "jumps")->slots[0].index].name, "tail_one");
	assert_int_equal(value_of(f, "limit"), 17);
	assert_int_equal(skep_spec_link_all(&f->spec, f->arena, &f->diag, &linked), 0);
	assert_int_equal(skep_spec_btf(&f->spec, linked, f->arena, &info), 0);
	assert_int_equal(linked[prog_named(f, "on_open") - f->spec.progs].n_funcs, 3);
	skep_btf_free(btf);
	/* And once more, with the same again. */
	assert_int_equal(skep_spec_append(&f->spec, &maps, f->arena, &places), 0);
	assert_int_equal(skep_spec_link_all(&f->spec, f->arena, &f->diag, &linked), 0);
}

static void alone_they_lack_something(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(read_object(f, "link_a", NULL, "-g", NULL), -ENOENT);
	assert_non_null(strstr(f->diag.items[0].what, "'scale'"));
	assert_non_null(f->diag.items[0].hint);
}

static const struct skep_btf *only_module(void *data, size_t index)
{
	return index ? NULL : data;
}

/* What the kernel itself has not is looked for in its modules. */
static void modules_are_asked(void **state)
{
	struct fixture *f = *state;
	struct skep_btf_builder *b = skep_btf_builder_new(NULL), *m;
	uint32_t i32 = skep_btf_build_int(b, "int", 4, SKEP_BTF_INT_SIGNED);
	struct skep_btf_member members[] = { { "tgid", i32, 96, 0 }, { "pid", i32, 64, 0 } };
	struct skep_core_target target = { .module = only_module };
	struct skep_btf *kernel, *module;
	const struct skep_spec_prog *p;
	size_t size, done = 0;
	void *blob;

	assert_int_equal(skep_btf_builder_finish(b, f->arena, &blob, &size), 0);
	assert_int_equal(skep_btf_parse(blob, size, NULL, NULL, NULL, &kernel), 0);
	m = skep_btf_builder_new(kernel);
	skep_btf_build_struct(m, SKEP_BTF_STRUCT, "task_struct", 16, members, 2);
	assert_int_equal(skep_btf_builder_finish(m, f->arena, &blob, &size), 0);
	assert_int_equal(skep_btf_parse(blob, size, kernel, NULL, NULL, &module), 0);
	assert_int_equal(read_object(f, "core", NULL, "-g", NULL), 0);
	target.kernel = kernel;
	target.data = module;
	assert_int_equal(skep_core_resolve(&f->spec, &target, &f->diag), 0);
	p = prog_named(f, "fields");
	for (size_t i = 0; i < p->n_cores; i++)
		if (p->cores[i].kind == SKEP_CORE_FIELD_OFFSET &&
		    p->cores[i].state == SKEP_CORE_DONE) {
			const struct skep_insn *insn = &p->insns[p->cores[i].insn];

			assert_true(insn->imm == 12 || insn->imm == 8);
			done++;
		}
	assert_true(done >= 2);
	skep_btf_free(module);
	skep_btf_free(kernel);
	skep_btf_builder_free(m);
	skep_btf_builder_free(b);
}

/* Another compiler and assembler: no lines, other addends. */
static void objects_of_gcc(void **state)
{
	struct fixture *f = *state;
	struct skep_object_file file = { .name = "maps" };
	struct skep_linked *linked;
	const struct skep_spec_prog *p;

	if (!compile_with("bpf-gcc", "maps", "-O2 -gbtf -idirafter /usr/include", &f->bytes[0]))
		skip();
	file.data = f->bytes[0].data;
	file.size = f->bytes[0].len;
	assert_int_equal(skep_object_read(&file, 1, NULL, f->arena, &f->diag, &f->spec), 0);
	assert_int_equal(value_of(f, "limit"), 17);
	assert_int_equal(value_of(f, "hidden_data"), 5);
	assert_int_equal(value_of(f, "started"), 1);
	assert_int_equal(map_named(f, "counts")->max_entries, 1024);
	assert_string_equal(f->spec.maps[map_named(f, "outer")->slots[1].index].name, "inner_two");
	p = prog_named(f, "global_sum");
	assert_int_equal(count_relocs(p, SKEP_RELOC_FUNC), 1);
	for (size_t i = 0; i < p->n_relocs; i++)
		if (p->relocs[i].kind == SKEP_RELOC_MAP_VALUE)
			assert_int_equal(p->relocs[i].addend, var_named(f, "limit")->offset);
	assert_int_equal(skep_spec_link_all(&f->spec, f->arena, &f->diag, &linked), 0);
	assert_int_equal(linked[prog_named(f, "on_open") - f->spec.progs].n_funcs, 3);
}

/* Whatever is cut off or flipped: an answer, and a reason when it is no. */
static void damage_is_told(void **state)
{
	struct fixture *f = *state;
	struct skep_str copy = {};
	size_t len, refused = 0, tried = 0;

	assert_int_equal(read_object(f, "maps", NULL, "-g", NULL), 0);
	len = f->bytes[0].len;
	for (size_t i = 0; i < len; i += 1 + len / 3000) {
		struct skep_arena *arena = skep_arena_new();
		struct skep_diag diag = {};
		struct skep_object_file file = { "damaged", NULL, len };
		struct skep_spec spec;
		int r;

		skep_str_reset(&copy);
		skep_str_addn(&copy, f->bytes[0].data, len);
		if (tried % 2)
			file.size = i;
		else
			copy.data[i] ^= (char)(1 << tried / 2 % 8);
		file.data = copy.data;
		r = skep_object_read(&file, 1, NULL, arena, &diag, &spec);
		if (r < 0)
			assert_true(diag.n_errors);
		refused += r < 0;
		tried++;
		skep_diag_fini(&diag);
		skep_arena_free(arena);
	}
	skep_str_fini(&copy);
	assert_true(refused > tried / 3);
}

/*
 * The table of section names needs no compiler.
 */

static void sections_are_known(void **state)
{
	const struct skep_section_row *row;
	const char *target;

	row = skep_section_find("tp_btf/sched_switch", &target);
	assert_int_equal(row->prog, SKEP_PROG_TRACING);
	assert_string_equal(target, "sched_switch");
	row = skep_section_find("kprobe.multi/tcp_*", &target);
	assert_int_equal(row->attach_type, SKEP_AT_TRACE_KPROBE_MULTI);
	row = skep_section_find("cgroup/connect4", &target);
	assert_int_equal(row->attach_type, SKEP_AT_CGROUP_INET4_CONNECT);
	assert_null(target);
	row = skep_section_find("xdp.frags/cpumap", &target);
	assert_int_equal(row->attach_type, SKEP_AT_XDP_CPUMAP);
	assert_true(row->traits & SKEP_SECTION_FRAGS);
	assert_null(skep_section_find("xdp/", &target));
	assert_null(skep_section_find("kprobes/x", &target));
	assert_null(skep_section_find("", &target));
	assert_int_equal(skep_section_find("struct_ops.s/init", &target)->attach, SKEP_ATTACH_OPS);
	assert_string_equal(target, "init");
	assert_string_equal(skep_section_nearest("kprob/vfs_read"), "kprobe");
	assert_string_equal(skep_section_nearest("cgroup/conect4"), "cgroup/connect4");
	assert_null(skep_section_nearest("something"));
	for (size_t i = 0; (row = skep_section_row(i)); i++) {
		assert_ptr_equal(skep_section_find(row->name, &target), row);
		assert_non_null(skep_prog_kind_find(row->prog));
	}
}

static void structs_of_functions(void **state)
{
	struct fixture *f = *state;
	const struct skep_spec_map *m;

	assert_int_equal(read_object(f, "ops", NULL, "-g", NULL), 0);
	m = map_named(f, "old");
	assert_int_equal(m->type, SKEP_MAP_STRUCT_OPS);
	assert_int_equal(m->flags, 0);
	assert_int_equal(*(const int *)m->data, 7);
	assert_int_equal(m->n_slots, 1);
	assert_int_equal(m->slots[0].key, 1);
	assert_string_equal(f->spec.progs[m->slots[0].index].name, "one");
	m = map_named(f, "linked");
	assert_int_equal(m->flags, SKEP_MAP_LINK);
	assert_int_equal(m->n_slots, 2);
	assert_string_equal(f->spec.progs[m->slots[0].index].name, "one");
	assert_int_equal(m->slots[1].key, 3);
	assert_string_equal(f->spec.progs[m->slots[1].index].name, "hidden");
	assert_true(prog_named(f, "hidden")->sleepable);
	/* Each is registered as a whole. */
	assert_int_equal(f->spec.n_attaches, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(f->spec.attaches[i].kind, SKEP_ATTACH_OPS);
		m = map_named(f, f->spec.attaches[i].targets[0].name);
		assert_int_equal(f->spec.attaches[i].prog, m->slots[0].index);
	}
}

static void typed_targets_have_names(void **state)
{
	unsigned kind;

	assert_string_equal(skep_section_btf_prefix(SKEP_AT_TRACE_RAW_TP, &kind), "btf_trace_");
	assert_int_equal(kind, SKEP_BTF_TYPEDEF);
	assert_string_equal(skep_section_btf_prefix(SKEP_AT_LSM_MAC, &kind), "bpf_lsm_");
	assert_string_equal(skep_section_btf_prefix(SKEP_AT_TRACE_FENTRY, &kind), "");
	assert_int_equal(kind, SKEP_BTF_FUNC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(maps_are_described, setup, teardown),
		cmocka_unit_test_setup_teardown(data_is_placed, setup, teardown),
		cmocka_unit_test_setup_teardown(programs_have_kinds, setup, teardown),
		cmocka_unit_test_setup_teardown(references_are_found, setup, teardown),
		cmocka_unit_test_setup_teardown(legacy_maps_work, setup, teardown),
		cmocka_unit_test_setup_teardown(settings_have_values, setup, teardown),
		cmocka_unit_test_setup_teardown(settings_are_checked, setup, teardown),
		cmocka_unit_test_setup_teardown(kernel_symbols_stay_names, setup, teardown),
		cmocka_unit_test_setup_teardown(objects_are_linked, setup, teardown),
		cmocka_unit_test_setup_teardown(linked_as_bpftool_does, setup, teardown),
		cmocka_unit_test_setup_teardown(structs_of_functions, setup, teardown),
		cmocka_unit_test_setup_teardown(specs_are_appended, setup, teardown),
		cmocka_unit_test_setup_teardown(alone_they_lack_something, setup, teardown),
		cmocka_unit_test_setup_teardown(modules_are_asked, setup, teardown),
		cmocka_unit_test_setup_teardown(objects_of_gcc, setup, teardown),
		cmocka_unit_test_setup_teardown(damage_is_told, setup, teardown),
		cmocka_unit_test(sections_are_known),
		cmocka_unit_test(typed_targets_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
