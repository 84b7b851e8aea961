/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/kernel.h"

#include <errno.h>
#include <string.h>

#include "sys/cpus.h"
#include "sys/kernel_priv.h"

static int prog_fd(const struct skep_loaded *loaded, size_t prog)
{
	return prog < loaded->spec->n_progs ? loaded->progs[prog].fd : -1;
}

static int run(struct skep_loaded *loaded, size_t prog, const void *ctx, size_t ctx_size,
	       uint32_t *ret_value)
{
	int fd = prog_fd(loaded, prog);

	if (fd < 0)
		return -EINVAL;
	return skep_bpf_test_run(fd, ctx, ctx_size, ret_value);
}

static int run_many(struct skep_loaded *loaded, size_t prog, uint32_t n, uint32_t *ret_ns)
{
	int fd = prog_fd(loaded, prog);

	return fd < 0 ? -EINVAL : skep_bpf_test_run_many(fd, n, ret_ns);
}

static int ring_fd(struct skep_loaded *loaded)
{
	return loaded->epoll_fd;
}

static int prog_info(struct skep_loaded *loaded, size_t prog, struct skep_bpf_prog_info *ret_info,
		     uint32_t *ret_size)
{
	struct skep_bpf_prog_info info = {};
	uint32_t size = sizeof(info);
	int fd = prog_fd(loaded, prog), r;

	if (fd < 0)
		return -EINVAL;
	r = skep_bpf_obj_info(fd, &info, &size);
	if (r < 0)
		return r;
	*ret_info = info;
	*ret_size = size;
	return 0;
}

/*
 * What a link missed beside what its program counts itself: a kprobe that could not fire at all.
 * -EOPNOTSUPP: this kernel's links have no such count, which is also how a kernel shows that it
 * does not count skipped runs of kprobes, uprobes and perf tracepoints (both came with 6.7).
 */
static int link_misses(int fd, uint64_t *ret_misses)
{
	struct skep_bpf_link_info info = {};
	uint32_t size = sizeof(info);

	if (skep_bpf_obj_info(fd, &info, &size) < 0 ||
	    size < offsetof(struct skep_bpf_link_info, perf_kprobe.cookie))
		return -EOPNOTSUPP;
	*ret_misses = 0;
	if (info.type == SKEP_BPF_LINK_KPROBE_MULTI)
		*ret_misses = info.kprobe_multi.missed;
	else if (info.type == SKEP_BPF_LINK_PERF_EVENT &&
		 (info.perf_kprobe.type == SKEP_BPF_PERF_KPROBE ||
		  info.perf_kprobe.type == SKEP_BPF_PERF_KRETPROBE))
		*ret_misses = info.perf_kprobe.missed;
	return 0;
}

void skep_kernel_keep_misses(struct skep_loaded *loaded, size_t from)
{
	for (size_t i = from; i < loaded->links.len; i++) {
		struct kprog *p = &loaded->progs[loaded->links.data[i].prog];
		uint64_t n;

		if (!p->misses_in_links || p->kept_misses_error < 0)
			continue;
		p->kept_misses_error = link_misses(loaded->links.data[i].fd, &n);
		if (!p->kept_misses_error)
			p->kept_misses += n;
	}
}

static int all_link_misses(struct skep_loaded *loaded, size_t prog, uint64_t *ret_misses)
{
	const struct kprog *p = &loaded->progs[prog];
	uint64_t sum = p->kept_misses, n;
	int r = p->kept_misses_error;

	for (size_t i = 0; i < loaded->links.len && r == 0; i++) {
		if (loaded->links.data[i].prog != prog)
			continue;
		r = link_misses(loaded->links.data[i].fd, &n);
		if (r == 0)
			sum += n;
	}
	if (r == 0)
		*ret_misses = sum;
	return r;
}

