
/* sessions of the native dialect, see session.h */

#include "session.h"
#include "ngx_cc_native.h"


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    session_fuzz(&ngx_cc_native, NULL, data, size);

    return 0;
}
