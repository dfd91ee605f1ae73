
/* What the executor service says: lines on its standard error. */

#ifndef _NGX_CC_SAY_H_INCLUDED_
#define _NGX_CC_SAY_H_INCLUDED_


/* one line, its name in front; cut off after 8 KiB */
void ngx_cc_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * For what others may cause as often as they like: may it be said?  100 lines
 * in 10 s, then one that says so, then nothing until they are over.
 */
int ngx_cc_say_more(void);


#endif /* _NGX_CC_SAY_H_INCLUDED_ */
