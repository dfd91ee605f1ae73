
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include "ngx_cc_handle.h"
#include "ngx_cc_hex.h"


#define NGX_CC_RANDOM_BLOCK   512


typedef struct {
    size_t   left;
    uint8_t  block[NGX_CC_RANDOM_BLOCK];
} ngx_cc_random_t;


static ngx_cc_random_t *ngx_cc_random_page(void);
static int ngx_cc_random_fetch(void *p, size_t n);


int
ngx_cc_random(void *p, size_t n)
{
    uint8_t          *from;
    ngx_cc_random_t  *random;

    random = (n > NGX_CC_RANDOM_BLOCK / 4) ? NULL : ngx_cc_random_page();

    if (random == NULL) {
        return ngx_cc_random_fetch(p, n);
    }

    if (random->left < n) {
        if (ngx_cc_random_fetch(random->block, NGX_CC_RANDOM_BLOCK) == -1) {
            return -1;
        }

        random->left = NGX_CC_RANDOM_BLOCK;
    }

    random->left -= n;
    from = random->block + random->left;

    memcpy(p, from, n);
    explicit_bzero(from, n);

    return 0;
}


/*
 * The block must not be shared over fork(): it is in a page that the kernel
 * gives to a child full of zeros, so it has nothing left there.  NULL: there is
 * no such page.
 */

static ngx_cc_random_t *
ngx_cc_random_page(void)
{
    void  *page;

    static ngx_cc_random_t  *random;
    static int               failed;

    if (random || failed) {
        return random;
    }

    page = mmap(NULL, sizeof(ngx_cc_random_t), PROT_READ|PROT_WRITE,
                MAP_PRIVATE|MAP_ANONYMOUS, -1, 0);

    if (page == MAP_FAILED) {
        failed = 1;
        return NULL;
    }

    if (madvise(page, sizeof(ngx_cc_random_t), MADV_WIPEONFORK) == -1) {
        (void) munmap(page, sizeof(ngx_cc_random_t));
        failed = 1;
        return NULL;
    }

    (void) madvise(page, sizeof(ngx_cc_random_t), MADV_DONTDUMP);
    random = page;

    return random;
}


static int
ngx_cc_random_fetch(void *p, size_t n)
{
    ssize_t   got;
    uint8_t  *to = p;

    while (n) {
        got = getrandom(to, n, 0);

        if (got == -1 && errno == EINTR) {
            continue;
        }

        if (got == -1) {
            return -1;
        }

        to += got;
        n -= got;
    }

    return 0;
}


int
ngx_cc_handle_make(ngx_cc_handle_t *h)
{
    return ngx_cc_random(h->byte, sizeof(h->byte));
}


char *
ngx_cc_handle_format(const ngx_cc_handle_t *h, char *text)
{
    return ngx_cc_hex_write(text, h->byte, NGX_CC_HANDLE_SIZE);
}


int
ngx_cc_handle_parse(const char *text, size_t len, ngx_cc_handle_t *h)
{
    return len == NGX_CC_HANDLE_TEXT
           ? ngx_cc_hex_read(text, h->byte, NGX_CC_HANDLE_SIZE) : -1;
}


int
ngx_cc_handle_equal(const ngx_cc_handle_t *a, const ngx_cc_handle_t *b)
{
    size_t   i;
    uint8_t  diff;

    diff = 0;

    for (i = 0; i < NGX_CC_HANDLE_SIZE; i++) {
        diff |= a->byte[i] ^ b->byte[i];
    }

    return diff == 0;
}


int
ngx_cc_handle_uuid(char *text)
{
    size_t   i;
    uint8_t  byte[16];

    if (ngx_cc_random(byte, sizeof(byte)) == -1) {
        return -1;
    }

    byte[6] = (byte[6] & 0x0f) | 0x40;
    byte[8] = (byte[8] & 0x3f) | 0x80;

    for (i = 0; i < sizeof(byte); i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            *text++ = '-';
        }

        text = ngx_cc_hex_write(text, &byte[i], 1);
    }

    return 0;
}
