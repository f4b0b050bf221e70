internal import Glibc
internal import IPC
internal import PeerProtocol
internal import SystemPackage

/// Performs requests in a child process or in another thread of the peer, to test which state child processes inherit
/// and threads share.
let nestedOperations: [Peer.Operation] = [
  .init("fork", "request") { peer, parameters in
    let request = try parameters.text("request")
    let pipe = try AnonymousPipe()
    let child = fork()
    if child == 0 {
      // Close the read end in the child, so that the child's write fails if the parent is killed.
      try? pipe.reader.close()
      try? pipe.writer.writeAll(peer.answer(request).description.utf8.span)
      // The child must not run the exit handlers, which belong to the parent.
      _exit(0)
    }
    guard child > 0 else { throw Failure(Errno(rawValue: errno)) }
    try pipe.writer.close()
    var bytes: [UInt8] = []
    var failure: (any Error)?
    do {
      try pipe.reader.readToEnd(appendingTo: &bytes)
    } catch {
      failure = error
    }
    var status: Int32 = 0
    while unsafe waitpid(child, &status, 0) == -1, errno == EINTR {}
    if let failure { throw failure }
    if bytes.isEmpty {
      var fields = Fields()
      fields.append("killed", status & 0x7f)
      return fields
    }
    return try relay(try Response(parsing: String(decoding: bytes, as: UTF8.self)))
  },

  .init("thread", "request") { peer, parameters in
    let request = try parameters.text("request")
    // The first of the two threads is the main thread, which only waits for the second.
    let responses = try inThreads(2) { $0 == 0 ? nil : peer.answer(request) }
    guard let response = responses[1] else { throw Invalid("the thread has no response") }
    return try relay(response)
  },
]

/// A response to a nested request that is also the response to the containing request.
struct RelayedResponse: Error {
  let response: Response
}

private func relay(_ response: Response) throws -> Fields {
  guard case .ok(let fields) = response else { throw RelayedResponse(response: response) }
  return fields
}
