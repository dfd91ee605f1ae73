
/*
 * Patterns for the arguments of a program: one word per argument.
 *
 *   *     in a word: any characters but "/"
 *   **    in a word: any characters
 *   ...   as the last word: any number of further arguments, none of which
 *         begins with "-"
 *
 * Everything else stands for itself.  A wildcard at the beginning of a word
 * does not match an argument that begins with "-": options have to be named.
 * A word with a wildcard does not match an argument that has a component "..".
 */

#ifndef _NGX_CC_PATTERN_H_INCLUDED_
#define _NGX_CC_PATTERN_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>


#define NGX_CC_PATTERN_WORD    255       /* bytes of a word */
#define NGX_CC_PATTERN_WORDS   64


typedef struct {
    const char     *word[NGX_CC_PATTERN_WORDS];
    uint32_t        nwords;
    unsigned        more:1;      /* ends with "..." */
} ngx_cc_pattern_t;


/*
 * Splits "text" at blanks and tabs, in place, into "p", which points into it
 * afterwards.  An empty text is the pattern of no argument at all.  Returns
 * NULL, or a static text that says what is wrong.
 */
const char *ngx_cc_pattern_split(ngx_cc_pattern_t *p, char *text);

/*
 * Do these argc arguments (without argv[0]) match, all of them?  Returns 1 or
 * 0.  Time is linear in the length of the arguments.
 */
int ngx_cc_pattern_match(const ngx_cc_pattern_t *p, const char **argv,
    uint32_t argc);

/* does one word match one argument?  1 or 0 */
int ngx_cc_pattern_word(const char *word, const char *text);


#endif /* _NGX_CC_PATTERN_H_INCLUDED_ */
