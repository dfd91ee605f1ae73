
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include "ngx_cc_control.h"
#include "ngx_cc_names.h"


#define NGX_CC_CONTROL_SIGNAL   "%{signal}"


static const char *ngx_cc_control_copy(char **p, const char *text);
static char *ngx_cc_control_fill(char *p, const char *word, const char *name);


ngx_cc_control_t *
ngx_cc_control_create(const ngx_cc_child_t *child,
    const ngx_cc_wire_strings_t *s)
{
    char              *p;
    size_t             size, text;
    uint32_t           i;
    const char       **env;
    ngx_cc_control_t  *c;

    /* the words twice: a signal's name is shorter than what it stands for */

    text = 0;

    for (i = 0; i < s->ncontrol; i++) {
        text += strlen(s->control[i]) + 1;
    }

    size = sizeof(ngx_cc_control_t)
           + (2 * s->ncontrol + 1 + s->envc + 1) * sizeof(char *)
           + strlen(child->cwd) + 1 + strlen(child->beneath) + 1 + 2 * text;

    for (i = 0; i < s->envc; i++) {
        size += strlen(s->env[i]) + 1;
    }

    p = mmap(NULL, size, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS,
             -1, 0);

    if (p == MAP_FAILED) {
        return NULL;
    }

    c = (ngx_cc_control_t *) p;
    c->size = size;
    c->kill_at = UINT64_MAX;
    c->argc = s->ncontrol;
    c->words = (const char **) (c + 1);
    c->argv = c->words + c->argc;
    env = c->argv + c->argc + 1;
    p = (char *) (env + s->envc + 1);

    for (i = 0; i < c->argc; i++) {
        c->words[i] = ngx_cc_control_copy(&p, s->control[i]);
    }

    for (i = 0; i < s->envc; i++) {
        env[i] = ngx_cc_control_copy(&p, s->env[i]);
    }

    /* not in its group: it shall run while that stands still */

    c->child = *child;
    c->child.cgroup = NULL;
    c->child.cwd = ngx_cc_control_copy(&p, child->cwd);
    c->child.beneath = ngx_cc_control_copy(&p, child->beneath);
    c->text = p;

    c->confine = *child->confine;
    c->child.confine = &c->confine;
    c->child.env = env;
    c->child.argv = c->argv;
    c->child.program = c->words[0];
    c->child.direct = NULL;
    c->child.search = 0;
    c->child.exact = 1;
    c->child.script = -1;
    c->child.tty = -1;
    c->child.in = -1;

    /* /dev/null, as they are in every helper */

    c->child.out = 1;
    c->child.err = 2;

    return c;
}


static const char *
ngx_cc_control_copy(char **p, const char *text)
{
    size_t  n;
    char   *copy;

    n = strlen(text) + 1;
    copy = *p;

    memcpy(copy, text, n);
    *p += n;

    return copy;
}


void
ngx_cc_control_free(ngx_cc_control_t *c)
{
    if (c) {
        (void) munmap(c, c->size);
    }
}


int
ngx_cc_control_start(ngx_cc_control_t *c, int signo, int fence,
    const ngx_cc_seccomp_t *filter)
{
    char                   *p;
    pid_t                   pid;
    uint32_t                i;
    ngx_cc_child_result_t   result;

    p = c->text;

    for (i = 0; i < c->argc; i++) {
        c->argv[i] = p;
        p = ngx_cc_control_fill(p, c->words[i],
                                ngx_cc_names_signal(signo) + 3);
    }

    c->child.fence = fence;
    c->child.filter = filter;

    pid = ngx_cc_child_start(&c->child, &result);

    if (pid == -1) {
        errno = result.error;
        return -1;
    }

    c->pid = pid;

    return 0;
}


/* returns what is behind its NUL */

static char *
ngx_cc_control_fill(char *p, const char *word, const char *name)
{
    size_t       n;
    const char  *found;

    while ((found = strstr(word, NGX_CC_CONTROL_SIGNAL)) != NULL) {
        memcpy(p, word, found - word);
        p += found - word;

        /* which is shorter than what it stands for */

        n = strlen(name);
        memcpy(p, name, n);
        p += n;
        word = found + sizeof(NGX_CC_CONTROL_SIGNAL) - 1;
    }

    n = strlen(word) + 1;
    memcpy(p, word, n);

    return p + n;
}


void
ngx_cc_control_kill(ngx_cc_control_t *c)
{
    if (c->pid == 0) {
        return;
    }

    (void) kill(-c->pid, SIGKILL);
    (void) kill(c->pid, SIGKILL);

    c->old = c->pid;
    c->pid = 0;
}
