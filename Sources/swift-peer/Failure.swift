internal import CIPC
internal import IPC
internal import PeerProtocol
internal import SystemPackage

/// A failed call, with the response fields other than `errno`.
struct Failure: Error {
  let errno: Errno
  /// The C function that failed, or nil if the operation is named after the function.
  let call: String?
  private(set) var fields: Fields

  /// Creates a failure from a library error.
  init(_ error: IPCError, _ fields: Fields = Fields()) {
    // The library appends the fcntl(2) command to the function name; drop the command.
    self.init(error.errno, in: error.call.rawValue.split(separator: " ").first.map(String.init), fields)
  }

  /// Creates a failure for a call made by the peer itself.
  init(_ errno: Errno, in call: String? = nil, _ fields: Fields = Fields()) {
    self.errno = errno
    self.call = call
    self.fields = fields
  }

  func answer(to operation: String) -> Response {
    let number = errno.rawValue
    let symbol = unsafe cipc_errno_symbol(number).map { unsafe String(cString: $0) } ?? "\(number)"
    var all = Fields()
    all.append("errno", symbol)
    all.append("call", call ?? operation)
    for entry in fields.entries { all.append(entry.key, bytes: entry.value) }
    return .error(errno: symbol, all)
  }
}

/// An invalid request.
struct Invalid: Error {
  let reason: String
  init(_ reason: String) { self.reason = reason }
}
