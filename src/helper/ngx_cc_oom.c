
#define _GNU_SOURCE
#include <fcntl.h>
#include <unistd.h>
#include "ngx_cc_oom.h"


void
ngx_cc_oom_raise(int by)
{
    int      fd, sign, value;
    char     buf[16], *p;
    ssize_t  n;

    fd = open("/proc/self/oom_score_adj", O_RDWR|O_CLOEXEC);

    if (fd == -1) {
        return;
    }

    n = read(fd, buf, sizeof(buf) - 1);
    value = 0;
    sign = 1;

    for (p = buf; p < buf + n; p++) {
        if (*p == '-') {
            sign = -1;

        } else if (*p >= '0' && *p <= '9') {
            value = value * 10 + (*p - '0');
        }
    }

    value = sign * value + by;
    value = value > 1000 ? 1000 : value;

    p = buf + sizeof(buf);
    sign = value < 0;
    value = sign ? -value : value;

    do {
        *--p = '0' + value % 10;
        value /= 10;
    } while (value);

    if (sign) {
        *--p = '-';
    }

    (void) !write(fd, p, buf + sizeof(buf) - p);
    (void) close(fd);
}
