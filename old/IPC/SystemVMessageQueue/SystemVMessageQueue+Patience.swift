internal import Glibc
internal import SystemPackage

extension SystemVMessageQueue {
  /// Performs a call with `IPC_NOWAIT`, or without to wait for ever. It fails with `busy` when it would have had to wait.
  ///
  /// System V has no call with a deadline: until one, this tries and pauses in turn.
  static func attempt(
    _ patience: Patience, _ interruption: Interruption, busy: Errno, _ call: (_ flags: Int32) -> Int
  ) throws(IPCError) -> Result<Int, Errno> {
    var backoff = Backoff()
    while true {
      // A handler interrupts these calls whatever SA_RESTART says.
      let result = Kernel.attempt(interruption) { call(patience == .forever ? 0 : IPC_NOWAIT) }
      guard result == .failure(busy), let next = backoff.next(before: patience) else { return result }
      try Kernel.sleep(until: next, interruption)
    }
  }
}

/// Room for a message as the kernel takes it: the type in front of the text. `msgsz` counts the text alone.
@safe struct MessageRoom: ~Copyable {
  private let memory: UnsafeMutableRawBufferPointer

  /// Lends room for a text of `count` bytes. It is on the stack up to a kilobyte.
  static func lend<Value>(
    for count: Int, _ body: (borrowing MessageRoom) throws(IPCError) -> Value
  ) throws(IPCError) -> Value {
    try unsafe withUnsafeTemporaryAllocation(
      byteCount: MemoryLayout<Int>.size + count, alignment: MemoryLayout<Int>.alignment
    ) { memory throws(IPCError) in
      try body(unsafe MessageRoom(memory: memory))
    }
  }

  /// What the calls take.
  var start: UnsafeMutableRawPointer? { unsafe memory.baseAddress }

  var type: Int {
    get { unsafe memory.load(as: Int.self) }
    nonmutating set { unsafe memory.storeBytes(of: newValue, as: Int.self) }
  }

  var text: UnsafeMutableRawBufferPointer {
    unsafe UnsafeMutableRawBufferPointer(rebasing: memory[MemoryLayout<Int>.size...])
  }
}
