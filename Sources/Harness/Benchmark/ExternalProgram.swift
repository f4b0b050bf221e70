import Foundation
import PeerProtocol

/// A program that a benchmark run starts several times: between the benchmarks, and during the benchmarks that are
/// compared with it.
///
/// For each measurement, the program prints one line of JSON in the format of `c-peers/benchmark/histogram.h`.
public struct ExternalProgram: Sendable {
  /// The reason why a program is measured.
  public enum Kind: String, Sendable, CaseIterable, Codable {
    /// A physical limit of this machine.
    case limit
    /// Another library that a user could choose instead.
    case library
  }

  let title: String
  let kind: Kind
  let command: [String]

  /// One line that a program prints.
  struct Measurement: Decodable {
    let name: String
    let unit: String
    let histogram: String
    let elapsed: UInt64
    let messages: UInt64
    let bytes: UInt64

    /// The nanoseconds per operation: the median or, without a histogram, the mean.
    var time: Double {
      let median = (try? LatencyHistogram(parsing: histogram))?.quantile(0.5)
      return median ?? Double(elapsed) / Double(max(messages, 1))
    }
  }

  /// Runs the program, and returns the measurements that it printed; other lines become notes.
  ///
  /// If `names` is empty, the program makes all its measurements.
  func run(
    _ names: [String] = [], in directory: String, timeout: Duration, notes: inout [String]
  ) throws(RunError) -> [Measurement] {
    let run = try ProgramRun(command + names, in: directory, environment: [:], timeout: timeout)
    guard run.status == 0 else {
      throw RunError("\(command[0]) failed: \(run.output.isEmpty ? "it printed nothing" : run.output)")
    }
    var measurements: [Measurement] = []
    for line in run.output.split(separator: "\n") {
      guard line.hasPrefix("{") else {
        if !notes.contains(String(line)) { notes.append(String(line)) }
        continue
      }
      do { measurements.append(try JSONDecoder().decode(Measurement.self, from: Data(line.utf8))) } catch {
        throw RunError("\(command[0]) printed '\(line)', which is not a measurement")
      }
    }
    return measurements
  }

  /// Reads `fixtures/benchmark-programs.yaml`; its programs are in the same directory as the other programs.
  ///
  /// A program that does not exist is skipped, with a note.
  static func load(_ installation: Installation) throws(FixtureErrors) -> (programs: [ExternalProgram], notes: [String])
  {
    let log = DiagnosticLog()
    let name = "fixtures/benchmark-programs.yaml"
    var programs: [ExternalProgram] = []
    var notes: [String] = []
    let path = "\(installation.root)/\(name)"
    guard FileManager.default.fileExists(atPath: path) else { return ([], []) }
    if let file = FixtureFile(at: path, as: name, log: log), let document = FixtureDocument(file, log: log) {
      let keys = ["title", "kind", "program"]
      for value in document.root.nonEmptyList("programs") {
        guard let entry = value.map("a program", keys: keys, required: keys),
          let title = entry["title"]?.text("a title")?.text, let kind = entry["kind"]?.choice("a kind", Kind.self),
          let program = entry["program"]?.text("a program")?.text
        else { continue }
        var words = program.split(separator: " ").map(String.init)
        words[0] = "\(installation.programs)/\(words[0])"
        if FileManager.default.isExecutableFile(atPath: words[0]) {
          programs.append(ExternalProgram(title: title, kind: kind, command: words))
        } else {
          notes.append("not measured: \(title) (there is no \(words[0]))")
        }
      }
    }
    try log.check()
    return (programs, notes)
  }
}
