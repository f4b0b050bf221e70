internal import ArgumentParser
internal import IPC
internal import SystemPackage

/// Receives messages from a POSIX message queue, and removes the queue.
struct POSIXMQReceiver: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "posix_mq_receiver", abstract: "Receives messages from a POSIX message queue, and removes the queue.")

  @Option(help: "The name of the queue.")
  var name = "/my_posix_mq"

  @Option(help: "How many messages to receive.")
  var count = Count(1)

  @Option(help: "The permissions of the queue, when it has to be made.")
  var mode = Mode(.ownerReadWrite)

  @Option(help: "How many seconds to wait for them.")
  var timeout: Seconds?

  func run() throws {
    let name = try POSIXMessageQueue.Name(validating: name)
    let patience = Patience(timeout)

    // Whoever comes first makes it; who has received from it removes it, and who made it in vain as well.
    let queue = try POSIXMessageQueue.Receiver(
      creatingOrOpening: name, .init(maximumMessages: 10, messageSize: 256), permissions: mode.permissions)
    do {
      try receive(from: queue, patience)
    } catch {
      if queue.isNew { try? name.unlink() }
      throw error
    }
    try queue.close()

    try name.unlink()
    say("POSIX MQ Receiver: removed '\(name)'.")
  }

  private func receive(from queue: borrowing POSIXMessageQueue.Receiver, _ patience: Patience) throws {
    let attributes = queue.attributes
    say(
      "POSIX MQ Receiver: opened '\(name)' (\(attributes.maximumMessages) messages of \(attributes.messageSize) bytes)."
    )

    // Room for the queue's longest message is made at the first one, and used again.
    var bytes: [UInt8] = []
    for _ in 1...count.value {
      bytes.removeAll(keepingCapacity: true)
      guard case .received(let length, let priority) = try queue.receive(appendingTo: &bytes, patience: patience) else {
        throw IPCError(call: "mq_timedreceive", errno: .timedOut, object: .name(name))
      }
      say("POSIX MQ Receiver: received '\(visible(bytes))' (\(length) bytes, priority \(priority)).")
    }
  }
}
