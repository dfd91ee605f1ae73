
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "ngx_cc_client_args.h"
#include "ngx_cc_version.h"


#define NGX_CC_CLIENT_TOKEN  4096        /* bytes of a token file that count */


typedef struct {
    const char  *name;                   /* without "--" */
    char         letter;                 /* 0 = none */
    char         value;                  /* it takes one */
    void       (*set)(ngx_cc_client_args_t *args, const char *value);
} ngx_cc_client_option_t;


static const char  ngx_cc_client_usage[] =
"usage: cc-run [OPTION]... [URL] -- COMMAND [ARG]...\n"
"       cc-run [OPTION]... [URL] VERB [OPTION]... [ARG]...\n"
"\n"
"Runs a command on a server with the cc_executor module.  Its output comes\n"
"here while it runs, stdin goes there, and its exit code is cc-run's (128 + n\n"
"for signal n).  One word is a command line, for the server's shell if it has\n"
"one; several are a program and its arguments.\n"
"\n"
"verbs:\n"
"  attach [-r] ID          show a kept command, from its beginning\n"
"  logs [-f] [-n N] ID     what it has written (the last N lines; -f: go on)\n"
"  ps                      list the kept commands of this owner\n"
"  wait ID                 wait for its end; its exit code is cc-run's\n"
"  signal NAME ID          send a signal to all of its processes\n"
"  pause, resume, cancel ID\n"
"  rm [-f] ID              forget it (-f: end it first)\n"
"ID may be the beginning of one.\n"
"\n"
"options:\n"
"  -t, --tty               with a terminal\n"
"  -d, --detach            keep it, print its id, and leave\n"
"  -k, --keep              keep it: it outlives a lost connection\n"
"  -n, --no-stdin          nothing goes to its stdin\n"
"      --merge             its stderr comes as stdout, in the true order\n"
"      --label TEXT        what lists call it\n"
"      --timeout SECONDS   end it after that time\n"
"      --cwd DIR           where it runs, below the server's directory\n"
"      --env NAME=VALUE    a variable for it (may be given again)\n"
"      --json              print messages as JSON, one a line\n"
"      --token-file FILE   where the token is (else CC_TOKEN)\n"
"      --ca-file FILE      certificates to trust for wss://\n"
"      --insecure          do not check the server's certificate\n"
"  -h, --help              this text\n"
"      --version           the version\n"
"\n"
"URL: ws://, wss:// or unix:/socket[:/path]; else CC_URL, else\n"
"     " NGX_CC_CLIENT_URL "\n"
"Ctrl-C interrupts the command, again: ends it, a third time: leaves.  Ctrl-Z\n"
"pauses it until fg.  Of a terminal of a kept command Ctrl-P Ctrl-Q leave.\n";


static void ngx_cc_client_args_option(ngx_cc_client_args_t *args, int *i,
    int argc, char **argv);
static void ngx_cc_client_args_verb(ngx_cc_client_args_t *args, int i,
    int argc, char **argv);
static void ngx_cc_client_args_bad(const char *text, const char *what)
    __attribute__((noreturn));
static int ngx_cc_client_args_is_url(const char *word);


static void
ngx_cc_client_args_help(ngx_cc_client_args_t *args, const char *value)
{
    (void) fputs(ngx_cc_client_usage, stdout);
    exit(0);
}


static void
ngx_cc_client_args_version(ngx_cc_client_args_t *args, const char *value)
{
    (void) puts("cc-run " NGX_CC_VERSION);
    exit(0);
}


static void
ngx_cc_client_args_tty(ngx_cc_client_args_t *args, const char *value)
{
    args->tty = 1;
}


static void
ngx_cc_client_args_detach(ngx_cc_client_args_t *args, const char *value)
{
    args->detach = 1;
    args->keep = 1;
}


static void
ngx_cc_client_args_keep(ngx_cc_client_args_t *args, const char *value)
{
    args->keep = 1;
}


static void
ngx_cc_client_args_no_stdin(ngx_cc_client_args_t *args, const char *value)
{
    args->no_stdin = 1;
}


static void
ngx_cc_client_args_merge(ngx_cc_client_args_t *args, const char *value)
{
    args->merge = 1;
}


static void
ngx_cc_client_args_label(ngx_cc_client_args_t *args, const char *value)
{
    args->label = value;
}


static void
ngx_cc_client_args_timeout(ngx_cc_client_args_t *args, const char *value)
{
    char  *end;

    args->timeout = strtod(value, &end);

    if (*value == '\0' || *end || !(args->timeout > 0)) {
        ngx_cc_client_args_bad("--timeout: not a number of seconds", value);
    }
}


static void
ngx_cc_client_args_cwd(ngx_cc_client_args_t *args, const char *value)
{
    args->cwd = value;
}


