/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The BTF reader against libbpf, on this machine's kernel and its modules: every type, every
 * member. And the kernel's own word on what the builder and the linker make. Skipped, with the
 * reason, where there is no BTF or no right.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "obj/btf.h"
#include "obj/spec_btf.h"

#define BTF_DIR "/sys/kernel/btf/"

static void *read_file(const char *path, size_t *ret_size)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *data;

	if (fd < 0 || fstat(fd, &st) < 0 || st.st_size <= 0)
		return NULL;
	data = malloc((size_t)st.st_size);
	*ret_size = 0;
	for (ssize_t n;
	     data && (n = read(fd, data + *ret_size, (size_t)st.st_size - *ret_size)) > 0;)
		*ret_size += (size_t)n;
	return data;
}

static void compare_members(const struct skep_btf *mine, const struct btf *theirs, uint32_t id)
{
	const struct btf_type *t = btf__type_by_id(theirs, id);
	struct skep_btf_member m;

	for (uint32_t i = 0; i < btf_vlen(t); i++) {
		assert_int_equal(skep_btf_member(mine, id, i, &m), 0);
		assert_string_equal(m.name,
				    btf__name_by_offset(theirs, btf_members(t)[i].name_off));
		assert_int_equal(m.type, btf_members(t)[i].type);
		assert_int_equal(m.bit_offset, btf_member_bit_offset(t, i));
		assert_int_equal(m.bit_size, btf_member_bitfield_size(t, i));
	}
	assert_int_equal(skep_btf_member(mine, id, btf_vlen(t), &m), -ENOENT);
}

static void compare_enumerators(const struct skep_btf *mine, const struct btf *theirs, uint32_t id)
{
	const struct btf_type *t = btf__type_by_id(theirs, id);
	struct skep_btf_enumerator e;

	for (uint32_t i = 0; i < btf_vlen(t); i++) {
		uint32_t name =
			btf_is_enum(t) ? btf_enum(t)[i].name_off : btf_enum64(t)[i].name_off;

		assert_int_equal(skep_btf_enumerator(mine, id, i, &e), 0);
		assert_string_equal(e.name, btf__name_by_offset(theirs, name));
		if (btf_is_enum64(t))
			assert_true(e.value == btf_enum64_value(&btf_enum64(t)[i]));
		else if (btf_kflag(t))
			assert_true((int64_t)e.value == btf_enum(t)[i].val);
		else
			assert_true(e.value == (uint32_t)btf_enum(t)[i].val);
	}
}

static void compare_type(const struct skep_btf *mine, const struct btf *theirs, uint32_t id)
{
	const struct btf_type *t = btf__type_by_id(theirs, id);
	struct skep_btf_type m = skep_btf_type(mine, id);
	struct skep_btf_param p;
	uint32_t size, found;

	assert_int_equal((unsigned)m.kind, btf_kind(t));
	assert_string_equal(m.name, btf__name_by_offset(theirs, t->name_off));
	if (skep_btf_size(mine, id, &size) == 0)
		assert_int_equal(size, btf__resolve_size(theirs, id));
	if (btf_is_composite(t))
		compare_members(mine, theirs, id);
	if (btf_is_any_enum(t))
		compare_enumerators(mine, theirs, id);
	if (btf_is_array(t)) {
		assert_int_equal(m.type, btf_array(t)->type);
		assert_int_equal(m.n_elems, btf_array(t)->nelems);
	} else if (btf_is_mod(t) || btf_is_ptr(t) || btf_is_func(t) || btf_is_func_proto(t)) {
		assert_int_equal(m.type, t->type);
	}
	for (uint32_t i = 0; btf_is_func_proto(t) && i < btf_vlen(t); i++) {
		assert_int_equal(skep_btf_param(mine, id, i, &p), 0);
		assert_string_equal(p.name, btf__name_by_offset(theirs, btf_params(t)[i].name_off));
		assert_int_equal(p.type, btf_params(t)[i].type);
	}
	/*
	 * The first of its name and kind must be it, or lie before it (or in a module before the
	 * base).
	 */
	if (*m.name) {
		assert_int_equal(skep_btf_find(mine, m.name, m.kind, &found), 0);
		assert_string_equal(skep_btf_name(mine, found), m.name);
		assert_int_equal((unsigned)skep_btf_kind(mine, found), btf_kind(t));
		if (found >= skep_btf_first_id(mine) && id >= skep_btf_first_id(mine))
			assert_true(found <= id);
	}
}

