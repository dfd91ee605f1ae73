
#include <signal.h>
#include "ngx_cc_sweep.h"


typedef struct {
    const pid_t    *spare;
    size_t          n;
    int             killed;
} ngx_cc_sweep_t;


static void ngx_cc_sweep_child(void *data, pid_t pid);


int
ngx_cc_sweep_kill(const ngx_cc_proc_t *proc, const pid_t *spare, size_t n)
{
    ngx_cc_sweep_t  sweep;

    sweep.spare = spare;
    sweep.n = n;
    sweep.killed = 0;

    if (ngx_cc_proc_own(proc, ngx_cc_sweep_child, &sweep) == -1) {
        return -1;
    }

    return sweep.killed;
}


static void
ngx_cc_sweep_child(void *data, pid_t pid)
{
    size_t           i;
    ngx_cc_sweep_t  *sweep = data;

    for (i = 0; i < sweep->n; i++) {
        if (sweep->spare[i] == pid) {
            return;
        }
    }

    sweep->killed += (kill(pid, SIGKILL) == 0);
}
