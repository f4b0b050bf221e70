internal import IPC
internal import PeerProtocol
internal import SystemPackage

/// A call that failed, with the fields that its answer carries besides `errno`.
struct Failure: Error {
  let number: Int32
  let errno: String
  /// The C function that failed; nil for the one that the operation is named for.
  let call: String?
  private(set) var fields: Fields

  init(_ error: IPCError, _ fields: Fields = Fields()) {
    number = error.errno.rawValue
    self.errno = error.symbol
    self.call = error.call.isEmpty ? nil : error.call
    self.fields = fields
  }

  /// For what the library reports as a result and C as an error, and for calls of the peer's own.
  init(_ errno: Errno, in call: String = "", _ fields: Fields = Fields()) {
    self.init(IPCError(call: call, errno: errno), fields)
  }

  /// The same, and how far it had got.
  func adding(_ more: Fields) -> Failure {
    var failure = self
    for entry in more.entries { failure.fields.append(entry.key, bytes: entry.value) }
    return failure
  }

  func answer(to operation: String) -> Response {
    var all = Fields()
    all.append("errno", errno)
    all.append("call", call ?? operation)
    for entry in fields.entries { all.append(entry.key, bytes: entry.value) }
    return .error(errno: errno, all)
  }
}

/// A request that is wrong in itself.
struct Invalid: Error {
  let reason: String
  init(_ reason: String) { self.reason = reason }
}
