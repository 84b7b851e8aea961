/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/value.h"

#include <inttypes.h>

static const struct {
	const char *text; /* with article */
	const char *brief;
} kinds[SKEP_N_VALUE_KINDS] = {
	[SKEP_VALUE_NOTHING] = { "nothing", "?" },
	[SKEP_VALUE_NUMBER] = { "a number", "" },
	[SKEP_VALUE_CTX] = { "the context", "ctx" },
	[SKEP_VALUE_MAP] = { "a map", "map" },
	[SKEP_VALUE_MAP_VALUE] = { "a pointer to a map value", "map_value" },
	[SKEP_VALUE_MAP_KEY] = { "a pointer to a map key", "map_key" },
	[SKEP_VALUE_STACK] = { "a pointer into the stack", "fp" },
	[SKEP_VALUE_PACKET] = { "a packet pointer", "pkt" },
	[SKEP_VALUE_PACKET_META] = { "a pointer to the packet's metadata", "pkt_meta" },
	[SKEP_VALUE_PACKET_END] = { "the end of the packet", "pkt_end" },
	[SKEP_VALUE_MEM] = { "a pointer to memory", "mem" },
	[SKEP_VALUE_BUF] = { "a pointer to a buffer", "buf" },
	[SKEP_VALUE_OBJECT] = { "a pointer to a kernel object", "object" },
	[SKEP_VALUE_SOCK] = { "a socket", "sock" },
	[SKEP_VALUE_SOCK_COMMON] = { "a socket's common part", "sock_common" },
	[SKEP_VALUE_TCP_SOCK] = { "a TCP socket", "tcp_sock" },
	[SKEP_VALUE_XDP_SOCK] = { "an XDP socket", "xdp_sock" },
	[SKEP_VALUE_FLOW_KEYS] = { "flow keys", "flow_keys" },
	[SKEP_VALUE_TP_BUFFER] = { "a tracepoint's buffer", "tp_buffer" },
	[SKEP_VALUE_FUNC] = { "a function", "func" },
	[SKEP_VALUE_ITER] = { "an iterator", "iter" },
};

struct skep_value skep_value_number(void)
{
	return (struct skep_value){ .kind = SKEP_VALUE_NUMBER, .num = skep_scalar_unknown() };
}

struct skep_value skep_value_stale(void)
{
	struct skep_value v = skep_value_number();

	v.flags = SKEP_VALUE_STALE;
	return v;
}

struct skep_value skep_value_const(uint64_t x)
{
	return (struct skep_value){ .kind = SKEP_VALUE_NUMBER, .num = skep_scalar_const(x) };
}

struct skep_value skep_value_pointer(enum skep_value_kind kind, unsigned flags)
{
	return (struct skep_value){
		.kind = (uint8_t)kind,
		.flags = (uint16_t)flags,
		.num = skep_scalar_const(0),
	};
}

const char *skep_value_kind_text(const struct skep_value *v)
{
	if (v->kind == SKEP_VALUE_NUMBER && v->flags & SKEP_VALUE_STALE)
		return "a pointer to what was given back or moved";
	return kinds[v->kind].text;
}

static void format_number(const struct skep_scalar *s, struct skep_str *out)
{
	if (skep_scalar_is_const(s)) {
		skep_str_addf(out, "%" PRId64, (int64_t)s->bits.value);
		return;
	}
	if (s->r64.smin >= 0 && s->r64.umax == UINT64_MAX >> 1 && s->r64.umin == 0) {
		skep_str_addf(out, "[0, ...]");
		return;
	}
	if (s->r64.smin == INT64_MIN && s->r64.smax == INT64_MAX) {
		if (s->r64.umin == 0 && s->r64.umax == UINT64_MAX)
			skep_str_addf(out, "any");
		else
			skep_str_addf(out, "[%" PRIu64 ", %" PRIu64 "]", s->r64.umin, s->r64.umax);
		return;
	}
	skep_str_addf(out, "[%" PRId64 ", %" PRId64 "]", s->r64.smin, s->r64.smax);
}

void skep_value_format(const struct skep_value *v, struct skep_str *out)
{
	if (v->kind == SKEP_VALUE_NUMBER) {
		format_number(&v->num, out);
		return;
	}
	skep_str_addf(out, "%s", kinds[v->kind].brief);
	if (v->kind == SKEP_VALUE_STACK && v->frame)
		skep_str_addf(out, "[%u]", v->frame);
	if (skep_value_is_packet(v))
		skep_str_addf(out, "(proven %u)", v->range);
	if (v->off)
		skep_str_addf(out, "%+d", v->off);
	if (!skep_scalar_is_const(&v->num) || v->num.bits.value) {
		skep_str_addf(out, "+");
		format_number(&v->num, out);
	}
	if (skep_value_may_be_null(v))
		skep_str_addf(out, " or NULL");
}
