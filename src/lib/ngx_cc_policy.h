
/*
 * May this program run here, with these arguments?  Nothing may until the
 * operator names it: "any", absolute paths that are compared byte for byte,
 * and aliases.  No file system is touched: a name without a slash is looked
 * for in PATH among the listed paths only, so what is executed is always
 * exactly what the operator wrote.
 */

#ifndef _NGX_CC_POLICY_H_INCLUDED_
#define _NGX_CC_POLICY_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>
#include "ngx_cc_pattern.h"


/* where names are looked for without a PATH, as execvp() does */

#define NGX_CC_POLICY_PATH  "/bin:/usr/bin"


/* all memory is the caller's */

typedef struct {
    const char        *path;         /* absolute; there may be several rules
                                        of one path */
    ngx_cc_pattern_t  *args;         /* one of them has to match */
    size_t             nargs;        /* 0: any arguments */
} ngx_cc_policy_rule_t;


typedef struct {
    const char        *name;
    const char       **argv;         /* argv[0] is an absolute path */
    uint32_t           argc;
} ngx_cc_policy_alias_t;


typedef struct {
    ngx_cc_policy_rule_t   *rules;
    size_t                  nrules;
    ngx_cc_policy_alias_t  *aliases;
    size_t                  naliases;
    unsigned                any:1;   /* every program */
} ngx_cc_policy_t;


typedef enum {
    NGX_CC_POLICY_OK = 0,
    NGX_CC_POLICY_PROGRAM,           /* it is not on the list */
    NGX_CC_POLICY_ARGS               /* it is, but not with such arguments */
} ngx_cc_policy_e;


/*
 * Decides about argv (argc >= 1; argv[0] is not empty).  "path": the value of
 * PATH in the command's environment; NULL: NGX_CC_POLICY_PATH.
 *
 * OK sets *program: argv[0] itself under "any" (the helper then searches
 * PATH), else the listed path that it denotes (memory of the policy).
 * Aliases are not looked at.
 */
ngx_cc_policy_e ngx_cc_policy_check(const ngx_cc_policy_t *policy,
    const char **argv, uint32_t argc, const char *path,
    const char **program);

/* the alias of that name, or NULL */
const ngx_cc_policy_alias_t *ngx_cc_policy_alias(
    const ngx_cc_policy_t *policy, const char *name);

/*
 * Is this text fit for the list: absolute, no empty, "." or ".." component,
 * no trailing slash?  Returns NULL, or a static text that says what is wrong.
 */
const char *ngx_cc_policy_path_error(const char *path);

/*
 * Is this (an absolute path, or a name) one of the well-known programs that
 * can be told to start any other: shells, interpreters, find, git, tar...?
 * Whoever may run it with any arguments may run everything.
 */
int ngx_cc_policy_interpreter(const char *path);


#endif /* _NGX_CC_POLICY_H_INCLUDED_ */
