internal import ArgumentParser
internal import IPC
internal import SystemPackage

/// Sends messages through a POSIX message queue.
struct POSIXMQSender: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "posix_mq_sender", abstract: "Sends messages through a POSIX message queue.")

  @Option(help: "The name of the queue.")
  var name = "/my_posix_mq"

  @Option(help: "What to send. A NUL is sent with it.")
  var message = "Hello from POSIX MQ Sender!"

  @Option(help: "Its priority.")
  var priority: UInt32 = 1

  @Option(help: "How often to send it.")
  var count = Count(1)

  @Option(help: "The permissions of the queue, when it has to be made.")
  var mode = Mode(.ownerReadWrite)

  @Option(help: "How many seconds to wait for room in the queue.")
  var timeout: Seconds?

  func run() throws {
    let name = try POSIXMessageQueue.Name(validating: name)
    let patience = Patience(timeout)

    // Whoever comes first makes it. The receiver removes it.
    let queue = try POSIXMessageQueue.Sender(
      creatingOrOpening: name, .init(maximumMessages: 10, messageSize: 256), permissions: mode.permissions)
    do {
      try send(to: queue, patience)
    } catch {
      // What this made in vain, nobody else would remove.
      if queue.isNew { try? name.unlink() }
      throw error
    }
    try queue.close()
  }

  private func send(to queue: borrowing POSIXMessageQueue.Sender, _ patience: Patience) throws {
    let attributes = queue.attributes
    say(
      "POSIX MQ Sender: opened '\(name)' (\(attributes.maximumMessages) messages of \(attributes.messageSize) bytes).")

    let bytes = Array(message.utf8) + [0]
    for _ in 1...count.value {
      guard try queue.send(bytes.span, priority: priority, patience: patience) == .sent else {
        throw IPCError(call: "mq_timedsend", errno: .timedOut, object: .name(name))
      }
      say("POSIX MQ Sender: sent '\(visible(bytes))' (\(bytes.count) bytes, priority \(priority)).")
    }
  }
}
