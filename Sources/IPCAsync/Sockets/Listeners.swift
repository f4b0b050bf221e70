public import IPC
internal import Synchronization

extension UnixSocket.Listener {
  /// Accepts the oldest pending connection, waiting for one if necessary.
  ///
  /// - Throws: `IPCError` with `.timedOut` or, for `.immediate`, `.wouldBlock`; `.tooManyOpenFiles`;
  ///   `CancellationError`, in which case no connection is lost.
  ///
  /// Calls `accept4(2)`.
  public func accept(timeout: Timeout = .never) async throws -> UnixSocket.Socket<Style> {
    try await untilReady(descriptor, .readable, timeout) { () throws(IPCError) in try accept(timeout: .immediate) }
  }

  /// Accepts a connection like ``accept(timeout:)``, and also returns its peer's address.
  public func acceptWithAddress(
    timeout: Timeout = .never
  ) async throws -> AcceptedConnection<UnixSocket.Socket<Style>, UnixSocket.Address> {
    try await untilReady(descriptor, .readable, timeout) { () throws(IPCError) in
      try acceptWithAddress(timeout: .immediate)
    }
  }

  /// Returns a sequence of accepted connections.
  ///
  /// A connection stays in the kernel until the program requests the next element.
  public consuming func connections() -> AsyncHandleSequence<Accepted<UnixSocket.Socket<Style>>> {
    let box = HandleBox(self)
    return AsyncHandleSequence { Accepted(try await box.handle.accept()) }
  }
}

extension TCP.Listener {
  /// Accepts the oldest pending connection, waiting for one if necessary.
  ///
  /// - Throws: `IPCError` with `.timedOut` or, for `.immediate`, `.wouldBlock`; `.tooManyOpenFiles`;
  ///   `CancellationError`, in which case no connection is lost.
  ///
  /// Calls `accept4(2)`.
  public func accept(timeout: Timeout = .never) async throws -> TCP.Stream {
    try await untilReady(descriptor, .readable, timeout) { () throws(IPCError) in try accept(timeout: .immediate) }
  }

  /// Accepts a connection like ``accept(timeout:)``, and also returns its peer's address.
  public func acceptWithAddress(
    timeout: Timeout = .never
  ) async throws -> AcceptedConnection<TCP.Stream, SocketAddress> {
    try await untilReady(descriptor, .readable, timeout) { () throws(IPCError) in
      try acceptWithAddress(timeout: .immediate)
    }
  }

  /// Returns a sequence of accepted connections.
  ///
  /// A connection stays in the kernel until the program requests the next element.
  public consuming func connections() -> AsyncHandleSequence<Accepted<TCP.Stream>> {
    let box = HandleBox(self)
    return AsyncHandleSequence { Accepted(try await box.handle.accept()) }
  }
}

/// A connected socket in a copyable wrapper, so that it can be a sequence element.
///
/// If no caller takes the socket, it is closed when this object is destroyed.
///
/// ```swift
/// for try await connection in listener.connections() {
///   group.addTask { try await serve(connection.take()) }
/// }
/// ```
public final class Accepted<Socket: Sendable & ~Copyable>: Sendable {
  private let socket: Mutex<Socket?>

  init(_ socket: consuming Socket) { self.socket = Mutex(socket) }

  /// Transfers ownership of the socket to the caller; call this only once.
  public func take() -> Socket {
    guard let socket = socket.withLock({ $0.take() }) else { preconditionFailure("a connection is taken only once") }
    return socket
  }
}