static int prog_misses(struct skep_loaded *loaded, size_t prog, uint64_t *ret_misses)
{
	struct skep_bpf_prog_info info;
	uint64_t links = 0;
	uint32_t size;
	int r;

	if (prog < loaded->spec->n_progs && loaded->progs[prog].fd < 0) {
		*ret_misses = 0; /* left out, and told */
		return 0;
	}
	r = prog_info(loaded, prog, &info, &size);
	if (r < 0)
		return r;
	if (size < offsetof(struct skep_bpf_prog_info, verified_insns) ||
	    loaded->progs[prog].misses_uncounted)
		return -EOPNOTSUPP;
	if (loaded->progs[prog].misses_in_links) {
		r = all_link_misses(loaded, prog, &links);
		if (r < 0)
			return r;
	}
	*ret_misses = info.recursion_misses + links;
	return 0;
}

static int prog_stats(struct skep_loaded *loaded, size_t prog, uint64_t *ret_runs,
		      uint64_t *ret_time_ns)
{
	struct skep_bpf_prog_info info;
	uint32_t size;
	int r;

	r = prog_info(loaded, prog, &info, &size);
	if (r < 0)
		return r;
	*ret_runs = info.run_cnt;
	*ret_time_ns = info.run_time_ns;
	return 0;
}

static void detach(struct skep_loaded *loaded)
{
	skep_kernel_keep_misses(loaded, 0);
	skep_kernel_drop_links(loaded, 0);
}

static void close_loaded(struct skep_loaded *loaded)
{
	if (!loaded)
		return;
	skep_kernel_drop_links(loaded, 0);
	skep_vec_fini(&loaded->links);
	for (size_t i = 0; loaded->progs && i < loaded->spec->n_progs; i++)
		if (loaded->progs[i].iter_fd >= 0)
			close(loaded->progs[i].iter_fd);
	if (loaded->epoll_fd >= 0)
		close(loaded->epoll_fd);
	for (size_t i = 0; loaded->progs && i < loaded->spec->n_progs; i++)
		if (loaded->progs[i].fd >= 0)
			close(loaded->progs[i].fd);
	free(loaded->progs);
	skep_kernel_maps_close(loaded);
	if (loaded->btf_fd >= 0)
		close(loaded->btf_fd);
	free(loaded);
}

/* Its links become the last ones. */
static void detach_prog(struct skep_loaded *loaded, size_t prog)
{
	__typeof__(loaded->links.data[0]) skipped;
	size_t keep = 0;

	for (size_t i = 0; i < loaded->links.len; i++) {
		if (loaded->links.data[i].prog == prog)
			continue;
		skipped = loaded->links.data[keep];
		loaded->links.data[keep++] = loaded->links.data[i];
		loaded->links.data[i] = skipped;
	}
	skep_kernel_keep_misses(loaded, keep);
	skep_kernel_drop_links(loaded, keep);
}

static unsigned n_cpus(const struct skep_engine *engine)
{
	return skep_cpus_possible();
}

static const struct skep_engine kernel_engine = {
	.name = "kernel",
	.load = skep_kernel_load,
	.attach = skep_kernel_attach,
	.run = run,
	.run_many = run_many,
	.iter_step = skep_kernel_iter_step,
	.map_get = skep_kernel_map_get,
	.map_set = skep_kernel_map_set,
	.map_delete = skep_kernel_map_delete,
	.map_take = skep_kernel_map_take,
	.map_next = skep_kernel_map_next,
	.map_mmap = skep_kernel_map_mmap,
	.ring_drain = skep_kernel_ring_drain,
	.ring_fd = ring_fd,
	.prog_misses = prog_misses,
	.prog_stats = prog_stats,
	.detach = detach,
	.detach_prog = detach_prog,
	.close = close_loaded,
	.n_cpus = n_cpus,
};

const struct skep_engine *skep_kernel_engine(void)
{
	return &kernel_engine;
}

int skep_kernel_map_fd(const struct skep_loaded *loaded, size_t map)
{
	return map < loaded->spec->n_maps ? loaded->maps[map].fd : -1;
}

int skep_kernel_prog_fd(const struct skep_loaded *loaded, size_t prog)
{
	return prog_fd(loaded, prog);
}

int skep_kernel_link_fd(const struct skep_loaded *loaded, size_t index, size_t *ret_prog)
{
	if (index >= loaded->links.len)
		return -1;
	*ret_prog = loaded->links.data[index].prog;
	return loaded->links.data[index].fd;
}

size_t skep_kernel_n_links(const struct skep_loaded *loaded)
{
	return loaded->links.len;
}
