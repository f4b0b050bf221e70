import Foundation

/// The programs missing from a user's project, and the cells that are omitted as a result.
struct MissingPrograms: Sendable {
  /// A note for each missing program in a language other than the reference.
  private(set) var notes: [String] = []
  /// The reason why no cell can run: the reference lacks a program, or a file cannot be executed.
  private(set) var problem: RunError?

  private var project = ""

  init() {}

  /// Removes the cells with missing programs from a plan, so that a port can begin with one program.
  ///
  /// Files inside the directory `project` are reported relative to that directory.
  init(leftOutOf plan: inout Plan, _ peers: PeerList, project: String) {
    self.project = project
    var counts: [Program: Int] = [:]
    let reference = peers.reference.language
    plan = Plan(
      groups: plan.groups.compactMap { group in
        let cells = group.cells.filter { cell in
          let missing = missing(in: cell, group.scenario, peers)
          for program in missing { counts[program, default: 0] += 0 }
          // Several programs of a cell may be missing, but the notes count the cell only once.
          if let first = missing.min(by: Self.precedes) { counts[first, default: 0] += 1 }
          return missing.isEmpty
        }
        // A group needs its control cell even if the control cell is not selected.
        for program in group.control.map({ missing(in: $0, group.scenario, peers) }) ?? [] {
          counts[program, default: 0] += 0
        }
        return cells.isEmpty ? nil : Plan.Group(scenario: group.scenario, control: group.control, cells: cells)
      })
    var total = 0
    for (program, count) in counts.sorted(by: { Self.precedes($0.key, $1.key) }) {
      guard program.language != reference, program.reason == .missing else {
        problem = problem ?? RunError(program.problem, status: .brokenEnvironment)
        continue
      }
      let cells = count == 0 ? "" : ": \(counted(count, total == 0 ? "cell" : "more cell")) left out"
      total += count
      notes.append(
        "\(program.language): no \(program.file)\(cells); build it, or pin the role: pin: {\(program.role): \(reference)}"
      )
    }
  }

  /// Returns whether a program's note precedes the note of another one.
  private static func precedes(_ first: Program, _ second: Program) -> Bool {
    (first.language, first.role, first.file) < (second.language, second.role, second.file)
  }

  private struct Program: Hashable {
    enum Reason: Hashable {
      case missing, notExecutable
      case noInterpreter(String)
    }
    let language: String
    let role: String
    let file: String
    let reason: Reason
    /// The first language that has the program; nil if none has it.
    var owner: String?

    var problem: String {
      switch reason {
      case .missing:
        "\(language), the first language, needs every program, and \(file) does not exist; build it, "
          + (owner.map { "correct 'programs', or pin the role: pin: {\(role): \($0)}" } ?? "or correct 'programs'")
      case .notExecutable: "\(file) (\(language)) is not executable; run chmod +x, or correct 'programs'"
      case .noInterpreter(let path):
        "\(file) (\(language)) begins with #!\(path), which does not exist; correct its first line".escapedForDisplay
      }
    }
  }

  private func missing(in cell: Plan.PlannedCell, _ scenario: Scenario, _ peers: PeerList) -> Set<Program> {
    var programs: Set<Program> = []
    for (role, language) in zip(scenario.roles, cell.pairing.languages) {
      guard case .program(let name, _) = role.part else { continue }
      let peer = peers[language]
      if let file = peer.map({ $0.program(name) == nil ? "command for \(name)" : $0.missingProgram(name) }) ?? name {
        programs.insert(
          Program(
            language: language, role: role.name, file: file.relative(to: project), reason: .missing,
            owner: peers.peers.first { $0.has(name) }?.language))
      } else if let file = peer?.program(name)?.first, !FileManager.default.isExecutableFile(atPath: file) {
        programs.insert(
          Program(language: language, role: role.name, file: file.relative(to: project), reason: .notExecutable))
      } else if let file = peer?.program(name)?.first, let path = Self.missingInterpreter(of: file) {
        programs.insert(
          Program(language: language, role: role.name, file: file.relative(to: project), reason: .noInterpreter(path)))
      }
    }
    return programs
  }

  /// Returns the interpreter named in a script's first line if it does not exist; nil if it exists or the file is not a
  /// script.
  private static func missingInterpreter(of file: String) -> String? {
    guard let handle = FileHandle(forReadingAtPath: file), let bytes = try? handle.read(upToCount: 256),
      bytes.starts(with: "#!".utf8)
    else { return nil }
    let line = bytes.dropFirst(2).prefix { $0 != UInt8(ascii: "\n") }.drop { $0 == UInt8(ascii: " ") }
    // A carriage return is part of the path.
    let path = String(decoding: line.prefix { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }, as: UTF8.self)
    return path.hasPrefix("/") && !FileManager.default.fileExists(atPath: path) ? path : nil
  }
}

extension String {
  /// Returns a path inside `directory` relative to it, prefixed with `./`, and any other path unchanged.
  func relative(to directory: String) -> String {
    !directory.isEmpty && hasPrefix("\(directory)/") ? ".\(dropFirst(directory.count))" : self
  }
}
