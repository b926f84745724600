/*
 * labwork [UNITS]: keeps every vCPU busy with integer work and reports the progress.
 * With UNITS, one thread does so many units every 100 ms and sleeps in between; what
 * it has no time for is lost, as requests of somebody who does not wait.
 *
 * One thread per online CPU does units of work of a fixed size. Every 200 ms
 * the cumulative count of finished units goes to standard output as a line
 * "work <monotonic_ms> <count>", so that the rate of real work is known, not
 * only the CPU time that was spent.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { MAX_THREADS = 256, UNIT_STEPS = 20000, PERIOD_MS = 200, SIP_MS = 100 };

/* A cache line each, so that the counters do not slow each other down. */
static struct {
	_Alignas(64) atomic_ullong done;
} counters[MAX_THREADS];

static volatile uint64_t sink;

static void time_add(struct timespec *time, long msec)
{
	time->tv_nsec += msec * 1000000L;
	if (time->tv_nsec >= 1000000000L) {
		time->tv_nsec -= 1000000000L;
		time->tv_sec++;
	}
}

static int is_before(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec < b->tv_sec || (a->tv_sec == b->tv_sec && a->tv_nsec < b->tv_nsec);
}

static void unit(atomic_ullong *done, uint64_t *x)
{
	for (int i = 0; i < UNIT_STEPS; i++) {
		*x ^= *x << 13;
		*x ^= *x >> 7;
		*x ^= *x << 17;
	}
	sink = *x;
	atomic_fetch_add_explicit(done, 1, memory_order_relaxed);
}

static void *spin(void *arg)
{
	uint64_t x = 88172645463325252ull + (uintptr_t)arg;

	for (;;)
		unit(arg, &x);
	return NULL;
}

static long sip_units;

static void *sip(void *arg)
{
	uint64_t x = 88172645463325252ull;
	struct timespec next, now;

	clock_gettime(CLOCK_MONOTONIC, &next);
	for (;;) {
		for (long i = 0; i < sip_units; i++)
			unit(arg, &x);
		time_add(&next, SIP_MS);
		clock_gettime(CLOCK_MONOTONIC, &now);
		while (is_before(&next, &now))
			time_add(&next, SIP_MS);
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	struct sched_param rt = { .sched_priority = 1 };
	struct timespec next;

	if (cpus < 1)
		cpus = 1;
	if (cpus > MAX_THREADS)
		cpus = MAX_THREADS;
	if (argc > 1) {
		sip_units = strtol(argv[1], NULL, 10);
		cpus = 1;
	}
	for (long i = 0; i < cpus; i++) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, argc > 1 ? sip : spin, &counters[i].done) != 0) {
			perror("labwork: pthread_create");
			return EXIT_FAILURE;
		}
	}
	/* The report must not wait for the spinning threads. */
	(void)sched_setscheduler(0, SCHED_FIFO, &rt);

	clock_gettime(CLOCK_MONOTONIC, &next);
	for (;;) {
		unsigned long long sum = 0;
		struct timespec now;
		char line[80];
		int len;

		for (long i = 0; i < cpus; i++)
			sum += atomic_load_explicit(&counters[i].done, memory_order_relaxed);
		clock_gettime(CLOCK_MONOTONIC, &now);
		len = snprintf(line, sizeof(line), "work %lld %llu\n",
			       (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000, sum);
		if (write(STDOUT_FILENO, line, (size_t)len) != len)
			return EXIT_FAILURE;

		time_add(&next, PERIOD_MS);
		/* After a pause, go on from now instead of catching up. */
		if (now.tv_sec > next.tv_sec + 1)
			next = now;
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
	}
}
