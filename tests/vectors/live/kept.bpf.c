/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One program of each way to be replaced; each counts what it sees, by who it is. Compiled twice, VERSION 1 and 2. */
typedef unsigned int u32;
typedef unsigned long long u64;

#define SEC(name) __attribute__((section(name), used))

struct xdp_md {
	u32 data, data_end;
};

static void *(*map_lookup)(void *map, const void *key) = (void *)1;
static u64 (*pid_tgid)(void) = (void *)14;

/* Element KIND * 2 + VERSION - 1. */
struct {
	int (*type)[2];
	int (*max_entries)[16];
	u32 *key;
	u64 *value;
} counts SEC(".maps");

const volatile u32 target = 0;
#if VERSION == 2
u64 in_between = 5; /* variables behind it lie elsewhere */
#endif
u64 total = 100;
u32 seen;

static __attribute__((always_inline)) int count(u32 kind)
{
	u32 key = kind * 2 + VERSION - 1;
	u64 *n = map_lookup(&counts, &key);

	if (n)
		__sync_fetch_and_add(n, 1);
	return 0;
}

static __attribute__((always_inline)) int mine(void)
{
	return (u32)(pid_tgid() >> 32) == target;
}

SEC("raw_tp/sys_enter") int raw(u64 *args)
{
	return mine() && args[1] == 110 ? count(0) : 0;
}

SEC("tp_btf/sys_enter") int typed(u64 *args)
{
	return mine() && args[1] == 110 ? count(1) : 0;
}

SEC("tp/syscalls/sys_enter_getppid") int tracepoint(void *ctx)
{
	return mine() ? count(2) : 0;
}

SEC("uprobe") int function(void *ctx)
{
	return mine() ? count(3) : 0;
}

SEC("uprobe.s") int sleepable(void *ctx)
{
	return mine() ? count(5) : 0;
}

SEC("xdp") int packet(struct xdp_md *ctx)
{
	count(4);
	return 2;
}

#if VERSION == 2
SEC("?raw_tp/sys_exit") int never(void *ctx)
{
	seen++;
	return (int)(total + in_between);
}
#else
SEC("?raw_tp/sys_exit") int never(void *ctx)
{
	seen++;
	return (int)total;
}
#endif

char LICENSE[] SEC("license") = "GPL";
