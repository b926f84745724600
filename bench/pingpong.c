/* pingpong: two threads that wake each other through pipes, for a number of seconds; prints the
 * rounds in each second. Nothing switches tasks more often, so it shows best what a hook in the
 * scheduler costs.
 *
 * usage: pingpong SECONDS [PAIRS]
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { PAIRS_MAX = 64 };

typedef struct {
    int there[2], back[2];
    _Alignas(64) atomic_ullong rounds;
} Pair;

static Pair pairs[PAIRS_MAX];

static void *ping(void *data)
{
    Pair *pair = data;
    char byte = 0;
    for (;;) {
        if (write(pair->there[1], &byte, 1) != 1 || read(pair->back[0], &byte, 1) != 1)
            abort();
        atomic_fetch_add_explicit(&pair->rounds, 1, memory_order_relaxed);
    }
    return NULL;
}

static void *pong(void *data)
{
    Pair *pair = data;
    char byte = 0;
    for (;;) {
        if (read(pair->there[0], &byte, 1) != 1 || write(pair->back[1], &byte, 1) != 1)
            abort();
    }
    return NULL;
}

int main(int argc, char **argv)
{
    long seconds = argc > 1 ? strtol(argv[1], NULL, 10) : 0;
    long n_pairs = argc > 2 ? strtol(argv[2], NULL, 10) : 1;
    if (seconds <= 0 || n_pairs <= 0 || n_pairs > PAIRS_MAX) {
        fprintf(stderr, "usage: pingpong SECONDS [PAIRS]\n");
        return 2;
    }
    for (long i = 0; i < n_pairs; i++) {
        pthread_t threads[2];
        if (pipe(pairs[i].there) != 0 || pipe(pairs[i].back) != 0 ||
            pthread_create(&threads[0], NULL, pong, &pairs[i]) != 0 ||
            pthread_create(&threads[1], NULL, ping, &pairs[i]) != 0) {
            perror("pingpong");
            return 1;
        }
    }
    unsigned long long before = 0;
    struct timespec next;
    clock_gettime(CLOCK_MONOTONIC, &next);
    for (long second = 0; second < seconds; second++) {
        unsigned long long sum = 0;
        next.tv_sec++;
        while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL) == EINTR)
            ;
        for (long i = 0; i < n_pairs; i++)
            sum += atomic_load_explicit(&pairs[i].rounds, memory_order_relaxed);
        printf("%llu\n", sum - before);
        fflush(stdout);
        before = sum;
    }
    return 0;
}
