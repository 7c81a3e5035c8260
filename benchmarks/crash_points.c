/* Preloaded into an apply: counts the calls by which it touches its files and its server, and at one of them kills the
 * process, tears a write, or fails.
 *
 *   CRASH_FOLDER   the folder whose files count; every TCP socket counts
 *   CRASH_AT       the number of the call, from 1; 0 or nothing counts only
 *   CRASH_HOW      kill (before the call), torn (after half of a write, else before the call), ENOSPC or EIO
 *   CRASH_LOG      a file that gets a line for each call: its number and its name
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static atomic_long calls;
static long at;
static int log_descriptor = -1;
static const char *folder, *how;

__attribute__((constructor)) static void begin(void) {
    const char *number = getenv("CRASH_AT"), *log = getenv("CRASH_LOG");
    folder = getenv("CRASH_FOLDER");
    how = getenv("CRASH_HOW");
    at = number ? atol(number) : 0;
    if (log) log_descriptor = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static int is_ours(const char *path) {
    char whole[PATH_MAX + 1];
    if (!folder || !path) return 0;
    if (path[0] == '/') return strncmp(path, folder, strlen(folder)) == 0;
    return getcwd(whole, sizeof whole) && strncmp(whole, folder, strlen(folder)) == 0;
}

static int is_our_file(int descriptor) {
    char link[64], path[PATH_MAX + 1];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, PATH_MAX);
    if (length < 0) return 0;
    path[length] = 0;
    return is_ours(path);
}

static int is_server(int descriptor) {
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    return getsockname(descriptor, (struct sockaddr *)&address, &length) == 0 &&
           (address.ss_family == AF_INET || address.ss_family == AF_INET6);
}

static void die(void) {
    syscall(SYS_kill, getpid(), SIGKILL);
    for (;;) pause();
}

/* Counts a call. Gives 0 to go on, an errno to fail with, or -1 for a write that is to be torn. */
static int point(const char *name, int is_file) {
    long number = atomic_fetch_add(&calls, 1) + 1;
    if (log_descriptor >= 0) {
        char line[64];
        int length = snprintf(line, sizeof line, "%ld %s\n", number, name);
        syscall(SYS_write, log_descriptor, line, length);
    }
    if (number != at || !how) return 0;
    if (!strcmp(how, "kill")) die();
    if (!strcmp(how, "torn")) {
        if (strcmp(name, "write") && strcmp(name, "send")) die();
        return -1;
    }
    if (!is_file) return 0;
    return !strcmp(how, "ENOSPC") ? ENOSPC : EIO;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define FAIL(error)       \
    do {                  \
        errno = (error);  \
        return -1;        \
    } while (0)

ssize_t write(int descriptor, const void *data, size_t length) {
    int error = is_our_file(descriptor) ? point("write", 1) : 0;
    if (error < 0) {
        syscall(SYS_write, descriptor, data, length / 2);
        die();
    }
    if (error) FAIL(error);
    return REAL(write)(descriptor, data, length);
}

int fsync(int descriptor) {
    int error = is_our_file(descriptor) ? point("fsync", 1) : 0;
    if (error > 0) FAIL(error);
    return REAL(fsync)(descriptor);
}

int fdatasync(int descriptor) {
    int error = is_our_file(descriptor) ? point("fsync", 1) : 0;
    if (error > 0) FAIL(error);
    return REAL(fdatasync)(descriptor);
}

int rename(const char *from, const char *to) {
    int error = is_ours(to) ? point("rename", 1) : 0;
    if (error > 0) FAIL(error);
    return REAL(rename)(from, to);
}

int unlink(const char *path) {
    int error = is_ours(path) ? point("unlink", 1) : 0;
    if (error > 0) FAIL(error);
    return REAL(unlink)(path);
}

static int opened(const char *path, int flags, mode_t mode) {
    int error = (flags & (O_CREAT | O_WRONLY | O_RDWR)) && is_ours(path) ? point("open", 1) : 0;
    if (error > 0) FAIL(error);
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

#define OPEN(name)                                        \
    int name(const char *path, int flags, ...) {          \
        va_list rest;                                     \
        va_start(rest, flags);                            \
        mode_t mode = (mode_t)va_arg(rest, int);          \
        va_end(rest);                                     \
        return opened(path, flags, mode);                 \
    }
OPEN(open)
OPEN(open64)

ssize_t send(int descriptor, const void *data, size_t length, int flags) {
    if (is_server(descriptor) && point("send", 0) < 0) {
        syscall(SYS_sendto, descriptor, data, length / 2, flags, NULL, 0);
        die();
    }
    return REAL(send)(descriptor, data, length, flags);
}

ssize_t recv(int descriptor, void *data, size_t length, int flags) {
    if (is_server(descriptor)) point("recv", 0);
    return REAL(recv)(descriptor, data, length, flags);
}
