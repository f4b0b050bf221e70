#include "cipc_lock.h"

#include <fcntl.h>

_Static_assert(CIPC_F_RDLCK == F_RDLCK && CIPC_F_WRLCK == F_WRLCK && CIPC_F_UNLCK == F_UNLCK,
               "types of locks");

int cipc_record_lock(int descriptor, int command, int of_description, struct cipc_record_lock *lock) {
    static const int commands[2][3] = {
        {[CIPC_SETLK] = F_SETLK, [CIPC_SETLKW] = F_SETLKW, [CIPC_GETLK] = F_GETLK},
        {[CIPC_SETLK] = F_OFD_SETLK, [CIPC_SETLKW] = F_OFD_SETLKW, [CIPC_GETLK] = F_OFD_GETLK}};
    // l_pid must be 0 for the F_OFD commands.
    struct flock record = {
        .l_type = (short)lock->type, .l_whence = SEEK_SET, .l_start = lock->start, .l_len = lock->length};
    const int result = fcntl(descriptor, commands[of_description != 0][command], &record);
    lock->type = record.l_type;
    lock->start = record.l_start;
    lock->length = record.l_len;
    lock->process = record.l_pid;
    return result;
}
