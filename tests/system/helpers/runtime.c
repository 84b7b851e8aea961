/* SPDX-License-Identifier: Apache-2.0 */
/*
 * runtime: stands in for servers and languages that the tools of applications look at, where there are none. It has
 * their probes and functions; a copy whose file has the name of one (mysqld, postgres, libjvm.so, php) is that one.
 *
 *	runtime		until it is killed, each 50 ms, for a millisecond or more each: a query of MySQL and of PostgreSQL,
 *			a collection and a thread of Java; of PHP a function, an object and a collection
 */
#include <string.h>
#include <unistd.h>

#include "usdt.h"

#define QUERY "select 'unmistakable words'"
#define COM_QUERY 3
#define COLLECTED 7

#if defined(__x86_64__)

/* Where PHP has the name of an object's class: behind a byte, and that a text with a header of 24 bytes. */
struct name {
	char header[24], text[16];
};

struct class
{
	char kind;
	const struct name *name;
};

int _Z16dispatch_command19enum_server_commandP3THDPcj(int command, void *session, const char *text,
						      unsigned length);
int zend_gc_collect_cycles(void);
void zend_objects_new(const struct class *class);

__attribute__((noinline)) int _Z16dispatch_command19enum_server_commandP3THDPcj(int command,
										void *session,
										const char *text,
										unsigned length)
{
	__asm__ volatile("" ::"r"(command), "r"(session), "r"(text), "r"(length) : "memory");
	return usleep(1500);
}

__attribute__((noinline)) int zend_gc_collect_cycles(void)
{
	usleep(1000);
	return COLLECTED;
}

__attribute__((noinline)) void zend_objects_new(const struct class *class)
{
	__asm__ volatile("" ::"r"(class) : "memory");
}

static void postgres(void)
{
	PROBE("postgresql", "query__start", "0", "8@%%rdi", "D"(QUERY));
	usleep(1500);
	PROBE("postgresql", "query__done", "0", "8@%%rdi", "D"(QUERY));
}

static void java(void)
{
	static const char thread[] = "worker of Java";

	PROBE("hotspot", "thread__start", "0", "8@%%rdi 4@%%esi 8@%%rdx 4@%%ecx 1@%%al",
	      "D"(thread), "S"((int)strlen(thread)), "d"(77L), "c"(getpid()), "a"(0));
	PROBE("hotspot", "gc__begin", "0", "1@%%dil", "D"(1));
	usleep(1000);
	PROBE("hotspot", "gc__end", "0", "");
}

static void php(void)
{
	static const struct name name = { .text = "Thing" };
	static const struct class class = { .name = &name };

	PROBE("php", "function__entry", "0", "8@%%rdi 8@%%rsi 4@%%edx 8@%%rcx 8@%%rax", "D"("leaf"),
	      "S"("work.php"), "d"(12), "c"("Thing"), "a"("->"));
	zend_objects_new(&class);
	usleep(1000);
	PROBE("php", "function__return", "0", "8@%%rdi 8@%%rsi 4@%%edx 8@%%rcx 8@%%rax",
	      "D"("leaf"), "S"("work.php"), "d"(12), "c"("Thing"), "a"("->"));
	zend_gc_collect_cycles();
}

int main(void)
{
	for (;;) {
		_Z16dispatch_command19enum_server_commandP3THDPcj(COM_QUERY, NULL, QUERY,
								  sizeof(QUERY) - 1);
		postgres();
		java();
		php();
		usleep(50000);
	}
}

#else

int main(void)
{
	return 1;
}

#endif
