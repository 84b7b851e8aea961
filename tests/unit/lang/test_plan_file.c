/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "plan_bytes.h"

static const char script[] =
	"BEGIN { @t = (1, \"two\"); @h = hist(3); @s[\"k\", 1] = stats(4); printf(\"%d %s\\n\", 1, \"x\"); }\n"
	"tracepoint:syscalls:sys_enter_openat { row opened { pid, file: str(args.filename) } as span { start: nsecs - 5, id: (pid, 1), name: file } @[comm, kstack] = count(); }\n"
	"kprobe:vfs_read { @a = sum(arg2); @c[func] = count(); @k = kaddr(\"avenrun\"); }\n"
	"kprobe:vfs_* { @all[probe] = count(); }\n"
	"uprobe:/bin/demo:main { @u[ustack] = count(); }\n"
	"interval:s:1 { print(@t); clear(@h); exit(); }\n"
	"usdt:/bin/demo:shop:* { @probes[probe] = count(); }\n"
	"usdt:/bin/demo:sale { @sold = sum(arg0); }\n"
	"tc:tun0:egress { if (pkt.tcp.dport == 22) { drop(); } }\n"
	"cgroup:/system.slice:connect4 { if (args.port == 22) { deny(EPERM); } }\n"
	"xdp:eth0 { redirect(\"lo\"); }\n";

struct state {
	struct skep_arena *arena;
	struct world_file f;
	struct skep_diag diag;
	struct skep_str bytes;
};

static int setup(void **state)
{
	struct state *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	s->arena = skep_arena_new();
	world_file_open(&s->f, SKEP_VECTORS "/lang/check/world");
	if (!plan_bytes(s->arena, &s->f.world, script, sizeof(script) - 1, &s->diag, &s->bytes))
		fail_msg("%s", s->diag.items[0].what);
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct state *s = *state;

	skep_str_fini(&s->bytes);
	skep_diag_fini(&s->diag);
	world_file_close(&s->f);
	skep_arena_free(s->arena);
	free(s);
	return 0;
}

/* What was read and written again is the same, byte for byte. */
static void test_same_again(void **state)
{
	struct state *s = *state;
	_cleanup_(skep_str_fini)
	struct skep_str again = {};
	struct skep_plan *plan;

	assert_int_equal(skep_plan_read(s->arena, s->bytes.data, s->bytes.len, &s->diag, &plan), 0);
	skep_plan_write(plan, &again);
	assert_int_equal(again.len, s->bytes.len);
	assert_memory_equal(again.data, s->bytes.data, again.len);
	assert_int_equal(plan->spec->n_attaches, plan->portable->n_origins);
	assert_string_equal(plan->spec->source_name, "test.bt");
}

static void test_fits(void **state)
{
	struct state *s = *state;

	if (plan_use(&s->f.world, &s->bytes, &s->diag) < 0)
		fail_msg("%s", s->diag.items[s->diag.n_items - 1].what);
}

/* Every part of a file is no file. */
static void test_cut_off(void **state)
{
	struct state *s = *state;

	for (size_t len = 0; len < s->bytes.len; len++) {
		_cleanup_(skep_diag_fini)
		struct skep_diag diag = {};
		struct skep_plan *plan;

		assert_int_equal(skep_plan_read(s->arena, s->bytes.data, len, &diag, &plan),
				 -EBADMSG);
		assert_int_equal(diag.n_errors, 1);
	}
}

/* A changed byte is seen, and when somebody has made the checksum right, nothing goes wrong. */
static void test_changed(void **state)
{
	struct state *s = *state;

	for (size_t at = 0; at < s->bytes.len; at++) {
		_cleanup_(skep_diag_fini)
		struct skep_diag diag = {};
		_cleanup_(skep_str_fini)
		struct skep_str bytes = {};
		struct skep_plan *plan;
		int r;

		skep_str_addn(&bytes, s->bytes.data, s->bytes.len);
		bytes.data[at] ^= (char)(1 << at % 8);
		r = skep_plan_read(s->arena, bytes.data, bytes.len, &diag, &plan);
		assert_true(r == -EBADMSG || r == -ENOTSUP);
		assert_int_equal(diag.n_errors, 1);
		if (at < HEAD_BYTES)
			continue;
		plan_checksum(&bytes);
		(void)!plan_use(&s->f.world, &bytes, &diag);
	}
}

/* A histogram has no buckets beyond 2^64; a file with one power of two less is from before and fits. */
static void test_buckets(void **state)
{
	struct state *s = *state;

	for (size_t n = 65; n <= 67; n++) {
		_cleanup_(skep_diag_fini)
		struct skep_diag diag = {};
		_cleanup_(skep_str_fini)
		struct skep_str bytes = {};
		struct skep_plan *plan, *again;
		bool found = false;
		int r = skep_plan_read(s->arena, s->bytes.data, s->bytes.len, &diag, &plan);

		assert_int_equal(r, 0);
		for (size_t i = 0; i < plan->n_maps; i++) {
			struct skep_plan_map *m = &plan->maps[i];

			if (m->shape.kind != SKEP_SNAPSHOT_HIST)
				continue;
			found = true;
			assert_int_equal(m->shape.n_numbers, 66);
			m->shape.n_numbers = n;
			m->value_size = 67 * 8;
			m->stripe_size = MAX(m->stripe_size, m->value_size);
			plan->spec->maps[m->spec_map].value_size = 1 << 20;
		}
		assert_true(found);
		skep_plan_write(plan, &bytes);
		r = skep_plan_read(s->arena, bytes.data, bytes.len, &diag, &again);
		assert_int_equal(r, n <= 66 ? 0 : -EBADMSG);
	}
}

