internal import ArgumentParser
internal import IPC
internal import SystemPackage

/// Sends messages through a POSIX message queue.
struct POSIXMQSender: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "posix_mq_sender", abstract: "Sends messages through a POSIX message queue.")

  @Option(help: "The queue name.")
  var name = "/my_posix_mq"

  @Option(help: "The message, sent with a terminating NUL.")
  var message = "Hello from POSIX MQ Sender!"

  @Option(help: "The message priority.")
  var priority: UInt32 = 1

  @Option(help: "The number of times to send the message.")
  var count = Count(1)

  @Option(help: "The queue's permissions, if it must be created.")
  var mode = Mode(.ownerReadWrite)

  @Option(help: "The number of seconds to wait for room in the queue.")
  var timeout: Seconds?

  func run() throws {
    // Whichever program starts first creates the queue. The receiver removes it.
    let queue = try POSIXMessageQueue.Sender.createOrOpen(
      POSIXName(name), attributes: .init(maximumMessages: 10, maximumMessageSize: 256), permissions: mode.permissions)
    do {
      try send(to: queue, Timeout(timeout))
    } catch {
      // There was no receiver to remove the queue, so remove it here.
      if queue.isNew { try? POSIXMessageQueue.unlink(POSIXName(name)) }
      throw error
    }
    try queue.close()
  }

  private func send(to queue: borrowing POSIXMessageQueue.Sender, _ timeout: Timeout) throws {
    let (maximum, size) = (queue.attributes.maximumMessages, queue.attributes.maximumMessageSize)
    say("POSIX MQ Sender: opened '\(name)' (\(maximum) messages of \(size) bytes).")

    let bytes = Array(message.utf8) + [0]
    for _ in 1...count.value {
      try queue.send(bytes.span, priority: priority, timeout: timeout)
      say("POSIX MQ Sender: sent '\(visible(bytes))' (\(bytes.count) bytes, priority \(priority)).")
    }
  }
}
