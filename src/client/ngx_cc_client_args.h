
/*
 * The command line of cc-run: options, URL, verb, command.
 *
 *   cc-run [OPTION]... [URL] [OPTION]... -- COMMAND [ARG]...
 *   cc-run [OPTION]... [URL] VERB [OPTION]... [ARG]...
 *
 * cc-run.1 and the completion (cc-run.bash) name the same options.
 */

#ifndef _NGX_CC_CLIENT_ARGS_H_INCLUDED_
#define _NGX_CC_CLIENT_ARGS_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>


#define NGX_CC_CLIENT_URL        "ws://127.0.0.1:8003/ws/mcp"
#define NGX_CC_CLIENT_ENVS       256     /* --env, at most */
#define NGX_CC_CLIENT_RECONNECT  60      /* s */


/* what cc-run itself exits with; docker(1) and env(1) have the same */

#define NGX_CC_CLIENT_FAILED   125       /* no connection, no answer */
#define NGX_CC_CLIENT_REFUSED  126       /* the command was not started */


typedef enum {
    NGX_CC_VERB_RUN = 0,
    NGX_CC_VERB_ATTACH,
    NGX_CC_VERB_LOGS,
    NGX_CC_VERB_PS,
    NGX_CC_VERB_WAIT,
    NGX_CC_VERB_SIGNAL,
    NGX_CC_VERB_PAUSE,
    NGX_CC_VERB_RESUME,
    NGX_CC_VERB_CANCEL,
    NGX_CC_VERB_RM
} ngx_cc_client_verb_e;


typedef struct {
    const char           *url;           /* as given, or the default */
    const char           *token;         /* or NULL */
    const char           *ca_file;       /* or NULL: the system's */
    ngx_cc_client_verb_e  verb;
    const char           *id;            /* of all verbs but RUN and PS */
    const char           *signal;        /* SIGNAL */
    char                **argv;          /* RUN: argc words */
    int                   argc;
    const char           *cwd;
    const char           *label;
    const char           *env[NGX_CC_CLIENT_ENVS];   /* NAME=value */
    size_t                nenv;
    double                timeout;       /* s, 0 = the location's */
    double                reconnect;     /* s that a lost line may take */
    long                  tail;          /* LOGS: lines, -1 = all */
    uint8_t               tty;
    uint8_t               detach;
    uint8_t               keep;
    uint8_t               merge;         /* stderr into stdout */
    uint8_t               json;
    uint8_t               follow;        /* LOGS */
    uint8_t               read_only;     /* ATTACH */
    uint8_t               force;         /* RM */
    uint8_t               no_stdin;
    uint8_t               insecure;      /* do not check the certificate */
} ngx_cc_client_args_t;


/*
 * Reads the command line and the environment (CC_URL, CC_TOKEN).  Strings stay
 * the caller's.  Ends the process when the line is wrong (status 125, the
 * reason on stderr) or asks for help or the version (status 0).
 */
void ngx_cc_client_args(ngx_cc_client_args_t *args, int argc, char **argv);


#endif /* _NGX_CC_CLIENT_ARGS_H_INCLUDED_ */
