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

  /// Accepts a connection like ``accept(timeout:)``, and also returns the address of its peer.
  public func acceptWithAddress(
    timeout: Timeout = .never
  ) async throws -> AcceptedConnection<UnixSocket.Socket<Style>, UnixSocket.Address> {
    try await untilReady(descriptor, .readable, timeout) { () throws(IPCError) in
      try acceptWithAddress(timeout: .immediate)
    }
  }

  /// Returns accepted connections.
  ///
  /// Each connection is accepted when the program requests the next element; until then, it waits in the kernel.
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

  /// Accepts a connection like ``accept(timeout:)``, and also returns the address of its peer.
  public func acceptWithAddress(
    timeout: Timeout = .never
  ) async throws -> AcceptedConnection<TCP.Stream, SocketAddress> {
    try await untilReady(descriptor, .readable, timeout) { () throws(IPCError) in
      try acceptWithAddress(timeout: .immediate)
    }
  }

  /// Returns accepted connections.
  ///
  /// Each connection is accepted when the program requests the next element; until then, it waits in the kernel.
  public consuming func connections() -> AsyncHandleSequence<Accepted<TCP.Stream>> {
    let box = HandleBox(self)
    return AsyncHandleSequence { Accepted(try await box.handle.accept()) }
  }
}

/// A connected socket as an element of a sequence, which must be copyable.
///
/// The socket is closed if it is not taken.
///
/// ```swift
/// for try await connection in listener.connections() {
///   group.addTask { try await serve(connection.take()) }
/// }
/// ```
public final class Accepted<Socket: Sendable & ~Copyable>: Sendable {
  private let socket: Mutex<Socket?>

  init(_ socket: consuming Socket) { self.socket = Mutex(socket) }

  /// Passes the socket on to a new owner; it can be taken only once.
  public func take() -> Socket {
    guard let socket = socket.withLock({ $0.take() }) else { preconditionFailure("a connection is taken only once") }
    return socket
  }
}
