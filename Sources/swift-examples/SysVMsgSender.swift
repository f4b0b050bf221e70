internal import ArgumentParser
internal import IPC
internal import SystemPackage

/// Sends messages through a System V message queue.
struct SysVMsgSender: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sysv_msg_sender", abstract: "Sends messages through a System V message queue.")

  @Option(help: "The queue key.")
  var key = Key(1234)

  @Option(help: "The message type, 1 or more.")
  var type = MessageType(1)

  @Option(help: "The message, sent with a terminating NUL.")
  var message = "Hello from System V MSG Sender!"

  @Option(help: "The number of times to send the message.")
  var count = Count(1)

  @Option(help: "The queue's permissions, if it must be created.")
  var mode = Mode(.ownerReadWrite)

  @Option(help: "The number of seconds to wait for room in the queue.")
  var timeout: Seconds?

  func run() throws {
    // Whichever program starts first creates the queue. The receiver removes it.
    let queue = try SystemVMessageQueue.createOrOpen(key.key, permissions: mode.permissions)
    do {
      try send(to: queue, Timeout(timeout))
    } catch {
      // There was no receiver to remove the queue, so remove it here.
      if queue.isNew { try? queue.remove() }
      throw error
    }
  }

  private func send(to queue: SystemVMessageQueue, _ timeout: Timeout) throws {
    say("SYSV MSG Sender: opened queue \(key.key.rawValue).")

    // The type is a separate parameter. The library stores it before the bytes.
    let bytes = Array(message.utf8) + [0]
    for _ in 1...count.value {
      try queue.send(bytes.span, type: type.type, timeout: timeout)
      say("SYSV MSG Sender: sent '\(visible(bytes))' (\(bytes.count) bytes, type \(type.type)).")
    }
  }
}
