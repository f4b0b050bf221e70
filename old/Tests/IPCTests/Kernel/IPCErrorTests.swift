import Glibc
import IPC
import SystemPackage
import Testing

@Suite struct IPCErrorTests {
  @Test func `An error says which call failed, on what, why, and what to do`() {
    let error = IPCError(call: "fcntl F_SETPIPE_SZ", errno: .notPermitted, object: .descriptor(.init(rawValue: 7)))
    #expect(error.description.hasPrefix("fcntl F_SETPIPE_SZ descriptor 7: Operation not permitted (EPERM). "))
    #expect(error.description.contains("/proc/sys/fs/pipe-max-size"))
  }

  @Test(arguments: [
    ("ring_make", Errno.invalidArgument), ("ring_open", .invalidArgument), ("ring_open", .protocolNotSupported),
    ("ring_open", .resourceBusy), ("ring_open", .brokenPipe), ("ring_open", .badMessage), ("ring", .badMessage),
    ("ring_send", .messageTooLong), ("ring_receive", .messageTooLong), ("ring_read", Errno(rawValue: EOWNERDEAD)),
    ("ring_write", Errno(rawValue: EOWNERDEAD)), ("ipc_queue_make", .invalidArgument),
    ("ipc_queue_open", .invalidArgument), ("ipc_queue_open", .protocolNotSupported), ("ipc_queue_open", .badMessage),
    ("ipc_queue_messages", .badMessage), ("ipc_queue_receive", .badMessage), ("ipc_queue_send", .messageTooLong),
    ("ipc_queue_receive", .messageTooLong), ("ipc_queue_select", .invalidArgument),
  ])
  func `An error of memory that processes share says what to do`(_ call: String, _ reason: Errno) {
    let error = IPCError(call: call, errno: reason)
    #expect(error.description.hasPrefix("\(call): \(reason) (\(error.symbol)). "))
  }

  @Test func `An error of a call that had got somewhere says how far`() {
    let error = IPCError(call: "write", errno: .interrupted, object: .path("/f"), transferred: 42)
    #expect(error.description == "write '/f': Interrupted system call (EINTR) after 42 bytes")
  }

  @Test(arguments: [
    (Errno.wouldBlock, "EAGAIN"), (.identifierRemoved, "EIDRM"), (.timedOut, "ETIMEDOUT"),
    (.tooManyOpenFilesInSystem, "ENFILE"), (Errno(rawValue: 9999), "9999"),
  ])
  func `A reason has a symbol`(_ errno: Errno, _ symbol: String) {
    #expect(IPCError(call: "x", errno: errno).symbol == symbol)
  }

  @Test(arguments: [
    ("mq_open", Errno.tooManyOpenFiles, "RLIMIT_MSGQUEUE"), ("mq_open", .noSpace, "queues_max"),
    ("pipe2", .tooManyOpenFiles, "RLIMIT_NOFILE"), ("ftruncate", .fileTooLarge, "RLIMIT_FSIZE"),
    ("msgsnd", .invalidArgument, "/proc/sys/kernel/msgmax"), ("msgctl", .notPermitted, "/proc/sys/kernel/msgmnb"),
    ("epoll_ctl", .noSpace, "max_user_watches"), ("mq_receive", .messageTooLong, "largest message"),
  ])
  func `A limit that was met is named`(_ call: String, _ errno: Errno, _ limit: String) {
    #expect(IPCError(call: call, errno: errno).description.contains(limit))
  }
}
