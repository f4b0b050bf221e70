/// `bytes`, `bytes+1`, `writers*records`: names of parameters and integers, with sums, differences and products.
struct Formula {
  private let operands: [String]
  /// What stands between the operands.
  private let signs: [Character]

  struct Fault: Error { let message: String }

  /// Nil when `text` has another form.
  init?(_ text: String) {
    operands = text.split(omittingEmptySubsequences: false) { "+-*".contains($0) }.map(String.init)
    signs = text.filter { "+-*".contains($0) }
    guard operands.allSatisfy({ Int($0) != nil || Self.isName($0) }) else { return nil }
  }

  /// A letter, then letters, digits and `_`: no dash, so that `{bytes-1}` is a difference.
  static func isName(_ text: String) -> Bool {
    text.utf8.first.map { !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ?? false
      && text.utf8.allSatisfy {
        switch $0 {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
          true
        default: false
        }
      }
  }

  var names: [String] { operands.filter { Int($0) == nil } }

  /// The text that stands for it in `row`: a lone name gives its value, whatever that is; with numbers it is reckoned.
  func value(in row: ParameterRow) throws(Fault) -> String {
    for name in names where row[name] == nil {
      throw Fault(message: "unknown parameter '\(name)'\(Suggestion.clause(for: name, among: row.names))")
    }
    if signs.isEmpty { return row[operands[0]] ?? operands[0] }
    var sum = 0
    var product = try number(operands[0], in: row)
    for (sign, operand) in zip(signs, operands.dropFirst()) {
      let number = try number(operand, in: row)
      if sign == "*" {
        product = try Self.exact(product.multipliedReportingOverflow(by: number))
      } else {
        sum = try Self.exact(sum.addingReportingOverflow(product))
        product = sign == "-" ? try Self.exact(0.subtractingReportingOverflow(number)) : number
      }
    }
    return String(try Self.exact(sum.addingReportingOverflow(product)))
  }

  private func number(_ operand: String, in row: ParameterRow) throws(Fault) -> Int {
    let text = row[operand] ?? operand
    guard let number = Int(text) else {
      throw Fault(message: "the parameter '\(operand)' is '\(text)' here, and one cannot reckon with that")
    }
    return number
  }

  private static func exact(_ result: (partialValue: Int, overflow: Bool)) throws(Fault) -> Int {
    if result.overflow { throw Fault(message: "the result does not fit into 64 bits") }
    return result.partialValue
  }
}
