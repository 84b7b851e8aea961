/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load: makes the events that the stock tools of bpftrace show, each with something in it that only this program says,
 * so that stock-tools.expect can tell them from all others.
 *
 *	load calls      what concerns this process alone: files, signals, identities, threads, locks, sleep, names, TLS
 *	load loopback   TCP over the loopback
 *	load network    TCP over the loopback, and connections that nobody answers (to UNANSWERED, to SILENT)
 *	load listen     waits for connections until it is killed; nobody comes
 *	load disk=PATH  writes to this block device, from here and through the kernel's write-back
 *	load memory=N   touches N MiB twice, in order
 *	load locks      takes two mutexes in both orders, one after the other
 *	load machine    a virtual machine, through KVM, that halts at once
 *
 * It is linked dynamically, unlike the other helpers: some tools probe the C library.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NAME "skep-load"
#define PORT 7979
#define BACKLOG 7
#define UNANSWERED "10.77.0.2" /* on a network where nobody else is */
#define SILENT "10.77.0.3"     /* there, with a hardware address that the kernel was told of */
#define MAX_FORKS 20

/* Names that tools show. */
void *thread_of_load(void *arg);
void leak_of_load(void);

void *thread_of_load(void *arg)
{
	return arg;
}

static pid_t child(void)
{
	pid_t pid = fork();

	if (pid < 0) {
		perror("load: fork");
		exit(1);
	}
	return pid;
}

static void wait_for(pid_t pid)
{
	waitpid(pid, NULL, 0);
}

static void do_exec(void)
{
	/* On the stack, which is in the child's memory from its start; text of the program need not be. */
	char words[3][16] = { "true", "unmistakable", "argument" };
	char *argv[] = { words[0], words[1], words[2], NULL };
	pid_t pid = child();

	if (pid == 0) {
		execv("/bin/true", argv);
		_exit(127);
	}
	wait_for(pid);
}

static void do_files(void)
{
	static char page[4096];
	struct stat st;
	struct statfs fs;
	char text[4096];
	void *map;
	int fd;

	fd = open("/skep-load/open", O_RDONLY);
	if (fd >= 0)
		close(fd);
	syscall(SYS_newfstatat, AT_FDCWD, "/skep-load/fstatat", &st, 0);
#ifdef SYS_stat
	syscall(SYS_stat, "/skep-load/stat", &st);
	syscall(SYS_lstat, "/skep-load/lstat", &st);
#endif
	syscall(SYS_statx, AT_FDCWD, "/skep-load/statx", 0, STATX_BASIC_STATS, text);
	statfs("/skep-load/statfs", &fs);
	fd = memfd_create(NAME, MFD_CLOEXEC);
	if (fd < 0 || write(fd, page, sizeof(page)) != sizeof(page))
		return;
	fsync(fd);
	fdatasync(fd);
	sync_file_range(fd, 0, sizeof(page), SYNC_FILE_RANGE_WRITE);
	map = mmap(NULL, sizeof(page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map != MAP_FAILED) {
		msync(map, sizeof(page), MS_ASYNC);
		munmap(map, sizeof(page));
	}
	lseek(fd, 0, SEEK_SET);
	if (read(fd, text, sizeof(text)) < 0)
		perror("load: read");
	close(fd);
}

static void do_signals(void)
{
	pid_t pid = child();

	if (pid == 0) {
		pause();
		_exit(0);
	}
	kill(pid, SIGWINCH);
	kill(pid, SIGKILL);
	wait_for(pid);
}

/* The system calls themselves: the library's functions tell all threads. */
static void do_identities(void)
{
	pid_t pid = child();

	if (pid == 0) {
		syscall(SYS_setfsuid, 1014);
		syscall(SYS_setresuid, 1011, 1012, 0);
		syscall(SYS_setuid, 1011);
		_exit(0);
	}
	wait_for(pid);
}

static void do_sleep(void)
{
	struct timespec ts = { 0, 123456789 };

	syscall(SYS_nanosleep, &ts, NULL);
}

static void do_threads(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, thread_of_load, NULL) == 0)
		pthread_join(thread, NULL);
}

/* On each processor for a moment, wherever it began. */
static void do_hops(void)
{
	cpu_set_t before, one;

	if (sched_getaffinity(0, sizeof(before), &before) < 0)
		return;
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &before))
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		sched_setaffinity(0, sizeof(one), &one);
	}
	sched_setaffinity(0, sizeof(before), &before);
}

static void do_names(void)
{
	struct addrinfo *info = NULL;

	if (getaddrinfo("127.0.0.77", NULL, NULL, &info) == 0)
		freeaddrinfo(info);
}

