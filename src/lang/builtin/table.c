/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "lang/builtin/builtins.h"

#define NEAR 3 /* edits between a name and what may have been meant */

/* One a line, whatever fits: scripts/check-docs reads it. */
/* clang-format off */
const struct skep_builtin *const skep_builtins[] = {
	&skep_builtin_aborted,
	&skep_builtin_args,
	&skep_builtin_arg,
	&skep_builtin_assert,
	&skep_builtin_avg,
	&skep_builtin_bswap,
	&skep_builtin_buf,
	&skep_builtin_cat,
	&skep_builtin_cgroup,
	&skep_builtin_cgroup_path,
	&skep_builtin_cgroupid,
	&skep_builtin_clear,
	&skep_builtin_comm,
	&skep_builtin_comptime,
	&skep_builtin_config,
	&skep_builtin_container,
	&skep_builtin_count,
	&skep_builtin_cpid,
	&skep_builtin_cpu,
	&skep_builtin_ctx,
	&skep_builtin_curtask,
	&skep_builtin_debugf,
	&skep_builtin_delete,
	&skep_builtin_deny,
	&skep_builtin_drop,
	&skep_builtin_dw_ustack,
	&skep_builtin_elapsed,
	&skep_builtin_errorf,
	&skep_builtin_exists,
	&skep_builtin_exit,
	&skep_builtin_unwatch,
	&skep_builtin_fail,
	&skep_builtin_find_value,
	&skep_builtin_func,
	&skep_builtin_getopt,
	&skep_builtin_gid,
	&skep_builtin_has_cpid,
	&skep_builtin_has_key,
	&skep_builtin_hist,
	&skep_builtin_in_scope,
	&skep_builtin_is_array,
	&skep_builtin_is_err,
	&skep_builtin_is_integer,
	&skep_builtin_is_literal,
	&skep_builtin_is_ptr,
	&skep_builtin_is_str,
	&skep_builtin_is_unsigned_integer,
	&skep_builtin_jiffies,
	&skep_builtin_join,
	&skep_builtin_kaddr,
	&skep_builtin_kfunc_allowed,
	&skep_builtin_kfunc_exist,
	&skep_builtin_kptr,
	&skep_builtin_kstack,
	&skep_builtin_ksym,
	&skep_builtin_leader_comm,
	&skep_builtin_leader_tid,
	&skep_builtin_len,
	&skep_builtin_lhist,
	&skep_builtin_macaddr,
	&skep_builtin_max,
	&skep_builtin_memcmp,
	&skep_builtin_min,
	&skep_builtin_ncpus,
	&skep_builtin_network,
	&skep_builtin_nsecs,
	&skep_builtin_ntop,
	&skep_builtin_numaid,
	&skep_builtin_override,
	&skep_builtin_pass,
	&skep_builtin_path,
	&skep_builtin_pcomm,
	&skep_builtin_percpu_kaddr,
	&skep_builtin_pid,
	&skep_builtin_pkt,
	&skep_builtin_ppid,
	&skep_builtin_print,
	&skep_builtin_printf,
	&skep_builtin_probe,
	&skep_builtin_probetype,
	&skep_builtin_pton,
	&skep_builtin_rand,
	&skep_builtin_redirect,
	&skep_builtin_reg,
	&skep_builtin_retval,
	&skep_builtin_row,
	&skep_builtin_sarg,
	&skep_builtin_self_pid,
	&skep_builtin_signal,
	&skep_builtin_signal_name,
	&skep_builtin_signal_thread,
	&skep_builtin_skboutput,
	&skep_builtin_socket_cookie,
	&skep_builtin_static_assert,
	&skep_builtin_stats,
	&skep_builtin_str,
	&skep_builtin_str_concat,
	&skep_builtin_strcap,
	&skep_builtin_strcontains,
	&skep_builtin_strerror,
	&skep_builtin_strftime,
	&skep_builtin_strlen,
	&skep_builtin_strncmp,
	&skep_builtin_strstr,
	&skep_builtin_sum,
	&skep_builtin_syscall_args,
	&skep_builtin_syscall_name,
	&skep_builtin_system,
	&skep_builtin_tid,
	&skep_builtin_time,
	&skep_builtin_tseries,
	&skep_builtin_tx,
	&skep_builtin_typeinfo,
	&skep_builtin_uaddr,
	&skep_builtin_uid,
	&skep_builtin_uptr,
	&skep_builtin_usermode,
	&skep_builtin_username,
	&skep_builtin_ustack,
	&skep_builtin_usym,
	&skep_builtin_warnf,
	&skep_builtin_write_user,
	&skep_builtin_zero,
	NULL,
};
/* clang-format on */

/* arg0, arg1, ... are one builtin, and so are sarg0, sarg1, ...; its check reads the number. */
static bool is_numbered(const char *name, const char *word)
{
	size_t n = strlen(word);

	return skep_has_prefix(name, word) && name[n] >= '0' && name[n] <= '9' && !name[n + 1];
}

const struct skep_builtin *skep_builtin_find(const char *name)
{
	if (is_numbered(name, "arg"))
		return &skep_builtin_arg;
	if (is_numbered(name, "sarg"))
		return &skep_builtin_sarg;
	for (size_t i = 0; skep_builtins[i]; i++)
		if (skep_streq(skep_builtins[i]->name, name))
			return skep_builtins[i];
	return NULL;
}

char *skep_builtin_nearest(struct skep_compiler *c, const char *name, bool called)
{
	_cleanup_(skep_str_fini)
	struct skep_str out = {};
	unsigned limit = MIN(NEAR, ((unsigned)strlen(name) + 1) / 3);

	for (unsigned distance = 0; distance <= limit; distance++) {
		for (size_t i = 0; skep_builtins[i]; i++) {
			if (!called && !(skep_builtins[i]->flags & SKEP_BUILTIN_BARE))
				continue;
			if (skep_edit_distance(name, skep_builtins[i]->name, NEAR) != distance)
				continue;
			if (out.len)
				skep_str_add(&out, ", ");
			skep_str_add(&out, skep_builtins[i]->name);
		}
		if (out.len)
			break;
	}
	return skep_arena_strdup(c->arena, skep_str_text(&out));
}

int skep_builtin_check_u32(struct skep_check *k, struct skep_expr *call)
{
	call->type = skep_type_int(4, false);
	return 0;
}

int skep_builtin_check_u64(struct skep_check *k, struct skep_expr *call)
{
	call->type = skep_type_int(8, false);
	return 0;
}
