/* A layer between the program and its files that fails on demand, on every machine and for every user.
 *
 * Built by failing_disk.rs and loaded with LD_PRELOAD. FAILING_DISK_ROOT is the directory that lies on the disk; what is elsewhere is
 * in order. The file that FAILING_DISK names says what is wrong with the disk: "full" (no room: ENOSPC for all that writes),
 * "broken" (EIO for the same), "readonly" (EROFS for the same, and for opening to write), "unsynced" (writes go well, and EIO when
 * they are to reach the disk), "slow" (they reach it two seconds late). Without that file the disk is in order. Only files are
 * concerned: pipes and sockets are not on a disk.
 *
 * If FAILING_DISK_KEPT names a directory, each file is copied there when it has reached the disk: what is there is what a loss of
 * power leaves. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum act { OPENS, WRITES, SYNCS };

static int is_on_the_disk(const char *path) {
    const char *root = getenv("FAILING_DISK_ROOT");
    size_t length = root == NULL ? 0 : strlen(root);
    return length > 0 && strncmp(path, root, length) == 0 && path[length] == '/';
}

/* The path of an open file on this disk; 0 for all else. */
static int path_of(int fd, char *path) {
    struct stat about;
    char link[64];
    ssize_t length;
    if (fstat(fd, &about) != 0 || !S_ISREG(about.st_mode)) {
        return 0;
    }
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    length = readlink(link, path, PATH_MAX - 1);
    path[length < 0 ? 0 : length] = 0;
    return is_on_the_disk(path);
}

/* What an act fails with at this moment; 0 for nothing. */
static int failure(enum act act) {
    const char *order = getenv("FAILING_DISK");
    char word[16] = {0};
    int said = order == NULL ? -1 : (int)syscall(SYS_openat, AT_FDCWD, order, O_RDONLY | O_CLOEXEC, 0);
    if (said < 0) {
        return 0;
    }
    if (read(said, word, sizeof word - 1) < 0) {
        word[0] = 0;
    }
    close(said);
    if (strncmp(word, "full", 4) == 0) {
        return act == WRITES ? ENOSPC : 0;
    }
    if (strncmp(word, "broken", 6) == 0) {
        return act == OPENS ? 0 : EIO;
    }
    if (strncmp(word, "readonly", 8) == 0) {
        return act == SYNCS ? 0 : EROFS;
    }
    if (strncmp(word, "unsynced", 8) == 0) {
        return act == SYNCS ? EIO : 0;
    }
    if (strncmp(word, "slow", 4) == 0 && act == SYNCS) {
        struct timespec pause = {2, 0};
        nanosleep(&pause, NULL);
    }
    return 0;
}

static int fails(int fd, enum act act) {
    char path[PATH_MAX];
    int saved = errno, wrong = path_of(fd, path) ? failure(act) : 0;
    errno = wrong != 0 ? wrong : saved;
    return wrong != 0;
}

static void kept_name(const char *path, const char *suffix, char *name) {
    const char *base = strrchr(path, '/');
    snprintf(name, 2 * PATH_MAX, "%s/%s%s", getenv("FAILING_DISK_KEPT"), base == NULL ? path : base + 1, suffix);
}

/* Copies what has reached the disk. It reads by the same descriptor where it can: to close another one would give up the locks that
 * this process has on the file. */
