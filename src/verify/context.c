/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The context: what lies behind R1 when a program starts. Fields come from the table in isa/context.h; arguments of
 * programs that hang at one kernel function are typed by its BTF.
 */
#include <errno.h>

#include "isa/attachtype.h"
#include "isa/context.h"
#include "verify/walk.h"

int skep_context_enter(struct skep_walk *walk)
{
	struct skep_value v = skep_value_pointer(SKEP_VALUE_CTX, 0);

	if (walk->prog->type == SKEP_PROG_TRACING && !walk->prog->attach_btf_id)
		return skep_undecided(
			walk,
			"not judged: what this program hangs at is not known, so its arguments have no types");
	if (!skep_context_find(walk->prog->type))
		return skep_undecided(walk, "not judged: programs of kind %s",
				      walk->kind ? walk->kind->name : "?");
	if (walk->prog->type == SKEP_PROG_SYSCALL && !walk->prog->sleepable) {
		skep_report(walk, SKEP_REASON_CODE, -1,
			    "programs of kind syscall have to be sleepable");
		skep_report_hint(walk, "name the section \"syscall\"");
		return -EINVAL;
	}
	*skep_walk_reg(walk, SKEP_R1) = v;
	return 0;
}

static struct skep_value value_of_field(struct skep_walk *walk, const struct skep_ctx_field *field)
{
	static const struct {
		uint8_t kind;
		uint16_t flags;
	} kinds[] = {
		[SKEP_CTX_PACKET] = { SKEP_VALUE_PACKET, 0 },
		[SKEP_CTX_PACKET_END] = { SKEP_VALUE_PACKET_END, 0 },
		[SKEP_CTX_PACKET_META] = { SKEP_VALUE_PACKET_META, 0 },
		[SKEP_CTX_FLOW_KEYS] = { SKEP_VALUE_FLOW_KEYS, 0 },
		[SKEP_CTX_SOCK] = { SKEP_VALUE_SOCK, 0 },
		[SKEP_CTX_SOCK_OR_NULL] = { SKEP_VALUE_SOCK, SKEP_VALUE_MAYBE_NULL },
		[SKEP_CTX_SOCK_COMMON_OR_NULL] = { SKEP_VALUE_SOCK_COMMON, SKEP_VALUE_MAYBE_NULL },
		[SKEP_CTX_BUFFER] = { SKEP_VALUE_TP_BUFFER, 0 },
		[SKEP_CTX_OBJECT] = { SKEP_VALUE_OBJECT, SKEP_VALUE_TRUSTED },
	};
	struct skep_value v;

	if (!field || field->kind == SKEP_CTX_SCALAR)
		return skep_value_number();
	v = skep_value_pointer(kinds[field->kind].kind, kinds[field->kind].flags);
	if (skep_value_may_be_null(&v))
		v.id = skep_walk_id(walk);
	return v;
}

/* Kinds whose context is the list of arguments of one function or tracepoint. */
static bool has_typed_arguments(const struct skep_walk *walk)
{
	return (walk->prog->type == SKEP_PROG_TRACING || walk->prog->type == SKEP_PROG_LSM) &&
	       walk->prog->attach_btf_id != 0;
}

/* The type of parameter @index, past what a tracepoint's prototype has in front; -ENOENT behind the last. */
static int parameter_type(struct skep_walk *walk, uint32_t index, uint32_t *ret_type)
{
	const struct skep_btf *btf = walk->options->btf;
	uint32_t id = walk->prog->attach_btf_id, proto;
	struct skep_btf_param param;
	int r;

	if (skep_btf_kind(btf, id) ==
	    SKEP_BTF_TYPEDEF) { /* tracepoints: typedef of a pointer to the prototype */
		uint32_t inner = skep_btf_strip(btf, id, true);

		if (skep_btf_pointee(btf, inner, &id) < 0)
			return -EINVAL;
		index++; /* the first one is the tracepoint's own data */
	}
	r = skep_btf_proto(btf, id, &proto);
	if (r < 0)
		return r;
	if (skep_btf_param(btf, proto, index, &param) == 0) {
		*ret_type = param.type;
		return 0;
	}
	if (walk->prog->attach_type != SKEP_AT_TRACE_FEXIT &&
	    walk->prog->attach_type != SKEP_AT_MODIFY_RETURN && walk->prog->type != SKEP_PROG_LSM)
		return -ENOENT;
	*ret_type = 0; /* the returned value, behind the arguments */
	return 0;
}

/*
 * What a pointer of that type is for the program: an object, or a number when it points to none (void, a number). Objects
 * are known to live where a tracepoint or an iterator gives them, but an iterator gives none of them at its end.
 */
static struct skep_value argument_value(struct skep_walk *walk, uint32_t index, uint32_t type)
{
	const struct skep_btf *btf = walk->options->btf;
	bool is_iter = walk->prog->attach_type == SKEP_AT_TRACE_ITER;
	uint32_t target;
	struct skep_value v;

