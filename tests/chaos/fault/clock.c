/* A system clock that is off by CHAOS_CLOCK_SHIFT seconds, for LD_PRELOAD. It asks the kernel and allocates nothing, so an
 * allocator may ask for the time while it begins. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *now) {
    long failed = syscall(SYS_clock_gettime, clock, now);
    const char *shift = getenv("CHAOS_CLOCK_SHIFT");
    if (!failed && shift && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += atol(shift);
    return failed ? -1 : 0;
}
