/* SPDX-License-Identifier: Apache-2.0 */
/* Values of options: what stands behind the name of each. */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "live/extend.h"
#include "sys/feature.h"
#include "trace/options_priv.h"

#define CPUS_MAX 4096

int skep_option_pid(const char *text, int *ret_pid, struct skep_diag *diag)
{
	char *end;
	long value;

	errno = 0;
	value = strtol(text, &end, 10);
	if (end == text || *end || errno || value <= 0 || value > INT_MAX) {
		skep_diag_error(diag, SKEP_NO_LOC, "'%s' is not a process id", text);
		return skep_usage_error(diag, "-p takes a number, as ps shows it");
	}
	*ret_pid = (int)value;
	return 0;
}

/* Under the name of bpftrace -f knows what that knows. */
int skep_option_format(struct skep_trace_options *o, const char *text, struct skep_diag *diag)
{
	static const struct {
		const char *name;
		enum skep_live_format format;
		bool ours;
	} formats[] = {
		{ "text", SKEP_LIVE_TEXT, false },  { "json", SKEP_LIVE_JSON, false },
		{ "table", SKEP_LIVE_TABLE, true }, { "csv", SKEP_LIVE_CSV, true },
		{ "prom", SKEP_LIVE_PROM, true },   { "folded", SKEP_LIVE_FOLDED, true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		if (!skep_streq(text, formats[i].name))
			continue;
		if (formats[i].ours && o->as_bpftrace)
			break;
		o->format = formats[i].format;
		if (o->as_bpftrace && o->format == SKEP_LIVE_JSON)
			o->format = SKEP_LIVE_JSON_BPFTRACE;
		return 0;
	}
	skep_diag_error(diag, SKEP_NO_LOC, "there is no output format '%s'", text);
	return skep_usage_error(
		diag, o->as_bpftrace ? "-f takes text or json"
				     : "there are text, table, json, csv, prom and folded");
}

/* "5", "0.25": hundredths. */
static bool parse_hundredths(const char *text, uint64_t *ret_hundredths)
{
	uint64_t value = 0, places = 0;
	bool point = false;
	const char *p;

	for (p = text; (*p >= '0' && *p <= '9') || (*p == '.' && !point); p++) {
		if (*p == '.')
			point = true;
		else if ((places += point) <= 2 && value < 100000000)
			value = value * 10 + (uint64_t)(*p - '0');
	}
	for (; places < 2; places++)
		value *= 10;
	*ret_hundredths = value;
	return !*p && p > text && value && value <= 100000000;
}

int skep_option_percent(const char *text, uint64_t *ret_hundredths, struct skep_diag *diag)
{
	uint64_t value;

	if (!parse_hundredths(text, &value)) {
		skep_diag_error(diag, SKEP_NO_LOC, "'%s' is not a part of a processor", text);
		return skep_usage_error(diag,
					"--max-cpu takes percent of one processor: 5, or 0.25");
	}
	*ret_hundredths = value;
	return 0;
}

int skep_option_duration(const char *text, uint64_t *ret_ns, struct skep_diag *diag)
{
	uint64_t value;

	if (!parse_hundredths(text, &value)) {
		skep_diag_error(diag, SKEP_NO_LOC, "'%s' is not a time to trace for", text);
		return skep_usage_error(diag, "--duration takes seconds: 10, or 0.5");
	}
	*ret_ns = value * 10000000;
	return 0;
}

int skep_option_cpus(const char *text, unsigned *ret_cpus, struct skep_diag *diag)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (end == text || *end || errno || text[0] == '-' || !value || value > CPUS_MAX) {
		skep_diag_error(diag, SKEP_NO_LOC, "'%s' is not a number of CPUs", text);
		return skep_usage_error(diag, "--cpus takes a number from 1 to 4096");
	}
	*ret_cpus = (unsigned)value;
	return 0;
}

int skep_option_buffering(const char *text, enum skep_buffering *ret_buffering,
			  struct skep_diag *diag)
{
	if (skep_streq(text, "none"))
		*ret_buffering = SKEP_BUFFER_NONE;
	else if (skep_streq(text, "line"))
		*ret_buffering = SKEP_BUFFER_LINE;
	else if (skep_streq(text, "full"))
		*ret_buffering = SKEP_BUFFER_FULL;
	else {
		skep_diag_error(diag, SKEP_NO_LOC, "there is no buffering '%s'", text);
		return skep_usage_error(diag, "-B takes none, line or full");
	}
	return 0;
}

int skep_option_stages(const char *text, unsigned *stages, struct skep_diag *diag)
{
	static const struct {
		const char *name;
		unsigned bits;
	} names[] = {
		{ "ast", SKEP_TRACE_AST },
		{ "types", SKEP_TRACE_TYPES },
		{ "ir", SKEP_TRACE_IR },
		{ "code", SKEP_TRACE_CODE },
		{ "dis", SKEP_TRACE_DIS },
		/* as bpftrace calls them */
		{ "codegen", SKEP_TRACE_IR },
		{ "codegen-opt", SKEP_TRACE_CODE },
		{ "all", 0x1f },
	};
	size_t len, i;

	for (;; text += len + 1) {
		len = strcspn(text, ",");
		for (i = 0; i < ARRAY_SIZE(names); i++) {
			if (strlen(names[i].name) == len && strncmp(names[i].name, text, len) == 0)
				break;
		}
		if (i == ARRAY_SIZE(names)) {
			skep_diag_error(diag, SKEP_NO_LOC, "there is no stage '%.*s'", (int)len,
					text);
			return skep_usage_error(diag, "-d takes ast, types, ir, code, dis or all");
		}
		*stages |= names[i].bits;
		if (!text[len])
			return 0;
	}
}

int skep_option_with(const char *text, unsigned *with, struct skep_diag *diag)
{
	size_t len, i;

	for (;; text += len + 1) {
		len = strcspn(text, ",");
		for (i = 0; i < SKEP_N_PROCESS_WHATS; i++)
			if (strlen(skep_extend_words[i]) == len &&
			    strncmp(skep_extend_words[i], text, len) == 0)
				break;
		if (i < SKEP_N_PROCESS_WHATS) {
			*with |= 1u << i;
		} else if (len == 3 && strncmp(text, "all", len) == 0) {
			*with |= (1u << SKEP_N_PROCESS_WHATS) - 1;
		} else {
			skep_diag_error(diag, SKEP_NO_LOC, "there is no column '%.*s'", (int)len,
					text);
			return skep_usage_error(
				diag, "--with takes user, parents, container, container_id, "
				      "image, pod, namespace, unit, uid, all");
		}
		if (!text[len])
			return 0;
	}
}

/* bpftrace knows other features than we do: those do not matter. */
int skep_option_features(const char *text, bool as_bpftrace, struct skep_diag *diag)
{
	size_t len;

	for (;; text += len + 1) {
		len = strcspn(text, ",");
		if (skep_feature_deny(text, len) < 0 && !as_bpftrace) {
			skep_diag_error(diag, SKEP_NO_LOC, "there is no feature '%.*s'", (int)len,
					text);
			return skep_usage_error(diag, "skep doctor lists them");
		}
		if (!text[len])
			return 0;
	}
}
