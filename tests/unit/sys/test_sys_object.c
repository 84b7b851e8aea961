/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects in the live kernel: what clang makes of tests/vectors/obj/maps.bpf.c and core.bpf.c is loaded, its data and
 * maps are as the source says, its programs run. Needs root and clang; nothing is attached.
 */
#include <errno.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#include "../obj/compile.h"
#include "fixture.h"
#include "obj/object.h"
#include "obj/spec_append.h"
#include "own_bpffs.h"
#include "sys/config.h"
#include "sys/vmlinux.h"

struct object {
	struct skep_arena *arena;
	struct skep_str bytes;
	struct skep_spec spec;
	struct skep_diag diag;
	struct skep_loaded *loaded;
};

static const struct skep_engine *engine;

static int setup(void **state)
{
	struct object *o = calloc(1, sizeof(*o));

	engine = skep_kernel_engine();
	o->arena = skep_arena_new();
	*state = o;
	return 0;
}

static int teardown(void **state)
{
	struct object *o = *state;

	engine->close(o->loaded);
	skep_diag_fini(&o->diag);
	skep_str_fini(&o->bytes);
	skep_arena_free(o->arena);
	free(o);
	return 0;
}

static void open_object(struct object *o, const char *name,
			const struct skep_object_options *options)
{
	struct skep_object_file file = { .name = name };

	need(SKEP_FEATURE_TEST_RUN);
	if (!compile_bpf(name, "-g", &o->bytes))
		skip();
	file.data = o->bytes.data;
	file.size = o->bytes.len;
	assert_int_equal(skep_object_read(&file, 1, options, o->arena, &o->diag, &o->spec), 0);
}

/* Leaves what is kept out of it, unless @keep. */
static int load_object(struct object *o, bool keep)
{
	for (size_t i = 0; i < o->spec.n_maps; i++)
		o->spec.maps[i].pinned &= keep;
	return engine->load(engine, &o->spec, NULL, &o->diag, &o->loaded);
}

static size_t map_index(const struct object *o, const char *name)
{
	for (size_t i = 0; i < o->spec.n_maps; i++)
		if (!strcmp(o->spec.maps[i].name, name))
			return i;
	fail_msg("no map %s", name);
	return 0;
}

static size_t prog_index(const struct object *o, const char *name)
{
	for (size_t i = 0; i < o->spec.n_progs; i++)
		if (!strcmp(o->spec.progs[i].name, name))
			return i;
	fail_msg("no program %s", name);
	return 0;
}

/* Up to 8 bytes of a global variable, as the kernel has it now. */
static uint64_t read_var(const struct object *o, const char *name)
{
	uint32_t zero = 0;
	uint64_t value = 0;

	for (size_t i = 0; i < o->spec.n_vars; i++) {
		const struct skep_spec_var *v = &o->spec.vars[i];
		_cleanup_free_ uint8_t *bytes = NULL;

		if (strcmp(v->name, name) != 0)
			continue;
		bytes = calloc(1, o->spec.maps[v->map].value_size);
		assert_int_equal(engine->map_get(o->loaded, v->map, &zero, bytes), 0);
		memcpy(&value, bytes + v->offset, MIN(v->size_bytes, 8u));
		return value;
	}
	fail_msg("no variable %s", name);
	return 0;
}

static void programs_run(void **state)
{
	struct object *o = *state;
	uint64_t ctx[5] = {};
	uint32_t value = 0;

	open_object(o, "maps", NULL);
	assert_int_equal(load_object(o, false), 0);
	assert_int_equal(read_var(o, "hidden_data"), 5);
	assert_int_equal(engine->run(o->loaded, prog_index(o, "loops"), ctx, sizeof(ctx), &value),
			 0);
	assert_int_equal(value, 10);
	/* Each of ten rounds added its number: 0 + 1 + ... + 9. */
	assert_int_equal(read_var(o, "hidden_data"), 50);
	assert_int_equal(read_var(o, "limit"), 17);
}

static void maps_have_contents(void **state)
{
	struct object *o = *state;
	uint32_t key = 5, id = 0;
	uint8_t bytes[64] = {};

	open_object(o, "maps", NULL);
	assert_int_equal(load_object(o, false), 0);
	assert_int_equal(engine->map_get(o->loaded, map_index(o, "jumps"), &key, &id), 0);
	assert_true(id > 0);
	key = 2;
	id = 0;
	assert_int_equal(engine->map_get(o->loaded, map_index(o, "outer"), &key, &id), 0);
	assert_true(id > 0);
	key = 1;
	assert_int_equal(engine->map_get(o->loaded, map_index(o, "outer"), &key, &id), -ENOENT);
	key = 0;
	assert_int_equal(engine->map_set(o->loaded, map_index(o, ".rodata"), &key, bytes, 0),
			 -EPERM);
	assert_int_equal(engine->map_set(o->loaded, map_index(o, ".data.cold"), &key, bytes, 0), 0);
}

