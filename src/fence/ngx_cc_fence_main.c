
/*
 * cc-fence: the fence of commands as a program of its own, for those that run
 * where no helper is; "cc-fence -h" says what it does
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>
#include "ngx_cc_close_except.h"
#include "ngx_cc_fence.h"
#include "ngx_cc_seccomp.h"
#include "ngx_cc_version.h"


#define NGX_CC_FENCE_PATHS   64          /* of each kind */

/* as env(1), nohup(1) */

#define NGX_CC_FENCE_FAILED  125
#define NGX_CC_FENCE_NO_EXEC 126
#define NGX_CC_FENCE_NO_FILE 127


static const char  ngx_cc_fence_usage[] =
"usage: cc-fence [-r PATH]... [-w PATH]... [-C] [-L] [-b]\n"
"                [--] COMMAND [ARG]...\n"
"\n"
"Runs a command behind the fence that nginx's cc_executor module makes around\n"
"its commands: it can neither trace nor signal processes outside of it, nor\n"
"gain privileges.\n"
"\n"
"  -r PATH  files: it may read and execute below these paths only\n"
"  -w PATH  files: it may change below these paths only, and read there\n"
"  -C       no TCP connections\n"
"  -L       no TCP ports\n"
"  -b       best effort: go on where the kernel has no part of it, or less\n"
"  -h, -v   this text, the version\n";


typedef struct {
    ngx_cc_confine_t   confine;
    int                best;             /* -b */
    char             **command;
    const char        *read[NGX_CC_FENCE_PATHS];
    const char        *write[NGX_CC_FENCE_PATHS];
} ngx_cc_fence_args_t;


static void ngx_cc_fence_parse(ngx_cc_fence_args_t *args, int argc,
    char **argv);
static void ngx_cc_fence_path(const char **list, uint32_t *n,
    const char *path);
static void ngx_cc_fence_need(const ngx_cc_fence_args_t *args);
static void ngx_cc_fence_begin(ngx_cc_fence_args_t *args);
static void ngx_cc_fence_bad(const char *what, const char *why)
    __attribute__((noreturn));


int
main(int argc, char **argv)
{
    int                          err;
    static ngx_cc_fence_args_t   args;

    ngx_cc_fence_parse(&args, argc, argv);

    args.confine.fence = ngx_cc_fence_abi();

    if (args.confine.fence < NGX_CC_FENCE_MIN) {
        args.confine.fence = 0;
    }

    if (ngx_cc_seccomp_available()) {
        args.confine.flags |= NGX_CC_CONFINE_SECCOMP;
    }

    ngx_cc_fence_need(&args);
    ngx_cc_fence_begin(&args);

    (void) execvp(args.command[0], args.command);

    err = errno;
    (void) fprintf(stderr, "cc-fence: %s: %s\n", args.command[0],
                   strerror(err));

    return err == ENOENT ? NGX_CC_FENCE_NO_FILE : NGX_CC_FENCE_NO_EXEC;
}


static void
ngx_cc_fence_parse(ngx_cc_fence_args_t *args, int argc, char **argv)
{
    int  c;

    /* "+": options behind the command are the command's */

    while ((c = getopt(argc, argv, "+r:w:CLbhv")) != -1) {

        switch (c) {

        case 'r':
            ngx_cc_fence_path(args->read, &args->confine.nread, optarg);
            break;

        case 'w':
            ngx_cc_fence_path(args->write, &args->confine.nwrite, optarg);
            break;

        case 'C':
            args->confine.flags |= NGX_CC_CONFINE_CONNECT;
            break;

        case 'L':
            args->confine.flags |= NGX_CC_CONFINE_LISTEN;
            break;

        case 'b':
            args->best = 1;
            break;

        case 'h':
            (void) fputs(ngx_cc_fence_usage, stdout);
            exit(0);

        case 'v':
            (void) puts("cc-fence " NGX_CC_VERSION);
            exit(0);

        default:
            (void) fputs(ngx_cc_fence_usage, stderr);
            exit(NGX_CC_FENCE_FAILED);
        }
    }

    if (optind == argc) {
        (void) fputs(ngx_cc_fence_usage, stderr);
        exit(NGX_CC_FENCE_FAILED);
    }

    args->command = argv + optind;
}


static void
ngx_cc_fence_path(const char **list, uint32_t *n, const char *path)
{
    if (*n == NGX_CC_FENCE_PATHS) {
        ngx_cc_fence_bad(path, "too many paths");
    }

    if (access(path, F_OK) == -1) {
        ngx_cc_fence_bad(path, strerror(errno));
    }

    list[(*n)++] = path;
}


/* what the kernel lacks for it, unless that does not matter */

static void
ngx_cc_fence_need(const ngx_cc_fence_args_t *args)
{
    if (args->best) {
        return;
    }

    if (args->confine.fence == 0) {
        ngx_cc_fence_bad("no fence",
                         "this kernel has no Landlock, or only its version 1");
    }

    if (!(args->confine.flags & NGX_CC_CONFINE_SECCOMP)) {
        ngx_cc_fence_bad("no fence",
                         "there is no filter for system calls here");
    }

    if (args->confine.fence < NGX_CC_FENCE_SIGNALS) {
        ngx_cc_fence_bad("no fence",
                         "this kernel cannot keep signals in (Linux 6.12)");
    }
}


/* behind the fence, with stdin, stdout and stderr only */

static void
ngx_cc_fence_begin(ngx_cc_fence_args_t *args)
{
    int                        fd;
    size_t                     i, n;
    unsigned                   set;
    const char                *paths[2 * NGX_CC_FENCE_PATHS];
    static ngx_cc_seccomp_t    filter;

    if (ngx_cc_close_except(NULL, 0) == -1) {
        ngx_cc_fence_bad("descriptors", strerror(errno));
    }

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1) {
        ngx_cc_fence_bad("no_new_privs", strerror(errno));
    }

    if (args->confine.fence) {
        n = 0;

        for (i = 0; i < args->confine.nread; i++) {
            paths[n++] = args->read[i];
        }

        for (i = 0; i < args->confine.nwrite; i++) {
            paths[n++] = args->write[i];
        }

        fd = ngx_cc_fence_make(&args->confine, paths, -1, -1);

        if (fd == -1 || ngx_cc_fence_enter(fd) == -1) {
            ngx_cc_fence_bad("fence", strerror(errno));
        }
    }

    set = ngx_cc_seccomp_set(&args->confine);

    if (set) {
        ngx_cc_seccomp_make(&filter, set);

        if (ngx_cc_seccomp_enter(&filter) == -1) {
            ngx_cc_fence_bad("filter for system calls", strerror(errno));
        }
    }
}


static void
ngx_cc_fence_bad(const char *what, const char *why)
{
    (void) fprintf(stderr, "cc-fence: %s: %s\n", what, why);
    exit(NGX_CC_FENCE_FAILED);
}
