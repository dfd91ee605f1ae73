
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include "ngx_cc_names.h"


static const struct {
    const char  *name;
    const char  *limit;      /* what a command did that broke one */
    int          time;       /* a limit of time */
} ngx_cc_names_causes[NGX_CC_CAUSES] = {
    [NGX_CC_CAUSE_EXIT] = { "exit", NULL, 0 },
    [NGX_CC_CAUSE_SIGNAL] = { "signal", NULL, 0 },
    [NGX_CC_CAUSE_TIMEOUT] = { "timeout", "ran longer than its timeout", 1 },
    [NGX_CC_CAUSE_SILENCE] = { "silence", "was silent for too long", 1 },
    [NGX_CC_CAUSE_CANCEL] = { "cancel", NULL, 0 },
    [NGX_CC_CAUSE_DISCONNECT] = { "disconnect", NULL, 0 },
    [NGX_CC_CAUSE_OUTPUT] = { "output",
                              "wrote more output than is allowed", 0 },
    [NGX_CC_CAUSE_SHUTDOWN] = { "shutdown", NULL, 0 },
    [NGX_CC_CAUSE_LOST] = { "lost", NULL, 0 },
    [NGX_CC_CAUSE_ORPHAN] = { "orphan", NULL, 0 },
    [NGX_CC_CAUSE_OOM] = { "oom", "was killed: out of memory", 0 }
};

static const char  *ngx_cc_names_stages[] = {
    "start", "pipe", "terminal", "fork", "process group", "stdio",
    "working directory", "limits", "fence", "exec", "socket", "user",
    "executor service", "control group"
};

static const char  *ngx_cc_names_refusals[NGX_CC_REFUSALS] = {
    [NGX_CC_REFUSAL_NONE] = "none",
    [NGX_CC_REFUSAL_VERSION] = "it speaks another version",
    [NGX_CC_REFUSAL_POLICY] = "its policy file cannot be used",
    [NGX_CC_REFUSAL_PEER] = "its policy file does not name our user",
    [NGX_CC_REFUSAL_USER] = "its policy file does not name that user for us",
    [NGX_CC_REFUSAL_UNKNOWN] = "there is no such user",
    [NGX_CC_REFUSAL_ROOT] = "no command runs as root or as the service",
    [NGX_CC_REFUSAL_FULL] = "it serves too many workers",
    [NGX_CC_REFUSAL_MANY] = "it serves as many workers for that user as its "
                            "policy file allows",
    [NGX_CC_REFUSAL_SYSTEM] = "it cannot"
};


const char *
ngx_cc_names_cause(ngx_cc_cause_e cause)
{
    return ngx_cc_names_causes[cause].name;
}


const char *
ngx_cc_names_limit(ngx_cc_cause_e cause)
{
    return ngx_cc_names_causes[cause].limit;
}


int
ngx_cc_names_timed_out(ngx_cc_cause_e cause)
{
    return ngx_cc_names_causes[cause].time;
}


const char *
ngx_cc_names_stage(ngx_cc_stage_e stage)
{
    return ngx_cc_names_stages[stage];
}


const char *
ngx_cc_names_refusal(ngx_cc_refusal_e refusal)
{
    return ngx_cc_names_refusals[refusal];
}


static const struct {
    int          signo;
    const char  *name;
} ngx_cc_names_signals[] = {
    { SIGHUP, "SIGHUP" }, { SIGINT, "SIGINT" }, { SIGQUIT, "SIGQUIT" },
    { SIGILL, "SIGILL" }, { SIGTRAP, "SIGTRAP" }, { SIGABRT, "SIGABRT" },
    { SIGBUS, "SIGBUS" }, { SIGFPE, "SIGFPE" }, { SIGKILL, "SIGKILL" },
    { SIGUSR1, "SIGUSR1" }, { SIGSEGV, "SIGSEGV" }, { SIGUSR2, "SIGUSR2" },
    { SIGPIPE, "SIGPIPE" }, { SIGALRM, "SIGALRM" }, { SIGTERM, "SIGTERM" },
    { SIGSTKFLT, "SIGSTKFLT" }, { SIGCHLD, "SIGCHLD" },
    { SIGCONT, "SIGCONT" }, { SIGSTOP, "SIGSTOP" }, { SIGTSTP, "SIGTSTP" },
    { SIGTTIN, "SIGTTIN" }, { SIGTTOU, "SIGTTOU" }, { SIGURG, "SIGURG" },
    { SIGXCPU, "SIGXCPU" }, { SIGXFSZ, "SIGXFSZ" },
    { SIGVTALRM, "SIGVTALRM" }, { SIGPROF, "SIGPROF" },
    { SIGWINCH, "SIGWINCH" }, { SIGIO, "SIGIO" }, { SIGPWR, "SIGPWR" },
    { SIGSYS, "SIGSYS" }
};

#define NGX_CC_NAMES_SIGNALS                                                  \
    (sizeof(ngx_cc_names_signals) / sizeof(ngx_cc_names_signals[0]))


int
ngx_cc_names_signo(const char *name)
{
    size_t  i, prefix;

    prefix = strncmp(name, "SIG", 3) == 0 ? 0 : 3;

    for (i = 0; i < NGX_CC_NAMES_SIGNALS; i++) {
        if (strcmp(name, ngx_cc_names_signals[i].name + prefix) == 0) {
            return ngx_cc_names_signals[i].signo;
        }
    }

    return 0;
}


const char *
ngx_cc_names_signal(int signo)
{
    size_t  i;

    static char  text[sizeof("SIGRTMIN+") + 12];

    for (i = 0; i < NGX_CC_NAMES_SIGNALS; i++) {
        if (ngx_cc_names_signals[i].signo == signo) {
            return ngx_cc_names_signals[i].name;
        }
    }

    if (signo >= SIGRTMIN) {
        (void) snprintf(text, sizeof(text), "SIGRTMIN+%d", signo - SIGRTMIN);

    } else {
        (void) snprintf(text, sizeof(text), "SIG%d", signo);
    }

    return text;
}


void
ngx_cc_names_unpassed(char *text, size_t n,
    const ngx_cc_wire_unpassed_t *unpassed)
{
    switch (unpassed->reason) {

    case NGX_CC_UNPASSED_START:
        (void) snprintf(text, n, "it could not be started: %s",
                        strerror(unpassed->detail));
        return;

    case NGX_CC_UNPASSED_EXIT:
        (void) snprintf(text, n, "exit code %d", unpassed->detail);
        return;

    case NGX_CC_UNPASSED_SIGNAL:
        (void) snprintf(text, n, "ended by %s",
                        ngx_cc_names_signal(unpassed->detail));
        return;

    case NGX_CC_UNPASSED_TIME:
        (void) snprintf(text, n, "not done in time, killed");
        return;

    case NGX_CC_UNPASSED_OVERTAKEN:
        (void) snprintf(text, n, "not done when the next signal was due, "
                        "killed");
        return;

    default:
        (void) snprintf(text, n, "other signals before it are not done");
    }
}


int
ngx_cc_names_exit_code(int status)
{
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}


const char *
ngx_cc_names_exit_signal(int status)
{
    return WIFSIGNALED(status) ? ngx_cc_names_signal(WTERMSIG(status)) : NULL;
}
