internal import ArgumentParser
internal import IPC
internal import SystemPackage

/// Receives messages from a System V message queue, and removes the queue.
struct SysVMsgReceiver: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sysv_msg_receiver",
    abstract: "Receives messages from a System V message queue, and removes the queue.")

  @Option(help: "The key of the queue.")
  var key = Key(1234)

  @Option(
    parsing: .unconditional,
    help: "Which messages: 0 for all, T for type T, -T for the lowest type up to T.")
  var type = Selection(.any)

  @Option(help: "How many messages to receive.")
  var count = Count(1)

  @Option(help: "The permissions of the queue, if it has to be created.")
  var mode = Mode(.ownerReadWrite)

  @Option(help: "How many seconds to wait for the messages.")
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

    // By default there is room for the longest message of the system (msgmax, 8192 bytes). It is allocated once.
    var bytes: [UInt8] = []
    for _ in 1...count.value {
      bytes.removeAll(keepingCapacity: true)
      let message = try queue.receive(type.selection, appendingTo: &bytes, timeout: timeout)
      say("SYSV MSG Receiver: received '\(visible(bytes))' (\(message.length) bytes, type \(message.type)).")
    }
  }
}
