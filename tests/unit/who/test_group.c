/* SPDX-License-Identifier: Apache-2.0 */
/* Cgroups and containers by name, in a small machine made of files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include <errno.h>
#include <ftw.h>

#include "base/diag.h"
#include "base/str.h"
#include "who/group.h"
#include "who/place.h"

#define ID_A "aaaa56789012345678901234567890123456789012345678901234567890abcd"
#define ID_B "aaaa66789012345678901234567890123456789012345678901234567890abcd"
#define ID_C "cccc56789012345678901234567890123456789012345678901234567890abcd"
#define ID_D "dddd56789012345678901234567890123456789012345678901234567890abcd"
#define ID_E "eeee56789012345678901234567890123456789012345678901234567890abcd"
#define ID_H "beef56789012345678901234567890123456789012345678901234567890abcd"
#define ID_G "abcd56789012345678901234567890123456789012345678901234567890abcd"
#define ID_F "ffff66789012345678901234567890123456789012345678901234567890abcd"

static char root[] = "/tmp/skep-test-group.XXXXXX";

/* Makes the directories in front of the last '/'. */
static void make_dirs(const char *path)
{
	char text[512];

	snprintf(text, sizeof(text), "%s%s", root, path);
	for (char *p = text + strlen(root) + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		(void)!mkdir(text, 0755);
		*p = '/';
	}
}

static void make_file(const char *path, const char *content)
{
	char text[512];
	FILE *f;

	make_dirs(path);
	snprintf(text, sizeof(text), "%s%s", root, path);
	f = fopen(text, "we");
	assert_non_null(f);
	fputs(content, f);
	fclose(f);
}

static void make_link(const char *path, const char *target)
{
	char text[512];

	make_dirs(path);
	snprintf(text, sizeof(text), "%s%s", root, path);
	assert_int_equal(symlink(target, text), 0);
}

static uint64_t inode(const char *path)
{
	char text[512];
	struct stat st;

	snprintf(text, sizeof(text), "%s%s", root, path);
	assert_int_equal(stat(text, &st), 0);
	return st.st_ino;
}

static void make_process(const char *pid, const char *cgroup, const char *ns, const char *nspid)
{
	char path[64], text[256];

	snprintf(path, sizeof(path), "/proc/%s/cgroup", pid);
	make_file(path, cgroup);
	snprintf(path, sizeof(path), "/proc/%s/ns/pid", pid);
	snprintf(text, sizeof(text), "pid:[%s]", ns);
	make_link(path, text);
	snprintf(path, sizeof(path), "/proc/%s/status", pid);
	snprintf(text, sizeof(text), "Name:\tx\nNSpid:\t%s\nThreads:\t1\n", nspid);
	make_file(path, text);
}

