/// The names of the system calls in which a process may sleep.
///
/// `/proc/PID/syscall` contains numbers, whose meaning depends on the process's ABI. For example, a 32-bit peer on a
/// 64-bit kernel needs the 32-bit table. Variants of a call that differ only in the width of a time have the same name.
enum SystemCallNames {
  enum ABI: String {
    case x86_64 = "x86-64"
    case i386
    case x32
    case aarch64
  }

  /// Returns the name of a call; nil if no process sleeps in that call, or if the ABI has no table.
  static func name(of number: Int, firstArgument: Int, abi: ABI?) -> String? {
    switch abi {
    case .x86_64: return x86_64[number]
    case .aarch64: return aarch64[number]
    // The kernel sets an extra bit in this ABI's system call numbers.
    case .x32: return x32[number & 0x3FFF_FFFF]
    case .i386:
      // Older C libraries use ipc(2) for all of these calls; its first argument selects the call.
      if number == 117 { return multiplexedIPC[firstArgument & 0xFFFF] }
      if number == 102 { return multiplexedSocket[firstArgument] }
      return i386[number]
    case nil: return nil
    }
  }

  private static let x86_64: [Int: String] = [
    0: "read", 1: "write", 2: "open", 7: "poll", 17: "pread64", 18: "pwrite64", 19: "readv", 20: "writev",
    23:
      "select", 34: "pause", 35: "nanosleep", 42: "connect", 43: "accept", 44: "sendto", 45: "recvfrom",
    46:
      "sendmsg", 47: "recvmsg", 61: "wait4", 65: "semop", 69: "msgsnd", 70: "msgrcv", 72: "fcntl", 73: "flock",
    128: "rt_sigtimedwait", 130: "rt_sigsuspend", 202: "futex", 220: "semtimedop", 230: "clock_nanosleep",
    232:
      "epoll_wait", 242: "mq_timedsend", 243: "mq_timedreceive", 247: "waitid", 257: "openat", 270: "pselect6",
    271: "ppoll", 275: "splice", 276: "tee", 278: "vmsplice", 281: "epoll_pwait", 288: "accept4",
    299:
      "recvmmsg", 307: "sendmmsg", 327: "preadv2", 328: "pwritev2", 426: "io_uring_enter", 441: "epoll_pwait2",
    449: "futex_waitv",
  ]

  private static let i386: [Int: String] = [
    3: "read", 4: "write", 5: "open", 7: "wait4", 29: "pause", 55: "fcntl", 82: "select", 114: "wait4",
    143:
      "flock", 145: "readv", 146: "writev", 162: "nanosleep", 168: "poll", 177: "rt_sigtimedwait",
    179:
      "rt_sigsuspend", 180: "pread64", 181: "pwrite64", 221: "fcntl", 240: "futex", 256: "epoll_wait",
    267:
      "clock_nanosleep", 279: "mq_timedsend", 280: "mq_timedreceive", 284: "waitid", 295: "openat",
    308:
      "pselect6", 309: "ppoll", 313: "splice", 315: "tee", 316: "vmsplice", 319: "epoll_pwait", 337: "recvmmsg",
    345: "sendmmsg", 362: "connect", 364: "accept4", 369: "sendto", 370: "sendmsg", 371: "recvfrom",
    372:
      "recvmsg", 378: "preadv2", 379: "pwritev2", 400: "msgsnd", 401: "msgrcv", 407: "clock_nanosleep",
    413:
      "pselect6", 414: "ppoll", 417: "recvmmsg", 418: "mq_timedsend", 419: "mq_timedreceive", 420: "semtimedop",
    421: "rt_sigtimedwait", 422: "futex", 426: "io_uring_enter", 441: "epoll_pwait2", 449: "futex_waitv",
  ]

  private static let x32: [Int: String] = [
    0: "read", 1: "write", 2: "open", 7: "poll", 17: "pread64", 18: "pwrite64", 23: "select", 34: "pause",
    35:
      "nanosleep", 42: "connect", 43: "accept", 44: "sendto", 61: "wait4", 65: "semop", 69: "msgsnd",
    70:
      "msgrcv", 72: "fcntl", 73: "flock", 130: "rt_sigsuspend", 202: "futex", 220: "semtimedop",
    230:
      "clock_nanosleep", 232: "epoll_wait", 242: "mq_timedsend", 243: "mq_timedreceive", 257: "openat",
    270:
      "pselect6", 271: "ppoll", 275: "splice", 276: "tee", 281: "epoll_pwait", 288: "accept4",
    426:
      "io_uring_enter", 441: "epoll_pwait2", 449: "futex_waitv", 515: "readv", 516: "writev", 517: "recvfrom",
    518: "sendmsg", 519: "recvmsg", 523: "rt_sigtimedwait", 529: "waitid", 532: "vmsplice", 537: "recvmmsg",
    538: "sendmmsg", 546: "preadv2", 547: "pwritev2",
  ]

  private static let aarch64: [Int: String] = [
    22: "epoll_pwait", 25: "fcntl", 32: "flock", 56: "openat", 63: "read", 64: "write", 65: "readv",
    66:
      "writev", 67: "pread64", 68: "pwrite64", 72: "pselect6", 73: "ppoll", 75: "vmsplice", 76: "splice",
    77:
      "tee", 95: "waitid", 98: "futex", 101: "nanosleep", 115: "clock_nanosleep", 133: "rt_sigsuspend",
    137:
      "rt_sigtimedwait", 182: "mq_timedsend", 183: "mq_timedreceive", 188: "msgrcv", 189: "msgsnd",
    192:
      "semtimedop", 193: "semop", 202: "accept", 203: "connect", 206: "sendto", 207: "recvfrom", 211: "sendmsg",
    212: "recvmsg", 242: "accept4", 243: "recvmmsg", 260: "wait4", 269: "sendmmsg", 286: "preadv2",
    287:
      "pwritev2", 426: "io_uring_enter", 441: "epoll_pwait2", 449: "futex_waitv",
  ]

  private static let multiplexedIPC: [Int: String] = [1: "semop", 4: "semtimedop", 11: "msgsnd", 12: "msgrcv"]
  private static let multiplexedSocket: [Int: String] = [
    3: "connect", 5: "accept", 9: "sendto", 10: "recvfrom", 11: "sendto", 12: "recvfrom", 16: "sendmsg", 17: "recvmsg",
    18: "accept4", 19: "recvmmsg", 20: "sendmmsg",
  ]
}
