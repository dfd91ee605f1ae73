
/* cc-run: the command-line client; "cc-run --help" says what it does */

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include "ngx_cc_client_list.h"
#include "ngx_cc_client_run.h"


int
main(int argc, char **argv)
{
    static ngx_cc_client_rpc_t   rpc;
    static ngx_cc_client_args_t  args;

    (void) signal(SIGPIPE, SIG_IGN);

    ngx_cc_client_args(&args, argc, argv);
    ngx_cc_client_rpc_init(&rpc, &args);

    switch (args.verb) {

    case NGX_CC_VERB_RUN:
        return ngx_cc_client_run(&rpc, NULL);

    case NGX_CC_VERB_ATTACH:
    case NGX_CC_VERB_LOGS:
        return ngx_cc_client_run(&rpc, ngx_cc_client_list_id(&rpc));

    default:
        return ngx_cc_client_list(&rpc);
    }
}
