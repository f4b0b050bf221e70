import PeerContract

/// Compares an answer with what the standard demands.
enum Matching {
  /// What is wrong with the field `key`; nil when it is as demanded. `demanded` is percent-encoded.
  static func complaint(key: String, relation: FieldExpectation.Relation, demanded: String, actual: [UInt8]?) -> String?
  {
    guard let actual else { return "the answer has no field '\(key)'" }
    let shown = PercentEncoding.encode(actual)
    guard let wanted = PercentEncoding.decode(demanded) else { return "'\(demanded)' is not percent-encoded" }
    let (symbol, holds): (String, Bool) =
      switch relation {
      case .equal: ("=", areEqual(actual, wanted, of: key))
      case .notEqual: ("!=", !areEqual(actual, wanted, of: key))
      case .less: ("<", compare(actual, wanted) { $0 < $1 })
      case .lessOrEqual: ("<=", compare(actual, wanted) { $0 <= $1 })
      case .greater: (">", compare(actual, wanted) { $0 > $1 })
      case .greaterOrEqual: (">=", compare(actual, wanted) { $0 >= $1 })
      case .capture: ("=", true)
      }
    return holds ? nil : "\(key)=\(shown), where \(key)\(symbol)\(demanded) is demanded"
  }

  /// Whether an answer is that of a golden transcript: the same kind and the same fields in any order, where `*` stands for
  /// any value. The call that failed, which an error may name, need not be recorded.
  static func isAsRecorded(_ answer: String, _ recorded: String) -> Bool {
    let wanted = recorded.split(separator: " ")
    let namesCall = wanted.contains { $0.hasPrefix("call=") }
    let actual = answer.split(separator: " ").filter { namesCall || wanted.first != "error" || !$0.hasPrefix("call=") }
    guard actual.count == wanted.count, actual.first == wanted.first else { return false }
    return wanted.dropFirst().allSatisfy { field in
      actual.dropFirst().contains { Glob(String(field)).matches(String($0)) }
    }
  }

  /// Fields with the bytes that were transferred.
  private static let payloads: Set<String> = ["buf", "msg", "mtext"]

  /// Byte for byte; but flags are listed in any order.
  private static func areEqual(_ actual: [UInt8], _ wanted: [UInt8], of key: String) -> Bool {
    if actual == wanted || payloads.contains(key) { return actual == wanted }
    guard let flags = flags(wanted) else { return false }
    return self.flags(actual) == flags
  }

  /// The symbols that are joined by bars, for each element of a list, without their order; nil when it has others.
  private static func flags(_ list: [UInt8]) -> [[String]]? {
    let elements = String(decoding: list, as: UTF8.self).split(separator: ",", omittingEmptySubsequences: false).map {
      $0.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
    }
    let areSymbols = elements.joined().allSatisfy { $0.wholeMatch(of: /[A-Z][A-Z0-9_]*/) != nil }
    return areSymbols ? elements.map { $0.sorted() } : nil
  }

  private static func compare(_ actual: [UInt8], _ wanted: [UInt8], _ relation: (Int, Int) -> Bool) -> Bool {
    guard let left = Int(String(decoding: actual, as: UTF8.self)),
      let right = Int(String(decoding: wanted, as: UTF8.self))
    else { return false }
    return relation(left, right)
  }
}
