/// The names of a cell's objects.
///
/// The names are unique across all cells and runs.
struct CellNames: Sendable {
  /// The prefix of every object's name.
  let token: String
  /// The first of ``keyCount`` System V keys.
  let firstKey: Int32

  static let keyCount = 16

  private var taken: [String: Int32] = [:]

  /// The System V keys that the cell may use.
  var keys: Range<Int32> { firstKey..<firstKey + Int32(Self.keyCount) }

  init() {
    let number = UInt32.random(in: .min ... .max)
    // All tokens have the same length. If one token were a prefix of another, cleanup could remove the other cell's
    // objects.
    let digits = String(number, radix: 36)
    self.init(
      token: "ipc-interop-" + String(repeating: "0", count: 7 - digits.count) + digits,
      firstKey: Int32.random(in: 0x100_0000...0x7FF_FFFF) << 4)
  }

  init(token: String, firstKey: Int32) {
    self.token = token
    self.firstKey = firstKey
  }

  /// Returns the value of a variable such as `{mq}` or `{fifo-2}`; nil for other kinds of variables, or if no key is
  /// left.
  mutating func value(of variable: String, scratch: String) -> String? {
    switch String(variable.prefix { $0 != "-" }) {
    case "mq", "shm": return "/\(token)-\(variable)"
    case "fifo", "path": return "\(scratch)/\(token)-\(variable)"
    case "abstract": return "\(token)-\(variable)"
    case "key":
      if taken[variable] == nil, taken.count < Self.keyCount { taken[variable] = firstKey + Int32(taken.count) }
      return taken[variable].map { "\($0)" }
    case "text": return Int(variable.dropFirst(5)).map { String((0..<$0).map { Character("\($0 % 10)") }) }
    default: return nil
    }
  }
}
