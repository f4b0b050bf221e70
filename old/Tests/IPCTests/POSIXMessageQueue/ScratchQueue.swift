import Foundation
import IPC
import SystemPackage

/// Lends `body` a name that no other test, and no other run, uses, and removes it on every path.
func withQueueName<Value>(_ body: (POSIXMessageQueue.Name) throws -> Value) throws -> Value {
  let name = try POSIXMessageQueue.Name(validating: "/ipc-test-\(UUID())")
  defer { try? name.unlink() }
  return try body(name)
}

/// The same, for tests that wait for others.
func withQueueName<Value>(_ body: (POSIXMessageQueue.Name) async throws -> Value) async throws -> Value {
  let name = try POSIXMessageQueue.Name(validating: "/ipc-test-\(UUID())")
  defer { try? name.unlink() }
  return try await body(name)
}

extension POSIXMessageQueue.Duplex {
  /// A queue of four messages of 64 bytes.
  init(scratch name: POSIXMessageQueue.Name, nonBlocking: Bool = false) throws(IPCError) {
    try self.init(
      creating: name, POSIXMessageQueue.Attributes(maximumMessages: 4, messageSize: 64),
      permissions: .ownerReadWrite, nonBlocking: nonBlocking)
  }
}

extension POSIXMessageQueue.End where Use: POSIXMessageQueue.Sending {
  /// Sends the bytes of an array, which a literal can be.
  func send(
    _ message: [UInt8], priority: UInt32 = 0, patience: Patience = .forever
  ) throws(IPCError) -> POSIXMessageQueue.SendResult {
    try send(message.span, priority: priority, patience: patience)
  }
}
