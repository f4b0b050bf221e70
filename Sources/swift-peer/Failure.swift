internal import IPC
internal import PeerContract
internal import SystemPackage

/// A call that failed, with the fields that its answer carries besides `errno`.
struct Failure: Error {
  let number: Int32
  let errno: String
  private(set) var fields: Fields

  init(_ error: IPCError, _ fields: Fields = Fields()) {
    number = error.errno.rawValue
    self.errno = error.symbol
    self.fields = fields
  }

  /// For what the library reports as a result and C as an error.
  init(_ errno: Errno, _ fields: Fields = Fields()) {
    self.init(IPCError(call: "", errno: errno), fields)
  }

  /// The same, and how far it had got.
  func adding(_ more: Fields) -> Failure {
    var failure = self
    for entry in more.entries { failure.fields.append(entry.key, bytes: entry.value) }
    return failure
  }

  var answer: Answer {
    var all = Fields()
    all.append("errno", errno)
    for entry in fields.entries { all.append(entry.key, bytes: entry.value) }
    return .error(errno: errno, all)
  }
}

/// A request that is wrong in itself.
struct Invalid: Error {
  let reason: String
  init(_ reason: String) { self.reason = reason }
}