/* A spec of our own making takes an object in: functions of both are known to the kernel, which callbacks need. */
static void mixed_specs_load(void **state)
{
	struct object *o = *state;
	struct code c = {};
	struct skep_spec_prog prog;
	struct skep_spec spec = { .license = "GPL", .progs = &prog, .n_progs = 1 };
	struct skep_spec_places places;
	struct skep_bpf_prog_info info = {};
	uint32_t size = sizeof(info), value;
	uint64_t ctx[5] = {};

	open_object(o, "maps", NULL);
	emit(&c, skep_insn_mov64_imm(SKEP_R1, 40));
	emit(&c, skep_insn_mov64_imm(SKEP_R2, 2));
	c.relocs[c.n_relocs++] = (struct skep_reloc){ .kind = SKEP_RELOC_FUNC,
						      .insn = (uint32_t)c.n,
						      .index = 1 + prog_index(o, "global_sum") };
	emit(&c, skep_insn_call_local(-1));
	emit(&c, skep_insn_exit());
	prog = prog_of("ours", SKEP_PROG_RAW_TRACEPOINT, &c);
	assert_int_equal(skep_spec_append(&spec, &o->spec, o->arena, &places), 0);
	o->spec = spec;
	assert_int_equal(load_object(o, false), 0);
	assert_int_equal(engine->run(o->loaded, 0, ctx, sizeof(ctx), &value), 0);
	assert_int_equal(value, 40 + 2 + 17);
	assert_int_equal(skep_bpf_obj_info(skep_kernel_prog_fd(o->loaded, 0), &info, &size), 0);
	assert_int_equal(info.nr_func_info, 3); /* ours, global_sum, add */
}

/* What others see of the program: its functions, its lines. */
static void lines_reach_the_kernel(void **state)
{
	struct object *o = *state;
	struct skep_bpf_prog_info info = {};
	uint32_t size = sizeof(info);

	open_object(o, "maps", NULL);
	assert_int_equal(load_object(o, false), 0);
	assert_int_equal(skep_bpf_obj_info(skep_kernel_prog_fd(o->loaded, prog_index(o, "on_open")),
					   &info, &size),
			 0);
	assert_true(info.btf_id > 0);
	assert_true(info.nr_line_info > 10);
	assert_int_equal(info.nr_func_info, 3); /* on_open, global_sum, add */
}

static void off_is_not_loaded(void **state)
{
	struct object *o = *state;

	open_object(o, "maps", NULL);
	assert_int_equal(load_object(o, false), 0);
	assert_true(skep_kernel_prog_fd(o->loaded, prog_index(o, "off")) < 0);
	assert_true(skep_kernel_prog_fd(o->loaded, prog_index(o, "drop")) >= 0);
}

/* Records that the reader left open are answered by the kernel that the object is loaded into. */
static void core_is_fitted(void **state)
{
	struct object *o = *state;
	const struct skep_btf *btf;
	struct skep_btf_member member;
	uint64_t ctx[5] = {}, out[64];
	uint32_t value, id, zero = 0;
	size_t map;

	open_object(o, "core", NULL);
	assert_true(o->spec.progs[prog_index(o, "fields")].n_cores > 10);
	o->spec.progs[prog_index(o, "loads")].is_off = true;
	assert_int_equal(load_object(o, false), 0);
	assert_int_equal(engine->run(o->loaded, prog_index(o, "fields"), ctx, sizeof(ctx), &value),
			 0);
	map = map_index(o, ".bss");
	assert_int_equal(o->spec.maps[map].value_size, sizeof(out));
	assert_int_equal(engine->map_get(o->loaded, map, &zero, out), 0);
	assert_int_equal(skep_vmlinux_btf(NULL, &btf), 0);
	assert_int_equal(skep_btf_find(btf, "task_struct", SKEP_BTF_STRUCT, &id), 0);
	assert_int_equal(skep_btf_find_member(btf, id, "tgid", &member), 0);
	assert_int_equal(out[0], getpid());
	assert_int_equal(out[1], member.bit_offset / 8);
	assert_int_equal(out[2], 16);
	assert_int_equal(out[3], 1);
	assert_int_equal(out[4], 0);
}

static void what_is_missing_is_named(void **state)
{
	struct object *o = *state;
	bool named = false, placed = false;

	open_object(o, "core", NULL);
	need(SKEP_FEATURE_TP_BTF);
	assert_true(load_object(o, false) < 0);
	for (size_t i = 0; i < o->diag.n_items; i++) {
		const struct skep_diag_item *item = &o->diag.items[i];

		named |= item->hint && strstr(item->hint, "task_struct___wide.wake_cpu");
		placed |= item->file && strstr(item->file, "core.bpf.c") && item->loc.line &&
			  strstr(item->text, "w->wake_cpu");
	}
	assert_true(named);
	assert_true(placed);
}

