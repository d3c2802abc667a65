/* A layer between the program and its files that fails on demand, on every machine and for every user.
 *
 * Built by disk.rs and loaded with LD_PRELOAD. The file that FAILING_DISK names says what is wrong with the disk: "full" (no room:
 * ENOSPC for all that writes), "broken" (EIO for the same), "unsynced" (writes go well, and EIO when they are to reach the disk).
 * Without that file the disk is in order. Only files are concerned: pipes and sockets are not on a disk. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What a call that writes (or one that syncs) fails with at this moment; 0 for nothing. */
static int failure(int fd, int syncs) {
    struct stat about;
    const char *path = getenv("FAILING_DISK");
    int saved = errno, said, length, result = 0;
    char word[16] = {0};
    if (path == NULL || fstat(fd, &about) != 0 || !S_ISREG(about.st_mode)) {
        errno = saved;
        return 0;
    }
    said = open(path, O_RDONLY | O_CLOEXEC);
    if (said >= 0) {
        length = (int)read(said, word, sizeof word - 1);
        close(said);
        if (length > 0 && strncmp(word, "full", 4) == 0) {
            result = syncs ? 0 : ENOSPC;
        } else if (length > 0 && strncmp(word, "broken", 6) == 0) {
            result = EIO;
        } else if (length > 0 && strncmp(word, "unsynced", 8) == 0) {
            result = syncs ? EIO : 0;
        }
    }
    errno = saved;
    return result;
}

#define FAIL_OR(fd, syncs, call)                                                                                                  \
    do {                                                                                                                          \
        int wrong = failure(fd, syncs);                                                                                           \
        if (wrong != 0) {                                                                                                         \
            errno = wrong;                                                                                                        \
            return -1;                                                                                                            \
        }                                                                                                                         \
        return call;                                                                                                              \
    } while (0)

ssize_t write(int fd, const void *bytes, size_t count) { FAIL_OR(fd, 0, syscall(SYS_write, fd, bytes, count)); }
ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) { FAIL_OR(fd, 0, syscall(SYS_pwrite64, fd, bytes, count, at)); }
ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
    FAIL_OR(fd, 0, syscall(SYS_pwrite64, fd, bytes, count, at));
}
int ftruncate(int fd, off_t size) { FAIL_OR(fd, 0, (int)syscall(SYS_ftruncate, fd, size)); }
int ftruncate64(int fd, off64_t size) { FAIL_OR(fd, 0, (int)syscall(SYS_ftruncate, fd, size)); }
int fallocate(int fd, int mode, off_t at, off_t size) { FAIL_OR(fd, 0, (int)syscall(SYS_fallocate, fd, mode, at, size)); }
int fsync(int fd) { FAIL_OR(fd, 1, (int)syscall(SYS_fsync, fd)); }
int fdatasync(int fd) { FAIL_OR(fd, 1, (int)syscall(SYS_fdatasync, fd)); }
