/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verifier's answer for people. The messages below are the ones that kernels 5.10 to 6.18
 * print; a part of each that did not change is matched, the first row that matches counts.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "isa/progkind.h"
#include "sys/explain.h"

#define NO_WRITE_USER "programs may not write into the memory of processes here"
#define LOCKED_DOWN \
	"the kernel is locked down (kernel_lockdown(7)), or CAP_SYS_ADMIN is missing: skep can only watch"

/* Hints that speak of scripts show a block; those of loops, which are what is shown then, this one. */
#define LOOP "for $i : 0..N { ... }"

static const struct {
	const char *message; /* part of the kernel's line */
	const char *reason, *hint;
} reasons[] = {
	{ "invalid mem access 'map_value_or_null'",
	  "the result of a map lookup is used before it is known to exist",
	  "compare it with 0 first" },
	{ "_or_null expected", "a pointer that may be NULL is passed on",
	  "compare it with 0 first" },
	{ "_or_null'", "a pointer that may be NULL is used as an address",
	  "compare it with 0 first" },
	{ "ossibly NULL pointer", "a pointer that may be NULL is passed on",
	  "compare it with 0 first" },
	{ "null-check it first", "arithmetic on a pointer that may be NULL",
	  "compare it with 0 first" },
	{ "invalid mem access 'scalar'", "a number is used as an address",
	  "memory of the kernel is read through a typed pointer or a probe-read helper only" },
	{ "invalid mem access 'inv'", "a number is used as an address",
	  "memory of the kernel is read through a typed pointer or a probe-read helper only" },
	{ "invalid mem access", "this kind of pointer cannot be used as an address here", NULL },
	{ "unbounded memory access", "a size or an offset has no proven upper bound",
	  "limit it with a mask (n & 255) or a comparison before it is used" },
	{ "min value is negative", "a size or an offset may be negative",
	  "make it unsigned, or compare it with 0 first" },
	{ "unbounded min value", "an offset may be negative without limit",
	  "compare it with a lower bound first" },
	{ "outside of the allowed memory range",
	  "an access may be outside of the memory it belongs to",
	  "compare the offset with the size first" },
	{ "invalid access to map value", "an access may be outside of a map's value",
	  "compare the offset with the size first" },
	{ "invalid access to map key", "an access may be outside of a map's key",
	  "compare the offset with the size first" },
	{ "invalid access to memory", "an access may be outside of the memory it belongs to",
	  "compare the offset with the size first" },
	{ "invalid access to packet", "the packet may be shorter than what is read",
	  "compare the end of the access with data_end first" },
	{ "combined stack size",
	  "the functions that call each other need more than 512 bytes of stack",
	  "use smaller strings and structures, or a map" },
	{ "stack size", "it needs more than 512 bytes of stack",
	  "use smaller strings and structures, or a map" },
	{ "invalid write to stack", "it writes outside of its 512 bytes of stack",
	  "use smaller strings and structures, or a map" },
	{ "invalid indirect read from stack",
	  "bytes of the stack are passed on that were never written",
	  "clear the whole of it first, the gaps between fields too" },
	{ "invalid read from stack", "bytes of the stack are read that were never written",
	  "clear the whole of it first, the gaps between fields too" },
	{ "invalid stack", "an access is outside of the 512 bytes of stack", NULL },
	{ "misaligned", "an access is not aligned to its size", NULL },
	{ "!read_ok", "a register is read before anything was written to it",
	  "every way that leads here has to set the variable" },
	{ "cannot call GPL-restricted function",
	  "it calls a helper that is only for programs under the GPL",
	  "set the license to \"GPL\"" },
	{ "func bpf_probe_write_user", NO_WRITE_USER, LOCKED_DOWN },
	{ "cannot use helper bpf_probe_write_user", NO_WRITE_USER, LOCKED_DOWN },
	{ "cannot use helper", "this kind of program may not call this helper", NULL },
	{ "unknown func", "this kernel does not have this helper for this kind of program",
	  "see skep doctor for what this kernel can do" },
	{ "invalid func", "this kernel does not have this helper",
	  "see skep doctor for what this kernel can do" },
	{ "calling kernel function", "this program may not call this kernel function", NULL },
	{ "program is too large", "it takes too many steps to check (over a million)",
	  "let loops run fewer times: a few thousand steps of a small body are the limit; " LOOP
	  " runs as often as it says" },
	{ "too complex", "it has too many branches to check",
	  "make loops shorter and conditions fewer; " LOOP " runs as often as it says" },
	{ "infinite loop detected", "a loop does not end as far as the kernel can see",
	  "count it with a variable that has a constant bound, or write " LOOP },
	{ "back-edge from insn", "this kernel allows no loops here",
	  "unroll it: unroll(8) { ... }" },
	{ "loop detected", "a loop does not end as far as the kernel can see",
	  "count it with a variable that has a constant bound" },
	{ "unreachable insn", "a part of it can never be reached", NULL },
	{ "jump out of range", "a jump leaves the program", NULL },
	{ "not an exit", "it does not end with an exit", NULL },
	{ "invalid bpf_context access", "it reads a part of its context that it may not read",
	  NULL },
	{ "modified ctx ptr", "the context is accessed through a computed address",
	  "fields of the context are read at constant offsets only" },
	{ "access beyond struct", "it reads behind the end of a kernel structure", NULL },
	{ "access beyond the end of", "it reads behind the end of a kernel structure", NULL },
	{ "cannot access ptr member", "it reads a field of a kernel structure in a wrong size",
	  NULL },
	{ "pointer arithmetic", "this arithmetic on a pointer is not allowed",
	  "compare it with 0 first, if it may be NULL" },
	{ "pointer comparison", "these pointers cannot be compared", NULL },
	{ "leaks addr", "it would give away an address of the kernel",
	  "this needs the capability perfmon" },
	{ "Unreleased reference", "something that was acquired is never released",
	  "release it on every way out" },
	{ "reference has not been acquired", "something is released that was not acquired", NULL },
	{ "At program exit the register R0",
	  "its result is not one that this kind of program may return", NULL },
	{ "same insn cannot be used with different pointers",
	  "one access is reached with pointers of different kinds", NULL },
	{ "expected=", "a helper gets an argument of the wrong kind", NULL },
	{ "cannot be found", "the function that it attaches to is not in this kernel", NULL },
	{ "is not sleepable", "the function that it attaches to does not allow to sleep", NULL },
	{ "kernel subsystem misconfigured", "this kernel does not support what it does",
	  "see skep doctor for what this kernel can do" },
	{ "attach_btf_id", "what it attaches to is not what the kernel expects", NULL },
	{ "Invalid prog_type", "this kernel does not know this kind of program", NULL },
	{ "permission denied", "the kernel forbids it", NULL },
};

