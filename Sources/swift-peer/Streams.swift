internal import IPC
internal import PeerProtocol
internal import SystemPackage

/// Operations that transfer many bytes through a stream in tight loops.
let streamOperations: [Peer.Operation] = [
  .init("source", "handle pattern count") { peer, parameters in
    let stream = try peer.bytes(parameters)
    let (count, pattern) = (try parameters.count(), Pattern(seed: try parameters.integer("pattern")))
    let timeout = try stream.timeout(parameters)
    let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: chunkSize, alignment: 8)
    defer { unsafe chunk.deallocate() }
    var sent = 0
    while sent < count {
      var bytes = unsafe OutputRawSpan(buffer: chunk, initializedCount: 0)
      pattern.append(min(chunkSize, count - sent), from: sent, to: &bytes)
      let chunk = bytes.byteCount
      _ = try countingTransferred(of: chunk, after: sent) {
        try stream.writeAll(bytes.bytes, timeout: timeout, retryOnInterrupt: false)
      }
      sent += chunk
    }
    var fields = Fields()
    fields.append("return", sent)
    return fields
  },

  .init("sink", "handle pattern count") { peer, parameters in
    let stream = try peer.bytes(parameters)
    let pattern = Pattern(seed: try parameters.integer("pattern"))
    let limit = parameters.has("count") ? try parameters.count() : .max
    let timeout = try stream.timeout(parameters)
    let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: chunkSize, alignment: 8)
    defer { unsafe chunk.deallocate() }
    var (received, ended) = (0, false)
    var digesting = Digesting()
    var difference: Int?
    while received < limit, !ended {
      let room = unsafe UnsafeMutableRawBufferPointer(rebasing: chunk[..<min(chunkSize, limit - received)])
      var bytes = unsafe OutputRawSpan(buffer: room, initializedCount: 0)
      let count = try stream.readExactly(into: &bytes, timeout: timeout, retryOnInterrupt: false)
      ended = count < room.count
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
]

/// The chunk size, in bytes.
///
/// The size is a multiple of 8, as the digest requires, and small enough for the cache.
private let chunkSize = 1 << 17
