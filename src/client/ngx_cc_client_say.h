
/*
 * What cc-run itself has to say, on stderr.  Texts of a server or a command are
 * never for our terminal to obey: what is not printable comes as "?".
 */

#ifndef _NGX_CC_CLIENT_SAY_H_INCLUDED_
#define _NGX_CC_CLIENT_SAY_H_INCLUDED_


#include <stdio.h>


/* prints "cc-run: text", also while the terminal is raw */
void ngx_cc_client_say(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* the same, and ends the process with that status */
void ngx_cc_client_fail(int status, const char *format, ...)
    __attribute__((noreturn, format(printf, 2, 3)));

/* a text: control characters (C0, DEL, C1) and what is no UTF-8 as "other" */
void ngx_cc_client_plain(FILE *f, const char *text, int other);


#endif /* _NGX_CC_CLIENT_SAY_H_INCLUDED_ */
