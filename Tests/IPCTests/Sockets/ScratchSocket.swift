import Foundation
import Glibc
import IPC
import SystemPackage
import Testing

/// Returns an abstract name that no other test or test run uses.
///
/// The name contains NULs, which have no special meaning.
func freshName() throws -> UnixSocket.Address {
  try UnixSocket.Address(abstract: Array("ipc\0test\0\(UUID())\0".utf8))
}

extension Scratch {
  /// The address of a socket in this directory.
  var socket: UnixSocket.Address {
    get throws { try UnixSocket.Address(path: path.appending("socket")) }
  }
}

extension UnixSocket.Listener {
  /// Accepts a pending connection.
  func accepted() throws -> UnixSocket.Socket<Style> { try accept(timeout: .after(.seconds(3600))) }
}

extension UnixSocket.Socket where Style == UnixSocket.SequencedPacketStyle {
  /// Receives the next packet, which must have been sent already, and returns its bytes.
  func received(maxLength: Int = 100) throws -> [UInt8] {
    var bytes: [UInt8] = []
    _ = try receive(maxLength: maxLength, appendingTo: &bytes, timeout: .after(.seconds(3600)))
    return bytes
  }
}

extension UnixSocket.Socket where Style == UnixSocket.DatagramStyle {
  /// Receives the next datagram, which must have been sent already, and returns its bytes.
  func received(maxLength: Int = 100) throws -> [UInt8] {
    var bytes: [UInt8] = []
    try receive(maxLength: maxLength, appendingTo: &bytes, timeout: .after(.seconds(3600)))
    return bytes
  }
}

/// Checks that a call throws `.timedOut` at its deadline, and not before.
func expectTimeout(
  _ body: (Timeout) throws -> Void, sourceLocation: SourceLocation = #_sourceLocation
) {
  let timeout = Timeout.after(.milliseconds(20))
  #expect(reason { try body(timeout) } == .timedOut, sourceLocation: sourceLocation)
  #expect(timeout.hasPassed, sourceLocation: sourceLocation)
}

/// Waits until the other end is closed.
///
/// A child that another test starts has a copy of every descriptor until it executes its program.
func waitUntilHungUp(_ socket: borrowing some DescriptorRepresentable & ~Copyable) throws {
  try until { try readiness(of: socket, for: []).contains(.hangUp) }
}

/// Waits until all processes have closed the listener at the address.
func waitUntilRefused(at address: UnixSocket.Address) throws {
  until { reason { try UnixSocket.Stream().connect(to: address, timeout: .immediate) } == .connectionRefused }
}

/// Leaves a socket path behind, as a killed process would.
func leaveStale(_ address: UnixSocket.Address) throws {
  try UnixSocket.StreamListener(at: address).close()
  try waitUntilRefused(at: address)
}

/// Returns the status of a path, without following a link; nil if it does not exist.
func status(of address: UnixSocket.Address) -> stat? {
  var status = stat()
  guard let path = address.path else { return nil }
  return unsafe path.withPlatformString { unsafe lstat($0, &status) } == 0 ? status : nil
}

/// Returns the status of a descriptor; nil if it is not open.
func status(of descriptor: FileDescriptor) -> stat? {
  var status = stat()
  return unsafe fstat(descriptor.rawValue, &status) == 0 ? status : nil
}
