/* SPDX-License-Identifier: Apache-2.0 */
#include "top/machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "sys/file.h"

#define FILE_MAX (1u << 20)

enum {
	USER,
	NICE,
	SYSTEM,
	IDLE,
	IOWAIT,
	IRQ,
	SOFTIRQ,
	STEAL,
	N_TICKS
};

void skep_top_machine_stat(struct skep_top_machine *m, const char *text)
{
	uint64_t now[N_TICKS] = {}, d[N_TICKS], all = 0;
	const char *at = text + strcspn(text, " ");
	bool first = !m->ticks[IDLE] && !m->ticks[USER];
	char *end;

	if (!skep_has_prefix(text, "cpu "))
		return;
	for (unsigned i = 0; i < N_TICKS; i++) {
		now[i] = strtoull(at, &end, 10);
		at = end;
		d[i] = now[i] > m->ticks[i] ? now[i] - m->ticks[i] : 0;
		all += d[i];
	}
	memcpy(m->ticks, now, sizeof(now));
	if (first || !all) {
		m->busy = first ? -1 : 0;
		m->user = m->system = m->iowait = 0;
		return;
	}
	m->user = 100.0 * (double)(d[USER] + d[NICE]) / (double)all;
	m->system = 100.0 * (double)(d[SYSTEM] + d[IRQ] + d[SOFTIRQ]) / (double)all;
	m->iowait = 100.0 * (double)d[IOWAIT] / (double)all;
	m->busy = 100.0 * (double)(all - d[IDLE] - d[IOWAIT]) / (double)all;
}

/* "MemTotal:   16384 kB", in bytes */
static uint64_t kilobytes(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	return at ? strtoull(at + strlen(name), NULL, 10) * 1024 : 0;
}

void skep_top_machine_memory(struct skep_top_machine *m, const char *text)
{
	uint64_t available = kilobytes(text, "MemAvailable:"), free = kilobytes(text, "SwapFree:");

	m->mem_total = kilobytes(text, "MemTotal:");
	m->swap_total = kilobytes(text, "SwapTotal:");
	m->mem_used = m->mem_total - MIN(available, m->mem_total);
	m->swap_used = m->swap_total - MIN(free, m->swap_total);
}

static double pressure(const char *path)
{
	_cleanup_free_ char *text = NULL;
	const char *at;

	if (skep_file_read(path, FILE_MAX, &text, NULL) < 0)
		return -1;
	at = strstr(text, "avg10=");
	return at ? strtod(at + strlen("avg10="), NULL) : -1;
}

void skep_top_machine_look(struct skep_top_machine *m)
{
	_cleanup_free_ char *stat = NULL, *memory = NULL;

	if (skep_file_read("/proc/stat", FILE_MAX, &stat, NULL) == 0)
		skep_top_machine_stat(m, stat);
	if (skep_file_read("/proc/meminfo", FILE_MAX, &memory, NULL) == 0)
		skep_top_machine_memory(m, memory);
	m->psi_cpu = pressure("/proc/pressure/cpu");
	m->psi_mem = pressure("/proc/pressure/memory");
	m->psi_io = pressure("/proc/pressure/io");
	if (getloadavg(m->load, 3) < 0)
		m->load[0] = -1;
	m->n_cpus = (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
	m->uptime_s = skep_clock_ns(CLOCK_BOOTTIME) / 1000000000;
}
