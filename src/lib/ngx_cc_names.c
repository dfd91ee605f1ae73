
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include "ngx_cc_names.h"


static const char  *ngx_cc_names_causes[] = {
    "exit", "signal", "timeout", "silence", "cancel", "disconnect",
    "output", "shutdown", "lost", "orphan"
};

static const char  *ngx_cc_names_stages[] = {
    "start", "pipe", "terminal", "fork", "process group", "stdio",
    "working directory", "limits", "fence", "exec", "socket"
};


const char *
ngx_cc_names_cause(ngx_cc_cause_e cause)
{
    return ngx_cc_names_causes[cause];
}


const char *
ngx_cc_names_stage(ngx_cc_stage_e stage)
{
    return ngx_cc_names_stages[stage];
}


const char *
ngx_cc_names_signal(int signo)
{
    size_t   i;

    static char  text[sizeof("SIGRTMIN+") + 12];

    static const struct {
        int          signo;
        const char  *name;
    } signals[] = {
        { SIGHUP, "SIGHUP" }, { SIGINT, "SIGINT" }, { SIGQUIT, "SIGQUIT" },
        { SIGILL, "SIGILL" }, { SIGTRAP, "SIGTRAP" }, { SIGABRT, "SIGABRT" },
        { SIGBUS, "SIGBUS" }, { SIGFPE, "SIGFPE" }, { SIGKILL, "SIGKILL" },
        { SIGUSR1, "SIGUSR1" }, { SIGSEGV, "SIGSEGV" },
        { SIGUSR2, "SIGUSR2" }, { SIGPIPE, "SIGPIPE" },
        { SIGALRM, "SIGALRM" }, { SIGTERM, "SIGTERM" },
        { SIGXCPU, "SIGXCPU" }, { SIGXFSZ, "SIGXFSZ" },
        { SIGVTALRM, "SIGVTALRM" }, { SIGPROF, "SIGPROF" },
        { SIGIO, "SIGIO" }, { SIGPWR, "SIGPWR" }, { SIGSYS, "SIGSYS" },
        { SIGSTKFLT, "SIGSTKFLT" }
    };

    for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        if (signals[i].signo == signo) {
            return signals[i].name;
        }
    }

    if (signo >= SIGRTMIN) {
        (void) snprintf(text, sizeof(text), "SIGRTMIN+%d", signo - SIGRTMIN);

    } else {
        (void) snprintf(text, sizeof(text), "SIG%d", signo);
    }

    return text;
}
