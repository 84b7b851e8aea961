/* SPDX-License-Identifier: Apache-2.0 */
/* Places: what each kind of section takes, what it refuses, and that a refusal leaves the spec alone. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "obj/aim.h"

struct fixture {
	struct skep_arena *arena;
	struct skep_diag diag;
	struct skep_spec_prog prog;
	struct skep_spec spec;
};

static int setup(void **state)
{
	static struct fixture f;

	memset(&f, 0, sizeof(f));
	f.arena = skep_arena_new();
	f.spec.progs = &f.prog;
	f.spec.n_progs = 1;
	f.prog.name = "it";
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	skep_diag_fini(&f->diag);
	skep_arena_free(f->arena);
	return 0;
}

static int aim(struct fixture *f, const char *section, const char *place)
{
	f->prog.section = section;
	return skep_spec_aim(&f->spec, 0, &place, place ? 1 : 0, f->arena, &f->diag);
}

static const struct skep_attach_target *target(const struct fixture *f)
{
	assert_int_equal(f->spec.n_attaches, 1);
	assert_int_equal(f->spec.attaches[0].n_targets, 1);
	return &f->spec.attaches[0].targets[0];
}

static void places_are_read(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(aim(f, "xdp", "eth0"), 0);
	assert_int_equal(f->spec.attaches[0].kind, SKEP_ATTACH_XDP);
	assert_string_equal(target(f)->name, "eth0");
	assert_int_equal(aim(f, "kprobe", "vfs_read+0x10"), 0);
	assert_string_equal(target(f)->name, "vfs_read");
	assert_int_equal(target(f)->offset, 0x10);
	assert_int_equal(aim(f, "uprobe", "/bin/x:main+4"), 0);
	assert_string_equal(target(f)->name, "/bin/x");
	assert_string_equal(target(f)->symbol, "main");
	assert_true(target(f)->by_symbol);
	assert_int_equal(target(f)->offset, 4);
	assert_int_equal(aim(f, "uprobe.multi", "/bin/x:0x40"), 0);
	assert_int_equal(target(f)->offset, 0x40);
	assert_false(target(f)->by_symbol);
	assert_int_equal(aim(f, "usdt", "/bin/x:prov:name"), 0);
	assert_string_equal(target(f)->name, "/bin/x");
	assert_string_equal(target(f)->symbol, "prov:name");
	assert_int_equal(aim(f, "fentry", "vfs_read"), 0);
	assert_string_equal(f->prog.attach_btf_name, "vfs_read");
	assert_int_equal(aim(f, "lsm/file_open", "task_free"), 0);
	assert_string_equal(f->prog.attach_btf_name, "bpf_lsm_task_free");
	assert_int_equal(aim(f, "lsm_cgroup/socket_bind", "/x"), 0);
	assert_int_equal(f->spec.attaches[0].kind, SKEP_ATTACH_CGROUP);
	assert_string_equal(f->prog.attach_btf_name, "bpf_lsm_task_free"); /* as it was */
	assert_int_equal(aim(f, "?tc", "eth0:egress"), 0);
	assert_string_equal(target(f)->name, "eth0:egress");
}

static void counters_are_read(void **state)
{
	struct fixture *f = *state;
	const struct skep_spec_attach *a;

	assert_int_equal(aim(f, "perf_event", "software:page-faults:7"), 0);
	a = f->spec.attaches;
	assert_int_equal(a->perf_type, 1);
	assert_int_equal(a->perf_config, 2);
	assert_int_equal(a->perf_period, 7);
	assert_int_equal(aim(f, "perf_event", "hardware:cycles"), 0);
	assert_int_equal(f->spec.attaches[0].perf_period, 1000000);
	assert_int_equal(aim(f, "perf_event", "profile:ms:10"), 0);
	assert_int_equal(f->spec.attaches[0].perf_period, 10000000);
	f->spec.n_attaches = 0;
	assert_int_equal(aim(f, "perf_event", NULL), 0);
	assert_int_equal(f->spec.attaches[0].perf_freq, 99);
	assert_true(f->spec.attaches[0].all_cpus);
}

