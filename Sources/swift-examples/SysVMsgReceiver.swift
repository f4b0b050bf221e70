internal import ArgumentParser
internal import IPC
internal import SystemPackage

/// Receives messages from a System V message queue, and removes the queue.
struct SysVMsgReceiver: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sysv_msg_receiver",
    abstract: "Receives messages from a System V message queue, and removes the queue.")

  @Option(help: "The queue key.")
  var key = Key(1234)

  @Option(
    parsing: .unconditional,
    help: "The messages to receive: 0 for all, T for type T, -T for the lowest type up to T.")
  var type = Selection(.any)

  @Option(help: "The number of messages to receive.")
  var count = Count(1)

  @Option(help: "The queue's permissions, if it must be created.")
  var mode = Mode(.ownerReadWrite)

  @Option(help: "The number of seconds to wait for all messages.")
  var timeout: Seconds?

  func run() throws {
    // Whichever program starts first creates the queue.
    let queue = try SystemVMessageQueue.createOrOpen(key.key, permissions: mode.permissions)
    do {
      try receive(from: queue, Timeout(timeout))
    } catch {
      if queue.isNew { try? queue.remove() }
      throw error
    }

    // The receiver removes the queue, whichever program created it.
    try queue.remove()
    say("SYSV MSG Receiver: removed queue \(key.key.rawValue).")
  }

  private func receive(from queue: SystemVMessageQueue, _ timeout: Timeout) throws {
    say("SYSV MSG Receiver: opened queue \(key.key.rawValue).")

    // The buffer is allocated once. By default, it has room for the longest message in the system (msgmax, 8192 bytes).
    var bytes: [UInt8] = []
    for _ in 1...count.value {
      bytes.removeAll(keepingCapacity: true)
      let message = try queue.receive(type.selection, appendingTo: &bytes, timeout: timeout)
      say("SYSV MSG Receiver: received '\(visible(bytes))' (\(message.length) bytes, type \(message.type)).")
    }
  }
}
