internal import SystemPackage

extension IPCError {
  /// What to do about what went wrong in memory that processes share, of which no manual page tells.
  var sharingAdvice: String? {
    switch (call, errno) {
    case ("ring_make", .invalidArgument): "The capacity of a ring is a power of two, 16 or more."
    case ("ring_open", .invalidArgument):
      "No ring of this content is there: make it before it is opened, and for the same."
    case ("ring_open", .protocolNotSupported), ("ipc_queue_open", .protocolNotSupported):
      "It has another version of the layout: build all who share it from the same version of the library and the header."
    case ("ring_open", .resourceBusy):
      "A process has this end and lives, or is of another PID or time namespace, where nobody can say: wait until it "
        + "closes, and make the ring anew."
    case ("ring_open", .brokenPipe): "This end was closed, and that is final: make the ring anew."
    case ("ring", .badMessage), ("ring_open", .badMessage):
      "No ring has such positions, capacity or records: somebody writes there who should not. Close it, and make it anew."
    case ("ring_send", .messageTooLong): "A record takes 8 bytes more than it has: make the ring larger."
    case ("ring_receive", .messageTooLong): "The record stays: take it with room for so many bytes."
    case ("ring_write", .ownerDied), ("ring_read", .ownerDied):
      "The process at the other end died without closing it. A successor may open that end, and then this one goes on."
    case ("sem_getvalue", .invalidArgument):
      "A semaphore is never below 0: none lies there, or somebody wrote over it. Make it anew."
    case ("ipc_queue_make", .invalidArgument): "A queue has 1 to 2^30 slots of 1 to 2^30 bytes."
    case ("ipc_queue_open", .invalidArgument): "No queue is there: make it before it is opened."
    case ("ipc_queue_open", .badMessage), ("ipc_queue_messages", .badMessage), ("ipc_queue_receive", .badMessage):
      "No queue has such sizes, counts or lengths: somebody writes there who should not. Make it anew."
    case ("ipc_queue_send", .messageTooLong): "No slot has room for it: make the queue with larger ones."
    case ("ipc_queue_receive", .messageTooLong): "The message stays: receive it with room for a whole slot."
    case ("ipc_queue_select", .invalidArgument): "One receives from 1 to 128 queues at a time."
    default: nil
    }
  }
}
