/* schedule: gives threads a scheduling policy of the kernel, for comparisons.
 *
 * usage: schedule other SLICE_USEC TID...          SLICE_USEC 0: the kernel's own
 *        schedule rr PRIORITY TID...
 *        schedule deadline RUNTIME_USEC PERIOD_USEC TID...
 */
#include <errno.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* As in the kernel's uapi/linux/sched/types.h, whose name glibc's sched.h collides with. */
struct attributes {
    uint32_t size;
    uint32_t policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
};

static int usage(void)
{
    fprintf(stderr, "usage: schedule other SLICE_USEC | rr PRIORITY | "
                    "deadline RUNTIME_USEC PERIOD_USEC  TID...\n");
    return 2;
}

/* Returns how many arguments it used; 0: usage. */
static int attributes_parse(int argc, char **argv, struct attributes *ret)
{
    *ret = (struct attributes){.size = sizeof *ret};
    uint64_t first = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
    if (argc > 2 && strcmp(argv[1], "other") == 0) {
        ret->runtime = first * 1000;
        return 3;
    }
    if (argc > 2 && strcmp(argv[1], "rr") == 0) {
        ret->policy = SCHED_RR;
        ret->priority = (uint32_t)first;
        return 3;
    }
    if (argc > 3 && strcmp(argv[1], "deadline") == 0) {
        ret->policy = SCHED_DEADLINE;
        ret->runtime = first * 1000;
        ret->deadline = ret->period = strtoull(argv[3], NULL, 10) * 1000;
        return 4;
    }
    return 0;
}

int main(int argc, char **argv)
{
    struct attributes attributes;
    int used = attributes_parse(argc, argv, &attributes);
    if (used == 0 || used >= argc)
        return usage();
    for (int i = used; i < argc; i++) {
        if (syscall(SYS_sched_setattr, atoi(argv[i]), &attributes, 0) == 0)
            continue;
        fprintf(stderr, "schedule: thread %s: %s\n", argv[i], strerror(errno));
        return 1;
    }
    return 0;
}
