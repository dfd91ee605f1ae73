
/*
 * May this program run here?  Nothing may until the operator names it: "any",
 * or absolute paths that are compared byte for byte.  No file system is
 * touched: a name without a slash is looked for in PATH among the listed
 * paths only, so what is executed is always exactly what the operator wrote.
 */

#ifndef _NGX_CC_POLICY_H_INCLUDED_
#define _NGX_CC_POLICY_H_INCLUDED_


#include <stddef.h>


/* where names are looked for without a PATH, as execvp() does */

#define NGX_CC_POLICY_PATH  "/bin:/usr/bin"


typedef struct {
    const char    **paths;       /* npaths absolute paths, owner: caller */
    size_t          npaths;
    unsigned        any:1;       /* every program */
} ngx_cc_policy_t;


/*
 * Decides about argv[0] = "name" (ends with NUL, not empty).  "path": the
 * value of PATH in the command's environment; NULL: NGX_CC_POLICY_PATH.
 *
 * Returns the program to execute: "name" itself under "any" (the helper then
 * searches PATH), else the listed path that it denotes (memory of the
 * policy); NULL when it is not allowed.
 */
const char *ngx_cc_policy_program(const ngx_cc_policy_t *policy,
    const char *name, const char *path);

/*
 * Is this text fit for the list: absolute, no empty, "." or ".." component,
 * no trailing slash?  Returns NULL, or a static text that says what is wrong.
 */
const char *ngx_cc_policy_path_error(const char *path);


#endif /* _NGX_CC_POLICY_H_INCLUDED_ */
