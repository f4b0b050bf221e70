import Foundation
import IPC
import SystemPackage

/// Calls `body` with a name that no other test uses, and removes the queue afterwards.
func withQueueName<Value>(_ body: (POSIXName) throws -> Value) throws -> Value {
  let name = POSIXName("/ipc-test-\(UUID())")
  defer { try? POSIXMessageQueue.unlink(name) }
  return try body(name)
}

/// The asynchronous variant, for tests that wait for other threads or processes.
func withQueueName<Value>(_ body: (POSIXName) async throws -> Value) async throws -> Value {
  let name = POSIXName("/ipc-test-\(UUID())")
  defer { try? POSIXMessageQueue.unlink(name) }
  return try await body(name)
}

extension POSIXMessageQueue.Duplex {
  /// Creates a queue that holds four messages of up to 64 bytes.
  static func scratch(_ name: POSIXName, nonBlocking: Bool = false) throws(IPCError) -> POSIXMessageQueue.Duplex {
    try create(name, attributes: .init(maximumMessages: 4, maximumMessageSize: 64), nonBlocking: nonBlocking)
  }
}

extension POSIXMessageQueue.Descriptor where Access: POSIXMessageQueue.ReceiveAccess {
  /// Receives a message into an array.
  func receive(timeout: Timeout = .never) throws(IPCError) -> [UInt8] {
    var bytes: [UInt8] = []
    let message = try receive(appendingTo: &bytes, timeout: timeout)
    precondition(message.length == bytes.count)
    return bytes
  }
}

extension POSIXMessageQueue.Descriptor where Access: POSIXMessageQueue.SendAccess {
  /// Sends the bytes of an array literal.
  func send(_ message: [UInt8], priority: UInt32 = 0, timeout: Timeout = .never) throws(IPCError) {
    try send(message.span, priority: priority, timeout: timeout)
  }

  /// The nonblocking variant.
  func trySend(_ message: [UInt8]) throws(IPCError) -> Bool { try trySend(message.span) }
}
