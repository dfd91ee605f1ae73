
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "ngx_cc_birth.h"


/*
 * Default everything: helpers and commands inherit it.  Not by sigaction(),
 * which refuses the two signals that the thread library keeps for itself; they
 * may have been ignored by whoever started nginx all the same.
 */

int
ngx_cc_birth_signals(void)
{
    int       signo;
    sigset_t  set;

    /* as the kernel has it: handler (0 = default), flags, restorer, mask */

    static const unsigned long  action[8];

    for (signo = 1; signo < NSIG; signo++) {
        (void) syscall(SYS_rt_sigaction, signo, action, NULL, NSIG / 8);
    }

    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);

    (void) sigprocmask(SIG_SETMASK, &set, NULL);

    return signalfd(-1, &set, SFD_CLOEXEC|SFD_NONBLOCK);
}


/*
 * worker_cpu_affinity and worker_priority are for workers; a compiler that was
 * bound to one core would be a bad surprise.
 */

void
ngx_cc_birth_schedule(int nice)
{
    cpu_set_t           cpus;
    struct sched_param  param;

    memset(&cpus, 0xff, sizeof(cpus));
    (void) sched_setaffinity(0, sizeof(cpus), &cpus);

    memset(&param, 0, sizeof(param));
    (void) sched_setscheduler(0, SCHED_OTHER, &param);
    (void) setpriority(PRIO_PROCESS, 0, nice);
    (void) prctl(PR_SET_TIMERSLACK, 0, 0, 0, 0);
}


void
ngx_cc_birth_title(char **argv, size_t room, const char *program,
    const char *role)
{
    size_t       i, n, len;
    const char  *part[3];

    if (argv == NULL || room == 0) {
        return;
    }

    part[0] = program;
    part[1] = " ";
    part[2] = role;
    n = 0;

    for (i = 0; i < 3; i++) {
        len = strlen(part[i]);
        len = len < room - 1 - n ? len : room - 1 - n;

        memcpy(argv[0] + n, part[i], len);
        n += len;
    }

    memset(argv[0] + n, 0, room - n);
}
