
/* the levers of shim.c */

#ifndef _SHIM_H_INCLUDED_
#define _SHIM_H_INCLUDED_


/* lets every timer that is set expire; returns how many were */
int shim_fire(void);

/* n > 0: the n-th allocation from now on fails; 0: none does */
extern int  shim_allocations;


#endif /* _SHIM_H_INCLUDED_ */