/* Lines of a log that are no reasons: figures, states, and how the verifier went about. */
static const char *const noise[] = {
	"processed ",
	"verification time",
	"stack depth",
	"max_states",
	"mark_precise",
	"regs=",
	"parent ",
	"last_idx",
	"first_idx",
	"from ",
	"caller",
	"callee",
	"returning from",
	"to caller",
	"func#",
	"propagating ",
	"frame ",
	"Func#",
	"Live regs",
	"insn history",
	"Validating ",
	";",
	"arg#",
	"Global function",
	"allocated scratch",
	"cur state:",
	"old state:",
};

static bool is_noise(const char *line, size_t len)
{
	size_t i = 0;

	if (!len)
		return true;
	/* "12: (b7) r0 = 0" and "12: R0=..." are instructions and states. */
	while (i < len && isdigit((unsigned char)line[i]))
		i++;
	if (i && i < len && line[i] == ':')
		return true;
	for (i = 0; i < ARRAY_SIZE(noise); i++) {
		size_t n = strlen(noise[i]);

		if (len >= n && !memcmp(line, noise[i], n))
			return true;
	}
	/* "R1=ctx() R10=fp0": a state alone. */
	return line[0] == 'R' && len > 2 && isdigit((unsigned char)line[1]) &&
	       (line[2] == '=' || line[2] == '_' || (len > 3 && line[3] == '='));
}

/* Where a message begins that stands behind an instruction in one line; NULL: none does. */
static const char *message_behind(const char *line, size_t len)
{
	return memmem(line, len, "infinite loop detected", strlen("infinite loop detected"));
}

