/* A disk that fails on demand, for LD_PRELOAD. The file that SEALVOL_TEST_FAULTS names holds one line "CALL PATH ERRNO TIMES": the next
 * TIMES calls of that kind ("sync": fsync and fdatasync; "write": pwrite) on files whose path contains PATH fail with ERRNO. ERRNO 0 of
 * "write": only a part is taken, as a kernel may; ERRNO -2: it is said to be written and is not. The file is read at every call, so a test changes it while the server runs. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

/* The error number of this call, or -1 if it shall do what it does. */
static int fault(const char *call, int fd)
{
    const char *plan = getenv("SEALVOL_TEST_FAULTS");
    char link[64], path[4096], wanted_call[16], wanted_path[256];
    int number, times, found = -1, before = errno;
    FILE *file;
    ssize_t length;

    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    length = readlink(link, path, sizeof path - 1);
    if (!plan || length <= 0) {
        errno = before;
        return -1;
    }
    path[length] = 0;
    pthread_mutex_lock(&turn);
    file = fopen(plan, "r+");
    if (file) {
        if (fscanf(file, "%15s %255s %d %d", wanted_call, wanted_path, &number, &times) == 4 && times > 0
            && !strcmp(call, wanted_call) && strstr(path, wanted_path)) {
            found = number;
            rewind(file);
            fprintf(file, "%s %s %d %d          \n", wanted_call, wanted_path, number, times - 1);
        }
        fclose(file);
    }
    pthread_mutex_unlock(&turn);
    errno = before;
    return found;
}

static int fail(int number)
{
    errno = number;
    return -1;
}

int fsync(int fd)
{
    static int (*real)(int);
    int number = fault("sync", fd);

    if (!real)
        real = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    return number > 0 ? fail(number) : real(fd);
}

int fdatasync(int fd)
{
    static int (*real)(int);
    int number = fault("sync", fd);

    if (!real)
        real = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    return number > 0 ? fail(number) : real(fd);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset)
{
    static ssize_t (*real)(int, const void *, size_t, off64_t);
    int number = fault("write", fd);

    if (!real)
        real = (ssize_t (*)(int, const void *, size_t, off64_t))dlsym(RTLD_NEXT, "pwrite64");
    if (number > 0)
        return fail(number);
    if (number == -2)
        return (ssize_t)count;
    return real(fd, bytes, number == 0 && count > 1 ? (count + 1) / 2 : count, offset);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t offset)
{
    return pwrite64(fd, bytes, count, offset);
}
