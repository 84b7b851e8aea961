/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every builtin's record, for the table; and what the files of this folder share.
 */
#pragma once

#include "isa/helper.h"
#include "isa/mapkind.h"
#include "lang/builtin.h"
#include "lang/provider.h"

/* A builtin that is a word without arguments. */
#define SKEP_BUILTIN_WORD(word, more, check_fn, lower_fn) \
	const struct skep_builtin skep_builtin_##word = { \
		.name = #word,                            \
		.usage = #word,                           \
		.flags = SKEP_BUILTIN_BARE | (more),      \
		.check = check_fn,                        \
		.lower = lower_fn,                        \
	}

/* table.c: checks of builtins that give an unsigned number of 32 or 64 bits. */
int skep_builtin_check_u32(struct skep_check *k, struct skep_expr *call);
int skep_builtin_check_u64(struct skep_check *k, struct skep_expr *call);
/* The number as what a call gives; nothing when it is not wanted. */
static inline int skep_builtin_give(struct skep_value *ret_value, const struct skep_expr *call,
				    struct skep_val *val)
{
	if (ret_value)
		*ret_value = (struct skep_value){ .type = call->type, .val = val };
	return 0;
}

/* print.c: ends the probe at once and, as soon as user space reads the row, the script. */
int skep_builtin_leave(struct skep_lower *l, const struct skep_expr *call,
		       struct skep_val *code) _must_check_;
/* act.c: the number of a signal ("KILL", "SIGKILL", "9"), or 0. */
int skep_builtin_signal_number(const char *name);
/* debugf.c: printf() where the kernel itself puts the text together, of a pinned iterator. */
int skep_builtin_check_pinned(struct skep_check *k, struct skep_expr *call) _must_check_;
int skep_builtin_lower_pinned(struct skep_lower *l, const struct skep_expr *call) _must_check_;
/* symbols.c: len() of a stack. */
int skep_builtin_stack_len(struct skep_lower *l, const struct skep_expr *call,
			   struct skep_value *ret_value) _must_check_;
/* kernel.c: whether the kernel has this function, and whether programs of this instance may call it. */
bool skep_builtin_kfunc_exists(const struct skep_compiler *c, const char *name);
bool skep_builtin_kfunc(const struct skep_check *k, const char *name);

/* act.c */
extern const struct skep_builtin skep_builtin_signal, skep_builtin_signal_thread,
	skep_builtin_override, skep_builtin_write_user, skep_builtin_assert;
/* debugf.c */
extern const struct skep_builtin skep_builtin_debugf;
/* agg.c */
extern const struct skep_builtin skep_builtin_count, skep_builtin_sum, skep_builtin_min,
	skep_builtin_max, skep_builtin_avg, skep_builtin_stats, skep_builtin_hist,
	skep_builtin_lhist;
/* find.c */
extern const struct skep_builtin skep_builtin_find_value;
/* ids.c */
extern const struct skep_builtin skep_builtin_uid, skep_builtin_gid, skep_builtin_cgroup,
	skep_builtin_curtask, skep_builtin_cpid, skep_builtin_self_pid, skep_builtin_has_cpid,
	skep_builtin_username;
/* kernel.c */
extern const struct skep_builtin skep_builtin_reg, skep_builtin_usermode, skep_builtin_jiffies,
	skep_builtin_is_err, skep_builtin_percpu_kaddr, skep_builtin_socket_cookie,
	skep_builtin_cgroupid, skep_builtin_cgroup_path, skep_builtin_container,
	skep_builtin_kfunc_exist, skep_builtin_kfunc_allowed;
/* names.c */
extern const struct skep_builtin skep_builtin_strerror, skep_builtin_signal_name,
	skep_builtin_syscall_args, skep_builtin_syscall_name, skep_builtin_macaddr,
	skep_builtin_pton;
/* network.c */
extern const struct skep_builtin skep_builtin_network;
/* packet.c */
extern const struct skep_builtin skep_builtin_skboutput;
/* path.c */
extern const struct skep_builtin skep_builtin_path;
/* task.c */
extern const struct skep_builtin skep_builtin_pid, skep_builtin_tid, skep_builtin_comm,
	skep_builtin_ppid, skep_builtin_pcomm, skep_builtin_leader_tid, skep_builtin_leader_comm,
	skep_builtin_in_scope;
/* text.c */
extern const struct skep_builtin skep_builtin_strlen, skep_builtin_strcap, skep_builtin_strstr,
	skep_builtin_strcontains, skep_builtin_str_concat, skep_builtin_memcmp;
/* machine.c */
extern const struct skep_builtin skep_builtin_cpu, skep_builtin_ncpus, skep_builtin_numaid,
	skep_builtin_nsecs, skep_builtin_elapsed, skep_builtin_rand;
/* probe.c */
extern const struct skep_builtin skep_builtin_args, skep_builtin_arg, skep_builtin_retval,
	skep_builtin_func, skep_builtin_probe, skep_builtin_ctx, skep_builtin_probetype,
	skep_builtin_sarg;
/* print.c */
extern const struct skep_builtin skep_builtin_printf, skep_builtin_errorf, skep_builtin_warnf,
	skep_builtin_system, skep_builtin_cat, skep_builtin_print, skep_builtin_time,
	skep_builtin_exit, skep_builtin_join, skep_builtin_unwatch;
/* row.c */
extern const struct skep_builtin skep_builtin_row;
/* maps.c */
extern const struct skep_builtin skep_builtin_clear, skep_builtin_zero, skep_builtin_delete,
	skep_builtin_has_key, skep_builtin_len;
/* series.c */
extern const struct skep_builtin skep_builtin_tseries;
/* strings.c */
extern const struct skep_builtin skep_builtin_str, skep_builtin_buf, skep_builtin_strncmp,
	skep_builtin_strftime, skep_builtin_ntop, skep_builtin_bswap, skep_builtin_kptr,
	skep_builtin_uptr;
/* symbols.c */
extern const struct skep_builtin skep_builtin_kstack, skep_builtin_ustack, skep_builtin_dw_ustack,
	skep_builtin_ksym, skep_builtin_usym, skep_builtin_kaddr, skep_builtin_uaddr;
/* verdict.c */
extern const struct skep_builtin skep_builtin_pass, skep_builtin_drop, skep_builtin_deny,
	skep_builtin_tx, skep_builtin_aborted, skep_builtin_redirect, skep_builtin_pkt,
	skep_builtin_exists;
/* comptime.c */
extern const struct skep_builtin skep_builtin_is_array, skep_builtin_is_integer,
	skep_builtin_is_unsigned_integer, skep_builtin_is_ptr, skep_builtin_is_str,
	skep_builtin_is_literal, skep_builtin_config, skep_builtin_typeinfo, skep_builtin_comptime,
	skep_builtin_static_assert, skep_builtin_fail, skep_builtin_getopt;
