
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include "ngx_cc_plainline.h"


static int ngx_cc_plainline_has(const char *const *list, const char *word,
    size_t len);
static int ngx_cc_plainline_variable(const char *name, size_t len);
static int ngx_cc_plainline_path_fine(const char *path);


/* what may stand in a word without quotes */

static const char  ngx_cc_plainline_safe[256] = {
    ['0' ... '9'] = 1, ['A' ... 'Z'] = 1, ['a' ... 'z'] = 1,
    ['_'] = 1, ['@'] = 1, ['%'] = 1, ['+'] = 1, ['='] = 1, [':'] = 1,
    [','] = 1, ['.'] = 1, ['/'] = 1, ['-'] = 1
};


/* builtins and keywords of dash 0.5.12 and bash 5.2, together */

static const char *const  ngx_cc_plainline_reserved[] = {
    ".", ":", "alias", "bg", "bind", "break", "builtin", "caller", "case",
    "cd", "chdir", "command", "compgen", "complete", "compopt", "continue",
    "coproc", "declare", "dirs", "disown", "do", "done", "echo", "elif",
    "else", "enable", "esac", "eval", "exec", "exit", "export", "false", "fc",
    "fg", "fi", "for", "function", "getopts", "hash", "help", "history", "if",
    "in", "jobs", "kill", "let", "local", "logout", "mapfile", "popd",
    "printf", "pushd", "pwd", "read", "readarray", "readonly", "return",
    "select", "set", "shift", "shopt", "source", "suspend", "test", "then",
    "time", "times", "trap", "true", "type", "typeset", "ulimit", "umask",
    "unalias", "unset", "until", "wait", "while", NULL
};


/*
 * Variables that a shell acts on, sets itself or does not pass on as they are.
 * Those that begin with BASH, and SHELLOPTS, change bash as a whole.
 */

static const char *const  ngx_cc_plainline_variables[] = {
    "_", "DIRSTACK", "ENV", "EPOCHREALTIME", "EPOCHSECONDS", "EUID",
    "FUNCNAME", "GROUPS", "HISTCMD", "HOSTNAME", "HOSTTYPE", "IFS", "LINENO",
    "MACHTYPE", "OLDPWD", "OPTARG", "OPTERR", "OPTIND", "OSTYPE",
    "PIPESTATUS", "POSIXLY_CORRECT", "PPID", "PS4", "PWD", "RANDOM",
    "SECONDS", "SHELLOPTS", "SHLVL", "SRANDOM", "SSH2_CLIENT", "SSH_CLIENT",
    "UID", NULL
};


ngx_cc_plainline_shell_e
ngx_cc_plainline_shell(const char *path)
{
    char                      *real;
    const char                *name;
    ngx_cc_plainline_shell_e   shell;

    real = realpath(path, NULL);

    if (real == NULL) {
        return NGX_CC_PLAINLINE_NONE;
    }

    name = strrchr(real, '/') + 1;
    shell = NGX_CC_PLAINLINE_NONE;

    if (strcmp(name, "dash") == 0) {
        shell = NGX_CC_PLAINLINE_DASH;

    } else if (strcmp(name, "bash") == 0) {
        shell = NGX_CC_PLAINLINE_BASH;
    }

    free(real);

    return shell;
}


int
ngx_cc_plainline_split(ngx_cc_plainline_t *pl, const char *line)
{
    char            quote;
    char           *out, *word;
    unsigned char   ch;

    out = pl->text;
    word = NULL;
    quote = '\0';
    pl->argc = 0;

    for ( /* void */ ; *line; line++) {
        ch = *line;

        /* one byte for this one, one for a NUL, in a text of constant size */

        if (out + 2 > pl->text + NGX_CC_PLAINLINE_TEXT) {
            return 0;
        }

        if (quote) {

            if (ch == (unsigned char) quote) {
                quote = '\0';
                continue;
            }

            /* bash and dash use some of the other bytes themselves */

            if ((ch < 0x20 && ch != '\t' && ch != '\n') || ch >= 0x7f
                || (quote == '"' && (ch == '$' || ch == '`' || ch == '\\')))
            {
                return 0;
            }

            *out++ = ch;
            continue;
        }

        if (ch == ' ' || ch == '\t') {

            if (word) {
                *out++ = '\0';
                word = NULL;
            }

            continue;
        }

        if (word == NULL) {

            if (pl->argc == NGX_CC_PLAINLINE_WORDS) {
                return 0;
            }

            word = out;
            pl->argv[pl->argc++] = word;
        }

        if (pl->argc > 1 && (ch == '\'' || ch == '"')) {
            quote = ch;
            continue;
        }

        if (!ngx_cc_plainline_safe[ch]
            || (pl->argc == 1 && (ch == '=' || ch == '%')))
        {
            return 0;
        }

        *out++ = ch;
    }

    if (quote || pl->argc == 0) {
        return 0;
    }

    *out = '\0';
    pl->argv[pl->argc] = NULL;

    return !ngx_cc_plainline_has(ngx_cc_plainline_reserved, pl->argv[0],
                                 strlen(pl->argv[0]));
}


const char *
ngx_cc_plainline_path(const char **env)
{
    size_t       len;
    const char  *path, *equals;

    path = NULL;

    for ( /* void */ ; *env; env++) {
        equals = strchr(*env, '=');

        if (equals == NULL) {
            return NULL;
        }

        len = equals - *env;

        if (!ngx_cc_plainline_variable(*env, len)) {
            return NULL;
        }

        if (len == 4 && memcmp(*env, "PATH", 4) == 0) {

            if (path || !ngx_cc_plainline_path_fine(equals + 1)) {
                return NULL;
            }

            path = equals + 1;
        }
    }

    return path;
}


static int
ngx_cc_plainline_has(const char *const *list, const char *word, size_t len)
{
    for ( /* void */ ; *list; list++) {
        if ((*list)[0] == word[0] && strncmp(*list, word, len) == 0
            && (*list)[len] == '\0')
        {
            return 1;
        }
    }

    return 0;
}


/* a name that every shell passes on unchanged, and that means nothing to it */

static int
ngx_cc_plainline_variable(const char *name, size_t len)
{
    size_t  i;

    if (len == 0 || (name[0] >= '0' && name[0] <= '9')) {
        return 0;
    }

    for (i = 0; i < len; i++) {
        if (!((name[i] >= 'a' && name[i] <= 'z')
              || (name[i] >= 'A' && name[i] <= 'Z')
              || (name[i] >= '0' && name[i] <= '9') || name[i] == '_'))
        {
            return 0;
        }
    }

    return !(len >= 4 && memcmp(name, "BASH", 4) == 0)
           && !ngx_cc_plainline_has(ngx_cc_plainline_variables, name, len);
}


/* only absolute directories; dash gives % a meaning */

static int
ngx_cc_plainline_path_fine(const char *path)
{
    if (*path != '/') {
        return 0;
    }

    for ( /* void */ ; *path; path++) {
        if (*path == '%' || (*path == ':' && path[1] != '/')) {
            return 0;
        }
    }

    return 1;
}
