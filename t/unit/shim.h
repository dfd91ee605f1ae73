
/* the levers of shim.c */

#ifndef _SHIM_H_INCLUDED_
#define _SHIM_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* lets every timer that is set expire; returns how many were */
int shim_fire(void);

/* the next of those whose time has come expires; 0: there is none */
int shim_expire(void);

/* ms until the first timer; (ngx_msec_t) -1: none is set */
ngx_msec_t shim_next(void);

/* n > 0: the n-th allocation from now on fails; 0: none does */
extern int  shim_allocations;


#endif /* _SHIM_H_INCLUDED_ */
