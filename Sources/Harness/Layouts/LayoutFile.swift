/// A user's file that names structs in C headers and the Swift types that share memory with them: the `abi` argument.
public struct LayoutFile: Sendable {
  /// The path of the file.
  let path: String
  /// The file name as shown in messages.
  let name: String
  /// The C headers, in the order in which they are included.
  let headers: [String]
  /// The Swift source files that contain the types; empty if only C compilers are compared.
  let sources: [String]
  /// The C compiler commands; each is compared with the first.
  let compilers: [Command]
  /// The Swift compiler command.
  let swiftCompiler: Command
  let structs: [Struct]

  /// A compiler command.
  struct Command: Sendable {
    /// The command as written in the file, used as the column heading.
    let name: String
    let words: [String]
  }

  /// A C struct, and the Swift type that must have the same layout.
  struct Struct: Sendable {
    let c: String
    /// The Swift type; nil if only C compilers are compared.
    let swift: String?
    let fields: [Field]
    /// The line in the file.
    let line: Int
  }

  /// A field, with its names in both languages.
  struct Field: Sendable {
    let c: String
    /// The Swift property; nil if the bytes are padding in Swift.
    let swift: String?
    /// The line in the file.
    let line: Int
  }

  /// Reads the file at `path`, shown in diagnostics as `name`.
  public init(at path: String, as name: String) throws(FixtureErrors) {
    let log = DiagnosticLog()
    if let kind = [".h": "a C header", ".c": "C source", ".swift": "Swift source"].first(where: {
      name.hasSuffix($0.key)
    }) {
      log.add(whole: name, "this is \(kind.value); name it in a YAML file: see docs/struct-layouts.md")
      try log.check()
    }
    self.init(path, name, log)
    try log.check()
  }

  private static let keys = ["headers", "swift", "compilers", "swift-compiler", "structs"]

  private init(_ path: String, _ name: String, _ log: DiagnosticLog) {
    let document = FixtureFile(at: path, as: name, log: log).flatMap { FixtureDocument($0, log: log) }
    let keys = document?.root.map("the file", keys: Self.keys, required: ["headers", "structs"]) ?? [:]
    let resolver = CommandResolver(file: path)
    func command(_ text: SourceText?) -> Command? {
      text.flatMap { text in resolver.command(text, log).map { Command(name: text.text, words: $0) } }
    }
    func command(_ name: String) -> Command {
      // If a default compiler is not installed, the error is reported when the compiler is started.
      Command(name: name, words: [CommandResolver.search(name) ?? "/usr/bin/\(name)"])
    }
    self.path = path
    self.name = name
    headers = keys["headers"]?.nonEmptyList("headers").compactMap { $0.text("a header")?.text } ?? []
    sources = (keys["swift"]?.texts("Swift files") ?? []).map(resolver.beside)
    compilers =
      keys["compilers"].map { $0.nonEmptyList("compilers").compactMap { command($0.text("a compiler")) } }
      ?? [command("cc")]
    swiftCompiler =
      keys["swift-compiler"].map { command($0.text("the Swift compiler")) ?? command("swiftc") }
      ?? command("swiftc")
    let hasSwift = !sources.isEmpty
    structs = keys["structs"]?.nonEmptyList("structs").compactMap { Struct($0, hasSwift: hasSwift) } ?? []
    if !hasSwift, compilers.count == 1, log.count == 0 {
      document?.root.report("nothing can be compared: name the Swift files in 'swift', or several compilers")
    }
  }
}

extension LayoutFile.Struct {
  fileprivate init?(_ value: FixtureDocument.Value, hasSwift: Bool) {
    let required = hasSwift ? ["c", "swift", "fields"] : ["c", "fields"]
    guard let keys = value.map("a struct", keys: ["c", "swift", "fields"], required: required),
      let c = keys["c"]?.text("a C type")
    else { return nil }
    // These strings become part of a program, so their syntax is checked here. The compilers report all other errors.
    if c.text.wholeMatch(of: /\w+( \w+)*/) == nil {
      value.log.add(c.location, "'\(abbreviated(c.text))' is not a C type")
    }
    let swift = keys["swift"]?.text("a Swift type")
    if let swift, swift.text.wholeMatch(of: /[\w.<>, ]+/) == nil {
      value.log.add(swift.location, "'\(abbreviated(swift.text))' is not a Swift type")
    }
    self.c = c.text
    self.swift = hasSwift ? swift?.text : nil
    fields = keys["fields"]?.nonEmptyList("fields").compactMap(LayoutFile.Field.init) ?? []
    line = c.location.line
  }
}

extension LayoutFile.Field {
  /// Creates a field from its name, or from an entry of the form `name in C: name in Swift`.
  fileprivate init?(_ value: FixtureDocument.Value) {
    func checked(_ source: SourceText) -> String {
      if source.text.wholeMatch(of: /\w+(\.\w+|\[\d+\])*/) == nil {
        value.log.add(source.location, "'\(abbreviated(source.text))' is not a field")
      }
      return source.text
    }
    line = value.location.line
    guard value.isMap else {
      guard let name = value.text("a field") else { return nil }
      c = checked(name)
      swift = c
      return
    }
    let entries = value.map("a field") ?? []
    guard entries.count == 1, let (key, other) = entries.first else {
      value.report("a field is a name, or one entry 'name in C: name in Swift'")
      return nil
    }
    c = checked(key)
    let text = other.text("the field in Swift", mayBeEmpty: true)
    swift = text.flatMap { $0.text.isEmpty ? nil : checked($0) }
  }
}
