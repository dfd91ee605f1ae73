
/* cc-run: the command-line client; "cc-run --help" says what it does */

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
#include "ngx_cc_client_list.h"
#include "ngx_cc_client_output.h"
#include "ngx_cc_client_run.h"


static void ngx_cc_client_main_descriptors(void);
static int ngx_cc_client_main_verb(ngx_cc_client_rpc_t *rpc);


int
main(int argc, char **argv)
{
    static ngx_cc_client_rpc_t   rpc;
    static ngx_cc_client_args_t  args;

    int  status;

    ngx_cc_client_main_descriptors();
    (void) signal(SIGPIPE, SIG_IGN);

    ngx_cc_client_args(&args, argc, argv);
    ngx_cc_client_rpc_init(&rpc, &args);

    status = ngx_cc_client_main_verb(&rpc);

    /* a list that nobody gets is no success */

    ngx_cc_client_output_printed();

    return status;
}


/* where stdin, stdout or stderr is closed, no socket may take its place */

static void
ngx_cc_client_main_descriptors(void)
{
    int  fd;

    do {
        fd = open("/dev/null", O_RDWR);
    } while (fd >= 0 && fd <= STDERR_FILENO);

    if (fd != -1) {
        (void) close(fd);
    }
}


static int
ngx_cc_client_main_verb(ngx_cc_client_rpc_t *rpc)
{
    switch (rpc->args->verb) {

    case NGX_CC_VERB_RUN:
        return ngx_cc_client_run(rpc, NULL);

    case NGX_CC_VERB_ATTACH:
    case NGX_CC_VERB_LOGS:
        return ngx_cc_client_run(rpc, ngx_cc_client_list_id(rpc));

    default:
        return ngx_cc_client_list(rpc);
    }
}
