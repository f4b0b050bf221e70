internal import ArgumentParser
internal import IPC
internal import SystemPackage

/// Sends messages through a System V message queue.
struct SysVMsgSender: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sysv_msg_sender", abstract: "Sends messages through a System V message queue.")

  @Option(help: "The key of the queue.")
  var key = Key(1234)

  @Option(help: "The type of the message, 1 or more.")
  var type = MessageType(1)

  @Option(help: "What to send. A NUL is sent with it.")
  var message = "Hello from System V MSG Sender!"

  @Option(help: "How often to send it.")
  var count = Count(1)

  @Option(help: "The permissions of the queue, when it has to be made.")
  var mode = Mode(.ownerReadWrite)

  @Option(help: "How many seconds to wait for room in the queue.")
  var timeout: Seconds?

  func run() throws {
    let patience = Patience(timeout)

    // Whoever comes first makes it. The receiver removes it.
    let (queue, isNew) = try SystemVMessageQueue.createOrOpen(key.key, permissions: mode.permissions)
    do {
      try send(to: queue, patience)
    } catch {
      // What this made in vain, nobody else would remove.
      if isNew { try? queue.remove() }
      throw error
    }
  }

  private func send(to queue: SystemVMessageQueue, _ patience: Patience) throws {
    say("SYSV MSG Sender: opened queue \(key.key).")

    // The type goes beside the bytes; it is the library that puts it in front of them.
    let bytes = Array(message.utf8) + [0]
    for _ in 1...count.value {
      guard try queue.send(bytes.span, type: type.type, patience: patience) == .sent else {
        throw IPCError(call: "msgsnd", errno: .timedOut, object: .key(key.key.rawValue))
      }
      say("SYSV MSG Sender: sent '\(visible(bytes))' (\(bytes.count) bytes, type \(type.type)).")
    }
  }
}
