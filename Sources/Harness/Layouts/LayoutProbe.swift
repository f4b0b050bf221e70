import Foundation

/// Determines the layout of a file's structs in several compilers.
///
/// The C program is compiled but not run, and the numbers are read from the assembly. Therefore, cross compilers work
/// as well. Compilers report an error at the line in the user's file that names the struct or field.
struct LayoutProbe {
  private let file: LayoutFile
  /// A directory for the generated programs.
  private let directory: String
  private static let timeout = Duration.seconds(300)
  /// The marker at the start of a line of numbers, in the assembly and in the Swift program's output.
  private static let mark = "ipc-interop-layout "

  init(_ file: LayoutFile, in directory: String) {
    self.file = file
    self.directory = directory
  }

  // MARK: - C

  /// The C types that the table names, with their kinds; the assembly refers to a type by its index.
  private static let types: [(name: String, kind: StructLayout.Kind)] = [
    ("_Bool", .boolean), ("char", .character), ("signed char", .signed), ("unsigned char", .unsigned),
    ("short", .signed), ("unsigned short", .unsigned), ("int", .signed), ("unsigned int", .unsigned),
    ("long", .signed), ("unsigned long", .unsigned), ("long long", .signed), ("unsigned long long", .unsigned),
    ("float", .floating), ("double", .floating), ("long double", .floating), ("pointer", .other),
    ("array or struct", .other),
  ]
  /// The number of arithmetic types, which come first; pointers and all other types follow.
  private static let arithmetic = 15

  /// Returns the layouts of the structs, in file order.
  func layouts(_ compiler: LayoutFile.Command) throws(RunError) -> [StructLayout] {
    let output = "\(directory)/layout.s"
    try compile(program, compiler, to: output)
    guard let assembly = try? String(contentsOfFile: output, encoding: .utf8) else {
      throw RunError("'\(compiler.name)' does not write assembly with -S", status: .usage)
    }
    let lines = assembly.split(separator: "\n").compactMap { line in
      line.range(of: Self.mark).map { mark in
        line[mark.upperBound...].prefix { $0 != "\"" }.split(separator: " ").compactMap { Int($0) }
      }
    }
    guard lines.count == file.structs.reduce(0, { $0 + 1 + $1.fields.count }) else {
      throw RunError("'\(compiler.name)' does not write the numbers of a constant asm operand (%c0)", status: .usage)
    }
    var rest = lines[...]
    return file.structs.map { entry in
      let whole = rest.removeFirst()
      let fields = entry.fields.map { _ in
        let numbers = rest.removeFirst()
        let type = Self.types[numbers[3]]
        return StructLayout.Field(
          offset: numbers[0], size: numbers[1], alignment: numbers[2], type: type.name, kind: type.kind,
          isAtomic: numbers[4] != 0, isLockFree: numbers[5] != 0)
      }
      return StructLayout(size: whole[0], contents: whole[0], alignment: whole[1], fields: fields)
    }
  }

  private var includes: String {
    file.headers.map { "#include \"\(CommandResolver(file: file.path).beside($0))\"\n" }.joined()
  }

  private var program: String {
    let known = Self.types.prefix(Self.arithmetic)
    let types = known.enumerated().map { "\($1.name): \($0)" }.joined(separator: ", ")
    let atomics = known.filter { $0.kind != .floating }.map { "_Atomic(\($0.name)) *: 1" }.joined(separator: ", ")
    var text = """
      \(includes)
      #define IPC_DECAYED(field) __builtin_choose_expr(__builtin_classify_type(field) == 5, field, (char *)0) + 0
      #define IPC_POINTER(field) __builtin_types_compatible_p(__typeof__(field), __typeof__(IPC_DECAYED(field)))
      #define IPC_TYPE(field) _Generic((field), \(types), default: \
      IPC_POINTER(field) ? \(Self.arithmetic) : \(Self.arithmetic + 1))
      #define IPC_ATOMIC(field) _Generic(&(field), \(atomics), default: 0)
      #define IPC_FIELD(type, field, object) __asm__ volatile("\\n.ascii \\"\(Self.mark)%c0 %c1 %c2 %c3 %c4 %c5\\"" :: \
      "n"(__builtin_offsetof(type, field)), "n"(sizeof(object)), "n"(__alignof__(object)), "n"(IPC_TYPE(object)), \
      "n"(IPC_ATOMIC(object)), "n"(__atomic_always_lock_free(sizeof(object), 0)))
      #define IPC_STRUCT(type) \
      __asm__ volatile("\\n.ascii \\"\(Self.mark)%c0 %c1\\"" :: "n"(sizeof(type)), "n"(_Alignof(type)))
      void ipc_interop_layouts(void);
      void ipc_interop_layouts(void) {

      """
    for entry in file.structs {
      text += "#line \(entry.line)\nIPC_STRUCT(\(entry.c));\n"
      for field in entry.fields {
        text += "#line \(field.line)\nIPC_FIELD(\(entry.c), \(field.c), ((\(entry.c) *)0)->\(field.c));\n"
      }
    }
    return text + "}\n"
  }

  private func compile(_ text: String, _ compiler: LayoutFile.Command, to output: String) throws(RunError) {
    let errors = try errors(text, compiler, output)
    guard let first = errors.first else { return }
    // If the headers alone do not compile, the fields are not the cause.
    if let inHeader = try self.errors(includes, compiler, output).first {
      throw RunError(
        "\(file.name): \(file.headers.joined(separator: ", ")) does not compile with '\(compiler.name)': \(inHeader.text)",
        status: .usage)
    }
    throw RunError("\(file.name)\(first.line.map { ":\($0)" } ?? ""): \(compiler.name): \(first.text)", status: .usage)
  }

