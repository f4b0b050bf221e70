internal import IPC
internal import PeerProtocol
internal import SystemPackage

/// Streams in tight loops: many bytes, many connections.
let streamOperations: [Peer.Operation] = [
  .init("source") { peer, parameters in
    let end = try peer.bytes(parameters)
    let (count, pattern) = (try parameters.count(), Pattern(seed: try parameters.integer("pattern")))
    let patience = try end.patience(parameters)
    let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: chunkSize, alignment: 8)
    defer { unsafe chunk.deallocate() }
    var sent = 0
    while sent < count {
      var bytes = unsafe OutputRawSpan(buffer: chunk, initializedCount: 0)
      pattern.append(min(chunkSize, count - sent), from: sent, to: &bytes)
      var fields = Fields()
      do {
        let result = try end.writeAll(bytes.bytes, patience: patience, interruption: .report)
        sent += result.count
        fields.append("return", sent)
        _ = try result.written(fields, by: "write")
      } catch let error as IPCError {
        fields.append("return", sent + error.transferred)
        throw Failure(error, fields)
      }
    }
    var fields = Fields()
    fields.append("return", sent)
    return fields
  },

  .init("sink") { peer, parameters in
    let end = try peer.bytes(parameters)
    let pattern = Pattern(seed: try parameters.integer("pattern"))
    let limit = parameters.has("count") ? try parameters.count() : .max
    let patience = try end.patience(parameters)
    let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: chunkSize, alignment: 8)
    defer { unsafe chunk.deallocate() }
    var (received, ended) = (0, false)
    var digesting = Digesting()
    var difference: Int?
    while received < limit, !ended {
      let room = unsafe UnsafeMutableRawBufferPointer(rebasing: chunk[..<min(chunkSize, limit - received)])
      var bytes = unsafe OutputRawSpan(buffer: room, initializedCount: 0)
      switch try end.readExactly(into: &bytes, patience: patience, interruption: .report) {
      case .read: break
      case .endOfFile: ended = true
      case .wouldBlock: throw Failure(.wouldBlock, in: "read")
      case .timedOut: throw Failure(.timedOut, in: "read")
      }
      digesting.append(bytes.bytes)
      if difference == nil {
        difference = pattern.firstDifference(in: bytes.bytes, from: received).map { [received] in received + $0 }
      }
      received += bytes.byteCount
    }
    var fields = Fields()
    fields.append("return", received)
    fields.append("eof", ended ? "yes" : "no")
    fields.append("digest", digesting.finish())
    fields.append("differs", difference.map(String.init) ?? "none")
    return fields
  },

  .init("accept_and_echo") { peer, parameters in
    let count = try parameters.count()
    return try peer.socket(parameters).listener { listener in
      var bytes: [UInt8] = []
      for _ in 0..<count {
        guard case .accepted(let stream, _) = try listener.accept(interruption: .report) else {
          throw Failure(.wouldBlock, in: "accept4")
        }
        bytes.removeAll(keepingCapacity: true)
        try stream.readToEnd(appendingTo: &bytes, interruption: .report)
        _ = try stream.writeAll(bytes.span, interruption: .report).written(by: "write")
        try stream.close()
      }
      var fields = Fields()
      fields.append("return", count)
      return fields
    }
  },

  .init("connect_and_ask") { peer, parameters in
    guard case .internet(let address) = try parameters.address() else { throw Invalid("an internet address expected") }
    let count = try parameters.count()
    var (wrong, answer) = (0, [UInt8]())
    for number in 0..<count {
      let question = Pattern(seed: UInt64(number)).bytes(64)
      let stream = try TCP.Stream(address.address.version)
      try stream.connect(to: address, interruption: .report).connected()
      _ = try stream.writeAll(question.span, interruption: .report).written(by: "write")
      try stream.shutDown(.sending)
      answer.removeAll(keepingCapacity: true)
      try stream.readToEnd(appendingTo: &answer, interruption: .report)
      if answer != question { wrong += 1 }
      try stream.close()
    }
    var fields = Fields()
    fields.append("return", count)
    fields.append("wrong", wrong)
    return fields
  },
]

/// A multiple of 8, which the digest asks for, and small enough to stay in the cache.
private let chunkSize = 1 << 17
