/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Programs for the machine as an engine (tests/unit/vm/test_vm_engine.c): all of its maps and helpers at work. */
#include "../obj/types.h"

static void *(*map_lookup_elem)(void *map, const void *key) = (void *)1;
static long (*map_update_elem)(void *map, const void *key, const void *value,
			       __u64 flags) = (void *)2;
static long (*map_delete_elem)(void *map, const void *key) = (void *)3;
static __u64 (*ktime_get_ns)(void) = (void *)5;
static long (*trace_printk)(const char *format, __u32 size, ...) = (void *)6;
static long (*tail_call)(void *ctx, void *map, __u32 index) = (void *)12;
static __u64 (*get_current_pid_tgid)(void) = (void *)14;
static long (*get_current_comm)(void *to, __u32 size) = (void *)16;
static long (*perf_event_output)(void *ctx, void *map, __u64 flags, void *data,
				 __u64 size) = (void *)25;
static long (*xdp_adjust_head)(void *ctx, int delta) = (void *)44;
static long (*map_push_elem)(void *map, const void *value, __u64 flags) = (void *)87;
static long (*map_pop_elem)(void *map, void *value) = (void *)88;
static void *(*ringbuf_reserve)(void *ring, __u64 size, __u64 flags) = (void *)131;
static void (*ringbuf_submit)(void *data, __u64 flags) = (void *)132;
static long (*for_each_map_elem)(void *map, void *callback, void *ctx, __u64 flags) = (void *)164;
static long (*timer_init)(void *timer, void *map, __u64 flags) = (void *)169;
static long (*timer_set_callback)(void *timer, void *callback) = (void *)170;
static long (*timer_start)(void *timer, __u64 after, __u64 flags) = (void *)171;
static long (*loop)(__u32 n, void *callback, void *ctx, __u64 flags) = (void *)181;

struct {
	__uint(type, MAP_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

struct {
	__uint(type, 6 /* per-CPU array */);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u64);
} per_cpu SEC(".maps");

struct {
	__uint(type, 27 /* ring buffer */);
	__uint(max_entries, 4096);
} ring SEC(".maps");

struct {
	__uint(type, 22 /* queue */);
	__uint(max_entries, 4);
	__type(value, __u64);
} queue SEC(".maps");

struct {
	__uint(type, MAP_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} events SEC(".maps");

struct bpf_timer {
	__u64 opaque[2];
} __attribute__((aligned(8)));

struct timed {
	__u64 fired;
	struct bpf_timer timer;
};

struct {
	__uint(type, MAP_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct timed);
} timers SEC(".maps");

int next(void *ctx);

struct {
	__uint(type, 3 /* programs */);
	__uint(max_entries, 2);
	__uint(key_size, sizeof(__u32));
	__array(values, int(void *));
} programs SEC(".maps") = { .values = { [1] = (void *)&next } };

const volatile __u64 step = 3;
__u64 total = 100;
__u64 calls;

static __attribute__((noinline)) __u64 twice(__u64 x)
{
	return x * 2;
}

/* Counts the first argument of the tracepoint. */
SEC("raw_tp/test")
int count(__u64 *args)
{
	__u32 key = (__u32)args[0];
	__u64 one = 1, *value = map_lookup_elem(&counts, &key);

	if (value)
		__sync_fetch_and_add(value, 1);
	else
		map_update_elem(&counts, &key, &one, 0);
	total += twice(step);
	calls++;
	return 7;
}

static long add_key(void *map, __u32 *key, __u64 *value, __u64 *sum)
{
	*sum += *key * *value;
	return 0;
}

static long add_index(__u32 i, __u64 *sum)
{
	*sum += i;
	return i == 9;
}

SEC("raw_tp/test")
int callbacks(__u64 *args)
{
	__u64 sum = 0;

	for_each_map_elem(&counts, add_key, &sum, 0);
	loop(100, add_index, &sum, 0);
	return (int)sum;
}

struct bpf_iter_num {
	__u64 opaque;
} __attribute__((aligned(8)));

extern int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end) __weak __ksym;
extern int *bpf_iter_num_next(struct bpf_iter_num *it) __weak __ksym;
extern void bpf_iter_num_destroy(struct bpf_iter_num *it) __weak __ksym;

SEC("raw_tp/test")
int iterator(__u64 *args)
{
	struct bpf_iter_num it;
	int sum = 0, *i;

	bpf_iter_num_new(&it, -3, 10);
	while ((i = bpf_iter_num_next(&it)))
		sum += *i;
	bpf_iter_num_destroy(&it);
	return sum;
}

struct record {
	__u32 pid;
	char comm[16];
};

SEC("raw_tp/test")
int records(__u64 *args)
{
	static const char format[] = "pid %d is %s\n";
	struct record *r = ringbuf_reserve(&ring, sizeof(*r), 0);
	__u32 zero = 0;
	__u64 *value, number = 5;

	if (!r)
		return 1;
	r->pid = (__u32)get_current_pid_tgid();
	get_current_comm(r->comm, sizeof(r->comm));
	trace_printk(format, sizeof(format), r->pid, (long)r->comm);
	ringbuf_submit(r, 0);
	value = map_lookup_elem(&per_cpu, &zero);
	if (value)
		*value += 2;
	map_push_elem(&queue, &number, 0);
	map_push_elem(&queue, &(__u64){ 6 }, 0);
	map_pop_elem(&queue, &number);
	perf_event_output(args, &events, 0xffffffffull, &number, sizeof(number));
	return (int)number;
}

SEC("raw_tp/test")
int next(void *ctx)
{
	calls += 1000;
	return 77;
}

SEC("raw_tp/test")
int jump(void *ctx)
{
	tail_call(ctx, &programs, 0);
	tail_call(ctx, &programs, 1);
	return 1;
}

static int fire(void *map, __u32 *key, struct timed *value)
{
	value->fired++;
	return 0;
}

SEC("raw_tp/test")
int start_timer(void *ctx)
{
	__u32 zero = 0;
	struct timed *t = map_lookup_elem(&timers, &zero);

	if (!t || timer_init(&t->timer, &timers, 1) || timer_set_callback(&t->timer, fire))
		return 1;
	return (int)timer_start(&t->timer, 1000, 0);
}

struct xdp {
	__u32 data, data_end, data_meta, ingress_ifindex, rx_queue_index, egress_ifindex;
};

/* Takes off 4 bytes in front and writes into what is left. */
SEC("xdp")
int packet(struct xdp *ctx)
{
	__u8 *data, *end;

	if (xdp_adjust_head(ctx, 4))
		return 0;
	data = (__u8 *)(long)ctx->data;
	end = (__u8 *)(long)ctx->data_end;
	if (data + 14 > end)
		return 1;
	data[0] = 0xaa;
	return 2;
}

/* Looks behind the packet: the kernel would not take it. */
SEC("xdp")
int wild(struct xdp *ctx)
{
	__u8 *end = (__u8 *)(long)ctx->data_end;

	return end[3];
}

char _license[] SEC("license") = "GPL";
