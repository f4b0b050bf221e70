import Glibc
import PeerContract
import SystemPackage

/// A role of a running cell: its process, what was said to it and by it, and the descriptors that it ought to hold.
final class RoleProcess {
  let role: Role
  let index: Int
  let language: String
  let command: [String]

  /// Within the sandbox; nil until it is started.
  var pid: Int?
  /// The process that traces it, from the start; it goes after what it traces.
  var tracer: Int?
  var greeting: Greeting?
  /// What it was asked and has not answered yet.
  var pending: Request? { didSet { isInterrupted = false } }
  /// Whether it was sent the signal of `interrupt:` since it was asked.
  var isInterrupted = false
  /// Descriptors to inherit, as the warden numbers them, and the handles that they shall become.
  var inherits: [(token: Int, handle: String)] = []
  var inputEnded = false
  /// Set by a step that ended it on purpose, or took its end.
  var endIsKnown = false
  /// It may hold descriptors beyond its handles: one that it was kept from closing.
  var isExcused = false
  private(set) var transcript: [String] = []
  /// All standard output of a program so far.
  var printed: [String] = []
  /// The texts that steps have seen in it.
  var seen: [String] = []
  private(set) var complained: [String] = []

  /// Held from the start, or handed over since.
  private var baseline: Set<Int> = []
  private var handles: [String: Int] = [:]

  init(role: Role, index: Int, language: String, command: [String]) {
    self.role = role
    self.index = index
    self.language = language
    self.command = command
  }

  var name: String { role.name }

  func note(asked line: String) { transcript.append("> \(line)") }
  func note(answered line: String) { transcript.append("< \(line)") }

  /// The list of all operations would only be in the way of who reads a transcript.
  func shortenGreeting() {
    guard let list = transcript.last?.firstRange(of: " operations=") else { return }
    transcript[transcript.count - 1].replaceSubrange(list.upperBound..., with: "...")
  }

  func takeErrors(from source: LineSource) {
    while let line = source.nextLine() ?? source.takeRest() { complained.append(line) }
  }

  /// What it said last on standard error, to stand behind a reason.
  var lastComplaint: String { complained.last.map { ": \($0)" } ?? "" }

  // MARK: - Descriptors

  func startsWith(descriptors: some Sequence<Int>) { baseline = Set(descriptors) }

  func descriptor(of handle: String) -> Int? { handles[handle] }

  /// Follows what an answered request opened or closed, by the vocabulary.
  func follow(_ request: Request, _ answer: Fields, _ operation: Operation) {
    if let closes = operation.closes, let number = handles.removeValue(forKey: request.fields[closes] ?? "default") {
      baseline.remove(number)
    }
    // One that is no number is that of its handle alone, and does not give its place to the next.
    let numbers =
      (answer["fd"] ?? request.fields["fd"])?.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
      ?? []
    // What takes several of a kind has their names in one parameter.
    let names = operation.opens.flatMap { (request.fields[$0] ?? "default").split(separator: ",").map(String.init) }
    for (name, number) in zip(names, numbers) { handles[name] = number }
  }

  /// What is wrong with the descriptors that it holds; nil when they are those of its open handles.
  func complaint(about held: [Int: String]) -> CellFailure? {
    let expected = baseline.union(handles.values)
    let strangers = held.filter { !expected.contains($0.key) }
    if !strangers.isEmpty {
      let list = strangers.sorted { $0.key < $1.key }.map { "\($0.key) (\($0.value))" }.joined(separator: ", ")
      var failure = CellFailure(.leaked, "\(name) (\(language)) holds descriptors beyond its handles: \(list)")
      failure.evidence.leftBehind = held.sorted { $0.key < $1.key }.map { "descriptor \($0.key) \($0.value)" }
      return failure
    }
    for (handle, number) in handles where held[number] == nil {
      return CellFailure(
        .failed, "\(name) (\(language)) says that its handle '\(handle)' is descriptor \(number), which is not open")
    }
    return nil
  }
}
