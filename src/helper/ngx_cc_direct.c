
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "ngx_cc_direct.h"


static int ngx_cc_direct_try(ngx_cc_direct_t *direct, const char *dir,
    size_t len);


int
ngx_cc_direct_prepare(ngx_cc_direct_t *direct,
    ngx_cc_plainline_shell_e shell, const char *line, const char **env)
{
    uint32_t  n;

    if (!ngx_cc_plainline_split(&direct->line, line)) {
        return 0;
    }

    direct->path = ngx_cc_plainline_path(env);

    if (direct->path == NULL) {
        return 0;
    }

    for (n = 0; env[n]; n++) {

        if (n == NGX_CC_DIRECT_ENV) {
            return 0;
        }

        direct->env[n] = env[n];
    }

    direct->envc = n;
    direct->shell = shell;

    return 1;
}


ngx_cc_direct_t *
ngx_cc_direct_start(const ngx_cc_wire_start_t *start,
    const ngx_cc_wire_strings_t *strings)
{
    ngx_cc_plainline_shell_e  shell;

    static ngx_cc_direct_t    direct;

    if (start->argc != 3) {
        return NULL;
    }

    if (start->head.flags & NGX_CC_START_DASH) {
        shell = NGX_CC_PLAINLINE_DASH;

    } else if (start->head.flags & NGX_CC_START_BASH) {
        shell = NGX_CC_PLAINLINE_BASH;

    } else {
        return NULL;
    }

    return ngx_cc_direct_prepare(&direct, shell, strings->argv[2],
                                 strings->env) ? &direct : NULL;
}


__attribute__((no_sanitize_address))
void
ngx_cc_direct_exec(ngx_cc_direct_t *direct)
{
    uint32_t      n;
    const char   *path, *end;

    /* what cannot be named from here, the shell has its own words for */

    if (syscall(SYS_getcwd, direct->pwd + 4, NGX_CC_DIRECT_PATH) <= 0
        || direct->pwd[4] != '/')
    {
        return;
    }

    memcpy(direct->pwd, "PWD=", 4);

    n = direct->envc;
    direct->env[n++] = direct->pwd;

    if (direct->shell == NGX_CC_PLAINLINE_BASH) {
        direct->env[n++] = "SHLVL=0";
        direct->env[n++] = direct->file;
    }

    direct->env[n] = NULL;

    if (strchr(direct->line.argv[0], '/')) {
        (void) ngx_cc_direct_try(direct, "", 0);
        return;
    }

    for (path = direct->path; /* void */ ; path = end + 1) {
        end = strchrnul(path, ':');

        if (ngx_cc_direct_try(direct, path, end - path) == -1
            || *end == '\0')
        {
            return;
        }
    }
}


/* 0: there is no such file in that directory; -1: there is one, but... */

__attribute__((no_sanitize_address))
static int
ngx_cc_direct_try(ngx_cc_direct_t *direct, const char *dir, size_t len)
{
    char    *p;
    size_t   name;

    name = strlen(direct->line.argv[0]);

    if (len + 1 + name + 1 > NGX_CC_DIRECT_PATH) {
        return -1;
    }

    p = direct->file;
    *p++ = '_';
    *p++ = '=';

    if (len) {
        memcpy(p, dir, len);
        p += len;

        if (p[-1] != '/') {
            *p++ = '/';
        }
    }

    memcpy(p, direct->line.argv[0], name + 1);

    (void) execve(direct->file + 2, (char **) direct->line.argv,
                  (char **) direct->env);

    /* a script whose interpreter is missing, a file that is none of ours */

    if ((errno == ENOENT || errno == ENOTDIR || errno == EACCES)
        && access(direct->file + 2, F_OK) == -1)
    {
        return 0;
    }

    return -1;
}