/* "12: (b7) r0 = 0": 12, else -1. */
static int insn_of(const char *line, size_t len)
{
	long n = 0;
	size_t i;

	for (i = 0; i < len && i < 8 && isdigit((unsigned char)line[i]); i++)
		n = n * 10 + (line[i] - '0');
	if (!i || i + 3 > len || memcmp(line + i, ": (", 3))
		return -1;
	return (int)n;
}

/*
 * Some messages name the instruction themselves, being from before or after the walk along the
 * path.
 */
static int insn_in(const char *message, size_t len)
{
	static const char *const words[] = { "at insn ", "from insn ", "unreachable insn ",
					     "alloc_insn=" };

	for (size_t k = 0; k < ARRAY_SIZE(words); k++) {
		const char *p = memmem(message, len, words[k], strlen(words[k]));
		long n = 0;
		size_t i;

		if (!p)
			continue;
		p += strlen(words[k]);
		for (i = 0; p + i < message + len && i < 8 && isdigit((unsigned char)p[i]); i++)
			n = n * 10 + (p[i] - '0');
		if (i)
			return (int)n;
	}
	return -1;
}

/* The line that ends at @stop. */
static const char *line_before(const char *log, const char *stop, size_t *ret_len)
{
	const char *line = stop;

	while (line > log && line[-1] != '\n')
		line--;
	*ret_len = (size_t)(stop - line);
	return line;
}

static bool begins(const char *line, size_t len, const char *prefix)
{
	return len >= strlen(prefix) && !memcmp(line, prefix, strlen(prefix));
}

void skep_explain_find(const char *log, struct skep_explain_end *ret_end)
{
	struct skep_explain_end end = { .insn = -1 };
	const char *stop = log ? log + strlen(log) : NULL, *line, *behind;
	int named;
	size_t len;

	/* Line by line from the end: first the reason, then the last instruction before it. */
	while (log && stop > log && (!end.message || end.insn < 0)) {
		line = line_before(log, stop, &len);
		behind = end.message ? NULL : message_behind(line, len);
		if (behind) {
			end.message = behind;
			end.message_len = len - (size_t)(behind - line);
			end.insn = insn_of(line, len);
			break;
		}
		/* Of two lines about one access the first has the figures. */
		if (!is_noise(line, len) &&
		    (!end.message || begins(line, len, "invalid access to"))) {
			end.message = line;
			end.message_len = len;
		} else if (end.message) {
			end.insn = insn_of(line, len);
		}
		stop = line > log ? line - 1 : log;
	}
	if (end.message) {
		named = insn_in(end.message, end.message_len);
		if (named >= 0)
			end.insn = named;
	}
	*ret_end = end;
}

/* The place that instruction @insn comes from: of the last line that begins at or before it. */
static struct skep_loc place_of(const struct skep_spec_prog *p, int insn)
{
	struct skep_loc loc = p->loc;

	for (size_t i = 0; i < p->n_lines && insn >= 0; i++) {
		if (p->lines[i].insn > (uint32_t)insn)
			break;
		if (p->lines[i].loc.line)
			loc = p->lines[i].caller.line ? p->lines[i].caller : p->lines[i].loc;
	}
	return loc;
}

static bool jumps_back(const struct skep_insn *insn)
{
	unsigned class = skep_insn_class(*insn);

	if ((class != SKEP_CLASS_JMP && class != SKEP_CLASS_JMP32) || skep_insn_is_call(*insn) ||
	    skep_insn_is_exit(*insn))
		return false;
	return insn->opcode == (SKEP_CLASS_JMP32 | SKEP_JMP_JA) ? insn->imm < 0 : insn->off < 0;
}

/* The jump that ends the loop around @insn, or else the last loop before it; @insn when there is none. */
static int loop_at(const struct skep_spec_prog *p, int insn)
{
	int last = -1;

	for (size_t i = 0; i < p->n_insns; i++) {
		if (!jumps_back(&p->insns[i]))
			continue;
		if ((int)i < insn)
			last = (int)i;
		else if ((int)i + 1 + p->insns[i].off <= insn)
			return (int)i;
	}
	return last >= 0 ? last : insn;
}

