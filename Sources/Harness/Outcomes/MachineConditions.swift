import Glibc

/// The facts about the machine that a known failure can depend on.
struct MachineFacts: Sendable, Hashable {
  /// The kernel release: `6.18.44-generic`.
  let kernel: String
  /// The C library and its version: `glibc 2.36`.
  let libc: String
  /// The architecture, as reported by `uname -m`: `x86_64`.
  let architecture: String

  static let current: MachineFacts = {
    var names = utsname()
    _ = unsafe uname(&names)
    let architecture = unsafe withUnsafeBytes(of: &names.machine) { bytes in
      unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
    return MachineFacts(kernel: MachineProbe.kernel, libc: libcVersion, architecture: architecture)
  }()

  /// This program's C library: `glibc 2.36`.
  private static var libcVersion: String {
    let gnuLibcVersion: Int32 = 2  // _CS_GNU_LIBC_VERSION, which the Glibc module does not export
    var buffer = [CChar](repeating: 0, count: 64)
    let length = unsafe confstr(gnuLibcVersion, &buffer, buffer.count)
    guard length > 1, length <= buffer.count else { return "unknown" }
    return String(decoding: buffer.prefix(length - 1).map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}

/// The machines to which a known failure applies: `when: {kernel: "< 6.1", libc: glibc, architecture: x86_64}`.
struct MachineConditions: Sendable, Hashable {
  /// The conditions, as written and ordered in the file.
  private(set) var texts: [Text] = []
  private var tests: [Test] = []

  struct Text: Sendable, Hashable {
    let key: String
    let value: String
  }

  private enum Test: Sendable, Hashable {
    case kernel(VersionRange)
    case libc(name: String, VersionRange?)
    case architecture(String)
  }

  init() {}

  /// Reads the map under `when`.
  init(_ value: FixtureDocument.Value) {
    for (key, value) in value.map("'when'") ?? [] {
      guard let text = value.text("'\(key.text)'") else { continue }
      let words = text.text.split(separator: " ", maxSplits: 1).map(String.init)
      let test: Test? =
        switch key.text {
        case "kernel": VersionRange(text.text).map(Test.kernel)
        case "architecture": .architecture(text.text)
        case "libc" where words.count == 1: .libc(name: words[0], nil)
        case "libc": VersionRange(words[1]).map { .libc(name: words[0], $0) }
        default: nil
        }
      let keys = ["kernel", "libc", "architecture"]
      guard let test else {
        let isKnown = keys.contains(key.text)
        value.log.add(
          isKnown ? text.location : key.location,
          isKnown
            ? "'\(key.text)' must be a comparison such as '< 6.1', not '\(abbreviated(text.text))'"
            : "'when' has no key '\(key.text)'\(Suggestion.clause(for: key.text, among: keys))")
        continue
      }
      texts.append(Text(key: key.text, value: text.text))
      tests.append(test)
    }
  }

  func apply(to machine: MachineFacts) -> Bool {
    tests.allSatisfy { test in
      switch test {
      case .kernel(let range): range.contains(machine.kernel)
      case .architecture(let name): machine.architecture == name
      case .libc(let name, let range):
        machine.libc.split(separator: " ").first == name[...]
          && (range?.contains(machine.libc.split(separator: " ").last.map(String.init) ?? "") ?? true)
      }
    }
  }
}

/// A version comparison: `< 6.1`, `>= 2.38` or `= 6.1.90`.
struct VersionRange: Sendable, Hashable {
  private let sign: String
  private let version: [Int]

  init?(_ text: String) {
    let words = text.split(separator: " ").map(String.init)
    guard words.count == 2, ["<", "<=", "=", ">=", ">"].contains(words[0]),
      words[1].wholeMatch(of: /[0-9]+(\.[0-9]+)*/) != nil
    else { return nil }
    sign = words[0]
    version = Self.numbers(words[1])
  }

  /// Compares only the leading numbers of a version with those of the range.
  func contains(_ text: String) -> Bool {
    let all = Self.numbers(text)
    let numbers = (0..<version.count).map { $0 < all.count ? all[$0] : 0 }
    return switch sign {
    case "<": numbers.lexicographicallyPrecedes(version)
    case "<=": !version.lexicographicallyPrecedes(numbers)
    case ">": version.lexicographicallyPrecedes(numbers)
    case ">=": !numbers.lexicographicallyPrecedes(version)
    default: numbers == version
    }
  }

  /// Returns the numbers before the first character that cannot belong to a version.
  private static func numbers(_ text: String) -> [Int] {
    text.prefix { "0123456789.".contains($0) }.split(separator: ".").compactMap { Int($0) }
  }
}
