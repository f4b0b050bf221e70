internal import IPC
internal import PeerContract
internal import SystemPackage

/// A call that failed, with the fields that its answer carries besides `errno`.
struct Failure: Error {
  let errno: String
  let fields: Fields

  init(_ error: IPCError, _ fields: Fields = Fields()) {
    self.errno = error.symbol
    self.fields = fields
  }

  /// For what the library reports as a result and C as an error.
  init(_ errno: Errno, _ fields: Fields = Fields()) {
    self.init(IPCError(call: "", errno: errno), fields)
  }

  init(errno: String, _ fields: Fields) {
    self.errno = errno
    self.fields = fields
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
