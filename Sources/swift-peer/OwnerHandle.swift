internal import IPC
internal import PeerProtocol
internal import SystemPackage

/// A handle to one of the library's types that own a descriptor.
final class OwnerHandle<Owner: DescriptorOwner & ~Copyable>: DescriptorHandle {
  private var owner: Owner?
  let descriptor: FileDescriptor

  init(_ owner: consuming Owner) {
    descriptor = owner.descriptor
    self.owner = consume owner
  }

  func close() throws { try owner.take()?.close() }

  func use<Value>(_ body: (borrowing Owner) throws -> Value) throws -> Value {
    switch owner {
    case let owner?: try body(owner)
    case nil: throw Invalid("the descriptor is closed")
    }
  }
}

extension Peer {
  /// Stores the object opened by a request, and returns its descriptor.
  func hold<Owner: DescriptorOwner & ~Copyable>(_ owner: consuming Owner, as name: String) throws -> Fields {
    let handle = OwnerHandle(owner)
    try handles.add(handle, as: name)
    var fields = Fields()
    fields.append("fd", handle.descriptor.rawValue)
    return fields
  }

  /// Calls `body` with the object named in a request.
  func use<Owner: DescriptorOwner & ~Copyable, Value>(
    _ kind: Owner.Type, _ description: String, _ parameters: Parameters, _ body: (borrowing Owner) throws -> Value
  ) throws -> Value {
    try handles.find(parameters.handle, as: OwnerHandle<Owner>.self, description).use(body)
  }
}