  private func errors(
    _ text: String, _ compiler: LayoutFile.Command, _ output: String
  ) throws(RunError) -> [CompilerError] {
    let source = "\(directory)/layout.c"
    try write(text, to: source)
    return try errors(compiler.words + ["-w", "-S", "-o", output, source], of: compiler, in: source)
  }

  // MARK: - Swift

  /// Returns the layouts of the Swift types, in file order.
  func swiftLayouts() throws(RunError) -> [StructLayout] {
    let (source, program) = ("\(directory)/main.swift", "\(directory)/layout")
    try write(swiftProgram, to: source)
    let compiler = file.swiftCompiler
    let words = compiler.words + ["-Onone", "-suppress-warnings", "-module-name", "Layout", "-o", program, source]
    let errors = try errors(words + file.sources, of: compiler, in: source)
    // Errors in the user's sources come first, because they can cause the other errors.
    if let error = errors.first(where: { $0.line == nil }) ?? errors.first {
      throw RunError(
        "\(file.name)\(error.line.map { ":\($0)" } ?? ""): \(compiler.name): \(error.text)", status: .usage)
    }
    let run = try ProgramRun([program], in: directory, environment: [:], timeout: Self.timeout)
    let lines = run.output.split(separator: "\n").filter { $0.hasPrefix(Self.mark) }
      .map { $0.dropFirst(Self.mark.count).split(separator: " ") }
    guard run.status == 0, lines.count == file.structs.reduce(0, { $0 + 1 + $1.fields.count }) else {
      throw RunError("the program that reports the Swift layouts failed: \(run.output.suffix(200))")
    }
    var rest = lines[...]
    return try file.structs.map { entry throws(RunError) in
      let whole = rest.removeFirst().compactMap { Int($0) }
      let fields = try entry.fields.map { field throws(RunError) -> StructLayout.Field? in
        let words = rest.removeFirst()
        guard let name = field.swift else { return nil }
        let numbers = words.prefix(3).compactMap { Int($0) }
        guard numbers[0] >= 0 else {
          throw RunError(
            "\(file.name):\(field.line): '\(name)' is not a stored property of \(entry.swift ?? "")", status: .usage)
        }
        return StructLayout.Field(
          offset: numbers[0], size: numbers[1], alignment: numbers[2], type: words[4...].joined(separator: " "),
          kind: StructLayout.Kind(rawValue: String(words[3])) ?? .other, isAtomic: false, isLockFree: true)
      }
      return StructLayout(size: whole[0], contents: whole[1], alignment: whole[2], fields: fields)
    }
  }

  private var swiftProgram: String {
    var text = """
      func layout<Root>(_: Root.Type) {
        print("\(Self.mark)\\(MemoryLayout<Root>.stride) \\(MemoryLayout<Root>.size) \\(MemoryLayout<Root>.alignment)")
      }
      func layout<Root, Field>(_ path: KeyPath<Root, Field>) {
        let kind =
          Field.self == Bool.self ? "boolean"
          : Field.self is any SignedInteger.Type ? "signed"
          : Field.self is any UnsignedInteger.Type ? "unsigned"
          : Field.self is any BinaryFloatingPoint.Type ? "floating" : "other"
        let offset = MemoryLayout<Root>.offset(of: path) ?? -1
        print("\(Self.mark)\\(offset) \\(MemoryLayout<Field>.size) \\(MemoryLayout<Field>.alignment) \\(kind) \\(Field.self)")
      }

      """
    for entry in file.structs {
      guard let type = entry.swift else { continue }
      func add(_ line: Int, _ call: String) {
        text += "#sourceLocation(file: \"layout.yaml\", line: \(line))\n\(call)\n#sourceLocation()\n"
      }
      add(entry.line, "layout(\(type).self)")
      for field in entry.fields {
        if let name = field.swift {
          add(field.line, "layout(\\\(type).\(name))")
        } else {
          text += "print(\"\(Self.mark)\")\n"
        }
      }
    }
    return text
  }

  // MARK: - Compilers

  /// A compiler error.
  private struct CompilerError {
    /// The line in the user's file; nil if the error is in another file.
    let line: Int?
    let text: String
  }

  /// Runs a compiler and returns its errors; errors in `source` are attributed to the user's file.
  private func errors(
    _ words: [String], of compiler: LayoutFile.Command, in source: String
  ) throws(RunError) -> [CompilerError] {
    guard FileManager.default.isExecutableFile(atPath: words[0]) else {
      throw RunError(
        "there is no compiler '\(compiler.name)': install it, or name another one in \(file.name)", status: .usage)
    }
    let directory = URL(fileURLWithPath: file.path).deletingLastPathComponent().path
    let run = try ProgramRun(words, in: directory, environment: ["LC_ALL": "C"], timeout: Self.timeout)
    if run.status == 0 { return [] }
    if Interruption.isRequested { throw RunError("interrupted", status: .interrupted) }
    let lines = run.output.split(separator: "\n").map(String.init)
    let errors = lines.compactMap { line -> CompilerError? in
      guard let match = line.wholeMatch(of: /(.*?):(\d+):.*?(?:fatal )?error: (.*)/) else { return nil }
      let isInFile = match.1 == source || match.1 == "layout.yaml"
      return CompilerError(
        line: isInFile ? Int(match.2) : nil, text: isInFile ? String(match.3) : "\(match.1):\(match.2): \(match.3)")
    }
    return errors.isEmpty ? [CompilerError(line: nil, text: lines.last ?? "it failed without a message")] : errors
  }

  private func write(_ text: String, to path: String) throws(RunError) {
    do { try text.write(toFile: path, atomically: false, encoding: .utf8) } catch {
      throw RunError("\(path) cannot be written: \(error)")
    }
  }
}