static void test_other_version(void **state)
{
	struct state *s = *state;
	struct skep_plan *plan;

	s->bytes.data[8]++;
	assert_int_equal(skep_plan_read(s->arena, s->bytes.data, s->bytes.len, &s->diag, &plan),
			 -ENOTSUP);
	assert_non_null(strstr(s->diag.items[0].what, "another version"));
	s->bytes.data[8]--;
}

static void refused(struct state *s, const char *text, const char *why)
{
	_cleanup_(skep_diag_fini)
	struct skep_diag diag = {};
	_cleanup_(skep_str_fini)
	struct skep_str bytes = {};
	bool found = false;

	assert_false(plan_bytes(s->arena, &s->f.world, text, strlen(text), &diag, &bytes));
	for (size_t i = 0; i < diag.n_items; i++)
		found |= strstr(diag.items[i].what, why) && diag.items[i].hint;
	if (!found)
		fail_msg("%s: %s", text, diag.items[0].what);
}

static void test_refused(void **state)
{
	struct state *s = *state;

	refused(s, "usdt:/bin/other:a:b { @ = arg0; }", "cannot read the program or library");
	refused(s, "uprobe:/bin/*:main { }", "not supported ahead of time: a pattern of binaries");
	refused(s, "kprobe:vfs_* { @ = args.file; }",
		"not supported ahead of time: args of a pattern");
	refused(s, "fentry:vfs_* { }", "not supported ahead of time: fentry of a pattern");
	refused(s, "BEGIN { @ = kfunc_exist(\"vfs_read\"); }",
		"not supported ahead of time: kfunc_exist()");
}

/* Static probes that keep the arguments that are asked for elsewhere, and interfaces with other packets. */
static const struct skep_usdt_arg elsewhere = { .kind = SKEP_USDT_REG, .size = 4, .base = "cx" };
static const struct skep_world_usdt moved = {
	"/bin/demo", "shop", "sale", 0x2010, 0, 0x402010, "4@%ecx", &elsewhere, 1,
};

static int each_moved(const struct skep_world *world, const char *binary, int pid,
		      const char *provider_glob, const char *glob, struct skep_diag *diag,
		      skep_world_usdt_fn fn, void *data)
{
	return fn(data, &moved);
}

static int any_interface(const struct skep_world *world, const char *name,
			 struct skep_world_interface *ret_interface)
{
	*ret_interface = (struct skep_world_interface){ name, 7, true };
	return 0;
}

/* What another world answers to a script that was compiled in this one. */
static void fit(struct state *s, const struct skep_world *world, const char *text, const char *why)
{
	_cleanup_(skep_diag_fini)
	struct skep_diag diag = {};
	_cleanup_(skep_str_fini)
	struct skep_str bytes = {};
	int r;

	if (!plan_bytes(s->arena, &s->f.world, text, strlen(text), &diag, &bytes))
		fail_msg("%s", diag.items[0].what);
	r = plan_use(world, &bytes, &diag);
	if (!why && r < 0)
		fail_msg("%s: %s", text, diag.items[0].what);
	if (why && (r == 0 || !strstr(diag.items[0].what, why) || !diag.items[0].loc.line))
		fail_msg("%s: %s", text, r ? diag.items[0].what : "it fits");
}

static void test_elsewhere(void **state)
{
	struct state *s = *state;
	struct skep_world other = s->f.world;

	other.each_usdt = each_moved;
	other.interface = any_interface;
	fit(s, &other, "usdt:/bin/demo:sale { }", NULL);
	fit(s, &other, "usdt:/bin/demo:sale { @ = arg0; }",
	    "this binary keeps arguments elsewhere: arg0 4@%cx; the code was made for arg0 -4@%ax");
	fit(s, &other, "usdt:/bin/demo:sale { @ = str(arg1); }", "arg1 nowhere");
	fit(s, &other, "tc:eth0:egress { }", NULL);
	fit(s, &other, "tc:tun0:egress { }", "this interface has Ethernet frames");
	fit(s, &s->f.world, "xdp:eth9 { }", "there is no network interface 'eth9'");
	fit(s, &s->f.world, "tc:lo:ingress { redirect(\"eth9\"); }",
	    "there is no interface 'eth9'");
	fit(s, &s->f.world, "cgroup:/nowhere:bind4 { }", "there is no cgroup /nowhere");
	fit(s, &s->f.world, "uprobe:/bin/demo@demo.c:3 { }", "lines are not known here");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_same_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fits, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cut_off, setup, teardown),
		cmocka_unit_test_setup_teardown(test_changed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_buckets, setup, teardown),
		cmocka_unit_test_setup_teardown(test_other_version, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_elsewhere, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
