/*
 * labmem: holds a working set and uses it.
 *
 * Commands come as lines over TCP, port 81, one connection each:
 *   hold MIB    the working set becomes so large: answers "full MS" when all of
 *               it has been touched for the first time
 *   free        gives everything back to the kernel
 *   stat        "held MIB swapin PAGES swapout PAGES oom KILLS available KIB"
 * Every 200 ms a line "work <monotonic_ms> <count>" goes to standard output:
 * how many pages of the set have been used so far.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MIB = 1 << 20, PAGE = 4096, MIB_MAX = 65536, PORT = 81, BATCH = 256 };

/* The set: chunks of 1 MiB. Only the main thread maps and unmaps; it takes the
 * lock, which the using thread holds while it touches a batch. */
static unsigned char *chunks[MIB_MAX];
static int held;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_ullong used;

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void nap_ms(long ms)
{
	struct timespec time = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&time, NULL);
}

/* Uses the set at random, with pauses, so that it stays warm at little cost. */
static void *use(void *arg)
{
	uint64_t x = 88172645463325252ull;

	(void)arg;
	for (;;) {
		pthread_mutex_lock(&lock);
		for (int i = 0; held > 0 && i < BATCH; i++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			chunks[x % (uint64_t)held][(x >> 32) % (MIB / PAGE) * PAGE]++;
			atomic_fetch_add_explicit(&used, 1, memory_order_relaxed);
		}
		pthread_mutex_unlock(&lock);
		nap_ms(2);
	}
	return NULL;
}

static void *report(void *arg)
{
	char line[80];

	(void)arg;
	for (;;) {
		int len = snprintf(line, sizeof(line), "work %lld %llu\n", now_ms(),
				   atomic_load_explicit(&used, memory_order_relaxed));

		if (write(STDOUT_FILENO, line, (size_t)len) != len)
			exit(EXIT_FAILURE);
		nap_ms(200);
	}
	return NULL;
}

static void drop(int keep)
{
	pthread_mutex_lock(&lock);
	while (held > keep)
		munmap(chunks[--held], MIB);
	pthread_mutex_unlock(&lock);
}

/* One chunk more, every page of it touched before it joins the set. */
static int grow(void)
{
	unsigned char *chunk = mmap(NULL, MIB, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (chunk == MAP_FAILED)
		return 0;
	for (int at = 0; at < MIB; at += PAGE)
		chunk[at] = 1;
	pthread_mutex_lock(&lock);
	chunks[held++] = chunk;
	pthread_mutex_unlock(&lock);
	return 1;
}

static unsigned long long from_file(const char *path, const char *name)
{
	char line[256];
	unsigned long long value = 0;
	FILE *file = fopen(path, "r");

	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		if (strncmp(line, name, strlen(name)) == 0) {
			value = strtoull(line + strlen(name), NULL, 10);
			break;
		}
	}
	if (file != NULL)
		fclose(file);
	return value;
}

static int answer(const char *command, char *reply, size_t size)
{
	long mib = strncmp(command, "hold ", 5) == 0 ? atol(command + 5) : 0;
	long long start = now_ms();

	if (mib > 0 && mib <= MIB_MAX) {
		drop((int)mib);
		while (held < mib && grow())
			;
		return snprintf(reply, size, "full %lld\n", now_ms() - start);
	}
	if (strncmp(command, "free", 4) == 0) {
		drop(0);
		return snprintf(reply, size, "free\n");
	}
	if (strncmp(command, "stat", 4) == 0)
		return snprintf(reply, size,
				"held %d swapin %llu swapout %llu oom %llu available %llu\n",
				held, from_file("/proc/vmstat", "pswpin "),
				from_file("/proc/vmstat", "pswpout "),
				from_file("/proc/vmstat", "oom_kill "),
				from_file("/proc/meminfo", "MemAvailable:"));
	return snprintf(reply, size, "unknown command\n");
}

int main(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
	pthread_t thread;

	setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (server < 0 || bind(server, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    listen(server, 8) != 0 || pthread_create(&thread, NULL, use, NULL) != 0 ||
	    pthread_create(&thread, NULL, report, NULL) != 0) {
		perror("labmem");
		return EXIT_FAILURE;
	}
	for (;;) {
		char command[64] = "", reply[160];
		int client = accept(server, NULL, NULL);

		if (client < 0)
			continue;
		if (read(client, command, sizeof(command) - 1) > 0) {
			int len = answer(command, reply, sizeof(reply));

			if (write(client, reply, (size_t)len) != len)
				perror("labmem: write");
		}
		close(client);
	}
}
