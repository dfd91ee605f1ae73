
/*
 * The terminal that cc-run stands in: raw while a command has a terminal of
 * its own, put back whatever happens.
 */

#ifndef _NGX_CC_CLIENT_TERMINAL_H_INCLUDED_
#define _NGX_CC_CLIENT_TERMINAL_H_INCLUDED_


/*
 * Raw mode of stdin, if that is a terminal; with "signals" Ctrl-C, Ctrl-\ and
 * Ctrl-Z are signals for us, not keys.  0, or -1 when it is none.
 */
int ngx_cc_client_terminal_raw(int signals);

/* as it was; may be called at any time */
void ngx_cc_client_terminal_restore(void);

/* is it raw now? */
int ngx_cc_client_terminal_is_raw(void);

/* forgets what was typed and not read yet */
void ngx_cc_client_terminal_forget(void);

/* columns and rows of stdout, stdin or stderr: 1, or 0 and 80 x 24 */
int ngx_cc_client_terminal_size(unsigned *cols, unsigned *rows);


#endif /* _NGX_CC_CLIENT_TERMINAL_H_INCLUDED_ */