static void
ngx_cc_client_args_env(ngx_cc_client_args_t *args, const char *value)
{
    if (*value == '=' || strchr(value, '=') == NULL) {
        ngx_cc_client_args_bad("--env: not NAME=VALUE", value);
    }

    if (args->nenv == NGX_CC_CLIENT_ENVS) {
        ngx_cc_client_args_bad("--env: too many of them", value);
    }

    args->env[args->nenv++] = value;
}


static void
ngx_cc_client_args_json(ngx_cc_client_args_t *args, const char *value)
{
    args->json = 1;
}


static void
ngx_cc_client_args_token_file(ngx_cc_client_args_t *args, const char *value)
{
    int      fd;
    char    *text;
    ssize_t  n;

    fd = open(value, O_RDONLY|O_CLOEXEC);
    text = malloc(NGX_CC_CLIENT_TOKEN);

    if (fd == -1 || text == NULL) {
        ngx_cc_client_args_bad(strerror(errno), value);
    }

    n = read(fd, text, NGX_CC_CLIENT_TOKEN - 1);
    (void) close(fd);

    if (n <= 0) {
        ngx_cc_client_args_bad("--token-file: nothing in it", value);
    }

    text[n] = '\0';
    text[strcspn(text, " \t\r\n")] = '\0';
    args->token = text;
}


static void
ngx_cc_client_args_ca_file(ngx_cc_client_args_t *args, const char *value)
{
    args->ca_file = value;
}


static void
ngx_cc_client_args_insecure(ngx_cc_client_args_t *args, const char *value)
{
    args->insecure = 1;
}


static const ngx_cc_client_option_t  ngx_cc_client_options[] = {
    { "tty", 't', 0, ngx_cc_client_args_tty },
    { "detach", 'd', 0, ngx_cc_client_args_detach },
    { "keep", 'k', 0, ngx_cc_client_args_keep },
    { "no-stdin", 'n', 0, ngx_cc_client_args_no_stdin },
    { "merge", 0, 0, ngx_cc_client_args_merge },
    { "label", 0, 1, ngx_cc_client_args_label },
    { "timeout", 0, 1, ngx_cc_client_args_timeout },
    { "cwd", 0, 1, ngx_cc_client_args_cwd },
    { "env", 0, 1, ngx_cc_client_args_env },
    { "json", 0, 0, ngx_cc_client_args_json },
    { "token-file", 0, 1, ngx_cc_client_args_token_file },
    { "ca-file", 0, 1, ngx_cc_client_args_ca_file },
    { "insecure", 0, 0, ngx_cc_client_args_insecure },
    { "help", 'h', 0, ngx_cc_client_args_help },
    { "version", 0, 0, ngx_cc_client_args_version }
};


/* "id": it takes one; "options": the letters of its own */

static const struct {
    const char  *name;
    int          id;
    const char  *options;
} ngx_cc_client_verbs[] = {
    [NGX_CC_VERB_ATTACH] = { "attach", 1, "r" },
    [NGX_CC_VERB_LOGS] = { "logs", 1, "fn" },
    [NGX_CC_VERB_PS] = { "ps", 0, "" },
    [NGX_CC_VERB_WAIT] = { "wait", 1, "" },
    [NGX_CC_VERB_SIGNAL] = { "signal", 1, "" },
    [NGX_CC_VERB_PAUSE] = { "pause", 1, "" },
    [NGX_CC_VERB_RESUME] = { "resume", 1, "" },
    [NGX_CC_VERB_CANCEL] = { "cancel", 1, "" },
    [NGX_CC_VERB_RM] = { "rm", 1, "f" }
};


void
ngx_cc_client_args(ngx_cc_client_args_t *args, int argc, char **argv)
{
    int  i;

    memset(args, 0, sizeof(ngx_cc_client_args_t));

    args->url = getenv("CC_URL");
    args->token = getenv("CC_TOKEN");
    args->tail = -1;

    if (args->url == NULL || *args->url == '\0') {
        args->url = NGX_CC_CLIENT_URL;
    }

    if (args->token && *args->token == '\0') {
        args->token = NULL;
    }

    for (i = 1; i < argc && argv[i][0] == '-' && strcmp(argv[i], "--") != 0;
         i++)
    {
        ngx_cc_client_args_option(args, &i, argc, argv);
    }

    if (i < argc && ngx_cc_client_args_is_url(argv[i])) {
        args->url = argv[i++];
    }

    if (i == argc) {
        ngx_cc_client_args_bad("a command is missing, or a verb", NULL);
    }

    if (strcmp(argv[i], "--") != 0) {
        ngx_cc_client_args_verb(args, i, argc, argv);
        return;
    }

    args->argv = argv + i + 1;
    args->argc = argc - i - 1;

    if (args->argc == 0) {
        ngx_cc_client_args_bad("a command is missing", NULL);
    }
}


