import Foundation

/// All figures.
struct Report: Codable {
  var messages: [String: MessageCost] = [:]
  var times: [String: TimeCost] = [:]

  static func row(_ name: String, _ cost: MessageCost?) -> String {
    guard let cost else { return name }
    return
      "\(pad(name, 16)) instructions: C \(pad(Int(cost.c.instructions.rounded()), 5)) spans \(signed(cost.spans, cost.c))"
      + " arrays \(signed(cost.arrays, cost.c))   system calls: C \(pad(cost.c.systemCalls, 4))"
      + " Swift \(pad(cost.spans.systemCalls, 4))   allocations: spans \(pad(cost.spans.allocations, 4))"
      + " arrays \(cost.arrays.allocations)"
  }

  static func row(_ name: String, _ cost: TimeCost?) -> String {
    guard let cost else { return name }
    return "\(pad(name, 16)) ns: C \(pad(cost.c, 9)) Swift \(pad(cost.swift, 9)) ratio \(cost.ratio)"
  }

  private static func signed(_ swift: MessageCost.Figures, _ c: MessageCost.Figures) -> String {
    let difference = Int((swift.instructions - c.instructions).rounded())
    return pad(difference < 0 ? "\(difference)" : "+\(difference)", 6)
  }

  private static func pad(_ value: some CustomStringConvertible, _ width: Int) -> String {
    let text = value.description
    return text + String(repeating: " ", count: max(0, width - text.count))
  }
}

/// The cost of sending and receiving one message of 64 bytes.
struct MessageCost: Codable {
  struct Figures: Codable {
    /// User instructions.
    let instructions: Double
    let systemCalls: Double
    let allocations: Double
  }

  let c: Figures
  let spans: Figures
  let arrays: Figures
}

/// The time of one round, in ns: medians of interleaved runs.
struct TimeCost: Codable {
  let c: Double
  let swift: Double
  /// Swift to C, the median of the ratios of neighbouring runs.
  let ratio: Double
}
