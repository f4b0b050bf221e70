internal import IPC
internal import PeerProtocol
internal import SystemPackage

/// Moving bytes between descriptors inside the kernel: `splice(2)`, `tee(2)`, `sendfile(2)`.
let splicingOperations: [Peer.Operation] = [
  .init("splice", "handle target count at target_at flags") { peer, parameters in
    let (source, target) = try peer.endsOfMove(parameters)
    return moved(
      try Splice.move(
        from: source, at: try parameters.fileOffset("at"), to: target, at: try parameters.fileOffset("target_at"),
        maxLength: try parameters.count(), nonBlocking: try parameters.flags("flags", of: flags, default: 0) != 0))
  },

  .init("tee", "handle target count flags") { peer, parameters in
    let (source, target) = try peer.endsOfMove(parameters)
    return moved(
      try Splice.duplicate(
        from: source, to: target, maxLength: try parameters.count(),
        nonBlocking: try parameters.flags("flags", of: flags, default: 0) != 0))
  },

  .init("sendfile", "handle target count at") { peer, parameters in
    let (source, target) = try peer.endsOfMove(parameters)
    return moved(
      try Splice.send(
        from: source, at: try parameters.fileOffset("at"), to: target, maxLength: try parameters.count()))
  },
]

private func moved(_ count: Int) -> Fields {
  var fields = Fields()
  fields.append("return", count)
  return fields
}

extension Peer {
  fileprivate func endsOfMove(_ parameters: Parameters) throws -> (FileDescriptor, FileDescriptor) {
    (try descriptor(parameters.handle), try descriptor(try parameters.text("target")))
  }
}

extension Parameters {
  /// Returns the file offset to use, or nil to use and update the descriptor's own offset.
  fileprivate func fileOffset(_ key: String) throws -> Int64? { has(key) ? try integer(key) : nil }
}

private let flags = FlagTable(["SPLICE_F_NONBLOCK": 2])
