
/*
 * What a command is started with, or why it is not: policy, command line,
 * argv, place, run limit.  The same for every dialect; each says in its own
 * way what kind of refusal it is.
 */

#ifndef _NGX_CC_SPEC_H_INCLUDED_
#define _NGX_CC_SPEC_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_command.h"
#include "ngx_cc_policy.h"
#include "ngx_cc_request.h"
#include "ngx_cc_spec_refuse.h"


/* what a location says about commands; compiled at configuration time */

typedef struct {
    ngx_cc_command_conf_t      command;  /* about their processes */
    ngx_cc_policy_t            policy;
    const char                *shell;    /* absolute path, NULL = off */
    ngx_cc_plainline_shell_e   direct;   /* plain lines go round it */
    const char                *path;     /* value of PATH in command.env, or
                                            NULL */
    const char                *term;     /* TERM in command.env, which is not
                                            for terminals; NULL = none, or it
                                            was configured */
    ngx_str_t                 *client_env;   /* names that a client may set */
    uint32_t                   nclient_env;
    unsigned                   client_cwd:1; /* a client may choose one below
                                                command.cwd */
    const char               **wrapper;  /* nwrapper words before a command's
                                            own; wrapper[0] is a path */
    uint32_t                   nwrapper;
    const char               **control;  /* ncontrol words; what passes signals
                                            on to the command's other end, or
                                            none (ngx_cc_control.h) */
    uint32_t                   ncontrol;
    unsigned                   named:1;  /* words of either have %{id} */
    ngx_msec_t                 timeout;  /* the longest that may be asked for;
                                            0 = any */
    ngx_msec_t                 task_after;   /* MCP: a call that takes longer
                                                is a task, where that is
                                                possible */
    size_t                     stdin_buffer; /* bytes of input that may wait */
    ngx_flag_t                 tty;      /* terminals may be asked for */
    ngx_flag_t                 error_detail; /* clients may see our paths */
    ngx_flag_t                 trace;    /* commands get the trace of their
                                            request */
    ngx_uint_t                 max_commands_per_session;
    ngx_array_t               *peers;    /* of ngx_cc_node_peer_t: who hands
                                            over to other nodes; NULL = none */
} ngx_cc_spec_conf_t;


struct ngx_cc_spec_s {
    ngx_cc_command_spec_t  command;  /* all but owner, recorder, data, event,
                                        wake; those and open_stdin are the
                                        caller's */
    const char            *prefix;   /* of names in texts: "params" */
    ngx_cc_handle_t        handle;   /* of a command whose wrapper has its id */
    ngx_str_t              line;     /* the command line, or empty */
    unsigned               indirect:1;   /* what is executed is the shell, a
                                        wrapper, an alias: not what the client
                                        named */

    ngx_cc_refused_e       refused;
    size_t                 len;      /* of the text */
    u_char                 text[NGX_CC_SPEC_TEXT];
};


/* an empty one; "prefix" is a static text, see above */
void ngx_cc_spec_init(ngx_cc_spec_t *spec, const char *prefix);

/*
 * Checks the members command, args, timeout, cwd and env of "params" (NULL =
 * none) against what the location allows.  Members of other names are not
 * looked at.  Strings live in "pool" or in the request.  Returns NGX_OK;
 * NGX_DECLINED with "refused" and text; NGX_ERROR: no memory.
 */
ngx_int_t ngx_cc_spec_check(ngx_cc_spec_t *spec, ngx_cc_spec_conf_t *conf,
    ngx_cc_value_t *params, ngx_pool_t *pool);

/*
 * Starts it.  Returns the command, or NULL with "refused" and text.
 */
ngx_cc_command_t *ngx_cc_spec_start(ngx_cc_spec_t *spec,
    ngx_cc_spec_conf_t *conf);


#endif /* _NGX_CC_SPEC_H_INCLUDED_ */
