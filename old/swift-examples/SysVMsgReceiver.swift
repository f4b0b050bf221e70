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
    parsing: .unconditional, help: "Which messages: 0 for all, above for that type, below for the lowest up to -T.")
  var type = Selection(.any)

  @Option(help: "How many messages to receive.")
  var count = Count(1)

  @Option(help: "The permissions of the queue, when it has to be made.")
  var mode = Mode(.ownerReadWrite)

  @Option(help: "How many seconds to wait for them.")
  var timeout: Seconds?

  func run() throws {
    let patience = Patience(timeout)

    // Whoever comes first makes it; who has received from it removes it, and who made it in vain as well.
    let (queue, isNew) = try SystemVMessageQueue.createOrOpen(key.key, permissions: mode.permissions)
    do {
      try receive(from: queue, patience)
    } catch {
      if isNew { try? queue.remove() }
      throw error
    }

    try queue.remove()
    say("SYSV MSG Receiver: removed queue \(key.key).")
  }

  private func receive(from queue: SystemVMessageQueue, _ patience: Patience) throws {
    say("SYSV MSG Receiver: opened queue \(key.key).")

    // No message is longer than msgmax, which is as much as this where nobody has changed it; a longer one would be
    // E2BIG. The room is made at the first message, and used again.
    var bytes: [UInt8] = []
    for _ in 1...count.value {
      bytes.removeAll(keepingCapacity: true)
      let result = try queue.receive(type.selection, room: 8192, appendingTo: &bytes, patience: patience)
      guard case .received(let length, let type) = result else {
        throw IPCError(call: "msgrcv", errno: .timedOut, object: .key(key.key.rawValue))
      }
      say("SYSV MSG Receiver: received '\(visible(bytes))' (\(length) bytes, type \(type)).")
    }
  }
}