static int setup(void **state)
{
	if (!mkdtemp(root))
		return -1;
	make_file("/proc/self/mounts",
		  "proc /proc proc rw 0 0\n"
		  "cgroup2 /sys/fs/cgroup/unified cgroup2 rw,relatime 0 0\n"
		  "cgroup /sys/fs/cgroup/systemd cgroup rw,relatime,name=systemd 0 0\n"
		  "cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,relatime,cpu,cpuacct 0 0\n"
		  "cgroup /sys/fs/cgroup/memory cgroup rw,relatime,memory 0 0\n"
		  "broken");
	make_link("/sys/fs/cgroup/cpu", "cpu,cpuacct");
	make_dirs("/sys/fs/cgroup/unified/system.slice/a.service/");
	make_dirs("/sys/fs/cgroup/unified/system.slice/docker-" ID_B ".scope/init/");
	make_dirs("/sys/fs/cgroup/systemd/only/");
	make_dirs("/sys/fs/cgroup/cpu,cpuacct/group/");
	make_dirs("/sys/fs/cgroup/memory/docker/" ID_A "/inner/");
	make_dirs("/sys/fs/cgroup/memory/group/");
	make_dirs("/sys/fs/cgroup/unified/lxc/box/");
	/* version 1 alone shows A; version 2 shows B; C has no cgroup here; a shell stands beside them */
	make_process("100",
		     "4:memory:/docker/" ID_A "/inner\n1:name=systemd:/docker/" ID_A "\n0::/\n",
		     "4026532001", "100\t1");
	make_process("101", "4:memory:/docker/" ID_A "\n0::/\n", "4026532001", "101\t7");
	make_process("200", "0::/system.slice/docker-" ID_B ".scope/init\n4:memory:/\n",
		     "4026532002", "200\t1");
	make_process("300", "1:name=systemd:/" ID_C "\n0::/\nnonsense\n:\n", "4026532003",
		     "300\t20\t1");
	make_process("301", "0::/libpod-conmon-" ID_D ".scope\n", "4026531836", "301");
	make_process("400", "0::/\n", "4026532004", "400\t2\t1");
	make_process("500", "0::/lxc/box\n", "4026532005", "500\t1");
	make_file(
		"/var/lib/docker/containers/" ID_A "/config.v2.json",
		"{\"RestartPolicy\":{\"Name\":\"no\"},\"Name\":\"/web-1\",\"Driver\":\"overlay2\"}");
	make_file("/var/lib/docker/containers/" ID_D "/config.v2.json", "{\"Name\":\"/gone\"}");
	make_file("/var/lib/containers/storage/overlay-containers/containers.json",
		  "[{\"id\":\"" ID_F "\",\"names\":[\"web-10\"]},{\"id\":\"" ID_B
		  "\",\"names\":[\"other\",\"pod\"],\"image\":\"x\"}]");
	make_file("/run/containerd/io.containerd.runtime.v2.task/k8s.io/" ID_C "/config.json",
		  "{\"annotations\": {\"io.kubernetes.cri.container-name\": \"nginx\"}}");
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	return remove(path);
}

