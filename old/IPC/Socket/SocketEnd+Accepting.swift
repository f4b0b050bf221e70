internal import SystemPackage

/// What came of accepting, whatever the domain.
enum Acceptance: ~Copyable {
  case accepted(OwnedDescriptor)
  case wouldBlock
  case timedOut
}

extension SocketEnd where Self: ~Copyable {
  /// Accepts the oldest connection that waits, and waits for one.
  ///
  /// Not by an option of the listener, `SO_RCVTIMEO`: it is everybody's who shares the listener, and of TCP also that of
  /// whoever connects meanwhile.
  func accept(
    _ patience: Patience, _ interruption: Interruption, _ call: () -> Int32
  ) throws(IPCError) -> Acceptance {
    // Owned at once: when the listener cannot be made blocking again, the connection is closed.
    var connection: OwnedDescriptor?
    while true {
      let result = try NonBlocking.attempt(descriptor, patience, interruption) {
        OwnedDescriptor.take(call(), as: &connection)
      }
      if let owned = connection.take() { return .accepted(owned) }
      switch result {
      case .success, .failure(.wouldBlock): break
      case .failure(let reason): throw IPCError(call: "accept4", errno: reason, object: .descriptor(descriptor))
      }
      guard case .until = patience else { return .wouldBlock }
      if try Kernel.wait(for: .readable, of: descriptor, patience, interruption).isEmpty { return .timedOut }
    }
  }
}
