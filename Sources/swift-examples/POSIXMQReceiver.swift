internal import ArgumentParser
internal import IPC
internal import SystemPackage

/// Receives messages from a POSIX message queue, and removes the queue.
struct POSIXMQReceiver: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "posix_mq_receiver", abstract: "Receives messages from a POSIX message queue, and removes the queue.")

  @Option(help: "The queue name.")
  var name = "/my_posix_mq"

  @Option(help: "The number of messages to receive.")
  var count = Count(1)

  @Option(help: "The queue's permissions, if it must be created.")
  var mode = Mode(.ownerReadWrite)

  @Option(help: "The number of seconds to wait for all messages.")
  var timeout: Seconds?

  func run() throws {
    // Whichever program starts first creates the queue.
    let queue = try POSIXMessageQueue.Receiver.createOrOpen(
      POSIXName(name), attributes: .init(maximumMessages: 10, maximumMessageSize: 256), permissions: mode.permissions)
    do {
      try receive(from: queue, Timeout(timeout))
    } catch {
      if queue.isNew { try? POSIXMessageQueue.unlink(POSIXName(name)) }
      throw error
    }
    try queue.close()

    // The receiver removes the queue, whichever program created it.
    try POSIXMessageQueue.unlink(POSIXName(name))
    say("POSIX MQ Receiver: removed '\(name)'.")
  }

  private func receive(from queue: borrowing POSIXMessageQueue.Receiver, _ timeout: Timeout) throws {
    let (maximum, size) = (queue.attributes.maximumMessages, queue.attributes.maximumMessageSize)
    say("POSIX MQ Receiver: opened '\(name)' (\(maximum) messages of \(size) bytes).")

    // The buffer is allocated once. It has room for the longest message that the queue allows.
    var bytes: [UInt8] = []
    for _ in 1...count.value {
      bytes.removeAll(keepingCapacity: true)
      let message = try queue.receive(appendingTo: &bytes, timeout: timeout)
      say(
        "POSIX MQ Receiver: received '\(visible(bytes))' (\(message.length) bytes, priority \(message.priority)).")
    }
  }
}