static void defaults_are_there(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(aim(f, "sk_lookup", NULL), 0);
	assert_null(target(f)->name);
	/* What is said already stays. */
	assert_int_equal(aim(f, "xdp", NULL), 0);
	assert_int_equal(f->spec.attaches[0].kind, SKEP_ATTACH_NETNS);
	f->spec.n_attaches = 0;
	assert_int_equal(aim(f, "syscall", NULL), 0);
	assert_int_equal(f->spec.attaches[0].kind, SKEP_ATTACH_ONCE);
	f->spec.n_attaches = 0;
	assert_int_equal(aim(f, "xdp", NULL), -EDESTADDRREQ);
	assert_string_equal(f->diag.items[0].what,
			    "program 'it' (xdp) does not say where it is attached");
	assert_string_equal(f->diag.items[0].hint, "it wants a network interface: --at it=PLACE");
}

static void many_places(void **state)
{
	const char *const places[] = { "tcp_*", "vfs_read", "vfs_write" };
	struct fixture *f = *state;

	f->prog.section = "kprobe.multi/x";
	assert_int_equal(skep_spec_aim(&f->spec, 0, places, 3, f->arena, &f->diag), 0);
	assert_int_equal(f->spec.n_attaches, 1);
	assert_int_equal(f->spec.attaches[0].n_targets, 3);
	f->prog.section = "perf_event";
	assert_int_equal(skep_spec_aim(&f->spec, 0,
				       (const char *const[]){ "profile:hz:9", "software:cs" }, 2,
				       f->arena, &f->diag),
			 0);
	assert_int_equal(f->spec.n_attaches, 2);
	assert_int_equal(f->spec.attaches[1].perf_config, 3);
	f->prog.section = "fentry";
	assert_int_equal(skep_spec_aim(&f->spec, 0, places, 2, f->arena, &f->diag), -EINVAL);
	assert_null(f->prog.attach_btf_name);
	assert_int_equal(f->spec.n_attaches, 2);
}

static void wrong_places(void **state)
{
	static const struct {
		const char *section, *place, *what;
	} rows[] = {
		{ "kprobe", "vfs_read+x",
		  "program 'it': 'vfs_read+x' has an offset that is not a number" },
		{ "uprobe", "main", "program 'it': 'main' names no binary" },
		{ "usdt", "/bin/x:name",
		  "program 'it': '/bin/x:name' is not BINARY:PROVIDER:NAME" },
		{ "perf_event", "eth0",
		  "program 'it': 'eth0' is none of profile:…, software:…, hardware:…" },
		{ "perf_event", "profile:min:9",
		  "program 'it': 'profile:min:9' has a unit that is none of hz, s, ms, us" },
		{ "perf_event", "profile:hz:0",
		  "program 'it': 'profile:hz:0' is not profile:hz:N, profile:ms:N, profile:us:N or profile:s:N" },
		{ "perf_event", "software:x",
		  "program 'it': 'software:x' names no counter that we know" },
		{ "perf_event", "software:cs:0",
		  "program 'it': 'software:cs:0' has a count that is not a number" },
		{ "syscall", "eth0",
		  "program 'it': 'eth0' says where, but such a program has no place" },
		{ "xdp", "", "program 'it': '' is empty" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(aim(f, rows[i].section, rows[i].place), -EINVAL);
		assert_string_equal(f->diag.items[f->diag.n_items - 1].what, rows[i].what);
		assert_int_equal(f->spec.n_attaches, 0);
	}
}

/* Every kind of section takes a place, or does without, or says what it wants; struct_ops has that of its struct. */
static void every_section(void **state)
{
	struct fixture *f = *state;
	const struct skep_section_row *row;

	for (size_t i = 0; (row = skep_section_row(i)); i++) {
		int r;

		if (row->unsupported)
			continue;
		f->spec.n_attaches = 0;
		r = aim(f, row->name, NULL);
		if (row->attach == SKEP_ATTACH_OPS)
			assert_int_equal(r, -ENOENT);
		else
			assert_true(r == 0 || (r == -EDESTADDRREQ && skep_aim_wants(row->attach)));
		assert_int_equal(f->spec.n_attaches, r == 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(places_are_read, setup, teardown),
		cmocka_unit_test_setup_teardown(counters_are_read, setup, teardown),
		cmocka_unit_test_setup_teardown(defaults_are_there, setup, teardown),
		cmocka_unit_test_setup_teardown(many_places, setup, teardown),
		cmocka_unit_test_setup_teardown(wrong_places, setup, teardown),
		cmocka_unit_test_setup_teardown(every_section, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
