/// The names that a cell makes objects by: fresh for every cell, so that no two cells, and no two runs, can meet.
struct CellNames: Sendable {
  /// Begins the name of everything that has one.
  let token: String
  /// The first of ``keyCount`` System V keys.
  let firstKey: Int32

  static let keyCount = 16

  private var taken: [String: Int32] = [:]

  /// Every key that the cell may use.
  var keys: Range<Int32> { firstKey..<firstKey + Int32(Self.keyCount) }

  init() {
    let number = UInt32.random(in: .min ... .max)
    // Of one length: no token begins another, and what begins with it may be removed.
    let digits = String(number, radix: 36)
    self.init(
      token: "ipc-interop-" + String(repeating: "0", count: 7 - digits.count) + digits,
      firstKey: Int32.random(in: 0x100_0000...0x7FF_FFFF) << 4)
  }

  init(token: String, firstKey: Int32) {
    self.token = token
    self.firstKey = firstKey
  }

  /// The kinds of names, by what a variable begins with.
  static let kinds = ["mq", "shm", "fifo", "path", "abstract", "key"]

  /// The value of `{mq}`, `{fifo-2}` and the like; nil for a variable of another kind, or a key too many.
  mutating func value(of variable: String, scratch: String) -> String? {
    switch String(variable.prefix { $0 != "-" }) {
    case "mq", "shm": return "/\(token)-\(variable)"
    case "fifo", "path": return "\(scratch)/\(token)-\(variable)"
    case "abstract": return "\(token)-\(variable)"
    case "key":
      if taken[variable] == nil, taken.count < Self.keyCount { taken[variable] = firstKey + Int32(taken.count) }
      return taken[variable].map { "\($0)" }
    default: return nil
    }
  }
}