static void do_forks(void)
{
	for (int i = 0; i < MAX_FORKS; i++) {
		pid_t pid = child();

		if (pid == 0)
			_exit(0);
		wait_for(pid);
	}
}

/* Long enough for samples, 99 a second, and with a neighbour on the same CPU that waits for it meanwhile. */
static void do_spin(void)
{
	struct timespec start, now;

	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		for (int i = 0; i < 1000; i++)
			syscall(SYS_getppid);
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while ((now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000 <
		 300);
}

/* A descriptor through a Unix socket. */
static void hand_over(int from, int to)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { .header = { CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
	char byte = 0;
	struct iovec data = { &byte, 1 };
	struct msghdr message = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	int fd = memfd_create(NAME, MFD_CLOEXEC);

	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	if (sendmsg(from, &message, 0) < 0 || recvmsg(to, &message, MSG_CMSG_CLOEXEC) < 0)
		perror("load: descriptor");
	memcpy(&fd, CMSG_DATA(&control.header), sizeof(fd));
	close(fd);
}

static void do_unix_socket(void)
{
	static const char text[] = "unmistakable bytes";
	char got[64];
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		return;
	if (write(fds[0], text, sizeof(text) - 1) < 0 || read(fds[1], got, sizeof(got)) < 0)
		perror("load: socketpair");
	hand_over(fds[0], fds[1]);
	close(fds[0]);
	close(fds[1]);
}

static void do_capability(void)
{
	char name[64];

	if (gethostname(name, sizeof(name)) == 0 && getenv("LOAD_MAY_NAME_HOST"))
		if (sethostname(name, strlen(name)) < 0)
			perror("load: sethostname");
}

/* A handshake in memory, without certificates; then a few bytes in both directions. */

static void *ssl, *crypto;

static void *in(void *library, const char *name)
{
	return library ? dlsym(library, name) : NULL;
}

#define CALL(library, type, name, ...) ((type(*)())in(library, name))(__VA_ARGS__)

static void *new_end(const char *method, const char *become)
{
	void *ctx = CALL(ssl, void *, "SSL_CTX_new", CALL(ssl, void *, method)), *end;

	if (!ctx)
		return NULL;
	CALL(ssl, long, "SSL_CTX_ctrl", ctx, 124, 0x0303L,
	     NULL); /* at most TLS 1.2, for the next */
	CALL(ssl, int, "SSL_CTX_set_cipher_list", ctx, "aNULL:@SECLEVEL=0");
	end = CALL(ssl, void *, "SSL_new", ctx);
	if (end)
		CALL(ssl, void, become, end);
	return end;
}

static void do_tls(void)
{
	void *client, *server, *a = NULL, *b = NULL;
	char text[8] = "abcdefg";

	ssl = dlopen("libssl.so.3", RTLD_NOW);
	crypto = dlopen("libcrypto.so.3", RTLD_NOW);
	if (!ssl || !crypto) {
		fprintf(stderr, "load: no libssl: %s\n", dlerror());
		return;
	}
	client = new_end("TLS_client_method", "SSL_set_connect_state");
	server = new_end("TLS_server_method", "SSL_set_accept_state");
	CALL(crypto, int, "BIO_new_bio_pair", &a, (size_t)0, &b, (size_t)0);
	if (!client || !server || !a || !b)
		return;
	CALL(ssl, void, "SSL_set_bio", client, a, a);
	CALL(ssl, void, "SSL_set_bio", server, b, b);
	for (int i = 0; i < 8; i++) {
		CALL(ssl, int, "SSL_do_handshake", client);
		CALL(ssl, int, "SSL_do_handshake", server);
	}
	if (CALL(ssl, int, "SSL_write", client, text, 7) != 7 ||
	    CALL(ssl, int, "SSL_read", server, text, 7) != 7)
		fprintf(stderr, "load: no TLS connection was made\n");
}

/* A file that lives for a moment. */
static void do_short_file(void)
{
	static const char path[] = "/tmp/skep-load.short";
	static char page[4096];
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, page, sizeof(page)) < 0 || pread(fd, page, sizeof(page), 0) < 0)
		perror(path);
	fsync(fd);
	close(fd);
	unlink(path);
}

static void do_shared_memory(void)
{
	int id = shmget(0x5ceb, 8192, IPC_CREAT | 0600);
	void *at_address = id < 0 ? (void *)-1 : shmat(id, NULL, 0);

	if (at_address == (void *)-1) {
		perror("load: shared memory");
		return;
	}
	shmdt(at_address);
	shmctl(id, IPC_RMID, NULL);
}