static void compare_all(const struct skep_btf *mine, const struct btf *theirs)
{
	assert_int_equal(skep_btf_n_types(mine), btf__type_cnt(theirs));
	for (uint32_t id = skep_btf_first_id(mine); id < skep_btf_n_types(mine); id++)
		compare_type(mine, theirs, id);
}

static void test_kernel(void **state)
{
	struct skep_str out = {};
	struct skep_btf *mine;
	struct btf *theirs;
	size_t size;
	void *data = read_file(BTF_DIR "vmlinux", &size);

	if (!data) {
		print_message("skipped, because this kernel offers no BTF in " BTF_DIR "\n");
		skip();
	}
	assert_int_equal(skep_btf_parse(data, size, NULL, skep_btf_release_malloc, NULL, &mine), 0);
	theirs = btf__new(data, (uint32_t)size);
	assert_non_null(theirs);
	compare_all(mine, theirs);
	for (uint32_t id = 1; id < skep_btf_n_types(mine); id += 5) {
		skep_str_reset(&out);
		skep_btf_format_def(mine, id, 0, &out);
		assert_null(strstr(skep_str_text(&out), "?"));
	}
	skep_str_fini(&out);
	btf__free(theirs);
	skep_btf_free(mine);
}

static void compare_module(const char *name, const struct skep_btf *base,
			   const struct btf *their_base)
{
	_cleanup_(skep_btf_freep)
	struct skep_btf *mine = NULL;
	char path[512];
	struct btf *theirs;
	size_t size;
	void *data;

	snprintf(path, sizeof(path), BTF_DIR "%s", name);
	data = read_file(path, &size);
	assert_non_null(data);
	assert_int_equal(skep_btf_parse(data, size, base, skep_btf_release_malloc, NULL, &mine), 0);
	theirs = btf__parse_split(path, (struct btf *)their_base);
	assert_non_null(theirs);
	compare_all(mine, theirs);
	btf__free(theirs);
}

/* The number of modules with BTF; the first ten names in @ret_names when that is not NULL. */
static unsigned list_modules(char ret_names[10][256])
{
	DIR *dir = opendir(BTF_DIR);
	struct dirent *entry;
	unsigned n = 0;

	while (dir && n < 10 && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || skep_streq(entry->d_name, "vmlinux"))
			continue;
		snprintf(ret_names[n++], 256, "%s", entry->d_name);
	}
	if (dir)
		closedir(dir);
	return n;
}

static void test_modules(void **state)
{
	static char names[10][256];
	unsigned n = list_modules(names);
	struct skep_btf *base;
	struct btf *their_base;
	size_t size;
	void *data;

	if (!n) {
		print_message("skipped, because no module with BTF is loaded\n");
		skip();
	}
	data = read_file(BTF_DIR "vmlinux", &size);
	assert_non_null(data);
	assert_int_equal(skep_btf_parse(data, size, NULL, skep_btf_release_malloc, NULL, &base), 0);
	their_base = btf__new(data, (uint32_t)size);
	for (unsigned i = 0; i < n; i++)
		compare_module(names[i], base, their_base);
	btf__free(their_base);
	skep_btf_free(base);
}

static const char source[] = "BEGIN {\n\tfor $i : 0..3 { step($i); }\n}\n";

