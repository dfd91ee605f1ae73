
/*
 * Bytes as hexadecimal digits and back, in lower case only: there is one
 * spelling of everything that is written so.
 */

#ifndef _NGX_CC_HEX_H_INCLUDED_
#define _NGX_CC_HEX_H_INCLUDED_


#include <stddef.h>


/* writes 2 * n digits of the n bytes at p, no NUL; returns their end */
char *ngx_cc_hex_write(char *text, const void *p, size_t n);

/* reads 2 * n digits into n bytes at p; 0, or -1: one of them is none */
int ngx_cc_hex_read(const char *text, void *p, size_t n);


#endif /* _NGX_CC_HEX_H_INCLUDED_ */