/* What the kernel asks for before it looks at a program of this kind. */
static uint64_t takes_prog(uint32_t type)
{
	switch (type) {
	case SKEP_PROG_KPROBE:
	case SKEP_PROG_TRACEPOINT:
	case SKEP_PROG_PERF_EVENT:
	case SKEP_PROG_RAW_TRACEPOINT:
	case SKEP_PROG_RAW_TRACEPOINT_WRITABLE:
	case SKEP_PROG_TRACING:
	case SKEP_PROG_LSM:
	case SKEP_PROG_EXT:
	case SKEP_PROG_STRUCT_OPS:
		return SKEP_TAKES_TRACE;
	case SKEP_PROG_SOCKET_FILTER:
	case SKEP_PROG_CGROUP_DEVICE:
	case SKEP_PROG_CGROUP_SYSCTL:
	case SKEP_PROG_SK_REUSEPORT:
	case SKEP_PROG_LIRC_MODE2:
	case SKEP_PROG_FLOW_DISSECTOR:
	case SKEP_PROG_SYSCALL:
		return SKEP_TAKES_MAP;
	default:
		return SKEP_TAKES_NET;
	}
}

static void explain_without_log(const struct skep_spec_prog *p, int error, struct skep_diag *diag)
{
	skep_diag_error(diag, p->loc, "the kernel refused program '%s': %s", p->name,
			skep_explain_errno(error));
	switch (-error) {
	case EPERM:
	case EACCES:
		/*
		 * Seen on kernels without what such programs hang on: refused without a word, to
		 * root too.
		 */
		if (p->attach_btf_id && skep_explain_privileged())
			skep_diag_hint(diag,
				       "this kernel may not have what the program attaches to; "
				       "tracepoints and uprobes may do: see skep doctor");
		else
			skep_explain_privilege(takes_prog(p->type), diag);
		break;
	case E2BIG:
		skep_diag_hint(diag,
			       "it has %zu instructions; the kernel takes a million, without "
			       "privilege 4096",
			       p->n_insns);
		break;
	case EINVAL:
		if (p->attach_btf_id)
			skep_diag_hint(diag,
				       "the kernel keeps some functions out of tracing, such "
				       "as those that tracing itself stands on: try a caller");
		else
			skep_diag_hint(diag, "this kernel may not know this kind of program: see "
					     "skep doctor");
		break;
	}
}

/* Lines of scripts are without a file, and scripts have lines. */
static bool is_c(const struct skep_spec_prog *p, int insn)
{
	const struct skep_spec_line *line = NULL;

	for (size_t i = 0; i < p->n_lines && (int)p->lines[i].insn <= MAX(insn, 0); i++)
		line = &p->lines[i];
	return !line || line->file || line->text;
}

void skep_explain_prog(const struct skep_spec_prog *p, const char *log, int error,
		       struct skep_diag *diag)
{
	struct skep_explain_end end;
	const char *hint;
	struct skep_loc loc;

	skep_explain_find(log, &end);
	if (log && log[0])
		skep_diag_set_log(diag, log);
	if (!end.message) {
		explain_without_log(p, error, diag);
		return;
	}
	loc = place_of(p, end.insn);
	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++) {
		if (!memmem(end.message, end.message_len, reasons[i].message,
			    strlen(reasons[i].message)))
			continue;
		hint = reasons[i].hint;
		if (hint && strstr(hint, LOOP))
			loc = place_of(p, loop_at(p, end.insn));
		skep_diag_error(diag, loc, "the kernel refused this: %s (%.*s)", reasons[i].reason,
				(int)MIN(end.message_len, 200), end.message);
		if (hint && strstr(hint, "{ ... }") && is_c(p, end.insn))
			hint = "give the loop a constant bound and fewer branches, or unroll it; "
			       "bpf_loop() is checked once";
		if (hint)
			skep_diag_hint(diag, "%s", hint);
		goto done;
	}
	skep_diag_error(diag, loc, "the kernel refused this: %.*s", (int)MIN(end.message_len, 400),
			end.message);
	if (error == -EPERM)
		skep_explain_privilege(takes_prog(p->type), diag);
done:
	if (end.insn >= 0)
		skep_diag_at_insn(diag, end.insn);
}