/* There is no such place. On the stack, which is in memory. */
static void do_mount(void)
{
	char source[] = "skep-source", target[] = "/skep-load/mount", type[] = "tmpfs";

	mount(source, target, type, 0, NULL);
	umount(target);
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void *wait_for_lock(void *arg)
{
	pthread_mutex_lock(&lock);
	pthread_mutex_unlock(&lock);
	return arg;
}

/* A thread waits for the lock for a while. */
static void do_lock(void)
{
	pthread_t thread;

	pthread_mutex_lock(&lock);
	if (pthread_create(&thread, NULL, wait_for_lock, NULL) == 0) {
		usleep(50000);
		pthread_mutex_unlock(&lock);
		pthread_join(thread, NULL);
	}
}

/* Long enough for a look each second. */
void __attribute__((noinline)) leak_of_load(void)
{
	volatile char *leaked = malloc(12345);

	if (leaked)
		leaked[0] = 1;
	usleep(2200000);
}

static void do_terminal(void)
{
	static const char text[] = "words on a terminal\n";
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), slave;

	if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0)
		return;
	slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0 || write(slave, text, sizeof(text) - 1) < 0)
		perror("load: terminal");
	close(slave);
	close(master);
}

static pthread_mutex_t first = PTHREAD_MUTEX_INITIALIZER, second = PTHREAD_MUTEX_INITIALIZER;

static void take_both(pthread_mutex_t *one, pthread_mutex_t *other)
{
	pthread_mutex_lock(one);
	pthread_mutex_lock(other);
	pthread_mutex_unlock(other);
	pthread_mutex_unlock(one);
}

static void do_locks(void)
{
	take_both(&first, &second);
	take_both(&second, &first);
}

static void do_calls(void)
{
	do_exec();
	do_files();
	do_signals();
	do_identities();
	do_sleep();
	do_threads();
	do_hops();
	do_names();
	do_forks();
	do_spin();
	do_unix_socket();
	do_capability();
	do_tls();
	do_short_file();
	do_shared_memory();
	do_mount();
	do_lock();
	do_terminal();
	leak_of_load();
}

/* Network */

static struct sockaddr_in at(const char *address)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(PORT) };

	inet_pton(AF_INET, address, &a.sin_addr);
	return a;
}

static void serve_one(int listener)
{
	static char text[8192];
	int fd = accept(listener, NULL, NULL);

	while (fd >= 0 && read(fd, text, sizeof(text)) > 0)
		;
	if (fd >= 0)
		close(fd);
}

static void do_loopback(void)
{
	static char text[5000];
	struct sockaddr_in address = at("127.0.0.1");
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1, fd;
	pid_t pid;

	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(listener, BACKLOG) < 0) {
		perror("load: listen");
		return;
	}
	pid = child();
	if (pid == 0) {
		serve_one(listener);
		_exit(0);
	}
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    write(fd, text, sizeof(text)) < 0)
		perror("load: connect");
	close(fd);
	wait_for(pid);
	close(listener);
}

/* A question for a name server, which answers that there is no such name; and one that nobody answers. */
static void do_questions(void)
{
	static char question[] = "\x12\x34\1\0\0\1\0\0\0\0\0\0"
				 "\4skep\7example\0\0\x1c\0\1";
	struct sockaddr_in server = at("127.0.0.1"), client;
	socklen_t size = sizeof(client);
	int there = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int here = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char got[512];

	server.sin_port = htons(53);
	if (bind(there, (struct sockaddr *)&server, sizeof(server)) < 0 ||
	    sendto(here, question, sizeof(question) - 1, 0, (struct sockaddr *)&server,
		   sizeof(server)) < 0 ||
	    recvfrom(there, got, sizeof(got), 0, (struct sockaddr *)&client, &size) < 0)
		perror("load: question");
	got[2] = (char)0x81;
	got[3] = 3;
	sendto(there, got, sizeof(question) - 1, 0, (struct sockaddr *)&client, size);
	question[0]++;
	memcpy(question + 13, "dumb", 4);
	sendto(here, question, sizeof(question) - 1, 0, (struct sockaddr *)&server, sizeof(server));
	close(here);
	close(there);
}

/* The first message of TLS, for one name, to nobody who reads it. Who looks for the backlog of the others sees one. */
static void do_hello(void)
{
	static const char hello[] =
		"\x16\3\1\0\x4b\1\0\0\x47\3\3"
		"0123456789abcdef0123456789abcdef"
		"\0\0\2\x13\1\1\0\0\x1c" /* no session, a cipher, no compression */
		"\0\x2b\0\3\2\3\4"	 /* versions */
		"\0\0\0\x11\0\x0f\0\0\x0cskep.example";
	struct sockaddr_in address = at("127.0.0.1");
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_port = htons(PORT + 1);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(listener, BACKLOG + 1) < 0 ||
	    connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    write(fd, hello, sizeof(hello) - 1) < 0)
		perror("load: hello");
	close(fd);
	close(listener);
}

