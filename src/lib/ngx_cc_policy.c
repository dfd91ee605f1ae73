
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include "ngx_cc_policy.h"


static const char *ngx_cc_policy_find(const ngx_cc_policy_t *policy,
    const char *name, const char *path);
static const char *ngx_cc_policy_listed(const ngx_cc_policy_t *policy,
    const char *dir, size_t len, const char *name);
static int ngx_cc_policy_compare(const void *one, const void *two);


/* in the order of strcmp(); versions are cut off before: python3.11, perl5 */

static const char  *ngx_cc_policy_interpreters[] = {
    "ash", "at", "awk", "bash", "batch", "bpftrace", "bsdtar", "bunzip",
    "busybox", "bwrap", "cargo", "chroot", "cmake", "cpan", "cpio", "crontab",
    "csh", "dash", "dc", "debugfs", "docker", "dpkg", "ed", "emacs", "env",
    "ex", "expect", "fakeroot", "find", "firejail", "fish", "flock", "ftp",
    "gawk", "gcc", "gdb", "git", "gmake", "go", "guile", "ionice", "irb",
    "java", "jrunscript", "ksh", "ld", "less", "ltrace", "lua", "luajit",
    "mail", "make", "man", "mawk", "meson", "more", "mosh", "mutt", "mysql",
    "nano", "nawk", "nc", "ncat", "nice", "ninja", "nmap", "node", "nodejs",
    "nohup", "npm", "npx", "nsenter", "numactl", "octave", "parallel", "perl",
    "php", "pip", "podman", "psql", "pwsh", "python", "rake", "rbash", "rlwrap",
    "rpm", "rsync", "ruby", "run-parts", "runuser", "rvim", "scp", "screen",
    "script", "sed", "setarch", "setpriv", "setsid", "sftp", "sh", "socat",
    "sqlite", "ssh", "start-stop-daemon", "stdbuf", "strace", "su", "sudo",
    "systemctl", "systemd-run", "tar", "taskset", "tclsh", "tcsh", "time",
    "timeout", "tmux", "unshare", "vi", "view", "vim", "vimdiff", "watch",
    "wish", "xargs", "xterm", "yarn", "yash", "zip", "zsh"
};


ngx_cc_policy_e
ngx_cc_policy_check(const ngx_cc_policy_t *policy, const char **argv,
    uint32_t argc, const char *path, const char **program)
{
    size_t                 i, j;
    const char            *found;
    ngx_cc_policy_rule_t  *rule;

    if (policy->any) {
        *program = argv[0];
        return NGX_CC_POLICY_OK;
    }

    found = ngx_cc_policy_find(policy, argv[0], path);

    if (found == NULL) {
        return NGX_CC_POLICY_PROGRAM;
    }

    for (i = 0; i < policy->nrules; i++) {
        rule = &policy->rules[i];

        if (strcmp(rule->path, found) != 0) {
            continue;
        }

        if (rule->nargs == 0) {
            *program = rule->path;
            return NGX_CC_POLICY_OK;
        }

        for (j = 0; j < rule->nargs; j++) {
            if (ngx_cc_pattern_match(&rule->args[j], argv + 1, argc - 1)) {
                *program = rule->path;
                return NGX_CC_POLICY_OK;
            }
        }
    }

    return NGX_CC_POLICY_ARGS;
}


/* the listed path that "name" denotes, or NULL */

static const char *
ngx_cc_policy_find(const ngx_cc_policy_t *policy, const char *name,
    const char *path)
{
    const char  *end, *found;

    if (strchr(name, '/')) {
        return (*name == '/') ? ngx_cc_policy_listed(policy, name, 0, name + 1)
                              : NULL;
    }

    if (path == NULL) {
        path = NGX_CC_POLICY_PATH;
    }

    for ( /* void */ ; path; path = *end ? end + 1 : NULL) {
        end = strchrnul(path, ':');

        if (end == path) {
            continue;
        }

        found = ngx_cc_policy_listed(policy, path, end - path, name);

        if (found) {
            return found;
        }
    }

    return NULL;
}


/* is "dir" (len bytes), a slash and "name" on the list? */

static const char *
ngx_cc_policy_listed(const ngx_cc_policy_t *policy, const char *dir,
    size_t len, const char *name)
{
    size_t       i;
    const char  *path;

    for (i = 0; i < policy->nrules; i++) {
        path = policy->rules[i].path;

        if (strncmp(path, dir, len) == 0 && path[len] == '/'
            && strcmp(path + len + 1, name) == 0)
        {
            return path;
        }
    }

    return NULL;
}


const ngx_cc_policy_alias_t *
ngx_cc_policy_alias(const ngx_cc_policy_t *policy, const char *name)
{
    size_t  i;

    for (i = 0; i < policy->naliases; i++) {
        if (strcmp(policy->aliases[i].name, name) == 0) {
            return &policy->aliases[i];
        }
    }

    return NULL;
}


const char *
ngx_cc_policy_path_error(const char *path)
{
    size_t       len;
    const char  *p, *end;

    if (*path != '/') {
        return "it is not absolute";
    }

    if (path[strlen(path) - 1] == '/') {
        return "it ends in a slash";
    }

    for (p = path + 1; p; p = *end ? end + 1 : NULL) {
        end = strchrnul(p, '/');
        len = end - p;

        if (len == 0) {
            return "it has an empty component";
        }

        if ((len == 1 && p[0] == '.')
            || (len == 2 && p[0] == '.' && p[1] == '.'))
        {
            return "it has a \".\" or \"..\" component";
        }
    }

    return NULL;
}


int
ngx_cc_policy_interpreter(const char *path)
{
    char         name[32];
    size_t       len;
    const char  *base;

    base = strrchr(path, '/');
    base = base ? base + 1 : path;

    len = strlen(base);

    while (len && strchr("0123456789.-", base[len - 1])) {
        len--;
    }

    if (len == 0 || len >= sizeof(name)) {
        return 0;
    }

    memcpy(name, base, len);
    name[len] = '\0';

    return bsearch(name, ngx_cc_policy_interpreters,
                   sizeof(ngx_cc_policy_interpreters) / sizeof(char *),
                   sizeof(char *), ngx_cc_policy_compare)
           != NULL;
}


static int
ngx_cc_policy_compare(const void *one, const void *two)
{
    return strcmp(one, *(const char *const *) two);
}
