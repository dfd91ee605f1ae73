
/*
 * A line for the shell, executed without it: as the shell would have executed
 * it, with the variables that the shell would have added.  Whatever does not
 * work is left to the shell, so errors are the shell's own.
 */

#ifndef _NGX_CC_DIRECT_H_INCLUDED_
#define _NGX_CC_DIRECT_H_INCLUDED_


#include "ngx_cc_plainline.h"
#include "ngx_cc_wire.h"


#define NGX_CC_DIRECT_ENV    256         /* variables, and no more */
#define NGX_CC_DIRECT_PATH   4096        /* bytes of a path */


typedef struct {
    ngx_cc_plainline_t         line;
    ngx_cc_plainline_shell_e   shell;
    const char                *path;     /* value of PATH */
    uint32_t                   envc;
    const char                *env[NGX_CC_DIRECT_ENV + 4];
    char                       pwd[4 + NGX_CC_DIRECT_PATH];  /* PWD=... */
    char                       file[2 + NGX_CC_DIRECT_PATH]; /* _=... */
} ngx_cc_direct_t;


/*
 * Before vfork: can "line" be executed directly?  1 = yes.  "line" and "env"
 * (NULL at the end) must stay until then.
 */
int ngx_cc_direct_prepare(ngx_cc_direct_t *direct,
    ngx_cc_plainline_shell_e shell, const char *line, const char **env);

/*
 * The same for a START: NULL when it needs its shell.  What is returned is
 * valid until the next call.
 */
ngx_cc_direct_t *ngx_cc_direct_start(const ngx_cc_wire_start_t *start,
    const ngx_cc_wire_strings_t *strings);

/*
 * In the child, in the command's directory: executes it, or returns.  Makes
 * system calls only.
 */
void ngx_cc_direct_exec(ngx_cc_direct_t *direct);


#endif /* _NGX_CC_DIRECT_H_INCLUDED_ */
