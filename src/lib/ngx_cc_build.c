
#define _GNU_SOURCE
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include "ngx_cc_build.h"
#include "ngx_cc_hex.h"


#define NGX_CC_BUILD_HEADERS  64         /* of a file; more are not looked at */
#define NGX_CC_BUILD_NOTES    4096       /* bytes of one segment of notes */


static int ngx_cc_build_object(struct dl_phdr_info *info, size_t size,
    void *data);
static int ngx_cc_build_has(const struct dl_phdr_info *info, uintptr_t addr);
static int ngx_cc_build_segment(int fd, const ElfW(Phdr) *ph,
    char id[NGX_CC_BUILD_ID]);
static int ngx_cc_build_note(const char *p, size_t len, size_t align,
    char id[NGX_CC_BUILD_ID]);


void
ngx_cc_build_look(ngx_cc_build_t *build)
{
    /* as it was at first: to write over the file is to write over the code */

    static char  loaded[NGX_CC_BUILD_ID];

    memset(build, 0, sizeof(*build));
    (void) dl_iterate_phdr(ngx_cc_build_object, build);

    if (loaded[0] == '\0') {
        memcpy(loaded, build->loaded, sizeof(loaded));
    }

    memcpy(build->loaded, loaded, sizeof(loaded));
}


int
ngx_cc_build_replaced(const ngx_cc_build_t *build)
{
    return build->loaded[0] && build->installed[0]
           && strcmp(build->loaded, build->installed) != 0;
}


/* 1: it was ours, no other one is looked at */

static int
ngx_cc_build_object(struct dl_phdr_info *info, size_t size, void *data)
{
    size_t             i;
    ngx_cc_build_t    *build = data;
    const ElfW(Phdr)  *ph;

    (void) size;

    if (!ngx_cc_build_has(info, (uintptr_t) ngx_cc_build_object)) {
        return 0;
    }

    for (i = 0; i < info->dlpi_phnum; i++) {
        ph = &info->dlpi_phdr[i];

        if (ph->p_type == PT_NOTE
            && ngx_cc_build_note((const char *) (info->dlpi_addr
                                                 + ph->p_vaddr),
                                 ph->p_memsz, ph->p_align, build->loaded))
        {
            break;
        }
    }

    if (info->dlpi_name && info->dlpi_name[0] == '/') {
        ngx_cc_build_file(info->dlpi_name, build->installed);
    }

    return 1;
}


static int
ngx_cc_build_has(const struct dl_phdr_info *info, uintptr_t addr)
{
    size_t             i;
    uintptr_t          from;
    const ElfW(Phdr)  *ph;

    for (i = 0; i < info->dlpi_phnum; i++) {
        ph = &info->dlpi_phdr[i];
        from = info->dlpi_addr + ph->p_vaddr;

        if (ph->p_type == PT_LOAD && addr >= from
            && addr - from < ph->p_memsz)
        {
            return 1;
        }
    }

    return 0;
}


void
ngx_cc_build_file(const char *path, char id[NGX_CC_BUILD_ID])
{
    int         fd, i;
    off_t       at;
    ElfW(Ehdr)  head;
    ElfW(Phdr)  ph;

    id[0] = '\0';
    fd = open(path, O_RDONLY|O_NONBLOCK|O_NOCTTY|O_CLOEXEC);

    if (fd == -1) {
        return;
    }

    /* of another kind of machine the fields are elsewhere */

    if (pread(fd, &head, sizeof(head), 0) == (ssize_t) sizeof(head)
        && memcmp(head.e_ident, ELFMAG, SELFMAG) == 0
        && head.e_ident[EI_CLASS]
           == (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32)
        && head.e_phentsize == sizeof(ph))
    {
        for (i = 0; i < head.e_phnum && i < NGX_CC_BUILD_HEADERS; i++) {
            at = (off_t) (head.e_phoff + (size_t) i * sizeof(ph));

            if (pread(fd, &ph, sizeof(ph), at) != (ssize_t) sizeof(ph)
                || ngx_cc_build_segment(fd, &ph, id))
            {
                break;
            }
        }
    }

    (void) close(fd);
}


static int
ngx_cc_build_segment(int fd, const ElfW(Phdr) *ph, char id[NGX_CC_BUILD_ID])
{
    char     notes[NGX_CC_BUILD_NOTES];
    ssize_t  n;

    if (ph->p_type != PT_NOTE || ph->p_filesz > sizeof(notes)) {
        return 0;
    }

    n = pread(fd, notes, ph->p_filesz, (off_t) ph->p_offset);

    return n > 0 && ngx_cc_build_note(notes, (size_t) n, ph->p_align, id);
}


/* 1: it is among these notes */

static int
ngx_cc_build_note(const char *p, size_t len, size_t align,
    char id[NGX_CC_BUILD_ID])
{
    size_t      name, desc;
    ElfW(Nhdr)  note;

    align = (align == 8) ? 7 : 3;

    while (len >= sizeof(note)) {
        memcpy(&note, p, sizeof(note));

        /* both are of 32 bits: no sum is too large */

        name = ((size_t) note.n_namesz + sizeof(note) + align) & ~align;
        desc = ((size_t) note.n_descsz + align) & ~align;

        if (name > len || note.n_descsz > len - name) {
            return 0;
        }

        if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4
            && memcmp(p + sizeof(note), "GNU", 4) == 0
            && note.n_descsz && note.n_descsz <= (NGX_CC_BUILD_ID - 1) / 2)
        {
            *ngx_cc_hex_write(id, p + name, note.n_descsz) = '\0';
            return 1;
        }

        if (desc > len - name) {
            return 0;
        }

        p += name + desc;
        len -= name + desc;
    }

    return 0;
}
