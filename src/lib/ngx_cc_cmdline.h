
/*
 * Command lines without a shell: the word rules of POSIX (Shell Command
 * Language, 2.2 quoting, 2.3 token recognition) and nothing else.  Whatever a
 * shell would act on, unquoted, is not executed and not silently passed on: it
 * is reported, so that the caller can refuse it by name.
 */

#ifndef _NGX_CC_CMDLINE_H_INCLUDED_
#define _NGX_CC_CMDLINE_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>


typedef enum {
    NGX_CC_CMDLINE_OK = 0,
    NGX_CC_CMDLINE_EMPTY,        /* no word at all */
    NGX_CC_CMDLINE_OPERATOR,     /* see .op, .at */
    NGX_CC_CMDLINE_QUOTE,        /* a quote is not closed: .op is it */
    NGX_CC_CMDLINE_ESCAPE,       /* the line ends in a backslash */
    NGX_CC_CMDLINE_NUL           /* a NUL byte at .at */
} ngx_cc_cmdline_e;


typedef struct {
    size_t          argc;        /* words written */
    size_t          len;         /* bytes written, NULs included */
    size_t          at;          /* index into the line of what was refused */
    char            op[3];       /* the operator or quote as text: ";" "&&"
                                    "$(" "\n" ... */
} ngx_cc_cmdline_t;


/*
 * Splits "line" (len bytes) into words, written one after the other to "out",
 * each ended by a NUL; "out" needs len + 1 bytes (words never grow).
 *
 * Unquoted blanks and tabs separate words.  '...' is literal.  Inside "..." a
 * backslash escapes only  $ ` " \ newline ; outside it escapes every
 * character; backslash-newline disappears.  These unquoted characters are
 * operators:  ; & | < > ( ) $ ` newline * ? [ ~ # = {   and inside "..." the
 * characters $ ` are (what a shell would expand there).  A quoted or escaped
 * one is an ordinary character.  The first operator ends the split; of the
 * operators && || ;; << >> <( >( $( ${ both characters are named.
 *
 * Returns one of the values above and fills "res" (all of it for OK, .at and
 * .op otherwise).
 */
ngx_cc_cmdline_e ngx_cc_cmdline_split(const char *line, size_t len, char *out,
    ngx_cc_cmdline_t *res);


#endif /* _NGX_CC_CMDLINE_H_INCLUDED_ */
