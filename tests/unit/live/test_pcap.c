/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "live/pcap.h"

static void test_file(void **state)
{
	static const uint32_t head[] = { 0xa1b23c4d, 4u << 16 | 2, 0, 0, 262144, 101 };
	static const uint32_t packet[] = { 7, 5, 3, 60 };
	char path[] = "/tmp/skep-pcap-XXXXXX";
	struct skep_pcap *pcap;
	uint8_t bytes[128];
	size_t n;
	FILE *f;

	close(mkstemp(path));
	assert_int_equal(skep_pcap_open(path, &pcap), 0);
	assert_int_equal(skep_pcap_begin(pcap), 0);
	assert_int_equal(skep_pcap_add(pcap, 7000000005, "abc", 3, 60), 0);
	assert_int_equal(skep_pcap_flush(pcap), 0);
	assert_int_equal(skep_pcap_add(pcap, 0, "", 0, 0), 0);
	assert_int_equal(skep_pcap_close(pcap), 0);
	f = fopen(path, "re");
	assert_non_null(f);
	n = fread(bytes, 1, sizeof(bytes), f);
	fclose(f);
	remove(path);
	assert_int_equal(n, sizeof(head) + 16 + 3 + 16);
	assert_memory_equal(bytes, head, sizeof(head));
	assert_memory_equal(bytes + 24, packet, 16);
	assert_memory_equal(bytes + 40, "abc", 3);
}

static void test_errors(void **state)
{
	struct skep_pcap *pcap;

	assert_int_equal(skep_pcap_open("/nowhere/x", &pcap), -ENOENT);
	assert_int_equal(skep_pcap_open("/dev/full", &pcap), 0);
	assert_int_equal(skep_pcap_begin(pcap), 0);
	(void)!skep_pcap_add(pcap, 0, "abc", 3, 3);
	assert_int_equal(skep_pcap_flush(pcap), -ENOSPC);
	assert_int_equal(skep_pcap_add(pcap, 0, "abc", 3, 3), -ENOSPC);
	assert_int_equal(skep_pcap_close(pcap), -ENOSPC);
	assert_int_equal(skep_pcap_close(NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
