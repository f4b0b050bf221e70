internal import IPC
internal import PeerProtocol
internal import SystemPackage

/// Reading and writing pipes, FIFOs and stream sockets.
let transferOperations: [Peer.Operation] = [
  .init("read") { peer, parameters in
    let end = try peer.bytes(parameters)
    var bytes: [UInt8] = []
    let result = try end.read(
      atMost: try parameters.room("count"), appendingTo: &bytes, patience: try end.patience(parameters),
      interruption: try parameters.interruption())
    switch result {
    case .read, .endOfFile: break
    case .wouldBlock: throw Failure(.wouldBlock)
    case .timedOut: throw Failure(.timedOut)
    }
    var fields = Fields()
    fields.append("return", bytes.count)
    try parameters.report(bytes, as: "buf", in: &fields)
    return fields
  },

  .init("write") { peer, parameters in
    let end = try peer.bytes(parameters)
    let bytes = try parameters.payload("buf", length: "count")
    let result = try end.write(
      bytes.span, patience: try end.patience(parameters), interruption: try parameters.interruption())
    var fields = Fields()
    fields.append("return", try result.written(Fields()))
    return fields
  },

  .init("read_all") { peer, parameters in
    let end = try peer.bytes(parameters)
    var bytes: [UInt8] = []
    let limit = parameters.has("count") ? try parameters.room("count") : .max
    let result = try end.readToEnd(
      appendingTo: &bytes, limit: limit, patience: try end.patience(parameters), interruption: .report)
    var fields = Fields()
    fields.append("return", bytes.count)
    switch result {
    case .read: fields.append("eof", "no")
    case .endOfFile: fields.append("eof", "yes")
    case .wouldBlock: throw Failure(.wouldBlock)
    case .timedOut: throw Failure(.timedOut)
    }
    try parameters.report(bytes, as: "buf", in: &fields)
    return fields
  },

  .init("write_all") { peer, parameters in
    let end = try peer.bytes(parameters)
    let bytes = try parameters.payload("buf", length: "count")
    var fields = Fields()
    do {
      let result = try end.writeAll(bytes.span, patience: try end.patience(parameters), interruption: .report)
      fields.append("return", result.count)
      _ = try result.written(fields)
    } catch let error as IPCError {
      fields.append("return", error.transferred)
      throw Failure(error, fields)
    }
    return fields
  },
]

extension WriteResult {
  /// How many bytes were written, where that is all of them; else the failure that C would have seen, with `fields`.
  ///
  /// - Parameter call: The C function that failed; the one that the operation is named for unless told.
  func written(_ fields: Fields = Fields(), by call: String = "") throws -> Int {
    switch self {
    case .wrote(let count): return count
    case .nobodyReads: throw Failure(.brokenPipe, in: call, fields)
    case .wouldBlock: throw Failure(.wouldBlock, in: call, fields)
    case .timedOut: throw Failure(.timedOut, in: call, fields)
    }
  }
}
