
/*
 * bare PARENTS FLIGHT SECONDS PROGRAM [ARG ...]
 *
 * What the machine itself can do: so many parents, each with so many children
 * alive at a time, start the program by vfork and execve, and wait for it.
 * Nothing else: no pipe, no group, no set-up.  Prints count, rate, times from
 * vfork to the end (us), and CPU of parents and children (us for each).
 */

#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include "bench.h"


#define BARE_FLIGHT  256


static void bare_parent(int flight, uint64_t end, char **argv, size_t *count);
static pid_t bare_start(char **argv);
static uint64_t bare_cpu(int who);


extern char  **environ;

static struct {
    pid_t     pid;
    uint64_t  start;
} bare_child[BARE_FLIGHT];


int
main(int argc, char **argv)
{
    int       i, parents, flight;
    pid_t     pid;
    size_t   *counts, count;
    double    seconds;
    uint64_t  start, end;

    if (argc < 5) {
        fprintf(stderr, "usage: %s parents flight seconds program [arg ...]\n",
                argv[0]);
        return 2;
    }

    parents = atoi(argv[1]);
    flight = atoi(argv[2]);
    seconds = atof(argv[3]);

    if (parents < 1 || parents > 64 || flight < 1 || flight > BARE_FLIGHT) {
        fprintf(stderr, "%s: 1 to 64 parents, 1 to %d children\n", argv[0],
                BARE_FLIGHT);
        return 2;
    }

    counts = mmap(NULL, 64 * sizeof(size_t), PROT_READ|PROT_WRITE,
                  MAP_SHARED|MAP_ANONYMOUS, -1, 0);

    if (counts == MAP_FAILED) {
        bench_die("mmap");
    }

    start = bench_now();
    end = start + seconds * 1e9;

    /* the first parent is this process: it has the times */

    for (i = 1; i < parents; i++) {
        pid = fork();

        if (pid == -1) {
            bench_die("fork");
        }

        if (pid == 0) {
            bare_parent(flight, end, argv + 4, &counts[i]);
            _exit(0);
        }
    }

    bare_parent(flight, end, argv + 4, &counts[0]);

    while (wait(NULL) != -1 || errno == EINTR) { /* void */ }

    end = bench_now();
    count = 0;

    for (i = 0; i < parents; i++) {
        count += counts[i];
    }

    printf("count=%zu rate=%.1f parent_cpu=%.1f child_cpu=%.1f ", count,
           count / ((end - start) / 1e9),
           bare_cpu(RUSAGE_SELF) / (double) counts[0],
           bare_cpu(RUSAGE_CHILDREN) / (double) count);
    bench_times_print();

    return 0;
}


static void
bare_parent(int flight, uint64_t end, char **argv, size_t *count)
{
    int       i, status, alive;
    pid_t     pid;
    uint64_t  now;

    alive = 0;

    for ( ;; ) {
        now = bench_now();

        for (i = 0; i < flight && now < end; i++) {

            if (bare_child[i].pid) {
                continue;
            }

            bare_child[i].start = bench_now();
            bare_child[i].pid = bare_start(argv);
            alive++;
        }

        if (alive == 0) {
            return;
        }

        pid = waitpid(-1, &status, 0);

        if (pid == -1 && errno == EINTR) {
            continue;
        }

        if (pid == -1 || status != 0) {
            fprintf(stderr, "%s: status %x\n", argv[0], status);
            exit(1);
        }

        for (i = 0; i < flight; i++) {
            if (bare_child[i].pid == pid) {
                bare_child[i].pid = 0;
                bench_time(bench_now() - bare_child[i].start);
                break;
            }
        }

        alive--;
        (*count)++;
    }
}


/* a frame of its own, which the child cannot spoil */

__attribute__((noinline))
static pid_t
bare_start(char **argv)
{
    pid_t  pid;

    pid = vfork();

    if (pid == 0) {
        execve(argv[0], argv, environ);
        _exit(127);
    }

    if (pid == -1) {
        bench_die("vfork");
    }

    return pid;
}


static uint64_t
bare_cpu(int who)
{
    struct rusage  ru;

    getrusage(who, &ru);

    return (ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) * 1000000ULL
           + ru.ru_utime.tv_usec + ru.ru_stime.tv_usec;
}
