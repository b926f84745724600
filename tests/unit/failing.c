/* Calls that fail on demand: see failing.h. */
#include "failing.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
    gboolean armed, hit, next_fails;
    guint left; /* calls until the one that fails */
    FailingMode mode;
    int code;
} Failing;

static Failing calls;

void failing_calls_arm(guint nth, FailingMode mode, int code)
{
    calls = (Failing){.armed = TRUE, .left = nth, .mode = mode, .code = code};
}

gboolean failing_calls_hit(void)
{
    return calls.hit;
}

gboolean failing_calls_disarm(void)
{
    calls.armed = FALSE;
    return calls.hit;
}

static gboolean refuse(void)
{
    calls.hit = TRUE;
    errno = calls.code;
    return TRUE;
}

/* TRUE: this call fails. A short write, where `ret_short` allows one, is no failure yet. */
static gboolean fails(gboolean *ret_short)
{
    if (ret_short != NULL)
        *ret_short = FALSE;
    if (!calls.armed)
        return FALSE;
    if (calls.next_fails) {
        calls.next_fails = FALSE;
        return refuse();
    }
    if (calls.left == 0)
        return calls.mode == FAILING_ALWAYS && refuse();
    if (--calls.left > 0)
        return FALSE;
    if (calls.mode == FAILING_SHORT && ret_short != NULL) {
        calls.next_fails = *ret_short = TRUE;
        return FALSE;
    }
    return refuse();
}

guint failing_descriptors(void)
{
    guint count = 0;
    GDir *dir = g_dir_open("/proc/self/fd", 0, NULL);
    while (g_dir_read_name(dir) != NULL)
        count++;
    g_dir_close(dir);
    return count;
}

/* --- the calls -----------------------------------------------------------------------------------
 */

int __real_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
int __real_openat64(int dir, const char *path, int flags, ...);
int __wrap_openat64(int dir, const char *path, int flags, ...);
ssize_t __real_write(int fd, const void *data, size_t length);
ssize_t __wrap_write(int fd, const void *data, size_t length);
ssize_t __real_read(int fd, void *data, size_t length);
ssize_t __wrap_read(int fd, void *data, size_t length);
int __real_fstat64(int fd, struct stat *info);
int __wrap_fstat64(int fd, struct stat *info);
int __wrap_fsync(int fd);
int __wrap_fdatasync(int fd);
int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
int __real_ftruncate64(int fd, off_t length);
int __wrap_ftruncate64(int fd, off_t length);
FILE *__real_fopen64(const char *path, const char *mode);
FILE *__wrap_fopen64(const char *path, const char *mode);
FILE *__real_fdopen(int fd, const char *mode);
FILE *__wrap_fdopen(int fd, const char *mode);

int __wrap_open64(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    mode_t mode = (flags & O_CREAT) != 0 ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return fails(NULL) ? -1 : __real_open64(path, flags, mode);
}

int __wrap_openat64(int dir, const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    mode_t mode = (flags & O_CREAT) != 0 ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return fails(NULL) ? -1 : __real_openat64(dir, path, flags, mode);
}

ssize_t __wrap_write(int fd, const void *data, size_t length)
{
    gboolean is_short;
    if (fails(&is_short))
        return -1;
    return __real_write(fd, data, is_short && length > 1 ? length / 2 : length);
}

ssize_t __wrap_read(int fd, void *data, size_t length)
{
    return fails(NULL) ? -1 : __real_read(fd, data, length);
}

int __wrap_fstat64(int fd, struct stat *info)
{
    return fails(NULL) ? -1 : __real_fstat64(fd, info);
}

/* No power fails here, so nothing need reach the disk, which takes its time. */
int __wrap_fsync(int fd)
{
    return fails(NULL) ? -1 : 0;
}

int __wrap_fdatasync(int fd)
{
    return fails(NULL) ? -1 : 0;
}

int __wrap_rename(const char *from, const char *to)
{
    return fails(NULL) ? -1 : __real_rename(from, to);
}

int __wrap_ftruncate64(int fd, off_t length)
{
    return fails(NULL) ? -1 : __real_ftruncate64(fd, length);
}

/* --- streams: the C library writes them where no --wrap reaches
 * -----------------------------------
 */

static ssize_t stream_write(void *cookie, const char *data, size_t length)
{
    size_t put = 0;
    while (put < length) {
        ssize_t done = __wrap_write(GPOINTER_TO_INT(cookie), data + put, length - put);
        if (done < 0)
            break;
        put += (size_t)done;
    }
    return (ssize_t)put;
}

static ssize_t stream_read(void *cookie, char *data, size_t length)
{
    return __wrap_read(GPOINTER_TO_INT(cookie), data, length);
}

static int stream_close(void *cookie)
{
    return close(GPOINTER_TO_INT(cookie));
}

FILE *__wrap_fdopen(int fd, const char *mode)
{
    static const cookie_io_functions_t functions = {
        .write = stream_write, .read = stream_read, .close = stream_close};
    return fails(NULL) ? NULL : fopencookie(GINT_TO_POINTER(fd), mode, functions);
}

FILE *__wrap_fopen64(const char *path, const char *mode)
{
    int fd = __wrap_open64(path, O_RDONLY | O_CLOEXEC);
    FILE *file = fd >= 0 ? __wrap_fdopen(fd, mode) : NULL;
    if (file == NULL && fd >= 0)
        close(fd);
    return file;
}

/* --- memory --------------------------------------------------------------------------------------
 */

static struct {
    gboolean armed, hit;
    guint left;
} memory;

void failing_memory_arm(guint nth)
{
    memory.hit = FALSE;
    memory.left = nth;
    memory.armed = TRUE;
}

gboolean failing_memory_disarm(void)
{
    memory.armed = FALSE;
    return memory.hit;
}

#ifdef __has_feature
#define HAS_SANITIZER (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HAS_SANITIZER 1
#else
#define HAS_SANITIZER 0
#endif

#if HAS_SANITIZER
gboolean failing_memory_works(void)
{
    return FALSE;
}
#else
gboolean failing_memory_works(void)
{
    return TRUE;
}

/* Defined in the program, these are everybody's: GLib's, jansson's and the C library's own. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);

static gboolean memory_fails(void)
{
    if (!memory.armed || memory.hit || --memory.left > 0)
        return FALSE;
    memory.hit = TRUE;
    errno = ENOMEM;
    return TRUE;
}

void *malloc(size_t size)
{
    return memory_fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return memory_fails() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *block, size_t size)
{
    return memory_fails() ? NULL : __libc_realloc(block, size);
}
#endif