	if (!type || skep_btf_pointee(btf, type, &target) < 0)
		return skep_value_number();
	target = skep_btf_strip(btf, target, true);
	if (skep_btf_kind(btf, target) != SKEP_BTF_STRUCT &&
	    skep_btf_kind(btf, target) != SKEP_BTF_UNION)
		return skep_value_number();
	v = skep_value_pointer(SKEP_VALUE_OBJECT, 0);
	if (walk->prog->type == SKEP_PROG_LSM || is_iter ||
	    walk->prog->attach_type == SKEP_AT_TRACE_RAW_TP)
		v.flags |= SKEP_VALUE_TRUSTED;
	if (is_iter && index > 0) {
		v.flags |= SKEP_VALUE_MAYBE_NULL;
		v.id = skep_walk_id(walk);
	}
	v.type = target;
	return v;
}

/* Elements of maps: an iterator gives key and value as buffers. */
static bool is_iterated_buffer(struct skep_walk *walk, uint32_t type)
{
	const struct skep_btf *btf = walk->options->btf;
	uint32_t target;

	return type && walk->prog->attach_type == SKEP_AT_TRACE_ITER &&
	       skep_btf_pointee(btf, type, &target) == 0 && skep_btf_strip(btf, target, true) == 0;
}

static int access_arguments(struct skep_walk *walk, const struct skep_access *access, int64_t off,
			    struct skep_value *ret_value)
{
	uint32_t type;

	if (!walk->options->btf)
		return skep_undecided(
			walk,
			"not judged without the kernel's BTF: the arguments of what this program hangs at");
	if (access->direction == SKEP_WRITE)
		return skep_reject(walk, SKEP_REASON_ACCESS, (int)access->reg,
				   "arguments cannot be written");
	if (off < 0 || off % 8 || access->size != 8)
		return skep_reject(walk, SKEP_REASON_ACCESS, (int)access->reg,
				   "arguments are read as 8 bytes each");
	if (parameter_type(walk, (uint32_t)(off / 8), &type) < 0)
		return skep_reject(walk, SKEP_REASON_ACCESS, (int)access->reg,
				   "there is no argument %lld", (long long)(off / 8));
	if (is_iterated_buffer(walk, type))
		return skep_undecided(walk, "not judged: keys and values that an iterator gives");
	if (ret_value)
		*ret_value = argument_value(walk, (uint32_t)(off / 8), type);
	return 0;
}

int skep_access_context(struct skep_walk *walk, const struct skep_access *access,
			const struct skep_value *pointer, struct skep_value *ret_value)
{
	const struct skep_ctx_field *field = NULL;
	const struct skep_context *context = skep_context_find(walk->prog->type);
	int64_t off = (int64_t)pointer->off + access->off;
	int r;

	if (!skep_scalar_is_const(&pointer->num) || pointer->num.bits.value || pointer->off) {
		skep_report(walk, SKEP_REASON_ACCESS, (int)access->reg,
			    "the context is accessed through a pointer that was moved");
		skep_report_hint(
			walk,
			"use the context as it was given and a constant offset in each access");
		return -EINVAL;
	}
	if (has_typed_arguments(walk))
		return access_arguments(walk, access, off, ret_value);
	r = skep_context_access(walk->prog->type, walk->prog->attach_type, off, access->size,
				access->direction == SKEP_WRITE, &field);
	if (r == 0 && field && field->kind != SKEP_CTX_SCALAR && off != field->offset)
		field = NULL; /* a later part of a pointer is a number */
	if (r == 0 && access->sign_extend && field && field->kind != SKEP_CTX_SCALAR)
		r = -EINVAL; /* a pointer has no sign */
	if (r < 0) {
		field = off >= 0 ? skep_context_field(context, (uint32_t)off) : NULL;
		skep_report(walk, SKEP_REASON_ACCESS, (int)access->reg,
			    "%u bytes at offset %lld of %s (%s) cannot be %s %s", access->size,
			    (long long)off,
			    context && context->type[0] ? context->type : "the context",
			    field ? field->name : "no field there",
			    access->direction == SKEP_READ ? "read" : "written",
			    r == -EINVAL ? "in this size" : "by programs of this kind");
		return -EINVAL;
	}
	if (ret_value)
		*ret_value = value_of_field(walk, field);
	if (ret_value && ret_value->kind == SKEP_VALUE_OBJECT &&
	    (!walk->options->btf ||
	     skep_btf_find(walk->options->btf,
			   skep_streq(field->name, "skb") ? "sk_buff" : "nf_hook_state",
			   SKEP_BTF_STRUCT, &ret_value->type) < 0))
		return skep_undecided(walk, "not judged: the kernel object behind %s", field->name);
	return 0;
}