static int teardown(void **state)
{
	return nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static struct skep_group cgroup(const char *path)
{
	struct skep_group group;

	assert_int_equal(skep_group_cgroup(root, path, NULL, &group), 0);
	return group;
}

static void test_cgroup(void **state)
{
	struct skep_group g = cgroup("/system.slice/a.service");
	char full[512];

	assert_int_equal(g.kind, SKEP_GROUP_CGROUP);
	assert_int_equal(g.level, 2);
	assert_true(g.id == inode("/sys/fs/cgroup/unified/system.slice/a.service"));
	g = cgroup("/sys/fs/cgroup/unified/system.slice/");
	assert_int_equal(g.level, 1);
	assert_true(g.id == inode("/sys/fs/cgroup/unified/system.slice"));
	assert_int_equal(cgroup("/").level, 0);
	/* The same path in two hierarchies of version 1: the first. A link is followed. */
	g = cgroup("group");
	assert_int_equal(g.kind, SKEP_GROUP_CGROUP_V1);
	assert_string_equal(g.controller, "cpu");
	assert_int_equal(g.level, 1);
	g = cgroup("/sys/fs/cgroup/memory/group");
	assert_string_equal(g.controller, "memory");
	assert_true(g.id == inode("/sys/fs/cgroup/memory/group"));
	g = cgroup("/sys/fs/cgroup/cpu/group");
	assert_string_equal(g.controller, "cpu");
	assert_true(g.id == inode("/sys/fs/cgroup/cpu/group"));
	assert_int_equal(skep_group_cgroup(root, "/nowhere", NULL, &g), -ENOENT);
	snprintf(full, sizeof(full), "/sys/fs/cgroup/systemd/only");
	assert_int_equal(skep_group_cgroup(root, full, NULL, &g), -ENOTSUP);
	assert_int_equal(skep_group_cgroup("/nonexistent", "/", NULL, &g), -ENOENT);
}

static struct skep_group container(const char *name)
{
	struct skep_group group;

	assert_int_equal(skep_group_container(root, name, NULL, &group), 0);
	return group;
}

static void expect_a(struct skep_group g)
{
	assert_int_equal(g.kind, SKEP_GROUP_CGROUP_V1);
	assert_string_equal(g.controller, "memory");
	assert_int_equal(g.level, 2);
	assert_true(g.id == inode("/sys/fs/cgroup/memory/docker/" ID_A));
}

static void expect_b(struct skep_group g)
{
	assert_int_equal(g.kind, SKEP_GROUP_CGROUP);
	assert_int_equal(g.level, 2);
	assert_true(g.id == inode("/sys/fs/cgroup/unified/system.slice/docker-" ID_B ".scope"));
}

static void expect_c(struct skep_group g)
{
	assert_int_equal(g.kind, SKEP_GROUP_PID_NS);
	assert_int_equal(g.level, 2);
	assert_true(g.id == 4026532003);
}

static void test_container(void **state)
{
	struct skep_group g;

	expect_a(container(ID_A));
	expect_a(container("aaaa5"));
	expect_a(container("web-1"));
	expect_a(container("101"));
	expect_b(container("aaaa6678"));
	expect_b(container("pod"));
	expect_b(container("other"));
	expect_b(container("200"));
	expect_c(container("nginx"));
	expect_c(container("cccc"));
	expect_c(container("300"));
	g = container("box");
	assert_int_equal(g.kind, SKEP_GROUP_CGROUP);
	assert_true(g.id == inode("/sys/fs/cgroup/unified/lxc/box"));
	g = container("400");
	assert_int_equal(g.kind, SKEP_GROUP_PID_NS);
	assert_true(g.id == 4026532004);
}

static void test_no_container(void **state)
{
	struct skep_diag diag = {};
	struct skep_group g;

	assert_int_equal(skep_group_container(root, "aaaa", &diag, &g), -EEXIST);
	assert_non_null(strstr(diag.items[0].what, "several"));
	assert_int_equal(skep_group_container(root, "aaa", &diag, &g), -ENOENT);
	assert_non_null(strstr(diag.items[1].what, "no container 'aaa'"));
	assert_non_null(strstr(diag.items[1].hint, "aaaa56789012"));
	/* Names are whole; the helper beside a container is none; a container that has ended has no process. */
	assert_int_equal(skep_group_container(root, "web", &diag, &g), -ENOENT);
	assert_int_equal(skep_group_container(root, "no", &diag, &g), -ENOENT);
	assert_int_equal(skep_group_container(root, "dddd", &diag, &g), -ENOENT);
	assert_int_equal(skep_group_container(root, "gone", &diag, &g), -ENOENT);
	assert_int_equal(skep_group_container(root, "301", &diag, &g), -ENOENT);
	assert_int_equal(skep_group_container(root, "999", &diag, &g), -ENOENT);
	assert_int_equal(skep_group_container(root, "", &diag, &g), -ENOENT);
	assert_int_equal(diag.n_errors, 9);
	skep_diag_fini(&diag);
}

static void test_components(void **state)
{
	static const struct {
		const char *parent, *component, *name;
		bool is_id;
	} good[] = {
		{ "docker", ID_A, ID_A, true },
		{ "", "docker-" ID_A ".scope", ID_A, true },
		{ "", "libpod-" ID_A ".scope", ID_A, true },
		{ "kubepods-pod1.slice", "cri-containerd-" ID_A ".scope", ID_A, true },
		{ "", "crio-" ID_A, ID_A, true },
		{ "lxc", "box", "box", false },
		{ "", "lxc.payload.box", "box", false },
		{ "machine.slice", "machine-my\\x2dbox.scope", "my-box", false },
		{ "", "systemd-nspawn@box.service", "box", false },
	};
	static const char *const bad[] = { "",
					   "docker",
					   "libpod-conmon-" ID_A ".scope",
					   "machine-box",
					   "machine.slice",
					   "0123",
					   "lxc.monitor.box",
					   "docker-.scope",
					   ID_A "0" };
	char name[SKEP_CONTAINER_NAME_MAX];
	bool is_id;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_true(skep_container_of(good[i].parent, good[i].component,
					      strlen(good[i].component), name, &is_id));
		assert_string_equal(name, good[i].name);
		assert_int_equal(is_id, good[i].is_id);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(skep_container_of("", bad[i], strlen(bad[i]), name, &is_id));
}

/* Inside of namespaces levels are not known. Last, as it changes the machine. */
static void test_namespaces(void **state)
{
	struct skep_group g;

	make_link("/proc/self/ns/pid", "pid:[4026532999]");
	assert_int_equal(skep_group_container(root, "400", NULL, &g), -ENOTSUP);
	expect_a(container("web-1"));
	make_link("/proc/self/ns/cgroup", "cgroup:[4026532999]");
	assert_int_equal(skep_group_container(root, "web-1", NULL, &g), -ENOTSUP);
	assert_int_equal(skep_group_cgroup(root, "/", NULL, &g), -ENOTSUP);
}

enum part {
	LABEL,
	IMAGE,
	ID,
	POD,
	UNIT
};

static void expect_label(const char *path, enum part what, const char *wanted)
{
	struct skep_places places = {};
	const struct skep_place *p = skep_places_by_path(&places, root, path);
	const char *const parts[] = { p->label, p->image, p->id, p->pod, p->unit };

	assert_string_equal(parts[what], wanted);
	assert_ptr_equal(p, skep_places_by_path(&places, root, path));
	skep_places_fini(&places);
}

/* What people call a group, for each runtime by its own files. */
static void test_labels(void **state)
{
	(void)state;
	make_file(
		"/var/lib/docker/containers/" ID_A "/config.v2.json",
		"{\"State\":{},\"Config\":{\"Labels\":{\"Image\":\"no\",\"Name\":\"/no\"},\"Image\":\"nginx:1.25\"},"
		"\"Image\":\"sha256:12\",\"Name\":\"/web \\\"1\\\"\"}");
	expect_label("/system.slice/docker-" ID_A ".scope", LABEL, "web \"1\"");
	expect_label("/system.slice/docker-" ID_A ".scope", IMAGE, "nginx:1.25");
	expect_label("/docker/" ID_A "/inner", ID, ID_A);
	make_file("/run/containerd/io.containerd.runtime.v2.task/k8s.io/" ID_B "/config.json",
		  "{\"annotations\": {\"io.kubernetes.cri.container-name\": \"cart\", "
		  "\"io.kubernetes.cri.sandbox-name\": \"cart-7d9f\", "
		  "\"io.kubernetes.cri.sandbox-namespace\": \"shop\", "
		  "\"io.kubernetes.cri.image-name\": \"r/cart:2\"}}");
	expect_label("/kubepods.slice/cri-containerd-" ID_B ".scope", LABEL, "shop/cart-7d9f/cart");
	expect_label("/kubepods.slice/cri-containerd-" ID_B ".scope", IMAGE, "r/cart:2");
	make_file(
		"/run/containers/storage/overlay-containers/" ID_E "/userdata/config.json",
		"{\"annotations\":{\"io.kubernetes.pod.name\":\"p\",\"io.kubernetes.pod.namespace\":\"n\"}}");
	expect_label("/kubepods/crio-" ID_E ".scope", LABEL, "n/p");
	make_file(
		"/var/lib/containers/storage/overlay-containers/containers.json",
		"[{\"id\":\"" ID_F
		"\",\"x\":{\"id\":\"0\"},\"names\":[\"db\"],\"metadata\":\"{\\\"image-name\\\":\\\"pg:9\\\"}\"},"
		"{\"id\":\"0\",\"names\":[\"other\"]}]");
	expect_label("/machine.slice/libpod-" ID_F ".scope", LABEL, "db");
	expect_label("/machine.slice/libpod-" ID_F ".scope", IMAGE, "pg:9");
	make_file("/var/lib/containers/storage/vfs-containers/volatile-containers.json",
		  "[{\"id\":\"" ID_H "\",\"names\":[\"brief\",\"second\"]}]");
	expect_label("/libpod_parent/libpod-" ID_H, LABEL, "brief");
	make_file("/run/containerd/io.containerd.runtime.v2.task/default/web1/config.json", "{}");
	expect_label("/default/web1", LABEL, "web1");
	expect_label("/other/web1", LABEL, "/other/web1");
	make_file("/run/runc/box/state.json", "{}");
	make_file("/run/crun/hive/status", "{}");
	expect_label("/box", LABEL, "box");
	expect_label("/system.slice/crun-hive.scope", LABEL, "hive");
	expect_label("/lxc.payload.den/init.scope", LABEL, "den");
	/* What only occurs in another's entry, or is a pattern, is not it. */
	expect_label("/lxc.payload.ff", LABEL, "ff");
	expect_label("/lxc.payload.names", LABEL, "names");
	expect_label("/lxc.payload.db", IMAGE, "");
	expect_label("/lxc.payload.*", LABEL, "*");
	expect_label("/lxc.payload.0", LABEL, "other");
}

/* What is no container, and containers that nobody has files of. */
static void test_labels_of_others(void **state)
{
	(void)state;
	expect_label("/system.slice/ssh.service", LABEL, "ssh.service");
	expect_label("/user.slice/session-3.scope/x", LABEL, "session-3.scope");
	expect_label("/system.slice/ssh.service", IMAGE, "");
	expect_label("/system.slice/ssh.service", UNIT, "ssh.service");
	expect_label("/", UNIT, "");
	expect_label("/", LABEL, "/");
	expect_label("/a/b", LABEL, "/a/b");
	expect_label("/docker/ffff56789012345678901234567890123456789012345678901234567890abcd",
		     LABEL, "ffff56789012");
}

/* Pods as kubelet makes them, with both drivers; their runtime has no files here. */
#define POD_CGROUPFS "/kubepods/burstable/pod12345678-aaaa-bbbb-cccc-1234567890ab/" ID_G
#define POD_SYSTEMD                                                    \
	"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-" \
	"pod12345678_aaaa_bbbb_cccc_1234567890ab.slice/cri-containerd-" ID_G ".scope"
#define POD_CRIO \
	"/kubepods.slice/kubepods-pod12345678_aaaa_bbbb_cccc_1234567890ab.slice/crio-" ID_G ".scope"

static void test_pods(void **state)
{
	static const char *const drivers[] = { POD_CGROUPFS, POD_SYSTEMD, POD_CRIO };

	(void)state;
	make_file("/var/log/pods/shop_cart-7d9f_12345678-aaaa-bbbb-cccc-1234567890ab/web/0.log",
		  "");
	for (size_t i = 0; i < ARRAY_SIZE(drivers); i++) {
		expect_label(drivers[i], POD, "cart-7d9f");
		expect_label(drivers[i], LABEL, "shop/cart-7d9f/abcd56789012");
		expect_label(drivers[i], ID, ID_G);
	}
	expect_label("/kubepods/pod00000000-aaaa-bbbb-cccc-1234567890ab/" ID_G, POD, "");
}

/* What a process is in, of all that /proc tells: version 1, 2 and both. */
static void test_paths(void **state)
{
	static const struct {
		const char *text, *path;
	} cases[] = {
		{ "0::/system.slice/a.service\n", "/system.slice/a.service" },
		{ "12:memory:/box/x\n1:name=systemd:/\n0::/\n", "/box/x" },
		{ "3:cpu:/\n2:memory:/docker/" ID_G "\n0::/init.scope\n", "/docker/" ID_G },
		{ "4:freezer:/lxc/den\n0::/user.slice\n", "/lxc/den" },
		{ "0::/\n", "/" },
		{ "rubbish\n:\n::\n", "" },
		{ "rubbish", NULL },
		{ "", NULL },
	};
	struct skep_arena *arena = skep_arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *path = skep_place_path(root, cases[i].text, arena);

		if (cases[i].path)
			assert_string_equal(path, cases[i].path);
		else
			assert_null(path);
	}
	skep_arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cgroup),
		cmocka_unit_test(test_container),
		cmocka_unit_test(test_no_container),
		cmocka_unit_test(test_components),
		cmocka_unit_test(test_namespaces),
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_labels_of_others),
		cmocka_unit_test(test_pods),
		cmocka_unit_test(test_paths),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
