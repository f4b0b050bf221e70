/// Returns the count with the noun in singular or plural: `1 cell`, `2 cells`.
func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }

/// Returns a rounded duration such as `12 ms`, `3.4 s` or `2 min 5 s`.
func duration(_ seconds: Double) -> String {
  switch seconds {
  // The condition is negated so that it is also true for NaN.
  case _ where !(seconds >= 0 && seconds < 1e9): return "? s"
  case ..<0.9995: return "\(Int((seconds * 1000).rounded())) ms"
  case ..<59.95: return "\(decimal(seconds, places: 1)) s"
  default:
    let whole = Int(seconds.rounded())
    return "\(whole / 60) min \(whole % 60) s"
  }
}

/// Returns a decimal number such as `3.142`.
///
/// The number has no exponent, because some XML readers do not accept exponents.
package func decimal(_ value: Double, places: Int) -> String {
  guard value >= 0, value < 1e9 else { return "0" }
  let scale = (0..<places).reduce(1) { scale, _ in scale * 10 }
  let scaled = Int((value * Double(scale)).rounded())
  return places == 0 ? "\(scaled)" : "\(scaled / scale)." + String(scaled % scale + scale).dropFirst()
}

extension ExitStatus {
  var meaning: String {
    switch self {
    case .asExpected: "all as expected"
    case .failures: "not all as expected"
    case .usage: "wrong usage"
    case .brokenEnvironment: "the environment or a control cell is broken"
    case .nothingSelected: "nothing was selected"
    case .onlyLeaks: "as expected, except for what was left behind"
    case .interrupted: "interrupted"
    }
  }
}

extension CellResult {
  /// The verdict and whether it was expected: `failed`, `failed, as expected`, or `passed, which was not expected`.
  var verdictInWords: String {
    switch (verdict, isExpected) {
    case (.passed, true), (.notRun, _): verdict.rawValue
    case (.passed, false): "passed, which was not expected"
    case (_, true): "\(verdict.rawValue), as expected"
    case (_, false): verdict.rawValue
    }
  }

  /// Whether the reports count the result as a failure.
  ///
  /// Cells that were not run are reported as a problem with the run instead.
  var isFailure: Bool { !isExpected && verdict != .notRun }
}

extension [String] {
  /// The elements without duplicates, in the order of their first occurrence.
  var withoutDuplicates: [String] {
    var seen: Set<String> = []
    return filter { seen.insert($0).inserted }
  }
}