/* A program that calls bpf_loop with a subprogram, as loops of scripts do. */
static struct skep_spec make_spec(struct skep_arena *arena)
{
	struct skep_insn_pair func = skep_insn_ld_imm64(SKEP_R2, 0);
	struct skep_insn code[] = {
		skep_insn_mov64_imm(SKEP_R1, 3),
		func.insn[0],
		func.insn[1],
		skep_insn_mov64_imm(SKEP_R3, 0),
		skep_insn_mov64_imm(SKEP_R4, 0),
		skep_insn_call(181 /* bpf_loop */),
		skep_insn_mov64_imm(SKEP_R0, 0),
		skep_insn_exit(),
	};
	struct skep_insn step[] = { skep_insn_mov64_reg(SKEP_R0, SKEP_R1),
				    skep_insn_mov64_imm(SKEP_R0, 0), skep_insn_exit() };
	struct skep_reloc reloc = { .kind = SKEP_RELOC_FUNC, .insn = 1, .index = 1 };
	struct skep_spec_line lines[] = { { 0, { 2, 2, 3 } }, { 6, { 3, 1, 1 } } };
	struct skep_spec_line step_line = { 0, { 2, 17, 4 } };
	struct skep_spec_prog progs[] = {
		{ .name = "begin",
		  .type = BPF_PROG_TYPE_SOCKET_FILTER,
		  .insns = skep_arena_memdup(arena, code, sizeof(code)),
		  .n_insns = ARRAY_SIZE(code),
		  .relocs = skep_arena_memdup(arena, &reloc, sizeof(reloc)),
		  .n_relocs = 1,
		  .lines = skep_arena_memdup(arena, lines, sizeof(lines)),
		  .n_lines = 2 },
		{ .name = "step",
		  .insns = skep_arena_memdup(arena, step, sizeof(step)),
		  .n_insns = ARRAY_SIZE(step),
		  .lines = skep_arena_memdup(arena, &step_line, sizeof(step_line)),
		  .n_lines = 1 },
	};

	return (struct skep_spec){
		.license = "GPL",
		.source_name = "loop.bt",
		.source_text = source,
		.source_len = sizeof(source) - 1,
		.n_progs = 2,
		.progs = skep_arena_memdup(arena, progs, sizeof(progs)),
	};
}

static int load(const struct skep_linked *linked, const struct skep_prog_btf *info, int btf_fd,
		char *log, size_t log_size)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .prog_btf_fd = (uint32_t)btf_fd,
		    .func_info = info->funcs, .func_info_cnt = (uint32_t)info->n_funcs,
		    .func_info_rec_size = sizeof(*info->funcs), .line_info = info->lines,
		    .line_info_cnt = (uint32_t)info->n_lines,
		    .line_info_rec_size = sizeof(*info->lines), .log_buf = log,
		    .log_size = (uint32_t)log_size, .log_level = 2);

	return bpf_prog_load(BPF_PROG_TYPE_SOCKET_FILTER, linked->prog.name, "GPL",
			     (const struct bpf_insn *)linked->prog.insns, linked->prog.n_insns,
			     &opts);
}

static bool can_load(void)
{
	struct bpf_insn code[] = { { .code = BPF_ALU64 | BPF_MOV | BPF_K },
				   { .code = BPF_JMP | BPF_EXIT } };
	_cleanup_close_ int fd = bpf_prog_load(BPF_PROG_TYPE_KPROBE, "probe", "GPL", code, 2, NULL);

	return fd >= 0 && geteuid() == 0;
}

static void load_spec(void)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	struct skep_spec spec = make_spec(arena);
	_cleanup_close_ int btf_fd = -1, fd = -1;
	struct bpf_prog_info info = {};
	uint32_t info_len = sizeof(info);
	struct skep_linked *linked;
	struct skep_spec_btf debug;
	static char log[65536];

	assert_int_equal(skep_spec_link_all(&spec, arena, NULL, &linked), 0);
	assert_int_equal(skep_spec_btf(&spec, linked, arena, &debug), 0);
	btf_fd = bpf_btf_load(debug.data, debug.size, NULL);
	assert_true(btf_fd >= 0);
	fd = load(&linked[0], &debug.progs[0], btf_fd, log, sizeof(log));
	if (fd < 0)
		print_message("%s\n", log);
	assert_true(fd >= 0);
	/* The verifier's log cites the source by the lines that it was given. */
	assert_non_null(strstr(log, "for $i : 0..3 { step($i); }"));
	assert_int_equal(bpf_obj_get_info_by_fd(fd, &info, &info_len), 0);
	assert_int_equal(info.nr_func_info, 2);
	assert_int_equal(info.nr_line_info, 3);
}

static void test_loaded(void **state)
{
	if (!can_load()) {
		print_message("skipped, because loading programs needs root\n");
		skip();
	}
	load_spec();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kernel),
		cmocka_unit_test(test_modules),
		cmocka_unit_test(test_loaded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
