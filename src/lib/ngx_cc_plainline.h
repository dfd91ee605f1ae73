
/*
 * Lines for a shell that need no shell: plain words, the first one neither a
 * builtin nor a keyword.  A shell would look the first word up in PATH and
 * execute it in its own place (dash and bash do, for "-c" and one command), so
 * the program can be executed at once, which spares the cost of the shell.
 *
 * The rule is: when in doubt, it is not plain.  Only dash and bash are known;
 * and an environment that changes what they do (BASH_ENV, a PATH with an empty
 * or relative element, ...) is left to them.
 */

#ifndef _NGX_CC_PLAINLINE_H_INCLUDED_
#define _NGX_CC_PLAINLINE_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>


#define NGX_CC_PLAINLINE_WORDS   64
#define NGX_CC_PLAINLINE_TEXT    4096    /* bytes of a line, NUL included */


typedef enum {
    NGX_CC_PLAINLINE_NONE = 0,           /* a shell that is not known */
    NGX_CC_PLAINLINE_DASH,
    NGX_CC_PLAINLINE_BASH
} ngx_cc_plainline_shell_e;


typedef struct {
    uint32_t        argc;
    const char     *argv[NGX_CC_PLAINLINE_WORDS + 1];    /* NULL at the end */
    char            text[NGX_CC_PLAINLINE_TEXT];         /* the words */
} ngx_cc_plainline_t;


/*
 * Which shell is this?  "path" is absolute; symbolic links are followed to the
 * name of the file.
 */
ngx_cc_plainline_shell_e ngx_cc_plainline_shell(const char *path);

/*
 * Splits a line (NUL at the end) that is plain: 1; else 0.  Words are separated
 * by blanks and tabs and are made of letters, digits, _ @ % + = : , . / - and
 * of what stands in quotes: printable ASCII, tabs, newlines, and inside "..."
 * none of $ ` \ .  The first word has no quote, no = and no % .
 */
int ngx_cc_plainline_split(ngx_cc_plainline_t *pl, const char *line);

/*
 * The value of PATH when the environment (NULL at the end) does not change what
 * a shell does with a plain line; else NULL.  A known shell adds some variables
 * of its own: they must not be there yet.
 */
const char *ngx_cc_plainline_path(const char **env);


#endif /* _NGX_CC_PLAINLINE_H_INCLUDED_ */
