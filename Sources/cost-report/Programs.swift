import Foundation

/// The measuring programs, and the tools that count what they do.
struct Programs {
  let c: String
  let swift: String

  enum Form: String {
    case c, spans, arrays
  }

  struct Measurement {
    let name: String
    /// `message`, `single` for a time within one process, `pair` for one between two.
    let kind: String
    /// The rounds of one run.
    let count: Int
  }

  /// The measurements that the Swift program has.
  func list() throws -> [Measurement] {
    try run([swift, "list"]).output.split(separator: "\n").map { line in
      let words = line.split(separator: " ")
      guard words.count == 3, let count = Int(words[2]) else { throw Unexpected(text: String(line)) }
      return Measurement(name: String(words[0]), kind: String(words[1]), count: count)
    }
  }

  /// The difference of two runs, which leaves only the cost of the rounds.
  func message(_ name: String, in form: Form) throws -> MessageCost.Figures {
    MessageCost.Figures(
      instructions: try difference(3000, 1000) { try instructions(command(name, $0, form)) },
      systemCalls: try difference(3000, 1000) { try systemCalls(command(name, $0, form)) },
      allocations: try difference(600, 200) { try allocations(command(name, $0, form)) })
  }

  /// Runs both programs in turns, so that changes in the load of the machine affect both.
  func time(_ measurement: Measurement) throws -> TimeCost {
    let rounds = try (0..<9).map { _ in
      (
        c: try time(measurement, in: .c) / Double(measurement.count),
        swift: try time(measurement, in: .spans) / Double(measurement.count)
      )
    }
    return TimeCost(
      c: median(rounds.map(\.c)), swift: median(rounds.map(\.swift)), ratio: median(rounds.map { $0.swift / $0.c }))
  }

  private func command(_ name: String, _ count: Int, _ form: Form) -> [String] {
    form == .c ? [c, name, "\(count)"] : [swift, name, "\(count)", form.rawValue]
  }

  private func difference(_ many: Int, _ few: Int, _ measure: (Int) throws -> Double) throws -> Double {
    let difference = (try measure(many) - measure(few)) / Double(many - few)
    return (difference * 100).rounded() / 100
  }

  private func instructions(_ command: [String]) throws -> Double {
    let tool = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    return try number(after: "Collected :", in: try run(tool + command).errors)
  }

  private func allocations(_ command: [String]) throws -> Double {
    let tool = ["valgrind", "--tool=memcheck", "--leak-check=no", "--undef-value-errors=no"]
    return try number(after: "total heap usage:", in: try run(tool + command).errors)
  }

  /// The total in the table of strace.
  private func systemCalls(_ command: [String]) throws -> Double {
    let table = try run(["strace", "-f", "-c", "-U", "calls,name"] + command).errors
    guard let total = table.split(separator: "\n").last(where: { $0.hasSuffix("total") }),
      let count = Double(total.split(separator: " ")[0])
    else { throw Unexpected(text: table) }
    return count
  }

  private func number(after label: String, in text: String) throws -> Double {
    guard let range = text.range(of: label),
      let word = text[range.upperBound...].split(whereSeparator: \.isWhitespace).first,
      let number = Double(word.filter { $0 != "," })
    else { throw Unexpected(text: text) }
    return number
  }

  /// In ns, as the program prints it; of two processes, the time of the first one.
  private func time(_ measurement: Measurement, in form: Form) throws -> Double {
    var command = form == .c ? [c] : [swift]
    command += [measurement.name, "\(measurement.count)"] + (form == .c ? [] : [form.rawValue])
    guard measurement.kind == "pair" else { return try parse(try run(command).output) }
    let path = "/dev/shm/ipc-cost-\(ProcessInfo.processInfo.processIdentifier)"
    try? FileManager.default.removeItem(atPath: path)
    defer { try? FileManager.default.removeItem(atPath: path) }
    let second = try start(command + [path, "second"])
    let output = try run(command + [path, "first"]).output
    second.waitUntilExit()
    return try parse(output)
  }

  private func parse(_ output: String) throws -> Double {
    guard let time = Double(output.trimmingCharacters(in: .whitespacesAndNewlines)) else {
      throw Unexpected(text: output)
    }
    return time
  }

  private func start(
    _ command: [String], _ output: Any? = FileHandle.nullDevice, _ errors: Any? = nil
  ) throws -> Process {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = command
    process.standardOutput = output
    if let errors { process.standardError = errors }
    try process.run()
    return process
  }

  private func run(_ command: [String]) throws -> (output: String, errors: String) {
    let (output, errors) = (Pipe(), Pipe())
    let process = try start(command, output, errors)
    // Each program writes less than a pipe holds, except to the one that is read first.
    let errorText = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw Unexpected(text: "\(command.joined(separator: " ")): \(errorText)")
    }
    return (text, errorText)
  }
}

/// The output of a program that is not what it should be.
struct Unexpected: Error, CustomStringConvertible {
  let text: String
  var description: String { "unexpected output: \(text)" }
}

private func median(_ values: [Double]) -> Double {
  let middle = values.sorted()[values.count / 2]
  return (middle * 1000).rounded() / 1000
}
