public import IPC
internal import Synchronization

extension UnixSocket.Listener {
  /// Accepts the oldest pending connection, or waits for one if there is none.
  ///
  /// - Throws: `IPCError` with `.timedOut` or, for `.immediate`, `.wouldBlock`; `.tooManyOpenFiles`; `CancellationError`,
  ///   after which no connection is lost.
  ///
  /// Calls `accept4(2)`.
  public func accept(timeout: Timeout = .never) async throws -> UnixSocket.Socket<Style> {
    try await untilReady(descriptor, .readable, timeout) { () throws(IPCError) in try accept(timeout: .immediate) }
  }

  /// Accepts a connection like ``accept(timeout:)``, and returns the address of its peer with it.
  public func acceptWithAddress(
    timeout: Timeout = .never
  ) async throws -> AcceptedConnection<UnixSocket.Socket<Style>, UnixSocket.Address> {
    try await untilReady(descriptor, .readable, timeout) { () throws(IPCError) in
      try acceptWithAddress(timeout: .immediate)
    }
  }

  /// Returns the connections that are accepted.
  ///
  /// Each is accepted when it is requested; those that the program is not ready for wait in the kernel.
  public consuming func connections() -> AsyncHandleSequence<Accepted<UnixSocket.Socket<Style>>> {
    let box = HandleBox(self)
    return AsyncHandleSequence { Accepted(try await box.handle.accept()) }
  }
}

extension TCP.Listener {
  /// Accepts the oldest pending connection, or waits for one if there is none.
  ///
  /// - Throws: `IPCError` with `.timedOut` or, for `.immediate`, `.wouldBlock`; `.tooManyOpenFiles`; `CancellationError`,
  ///   after which no connection is lost.
  ///
  /// Calls `accept4(2)`.
  public func accept(timeout: Timeout = .never) async throws -> TCP.Stream {
    try await untilReady(descriptor, .readable, timeout) { () throws(IPCError) in try accept(timeout: .immediate) }
  }

  /// Accepts a connection like ``accept(timeout:)``, and returns the address of its peer with it.
  public func acceptWithAddress(
    timeout: Timeout = .never
  ) async throws -> AcceptedConnection<TCP.Stream, SocketAddress> {
    try await untilReady(descriptor, .readable, timeout) { () throws(IPCError) in
      try acceptWithAddress(timeout: .immediate)
    }
  }

  /// Returns the connections that are accepted.
  ///
  /// Each is accepted when it is requested; those that the program is not ready for wait in the kernel.
  public consuming func connections() -> AsyncHandleSequence<Accepted<TCP.Stream>> {
    let box = HandleBox(self)
    return AsyncHandleSequence { Accepted(try await box.handle.accept()) }
  }
}

/// A connected socket as an element of a sequence, which must be copyable.
///
/// It closes the socket if it is not taken.
///
/// ```swift
/// for try await connection in listener.connections() {
///   group.addTask { try await serve(connection.take()) }
/// }
/// ```
public final class Accepted<Socket: Sendable & ~Copyable>: Sendable {
  private let socket: Mutex<Socket?>

  init(_ socket: consuming Socket) { self.socket = Mutex(socket) }

  /// Passes the socket on to a new owner; it can be taken once.
  public func take() -> Socket {
    guard let socket = socket.withLock({ $0.take() }) else { preconditionFailure("a connection is taken only once") }
    return socket
  }
}
