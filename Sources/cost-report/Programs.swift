import Foundation

/// The measurement programs in C and Swift, and the tools that count their instructions and calls.
struct Programs {
  let c: String
  let swift: String

  enum Form: String {
    case c, spans, arrays
  }

  struct Measurement {
    let name: String
    /// The kind of measurement: `message`, `calls` for two calls that transfer no bytes, `single` for the time in one
    /// process, or `pair` for the time between two processes.
    let kind: String
    /// The number of rounds in one run.
    let count: Int

    var isTimed: Bool { kind == "single" || kind == "pair" }
  }

  /// Returns the measurements that the Swift program lists.
  func list() throws -> [Measurement] {
    try run([swift, "list"]).output.split(separator: "\n").map { line in
      let words = line.split(separator: " ")
      guard words.count == 3, let count = Int(words[2]) else { throw Unexpected(text: "unexpected line: \(line)") }
      return Measurement(name: String(words[0]), kind: String(words[1]), count: count)
    }
  }

  func message(_ measurement: Measurement) throws -> MessageCost {
    MessageCost(
      c: try figures(measurement.name, in: .c), spans: try figures(measurement.name, in: .spans),
      arrays: measurement.kind == "message" ? try figures(measurement.name, in: .arrays) : nil)
  }

  /// Returns the cost per round, without the startup cost, from the difference between a long and a short run.
  private func figures(_ name: String, in form: Form) throws -> MessageCost.Figures {
    let (many, few) = (try profile(command(name, 3000, form)), try profile(command(name, 1000, form)))
    let systemCalls = try systemCalls(command(name, 300, form)) - systemCalls(command(name, 100, form))
    return MessageCost.Figures(
      instructions: rounded((many.instructions - few.instructions) / 2000),
      systemCalls: rounded(systemCalls / 200), allocations: rounded((many.allocations - few.allocations) / 2000))
  }

  /// Runs both programs alternately, and returns the shortest time of each.
  ///
  /// The shortest run is the one that other programs have disturbed the least.
  func time(_ measurement: Measurement) throws -> TimeCost {
    var (c, swift) = (Double.infinity, Double.infinity)
    for _ in 0..<7 {
      c = min(c, try time(measurement, in: .c))
      swift = min(swift, try time(measurement, in: .spans))
    }
    let count = Double(measurement.count)
    return TimeCost(c: rounded(c / count), swift: rounded(swift / count), ratio: rounded(swift / c))
  }

  private func command(_ name: String, _ count: Int, _ form: Form) -> [String] {
    form == .c ? [c, name, "\(count)"] : [swift, name, "\(count)", form.rawValue]
  }

  private func rounded(_ value: Double) -> Double { (value * 100).rounded() / 100 }

  /// Returns the instruction count of a whole run and the number of its allocation calls, from callgrind's output.
  ///
  /// In this format, `cfn=(7) malloc`, or later `cfn=(7)`, names the called function. The next line, `calls=3 ...`,
  /// contains the number of calls. The line `totals: 5` contains the number of instructions.
  private func profile(_ command: [String]) throws -> (instructions: Double, allocations: Double) {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent(
      "ipc-cost-\(ProcessInfo.processInfo.processIdentifier).callgrind")
    defer { try? FileManager.default.removeItem(at: file) }
    _ = try run(["valgrind", "-q", "--tool=callgrind", "--callgrind-out-file=\(file.path)"] + command)
    let names: Set = ["malloc", "calloc", "realloc", "posix_memalign", "aligned_alloc", "memalign"]
    var identifiers: Set<Substring> = []
    var isAllocation = false
    var instructions: Double?
    var allocations = 0.0
    for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") {
      if line.hasPrefix("fn=(") || line.hasPrefix("cfn=(") {
        let words = line.drop { $0 != "(" }.split(separator: " ", maxSplits: 1)
        if words.count == 2, names.contains(String(words[1])) { identifiers.insert(words[0]) }
        isAllocation = line.hasPrefix("c") && identifiers.contains(words[0])
      } else if isAllocation, line.hasPrefix("calls=") {
        allocations += Double(line.dropFirst(6).prefix { $0 != " " }) ?? 0
      } else if line.hasPrefix("totals:") {
        instructions = Double(line.dropFirst(7).filter { $0 != " " })
      }
    }
    guard let instructions else { throw Unexpected(text: "unexpected output of callgrind") }
    return (instructions, allocations)
  }

  /// Returns the total from the table that strace prints.
  private func systemCalls(_ command: [String]) throws -> Double {
    let table = try run(["strace", "-f", "-c", "-U", "calls,name"] + command).errors
    guard let total = table.split(separator: "\n").last(where: { $0.hasSuffix("total") }),
      let count = Double(total.split(separator: " ")[0])
    else { throw Unexpected(text: "unexpected output of strace: \(table)") }
    return count
  }

  /// Returns the time in ns that the program printed; for a pair of processes, the time that the first one printed.
  private func time(_ measurement: Measurement, in form: Form) throws -> Double {
    var command = form == .c ? [c] : [swift]
    command += [measurement.name, "\(measurement.count)"] + (form == .c ? [] : [form.rawValue])
    guard measurement.kind == "pair" else { return try parse(try run(command).output) }
    let path = "/dev/shm/ipc-cost-\(ProcessInfo.processInfo.processIdentifier)"
    try? FileManager.default.removeItem(atPath: path)
    defer { try? FileManager.default.removeItem(atPath: path) }
    let second = try start(command + [path, "second"])
    do {
      let output = try run(command + [path, "first"]).output
      second.waitUntilExit()
      return try parse(output)
    } catch {
      // The first program has failed, so the second would wait for it forever.
      second.terminate()
      throw error
    }
  }

  private func parse(_ output: String) throws -> Double {
    guard let time = Double(output.trimmingCharacters(in: .whitespacesAndNewlines)) else {
      throw Unexpected(text: "unexpected output: \(output)")
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
    // Reading one pipe to its end before the other cannot block the program, because only the output on standard error
    // can exceed the capacity of a pipe.
    let errorText = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw Unexpected(text: "\(command.joined(separator: " ")) failed: \(errorText.trimmingCharacters(in: .newlines))")
    }
    return (text, errorText)
  }
}

/// A program that failed, or whose output is malformed.
struct Unexpected: Error, CustomStringConvertible {
  let text: String
  var description: String { text }
}
