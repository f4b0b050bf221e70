import Foundation
import Glibc
import IPC
import SystemPackage

/// An abstract name that no other test, and no other run, uses. It has NULs, which are as good as any other byte.
func freshName() throws -> UnixSocket.Address {
  try UnixSocket.Address(abstract: Array("ipc\0test\0\(UUID())\0".utf8))
}

extension Scratch {
  /// A path in it, for a socket.
  var socket: UnixSocket.Address {
    get throws { try UnixSocket.Address(path: path.appending("socket")) }
  }
}

/// Nobody came to a listener in a minute.
struct Nobody: Error {}

extension UnixSocket.Listener {
  /// A connection that was made already.
  func accepted() throws -> UnixSocket.End<Style> {
    switch try accept(patience: .atMost(.seconds(60))) {
    case .accepted(let end, from: _): return end
    case .wouldBlock: throw Nobody()
    case .timedOut: throw Nobody()
    }
  }
}

extension UnixSocket.End where Style: UnixSocket.Messages {
  /// The next message, which has come already.
  func received(atMost limit: Int = 100) throws -> [UInt8] {
    var bytes: [UInt8] = []
    _ = try receive(atMost: limit, appendingTo: &bytes, patience: .atMost(.seconds(60)))
    return bytes
  }
}

/// Waits until the other side is closed. A child that another test is starting has a copy of every descriptor until its
/// program begins.
func untilHungUp(_ descriptor: FileDescriptor) throws {
  try until { try Readiness.of(descriptor, for: []).contains(.hangUp) }
}

/// Waits until nobody has the listener that was there, for the same reason.
func untilNobodyListens(at address: UnixSocket.Address) throws {
  try until { try UnixSocket.Stream().connect(to: address, patience: .none) == .refused }
}

/// Leaves a path behind, as a process does that dies.
func leaveStale(_ address: UnixSocket.Address) throws {
  try UnixSocket.StreamListener(at: address).close()
  try untilNobodyListens(at: address)
}

/// What is at a path, itself and not what it leads to; nil when there is nothing.
func status(of address: UnixSocket.Address) -> stat? {
  var status = stat()
  guard let path = address.path else { return nil }
  return unsafe path.withPlatformString { unsafe lstat($0, &status) } == 0 ? status : nil
}

/// What is open under a number; nil when nothing is.
func status(of descriptor: FileDescriptor) -> stat? {
  var status = stat()
  return unsafe fstat(descriptor.rawValue, &status) == 0 ? status : nil
}
