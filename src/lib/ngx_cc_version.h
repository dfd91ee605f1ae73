
/* the version of this project, for everything that tells it */

#ifndef _NGX_CC_VERSION_H_INCLUDED_
#define _NGX_CC_VERSION_H_INCLUDED_


#define NGX_CC_VERSION  "0.1.0"


#endif /* _NGX_CC_VERSION_H_INCLUDED_ */
