import Foundation

/// The sources for the runner's mutant build, which contains the runner mutants.
///
/// These are copies of the runner and command sources, with the replacements from `fixtures/runner-mutants.yaml`
/// applied. The original sources do not contain the mutants.
public struct RunnerMutantSources {
  /// The placeholder for the condition that a mutant is enabled.
  static let condition = "{mutant}"
  /// The modules that are copied.
  private static let modules = ["Harness", "ipc-interop"]
  private static let module = "HarnessWithMutants"

  private let root: String
  private let mutants: [RunnerMutant]

  /// Creates the sources from the original sources under `root`.
  public init(root: String, mutants: [RunnerMutant]) {
    self.root = root
    self.mutants = mutants
  }

  /// Writes the sources to a directory, skipping files that would not change.
  ///
  /// - Throws: ``RunError`` if a replacement does not apply.
  public func write(to directory: String) throws(RunError) {
    var rest = mutants
    do {
      for module in Self.modules {
        let source = URL(fileURLWithPath: "\(root)/Sources/\(module)")
        let target = URL(fileURLWithPath: "\(directory)/\(module)")
        var written: Set<String> = ["RunnerMutants.swift"]
        for name in try FileManager.default.subpathsOfDirectory(atPath: source.path) where name.hasSuffix(".swift") {
          let text = try String(contentsOf: source.appending(path: name), encoding: .utf8)
          try Self.put(try mutated(text, "\(module)/\(name)", &rest), target.appending(path: name))
          written.insert(name)
        }
        for name in try FileManager.default.subpathsOfDirectory(atPath: target.path)
        where name.hasSuffix(".swift") && !written.contains(name) {
          try FileManager.default.removeItem(at: target.appending(path: name))
        }
        if module == Self.modules[0] { try Self.put(Self.switches, target.appending(path: "RunnerMutants.swift")) }
      }
    } catch let error as RunError {
      throw error
    } catch {
      throw RunError("the sources with mutants cannot be written: \(error)")
    }
    if let mutant = rest.first { throw RunError("\(mutant.location): there is no file Sources/\(mutant.file)") }
  }

  private func mutated(_ source: String, _ file: String, _ rest: inout [RunnerMutant]) throws -> String {
    var text = source
    for mutant in rest where mutant.file == file {
      let count = text.ranges(of: mutant.original).count
      guard count == 1 else {
        throw RunError(
          "\(mutant.location): Sources/\(file) has the text of '\(mutant.name)' \(count) times; "
            + "change the mutant with the source")
      }
      let condition = "isMutant(\"\(mutant.name)\")"
      text = text.replacing(mutant.original, with: mutant.replacement.replacing(Self.condition, with: condition))
    }
    rest.removeAll { $0.file == file }
    return text.replacing(/\bHarness\b/.wordBoundaryKind(.simple), with: Self.module)
  }

  private static func put(_ text: String, _ file: URL) throws {
    if (try? String(contentsOf: file, encoding: .utf8)) == text { return }
    try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: file)
  }

  /// The only source file that the mutant build adds.
  private static let switches = """
    import Foundation

    private let switchedOn = Set(
      (ProcessInfo.processInfo.environment["\(RunnerMutant.variable)"] ?? "").split(separator: ",").map(String.init))

    /// Whether a runner mutant is enabled.
    package func isMutant(_ name: String) -> Bool { switchedOn.contains(name) }

    """
}
