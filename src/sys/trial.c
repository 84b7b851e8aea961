/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/trial.h"

#include <errno.h>
#include <string.h>

#include "isa/insn.h"
#include "isa/progkind.h"
#include "sys/bpf.h"

/* Loads what is tried with @insns. *@ret_log: NULL when it is not asked for. */
static int load(const struct skep_trial *t, const struct skep_insn *insns, uint32_t n,
		char **ret_log)
{
	struct skep_bpf_prog_load attr = {
		.prog_type = t->kind,
		.insn_cnt = n,
		.insns = skep_bpf_ptr(insns),
		.license = skep_bpf_ptr("GPL"),
		.expected_attach_type = t->attach_type,
		.attach_btf_id = t->btf_id,
		.prog_flags = t->flags,
	};

	return skep_bpf_prog_load(&attr, ret_log ? SKEP_BPF_LOG_PATH : 0, ret_log);
}

int skep_trial_load(const struct skep_trial *trial)
{
	const struct skep_insn insns[] = { skep_insn_mov64_imm(SKEP_R0, 0), skep_insn_exit() };

	return load(trial, insns, ARRAY_SIZE(insns), NULL);
}

/*
 * Loads with @call in front. The log follows the verifier: without the call in it, something else was wrong before. After it,
 * @refusals tell that the call itself is what is wrong.
 */
static int try_call(const struct skep_trial *t, struct skep_insn call, const char *const *refusals,
		    size_t n)
{
	const struct skep_insn insns[] = { call, skep_insn_mov64_imm(SKEP_R0, 0),
					   skep_insn_exit() };
	_cleanup_free_ char *log = NULL;
	int fd = load(t, insns, ARRAY_SIZE(insns), &log);

	if (fd >= 0) {
		close(fd);
		return 0;
	}
	if (fd == -EPERM || !log || !strstr(log, "(85) call "))
		return fd;
	for (size_t i = 0; i < n; i++)
		if (strstr(log, refusals[i]))
			return -EOPNOTSUPP;
	return 0;
}

int skep_trial_helper(const struct skep_trial *trial, int32_t id)
{
	static const char *const refusals[] = { "invalid func ", "unknown func ",
						"cannot use helper " };

	return try_call(trial, skep_insn_call(id), refusals, ARRAY_SIZE(refusals));
}

int skep_trial_helper_known(int32_t id)
{
	static const char *const refusals[] = { "invalid func " };
	const struct skep_trial any = { .kind = SKEP_PROG_SOCKET_FILTER };

	return try_call(&any, skep_insn_call(id), refusals, ARRAY_SIZE(refusals));
}

int skep_trial_function(const struct skep_trial *trial, uint32_t id)
{
	static const char *const refusals[] = { " is not allowed" };

	return try_call(trial, skep_insn_call_kfunc((int32_t)id, 0), refusals,
			ARRAY_SIZE(refusals));
}