/* one word: --name, --name=value, -abc; *i stands at the last word used */

static void
ngx_cc_client_args_option(ngx_cc_client_args_t *args, int *i, int argc,
    char **argv)
{
    size_t                         k, n, len;
    const char                    *word, *value, *p;
    const ngx_cc_client_option_t  *o;

    word = argv[*i];
    n = sizeof(ngx_cc_client_options) / sizeof(ngx_cc_client_options[0]);

    if (word[1] != '-') {

        for (p = word + 1; *p; p++) {
            for (k = 0; k < n; k++) {
                if (ngx_cc_client_options[k].letter == *p) {
                    break;
                }
            }

            if (k == n) {
                ngx_cc_client_args_bad("unknown option", word);
            }

            ngx_cc_client_options[k].set(args, NULL);
        }

        if (word[1] == '\0') {
            ngx_cc_client_args_bad("unknown option", word);
        }

        return;
    }

    word += 2;
    len = strcspn(word, "=");

    for (k = 0; k < n; k++) {
        o = &ngx_cc_client_options[k];

        if (strlen(o->name) != len || memcmp(o->name, word, len) != 0) {
            continue;
        }

        value = word[len] ? word + len + 1 : NULL;

        if (!o->value && value) {
            ngx_cc_client_args_bad("this option takes no value", argv[*i]);
        }

        if (o->value && value == NULL) {

            if (*i + 1 == argc) {
                ngx_cc_client_args_bad("a value is missing", argv[*i]);
            }

            value = argv[++*i];
        }

        o->set(args, value);
        return;
    }

    ngx_cc_client_args_bad("unknown option", argv[*i]);
}


static void
ngx_cc_client_args_verb(ngx_cc_client_args_t *args, int i, int argc,
    char **argv)
{
    char         *end;
    size_t        verb, n;
    const char   *p, *name;

    n = sizeof(ngx_cc_client_verbs) / sizeof(ngx_cc_client_verbs[0]);

    for (verb = NGX_CC_VERB_ATTACH; verb < n; verb++) {
        if (strcmp(argv[i], ngx_cc_client_verbs[verb].name) == 0) {
            break;
        }
    }

    if (verb == n) {
        ngx_cc_client_args_bad("neither a URL nor a verb (a command stands "
                               "behind \"--\")", argv[i]);
    }

    args->verb = (ngx_cc_client_verb_e) verb;
    name = argv[i++];

    for ( /* void */ ; i < argc && argv[i][0] == '-'; i++) {

        if (strcmp(argv[i], "--tail") == 0) {
            p = "n";

        } else {
            p = argv[i] + 1;
        }

        if (strlen(p) != 1
            || strchr(ngx_cc_client_verbs[verb].options, *p) == NULL)
        {
            ngx_cc_client_args_bad("unknown option of this verb", argv[i]);
        }

        if (*p == 'n') {
            if (++i == argc) {
                ngx_cc_client_args_bad("a number of lines is missing", name);
            }

            args->tail = strtol(argv[i], &end, 10);

            if (argv[i][0] == '\0' || *end || args->tail < 0) {
                ngx_cc_client_args_bad("not a number of lines", argv[i]);
            }
        }

        args->follow |= (*p == 'f' && verb == NGX_CC_VERB_LOGS);
        args->force |= (*p == 'f' && verb == NGX_CC_VERB_RM);
        args->read_only |= (*p == 'r');
    }

    if (verb == NGX_CC_VERB_SIGNAL) {
        if (i == argc) {
            ngx_cc_client_args_bad("the name of a signal is missing", NULL);
        }

        args->signal = argv[i++];
    }

    if (ngx_cc_client_verbs[verb].id) {
        if (i == argc) {
            ngx_cc_client_args_bad("an id is missing", name);
        }

        args->id = argv[i++];
    }

    if (i != argc) {
        ngx_cc_client_args_bad("one word too many", argv[i]);
    }
}


static int
ngx_cc_client_args_is_url(const char *word)
{
    return strncmp(word, "ws://", 5) == 0 || strncmp(word, "wss://", 6) == 0
           || strncmp(word, "http://", 7) == 0
           || strncmp(word, "https://", 8) == 0
           || strncmp(word, "unix:", 5) == 0;
}


static void
ngx_cc_client_args_bad(const char *text, const char *what)
{
    if (what) {
        (void) fprintf(stderr, "cc-run: %s: %s\n", text, what);

    } else {
        (void) fprintf(stderr, "cc-run: %s\n", text);
    }

    (void) fputs("\"cc-run --help\" tells more\n", stderr);
    exit(NGX_CC_CLIENT_FAILED);
}
