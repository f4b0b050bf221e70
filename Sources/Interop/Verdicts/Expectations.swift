import Foundation
import Yams

/// The verdicts that are expected where `passed` is not, from `fixtures/expectations.yaml`.
///
/// A cell that is expected to fail still runs. What passes against its expectation, fails for another reason, is expected
/// of no cell at all, or covers too much, fails the run: such a list cannot rot.
public struct Expectations: Sendable {
  let entries: [Entry]

  struct Entry: Sendable {
    let cells: Glob
    let verdict: Verdict
    /// Must be part of the reason of the verdict.
    let reason: String
    let why: String
    /// `2027-03-01`: from that day on the entry is stale.
    let review: String
    let place: String
  }

  /// A pattern may cover no more cells than this.
  static let widest = 20

  public static let none = Expectations(entries: [])

  /// Expects of every cell what must be said of a mutant.
  static func caught(_ mutant: Mutant) -> Expectations {
    let entry = Entry(
      cells: Glob("*"), verdict: mutant.verdict, reason: mutant.reason, why: mutant.wrong, review: "",
      place: mutant.location.description)
    return Expectations(entries: [entry])
  }

  /// What is expected of a cell, and whether `verdict` with `reason` is that.
  func judge(_ cell: String, _ verdict: Verdict, reason: String?) -> (isExpected: Bool, note: String?) {
    guard let entry = entries.first(where: { $0.cells.matches(cell) }) else { return (verdict == .passed, nil) }
    guard verdict == entry.verdict else {
      return (false, "\(entry.place) expects '\(entry.verdict.rawValue)' (\(entry.why)); it was '\(verdict.rawValue)'")
    }
    guard reason?.contains(entry.reason) == true else {
      return (false, "\(entry.place) expects the reason '\(entry.reason)'")
    }
    return (true, entry.why)
  }

  /// What is wrong with the list itself, given every cell of the matrix and today's date.
  func complaints(cells: [String], today: String) -> [String] {
    var covered: [String: Entry] = [:]
    return entries.compactMap { entry in
      let matched = cells.filter(entry.cells.matches)
      if matched.isEmpty { return "\(entry.place): no cell matches '\(entry.cells.pattern)'" }
      if matched.count > Self.widest {
        return
          "\(entry.place): '\(entry.cells.pattern)' covers \(matched.count) cells; at most \(Self.widest) may share a reason"
      }
      for cell in matched {
        if let earlier = covered.updateValue(entry, forKey: cell) {
          return "\(entry.place): \(earlier.place) covers \(cell) already"
        }
      }
      return entry.review <= today ? "\(entry.place): its review was due on \(entry.review)" : nil
    }
  }

  /// One that the calendar has, written as every list of days is.
  private static func isDay(_ text: String) -> Bool {
    let style = Date.ISO8601FormatStyle.iso8601.year().month().day()
    return (try? Date(text, strategy: style))?.formatted(style) == text
  }

  /// Reads the list. An absent file expects nothing unusual, and so does one of nothing but comments.
  public static func load(_ file: String) throws(ExpectationsError) -> Expectations {
    guard FileManager.default.fileExists(atPath: file) else { return .none }
    let log = MistakeLog()
    guard let source = ScenarioLoader.Source(at: file, as: file, log: log) else { throw ExpectationsError(log.told) }
    return try parse(source.bytes, file: file)
  }

  static func parse(_ bytes: Data, file: String) throws(ExpectationsError) -> Expectations {
    let lines = bytes.split { $0 == UInt8(ascii: "\n") }
    if lines.allSatisfy({ $0.first { $0 != UInt8(ascii: " ") } ?? UInt8(ascii: "#") == UInt8(ascii: "#") }) {
      return .none
    }
    let log = MistakeLog()
    guard let node = Document(file: file, bytes: bytes, log: log)?.root else { throw ExpectationsError(log.told) }
    guard let sequence = node.sequence else { throw ExpectationsError("\(file): it must be a list") }
    var entries: [Entry] = []
    for item in sequence {
      let place = "\(file):\(item.mark?.line ?? 1):\(item.mark?.column ?? 1)"
      func text(_ key: String) throws(ExpectationsError) -> String {
        guard let text = item[key]?.string, !text.isEmpty else {
          throw ExpectationsError(
            "\(place): an expectation has 'cells', 'verdict', 'reason', 'why' and 'review'; '\(key)' is missing")
        }
        return text
      }
      guard let verdict = Verdict(rawValue: try text("verdict")), verdict != .passed else {
        let known = Verdict.allCases.dropFirst().map(\.rawValue).joined(separator: ", ")
        throw ExpectationsError("\(place): the verdict must be one of \(known)")
      }
      let review = try text("review")
      guard isDay(review) else {
        throw ExpectationsError("\(place): 'review' is a day such as 2027-03-01, not '\(review)'")
      }
      entries.append(
        Entry(
          cells: Glob(try text("cells")), verdict: verdict, reason: try text("reason"), why: try text("why"),
          review: review, place: place))
    }
    return Expectations(entries: entries)
  }
}

/// A list of expectations that cannot be used, and why.
public struct ExpectationsError: Error, CustomStringConvertible {
  public let description: String
  init(_ description: String) { self.description = description }
}
