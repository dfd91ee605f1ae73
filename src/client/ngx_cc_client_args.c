
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "ngx_cc_client_args.h"
#include "ngx_cc_utf8.h"
#include "ngx_cc_version.h"


#define NGX_CC_CLIENT_TOKEN  4096        /* bytes of a token file that count */


typedef struct {
    const char  *name;                   /* without "--" */
    char         letter;                 /* 0 = none */
    char         value;                  /* it takes one */
    uint16_t     verbs;                  /* bits: those it is for */
    size_t       member;                 /* becomes the value, or 1 */
    void       (*set)(ngx_cc_client_args_t *args, const char *value);
                                         /* instead of that; or NULL */
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
"verbs, for kept commands:\n"
"  attach ID               show it, from its beginning, and type to it\n"
"    -r, --read-only       only show it\n"
"  logs ID                 what it has written so far\n"
"    -f, --follow          and what it goes on to write\n"
"    -n, --tail N          only the last N lines of what is there\n"
"  ps                      list the kept commands of this owner\n"
"  wait ID                 wait for its end; its exit code is cc-run's\n"
"  signal NAME ID          send a signal to all of its processes\n"
"  pause, resume ID        stop all of its processes, and let them go on\n"
"  cancel ID               end it: TERM, some time, KILL\n"
"  rm ID                   forget it\n"
"    -f, --force           end it first\n"
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
"      --reconnect SECONDS how long to try to get a lost connection to a kept\n"
"                          command back (60; 0: do not)\n"
"      --token-file FILE   where the token is (else CC_TOKEN)\n"
"      --ca-file FILE      certificates to trust for wss://\n"
"      --insecure          do not check the server's certificate\n"
"  -h, --help              this text\n"
"      --version           the version\n"
"\n"
"URL: ws://, wss:// or unix:/socket[:/path]; else CC_URL, else\n"
"     " NGX_CC_CLIENT_URL "\n"
"Ctrl-C interrupts the command, again: ends it, a third time: leaves.  Ctrl-Z\n"
"pauses it until fg.  Of a terminal of a kept command Ctrl-P Ctrl-Q leave.\n"
"\n"
"exit status: that of the command; 125: no connection or no such command,\n"
"126: it was refused and not started, 128 + n: it was ended by signal n.\n";


/* what was read so far */

typedef struct {
    ngx_cc_client_args_t  *args;
    char                 **word;         /* what is left */
    char                 **last;
    uint32_t               seen;         /* options, by number */
    char                  *words[3];     /* behind the verb */
    int                    nwords;
    unsigned               url:1;        /* there was one */
    unsigned               verb:1;
} ngx_cc_client_line_t;


static void ngx_cc_client_args_letters(ngx_cc_client_line_t *line);
static void ngx_cc_client_args_name(ngx_cc_client_line_t *line);
static void ngx_cc_client_args_word(ngx_cc_client_line_t *line);
static void ngx_cc_client_args_set(ngx_cc_client_line_t *line, size_t k,
    const char *value);
static void ngx_cc_client_args_fits(ngx_cc_client_line_t *line);
static void ngx_cc_client_args_words(ngx_cc_client_line_t *line);
static void ngx_cc_client_args_utf8(const ngx_cc_client_args_t *args);
static void ngx_cc_client_args_is_utf8(const char *text, const char *name);
static void ngx_cc_client_args_token(const char *token);
static double ngx_cc_client_args_seconds(const char *value, double least,
    const char *error);
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
ngx_cc_client_args_detach(ngx_cc_client_args_t *args, const char *value)
{
    args->detach = 1;
    args->keep = 1;
}


static void
ngx_cc_client_args_timeout(ngx_cc_client_args_t *args, const char *value)
{
    args->timeout = ngx_cc_client_args_seconds(value, 0.000001,
                                     "--timeout: not a number of seconds");
}


static void
ngx_cc_client_args_reconnect(ngx_cc_client_args_t *args, const char *value)
{
    args->reconnect = ngx_cc_client_args_seconds(value, 0,
                                   "--reconnect: not a number of seconds");
}


static void
ngx_cc_client_args_tail(ngx_cc_client_args_t *args, const char *value)
{
    char  *end;

    errno = 0;
    args->tail = strtol(value, &end, 10);

    if (*value == '\0' || *end || args->tail < 0 || errno) {
        ngx_cc_client_args_bad("--tail: not a number of lines", value);
    }
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

    if (n == -1) {
        ngx_cc_client_args_bad(strerror(errno), value);
    }

    if (n == NGX_CC_CLIENT_TOKEN - 1) {
        ngx_cc_client_args_bad("--token-file: too long for a token", value);
    }

    text[n] = '\0';
    text[strcspn(text, " \t\r\n")] = '\0';

    if (*text == '\0') {
        ngx_cc_client_args_bad("--token-file: nothing in it", value);
    }

    args->token = text;
}


#define NGX_CC_RUN     (1 << NGX_CC_VERB_RUN)
#define NGX_CC_ATTACH  (1 << NGX_CC_VERB_ATTACH)
#define NGX_CC_LOGS    (1 << NGX_CC_VERB_LOGS)
#define NGX_CC_RM      (1 << NGX_CC_VERB_RM)
#define NGX_CC_ANY     0xffff

#define NGX_CC_BECOMES(member)  offsetof(ngx_cc_client_args_t, member), NULL


/* before the verb a letter means its first option here */

static const ngx_cc_client_option_t  ngx_cc_client_options[] = {
    { "tty", 't', 0, NGX_CC_RUN, NGX_CC_BECOMES(tty) },
    { "detach", 'd', 0, NGX_CC_RUN, 0, ngx_cc_client_args_detach },
    { "keep", 'k', 0, NGX_CC_RUN, NGX_CC_BECOMES(keep) },
    { "no-stdin", 'n', 0, NGX_CC_RUN|NGX_CC_ATTACH, NGX_CC_BECOMES(no_stdin) },
    { "merge", 0, 0, NGX_CC_RUN, NGX_CC_BECOMES(merge) },
    { "label", 0, 1, NGX_CC_RUN, NGX_CC_BECOMES(label) },
    { "timeout", 0, 1, NGX_CC_RUN, 0, ngx_cc_client_args_timeout },
    { "cwd", 0, 1, NGX_CC_RUN, NGX_CC_BECOMES(cwd) },
    { "env", 0, 1, NGX_CC_RUN, 0, ngx_cc_client_args_env },
    { "read-only", 'r', 0, NGX_CC_ATTACH, NGX_CC_BECOMES(read_only) },
    { "follow", 'f', 0, NGX_CC_LOGS, NGX_CC_BECOMES(follow) },
    { "tail", 'n', 1, NGX_CC_LOGS, 0, ngx_cc_client_args_tail },
    { "force", 'f', 0, NGX_CC_RM, NGX_CC_BECOMES(force) },
    { "json", 0, 0, NGX_CC_ANY, NGX_CC_BECOMES(json) },
    { "reconnect", 0, 1, NGX_CC_ANY, 0, ngx_cc_client_args_reconnect },
    { "token-file", 0, 1, NGX_CC_ANY, 0, ngx_cc_client_args_token_file },
    { "ca-file", 0, 1, NGX_CC_ANY, NGX_CC_BECOMES(ca_file) },
    { "insecure", 0, 0, NGX_CC_ANY, NGX_CC_BECOMES(insecure) },
    { "help", 'h', 0, NGX_CC_ANY, 0, ngx_cc_client_args_help },
    { "version", 0, 0, NGX_CC_ANY, 0, ngx_cc_client_args_version }
};

#define NGX_CC_CLIENT_OPTIONS                                                 \
    (sizeof(ngx_cc_client_options) / sizeof(ngx_cc_client_options[0]))


/* "words": what stands behind it */

static const struct {
    const char  *name;
    int          words;
} ngx_cc_client_verbs[] = {
    [NGX_CC_VERB_ATTACH] = { "attach", 1 },
    [NGX_CC_VERB_LOGS] = { "logs", 1 },
    [NGX_CC_VERB_PS] = { "ps", 0 },
    [NGX_CC_VERB_WAIT] = { "wait", 1 },
    [NGX_CC_VERB_SIGNAL] = { "signal", 2 },
    [NGX_CC_VERB_PAUSE] = { "pause", 1 },
    [NGX_CC_VERB_RESUME] = { "resume", 1 },
    [NGX_CC_VERB_CANCEL] = { "cancel", 1 },
    [NGX_CC_VERB_RM] = { "rm", 1 }
};

#define NGX_CC_CLIENT_VERBS                                                   \
    (sizeof(ngx_cc_client_verbs) / sizeof(ngx_cc_client_verbs[0]))


void
ngx_cc_client_args(ngx_cc_client_args_t *args, int argc, char **argv)
{
    ngx_cc_client_line_t  line;

    memset(args, 0, sizeof(ngx_cc_client_args_t));
    memset(&line, 0, sizeof(ngx_cc_client_line_t));

    args->url = getenv("CC_URL");
    args->token = getenv("CC_TOKEN");
    args->tail = -1;
    args->reconnect = NGX_CC_CLIENT_RECONNECT;

    if (args->url == NULL || *args->url == '\0') {
        args->url = NGX_CC_CLIENT_URL;
    }

    if (args->token && *args->token == '\0') {
        args->token = NULL;
    }

    line.args = args;
    line.last = argv + argc;

    for (line.word = argv + 1; line.word < line.last; line.word++) {

        if (strcmp(*line.word, "--") == 0) {
            args->argv = line.word + 1;
            args->argc = (int) (line.last - args->argv);
            break;
        }

        ngx_cc_client_args_word(&line);
    }

    ngx_cc_client_args_fits(&line);
    ngx_cc_client_args_words(&line);
    ngx_cc_client_args_utf8(args);
    ngx_cc_client_args_token(args->token);
}


static void
ngx_cc_client_args_word(ngx_cc_client_line_t *line)
{
    char    *word;
    size_t   verb;

    word = *line->word;

    if (word[0] == '-' && word[1] == '-') {
        ngx_cc_client_args_name(line);
        return;
    }

    if (word[0] == '-') {
        ngx_cc_client_args_letters(line);
        return;
    }

    if (!line->url && ngx_cc_client_args_is_url(word)) {
        line->url = 1;
        line->args->url = word;
        return;
    }

    if (line->verb) {
        if (line->nwords == ngx_cc_client_verbs[line->args->verb].words) {
            ngx_cc_client_args_bad("one word too many", word);
        }

        line->words[line->nwords++] = word;
        return;
    }

    for (verb = NGX_CC_VERB_ATTACH; verb < NGX_CC_CLIENT_VERBS; verb++) {
        if (strcmp(word, ngx_cc_client_verbs[verb].name) == 0) {
            line->verb = 1;
            line->args->verb = (ngx_cc_client_verb_e) verb;
            return;
        }
    }

    ngx_cc_client_args_bad("neither a URL nor a verb (a command stands behind "
                           "\"--\")", word);
}


/* -abc; the last one may have a value: -n5, -n 5 */

static void
ngx_cc_client_args_letters(ngx_cc_client_line_t *line)
{
    size_t       k;
    const char  *p, *value;

    p = *line->word + 1;

    if (*p == '\0') {
        ngx_cc_client_args_bad("unknown option", *line->word);
    }

    for ( /* void */ ; *p; p++) {
        for (k = 0; k < NGX_CC_CLIENT_OPTIONS; k++) {
            if (ngx_cc_client_options[k].letter == *p
                && (!line->verb || ngx_cc_client_options[k].verbs
                                   & (1 << line->args->verb)))
            {
                break;
            }
        }

        if (k == NGX_CC_CLIENT_OPTIONS) {
            ngx_cc_client_args_bad(line->verb ? "unknown option of this verb"
                                   : "unknown option", *line->word);
        }

        if (!ngx_cc_client_options[k].value) {
            ngx_cc_client_args_set(line, k, NULL);
            continue;
        }

        value = p[1] ? p + 1 : line->word + 1 < line->last ? *++line->word
                                                           : NULL;
        ngx_cc_client_args_set(line, k, value);
        return;
    }
}


/* --name, --name=value, --name value */

static void
ngx_cc_client_args_name(ngx_cc_client_line_t *line)
{
    size_t                         k, len;
    const char                    *word, *value;
    const ngx_cc_client_option_t  *o;

    word = *line->word + 2;
    len = strcspn(word, "=");

    for (k = 0; k < NGX_CC_CLIENT_OPTIONS; k++) {
        o = &ngx_cc_client_options[k];

        if (strlen(o->name) != len || memcmp(o->name, word, len) != 0) {
            continue;
        }

        value = word[len] ? word + len + 1 : NULL;

        if (!o->value && value) {
            ngx_cc_client_args_bad("this option takes no value", *line->word);
        }

        if (o->value && value == NULL && line->word + 1 < line->last) {
            value = *++line->word;
        }

        ngx_cc_client_args_set(line, k, value);
        return;
    }

    ngx_cc_client_args_bad("unknown option", *line->word);
}


static void
ngx_cc_client_args_set(ngx_cc_client_line_t *line, size_t k,
    const char *value)
{
    char  *member;

    if (ngx_cc_client_options[k].value && value == NULL) {
        ngx_cc_client_args_bad("a value is missing",
                               ngx_cc_client_options[k].name);
    }

    line->seen |= (uint32_t) 1 << k;
    member = (char *) line->args + ngx_cc_client_options[k].member;

    if (ngx_cc_client_options[k].set) {
        ngx_cc_client_options[k].set(line->args, value);

    } else if (value) {
        memcpy(member, &value, sizeof(value));

    } else {
        *member = 1;
    }
}


/* options may stand before the verb that they are for */

static void
ngx_cc_client_args_fits(ngx_cc_client_line_t *line)
{
    size_t  k;

    for (k = 0; k < NGX_CC_CLIENT_OPTIONS; k++) {
        if ((line->seen & (uint32_t) 1 << k)
            && (ngx_cc_client_options[k].verbs & (1 << line->args->verb)) == 0)
        {
            ngx_cc_client_args_bad(line->verb ? "no option of this verb"
                                   : "an option of another verb",
                                   ngx_cc_client_options[k].name);
        }
    }
}


static void
ngx_cc_client_args_words(ngx_cc_client_line_t *line)
{
    ngx_cc_client_args_t  *args;

    args = line->args;

    if (!line->verb) {

        if (args->argc == 0) {
            ngx_cc_client_args_bad(args->argv ? "a command is missing"
                                   : "a command is missing, or a verb", NULL);
        }

        return;
    }

    if (args->argc) {
        ngx_cc_client_args_bad("one word too many", args->argv[0]);
    }

    if (line->nwords < ngx_cc_client_verbs[args->verb].words) {
        ngx_cc_client_args_bad(args->verb == NGX_CC_VERB_SIGNAL
                               ? "the name of a signal and an id are missing"
                               : "an id is missing",
                               ngx_cc_client_verbs[args->verb].name);
    }

    if (args->verb == NGX_CC_VERB_SIGNAL) {
        args->signal = line->words[0];
    }

    if (line->nwords) {
        args->id = line->words[line->nwords - 1];
    }
}


/* JSON is (RFC 8259, section 8.1): other bytes would become others */

static void
ngx_cc_client_args_utf8(const ngx_cc_client_args_t *args)
{
    int     i;
    char    name[32];
    size_t  k;

    for (i = 0; i < args->argc; i++) {
        (void) snprintf(name, sizeof(name), i ? "argument %d" : "the command",
                        i);
        ngx_cc_client_args_is_utf8(args->argv[i], name);
    }

    for (k = 0; k < args->nenv; k++) {
        ngx_cc_client_args_is_utf8(args->env[k], "--env");
    }

    ngx_cc_client_args_is_utf8(args->cwd, "--cwd");
    ngx_cc_client_args_is_utf8(args->label, "--label");
}


static void
ngx_cc_client_args_is_utf8(const char *text, const char *name)
{
    size_t         n;
    ngx_cc_utf8_t  u = { 0, 0, 0 };

    n = text ? strlen(text) : 0;

    if (n && (ngx_cc_utf8_check(&u, (const uint8_t *) text, n) != n
              || !ngx_cc_utf8_done(&u)))
    {
        ngx_cc_client_args_bad("not UTF-8", name);
    }
}


/* it becomes a part of a header */

static void
ngx_cc_client_args_token(const char *token)
{
    const char  *p;

    for (p = token; p && *p; p++) {
        if (*p <= ' ' || *p >= 0x7f) {
            ngx_cc_client_args_bad("a token has no such characters: blanks, "
                                   "control characters, no ASCII", NULL);
        }
    }
}


static double
ngx_cc_client_args_seconds(const char *value, double least, const char *error)
{
    char    *end;
    double   n;

    n = strtod(value, &end);

    if (*value == '\0' || *end || !(n >= least && n <= 1e9)) {
        ngx_cc_client_args_bad(error, value);
    }

    return n;
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