static int begin_connection(const char *to)
{
	struct sockaddr_in address = at(to);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	connect(fd, (struct sockaddr *)&address, sizeof(address));
	return fd;
}

/*
 * A neighbour that is not there: its end comes from the kernel, with the segment thrown away. One that says nothing: the
 * segment is sent again after a second. (Not so for the former: it still waits for its neighbour.) Until both were, or ten
 * seconds.
 */
static void do_unanswered(void)
{
	struct pollfd ended = { .fd = begin_connection(UNANSWERED) };
	int silent = begin_connection(SILENT);

	for (int i = 0; i < 100; i++) {
		struct tcp_info info = { 0 };
		socklen_t size = sizeof(info);

		getsockopt(silent, IPPROTO_TCP, TCP_INFO, &info, &size);
		if (poll(&ended, 1, 0) > 0 && info.tcpi_total_retrans > 0)
			break;
		usleep(100000);
	}
	close(ended.fd);
	close(silent);
}

static void do_listen(void)
{
	struct sockaddr_in address = at("127.0.0.1");
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_port = htons(PORT + 2);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 1) < 0)
		perror("load: listen");
	pause();
}

/* Disk and memory */

static int do_disk(const char *path)
{
	static char block[65536];
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0) {
		perror(path);
		return 1;
	}
	memset(block, 'x', sizeof(block));
	for (int i = 0; i < 16; i++)
		if (write(fd, block, sizeof(block)) < 0)
			perror("load: write");
	fsync(fd);
	for (int i = 0; i < 16; i++)
		if (write(fd, block, sizeof(block)) < 0)
			perror("load: write");
	sync();
	close(fd);
	return 0;
}

static void do_memory(long mib)
{
	size_t size = (size_t)mib << 20;
	volatile char *p =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return;
	for (int i = 0; i < 2; i++)
		for (size_t at_byte = 0; at_byte < size; at_byte += 4096)
			p[at_byte]++;
}

#ifdef __x86_64__
/* It begins in real mode at address 0, where the instruction is that halts. */
static int do_machine(void)
{
	struct kvm_userspace_memory_region memory = { .memory_size = 4096 };
	struct kvm_sregs segments;
	struct kvm_regs registers = { .rflags = 2 };
	unsigned char *page =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int machine = ioctl(kvm, KVM_CREATE_VM, 0), cpu;

	if (kvm < 0 || machine < 0 || page == MAP_FAILED) {
		perror("load: /dev/kvm");
		return 1;
	}
	page[0] = 0xf4;
	memory.userspace_addr = (unsigned long)page;
	ioctl(machine, KVM_SET_USER_MEMORY_REGION, &memory);
	cpu = ioctl(machine, KVM_CREATE_VCPU, 0);
	if (ioctl(cpu, KVM_GET_SREGS, &segments) < 0)
		perror("load: machine");
	segments.cs.base = 0;
	segments.cs.selector = 0;
	if (ioctl(cpu, KVM_SET_SREGS, &segments) < 0 || ioctl(cpu, KVM_SET_REGS, &registers) < 0 ||
	    mmap(NULL, (size_t)ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), PROT_READ | PROT_WRITE,
		 MAP_SHARED, cpu, 0) == MAP_FAILED ||
	    ioctl(cpu, KVM_RUN, 0) < 0)
		perror("load: machine");
	return 0;
}
#else
static int do_machine(void)
{
	return 1;
}
#endif

int main(int argc, char **argv)
{
	const char *what = argc == 2 ? argv[1] : "";

	prctl(PR_SET_NAME, NAME);
	if (!strcmp(what, "calls")) {
		do_calls();
	} else if (!strcmp(what, "loopback")) {
		do_loopback();
		do_questions();
		do_hello();
	} else if (!strcmp(what, "network")) {
		do_loopback();
		do_questions();
		do_hello();
		do_unanswered();
	} else if (!strcmp(what, "listen")) {
		do_listen();
	} else if (!strncmp(what, "disk=", 5)) {
		return do_disk(what + 5);
	} else if (!strncmp(what, "memory=", 7)) {
		do_memory(atol(what + 7));
	} else if (!strcmp(what, "locks")) {
		do_locks();
	} else if (!strcmp(what, "machine")) {
		return do_machine();
	} else {
		fprintf(stderr,
			"load: calls, loopback, network, listen, disk=PATH, memory=MIB, locks or machine\n");
		return 2;
	}
	return 0;
}