__attribute__((noinline)) int skep_test_watched(int x);

int skep_test_watched(int x)
{
	__asm__ volatile("");
	return x + 1;
}

static void write_var(const struct object *o, const char *name, uint32_t value)
{
	for (size_t i = 0; i < o->spec.n_vars; i++) {
		const struct skep_spec_var *v = &o->spec.vars[i];
		_cleanup_free_ uint8_t *bytes = NULL;
		uint32_t zero = 0;

		if (strcmp(v->name, name) != 0)
			continue;
		bytes = calloc(1, o->spec.maps[v->map].value_size);
		assert_int_equal(engine->map_get(o->loaded, v->map, &zero, bytes), 0);
		memcpy(bytes + v->offset, &value, sizeof(value));
		assert_int_equal(engine->map_set(o->loaded, v->map, &zero, bytes, 0), 0);
		return;
	}
	fail_msg("no variable %s", name);
}

/* By what sections say, in this process only. */
static void sections_attach(void **state)
{
	struct object *o = *state;

	open_object(o, "attach", NULL);
	need(SKEP_FEATURE_UPROBE);
	assert_int_equal(load_object(o, false), 0);
	write_var(o, "only_pid", (uint32_t)getpid());
	for (size_t i = 0; i < o->spec.n_attaches; i++) {
		const struct skep_spec_attach *a = &o->spec.attaches[i];
		int r = engine->attach(o->loaded, i, &o->diag);

		if (strstr(a->probe, "watchd")) {
			assert_int_equal(r, -ENOENT);
			assert_string_equal(o->diag.items[0].hint,
					    "did you mean skep_test_watched?");
		} else {
			assert_int_equal(r, 1);
		}
	}
	for (int i = 0; i < 10; i++)
		assert_int_equal(skep_test_watched(i), i + 1);
	syscall(SYS_getppid);
	assert_int_equal(read_var(o, "calls"), 10);
	assert_int_equal(read_var(o, "returns"), 10);
	assert_int_equal(read_var(o, "enters"), 1);
}

static void maps_are_kept(void **state)
{
	struct object *o = *state;
	uint64_t value = 77, read = 0;
	uint32_t key = 1;
	size_t map;

	open_object(o, "maps", NULL);
	if (!own_bpffs())
		skip();
	assert_int_equal(load_object(o, true), 0);
	map = map_index(o, "skep_test_kept");
	assert_int_equal(engine->map_set(o->loaded, map, &key, &value, 0), 0);
	engine->close(o->loaded);
	o->loaded = NULL;
	assert_int_equal(access("/sys/fs/bpf/skep_test_kept", F_OK), 0);
	assert_int_equal(load_object(o, true), 0);
	assert_int_equal(engine->map_get(o->loaded, map, &key, &read), 0);
	assert_int_equal(read, 77);
	engine->close(TAKE_PTR(o->loaded));
	o->spec.maps[map].max_entries = 3;
	assert_int_equal(load_object(o, true), -EEXIST);
	assert_non_null(strstr(o->diag.items[o->diag.n_items - 1].what, "skep_test_kept"));
	unlink("/sys/fs/bpf/skep_test_kept");
}

/* Configuration and version of this kernel reach the object. */
static void settings_are_the_kernels(void **state)
{
	struct object *o = *state;
	_cleanup_(skep_str_fini)
	struct skep_str text = {};
	struct skep_object_options options = { .kernel_version = skep_config_kernel_version() };
	struct utsname uts;
	char begin[32];

	uname(&uts);
	snprintf(begin, sizeof(begin), "%u.%u.", options.kernel_version >> 16,
		 options.kernel_version >> 8 & 255);
	assert_true(skep_has_prefix(uts.release, begin));
	assert_int_equal(skep_config_read("/nowhere", &text), -ENOENT);
	if (skep_config_read(NULL, &text) < 0)
		skip();
	options.config = skep_str_text(&text);
	options.config_len = text.len;
	open_object(o, "extern", &options);
	assert_non_null(strstr(text.data, "\nCONFIG_BPF=y"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(programs_run, setup, teardown),
		cmocka_unit_test_setup_teardown(maps_have_contents, setup, teardown),
		cmocka_unit_test_setup_teardown(mixed_specs_load, setup, teardown),
		cmocka_unit_test_setup_teardown(lines_reach_the_kernel, setup, teardown),
		cmocka_unit_test_setup_teardown(off_is_not_loaded, setup, teardown),
		cmocka_unit_test_setup_teardown(core_is_fitted, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_missing_is_named, setup, teardown),
		cmocka_unit_test_setup_teardown(settings_are_the_kernels, setup, teardown),
		cmocka_unit_test_setup_teardown(sections_attach, setup, teardown),
		cmocka_unit_test_setup_teardown(maps_are_kept, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