static void keep(int fd) {
    char path[PATH_MAX], part[2 * PATH_MAX], name[2 * PATH_MAX], suffix[64], bytes[1 << 16];
    int saved = errno, to, from = fd;
    off_t at = 0;
    ssize_t count;
    if (getenv("FAILING_DISK_KEPT") == NULL || !path_of(fd, path)) {
        errno = saved;
        return;
    }
    if ((fcntl(fd, F_GETFL) & O_ACCMODE) == O_WRONLY) {
        from = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
    }
    snprintf(suffix, sizeof suffix, ".part-%ld", (long)syscall(SYS_gettid));
    kept_name(path, suffix, part);
    kept_name(path, "", name);
    to = (int)syscall(SYS_openat, AT_FDCWD, part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    while (to >= 0 && (count = pread(from, bytes, sizeof bytes, at)) > 0) {
        if (syscall(SYS_write, to, bytes, (size_t)count) != count) {
            abort();
        }
        at += count;
    }
    close(to);
    syscall(SYS_renameat2, AT_FDCWD, part, AT_FDCWD, name, 0);
    if (from != fd) {
        close(from);
    }
    errno = saved;
}

static int synced(int fd, long call) {
    int done = fails(fd, SYNCS) ? -1 : (int)syscall(call, fd);
    if (done == 0) {
        keep(fd);
    }
    return done;
}

static int opened(int directory, const char *path, int flags, mode_t mode) {
    int writes = (flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC) != 0;
    if ((writes || ((flags & O_CREAT) != 0 && access(path, F_OK) != 0)) && is_on_the_disk(path)) {
        int wrong = failure(OPENS);
        if (wrong != 0) {
            errno = wrong;
            return -1;
        }
    }
    return (int)syscall(SYS_openat, directory, path, flags, mode);
}

static mode_t mode_of(int flags, va_list rest) { return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0; }

#define OPENED(directory, path, flags)                                                                                            \
    do {                                                                                                                          \
        va_list rest;                                                                                                             \
        mode_t mode;                                                                                                              \
        va_start(rest, flags);                                                                                                    \
        mode = mode_of(flags, rest);                                                                                              \
        va_end(rest);                                                                                                             \
        return opened(directory, path, flags, mode);                                                                              \
    } while (0)

int open(const char *path, int flags, ...) { OPENED(AT_FDCWD, path, flags); }
int open64(const char *path, int flags, ...) { OPENED(AT_FDCWD, path, flags); }
int openat(int directory, const char *path, int flags, ...) { OPENED(directory, path, flags); }
int openat64(int directory, const char *path, int flags, ...) { OPENED(directory, path, flags); }

#define UNLESS_FAILED(fd, call) return fails(fd, WRITES) ? -1 : (call)

ssize_t write(int fd, const void *bytes, size_t count) { UNLESS_FAILED(fd, syscall(SYS_write, fd, bytes, count)); }
ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) { UNLESS_FAILED(fd, syscall(SYS_pwrite64, fd, bytes, count, at)); }
ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
    UNLESS_FAILED(fd, syscall(SYS_pwrite64, fd, bytes, count, at));
}
int ftruncate(int fd, off_t size) { UNLESS_FAILED(fd, (int)syscall(SYS_ftruncate, fd, size)); }
int ftruncate64(int fd, off64_t size) { UNLESS_FAILED(fd, (int)syscall(SYS_ftruncate, fd, size)); }
int fallocate(int fd, int mode, off_t at, off_t size) { UNLESS_FAILED(fd, (int)syscall(SYS_fallocate, fd, mode, at, size)); }
int fsync(int fd) { return synced(fd, SYS_fsync); }
int fdatasync(int fd) { return synced(fd, SYS_fdatasync); }

int rename(const char *from, const char *to) {
    int wrong = is_on_the_disk(to) ? failure(OPENS) : 0, done;
    if (wrong != 0) {
        errno = wrong;
        return -1;
    }
    done = (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
    if (done == 0 && getenv("FAILING_DISK_KEPT") != NULL && is_on_the_disk(to)) {
        char before[2 * PATH_MAX], after[2 * PATH_MAX];
        int saved = errno;
        kept_name(from, "", before);
        kept_name(to, "", after);
        /* What never reached the disk under the old name is not there under the new one either. */
        if (syscall(SYS_renameat2, AT_FDCWD, before, AT_FDCWD, after, 0) != 0) {
            syscall(SYS_unlinkat, AT_FDCWD, after, 0);
        }
        errno = saved;
    }
    return done;
}
