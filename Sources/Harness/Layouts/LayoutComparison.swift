import Foundation

/// The layouts of a file's structs in all its compilers, and their differences: the result of `abi FILE`.
public struct LayoutComparison: Sendable, Encodable {
  /// The structs, in file order.
  let structs: [Struct]

  /// Whether all compilers give each struct the same layout, and every byte was compared.
  public var isSame: Bool { structs.allSatisfy(\.differences.isEmpty) }

  /// The layouts of one struct.
  struct Struct: Sendable, Encodable {
    /// The names of the type in C and in Swift.
    let name: String
    /// The names of the fields in C.
    let fields: [String]
    /// The columns; each is compared with the first.
    let columns: [Column]
    let differences: [LayoutDifference]
    /// Rules for programs that apply even if the layouts are the same.
    let notes: [String]
  }

  /// The layout in one compiler.
  struct Column: Sendable, Encodable {
    /// The compiler command, or `Swift`.
    let compiler: String
    let isSwift: Bool
    let layout: StructLayout
  }

  /// Compiles a file's structs with all the compilers that it names.
  public init(_ file: LayoutFile) throws(RunError) {
    let directory = FileManager.default.temporaryDirectory.appending(path: "ipc-interop-\(UUID().uuidString)")
    do { try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true) } catch {
      throw RunError("\(directory.path) cannot be created: \(error)")
    }
    defer { try? FileManager.default.removeItem(at: directory) }
    let probe = LayoutProbe(file, in: directory.path)
    let inC = try file.compilers.map { compiler throws(RunError) in
      (name: compiler.name, layouts: try probe.layouts(compiler))
    }
    let inSwift = file.sources.isEmpty ? nil : try probe.swiftLayouts()
    structs = file.structs.enumerated().map { index, entry in
      let c = inC.map { Column(compiler: $0.name, isSwift: false, layout: $0.layouts[index]) }
      let swift = inSwift.map { [Column(compiler: "Swift", isSwift: true, layout: $0[index])] } ?? []
      return Struct(entry, c + swift)
    }
  }
}

extension LayoutComparison.Struct {
  init(_ entry: LayoutFile.Struct, _ columns: [LayoutComparison.Column]) {
    name = entry.swift.map { "\(entry.c) and \($0)" } ?? entry.c
    fields = entry.fields.map(\.c)
    self.columns = columns
    let names = fields
    differences =
      columns.dropFirst().flatMap { LayoutDifference.between(columns[0], $0, names) }
      + columns.flatMap { LayoutDifference.unlisted($0) } + columns.flatMap { LayoutDifference.ofAtomics($0, names) }
    notes = Self.notes(entry, columns)
  }

  private static func notes(_ entry: LayoutFile.Struct, _ columns: [LayoutComparison.Column]) -> [String] {
    let reference = columns[0].layout
    var notes = reference.padding.map { bytes in
      "\(bytes.text) are padding, which can contain remains of other data: clear the struct before it is written"
    }
    guard let swift = columns.first(where: \.isSwift)?.layout else { return notes }
    for (field, (c, swift)) in zip(entry.fields, zip(reference.fields, swift.fields)) {
      guard let c, let swift else { continue }
      if c.isAtomic {
        notes.append(
          "'\(field.c)' is atomic in C: in Swift, access it with withAtomic(_:at:) at offset \(swift.offset)")
      }
      if swift.kind == .boolean {
        notes.append("'\(field.c)' must be 0 or 1: any other byte is undefined behavior in a Swift Bool")
      }
      if c.type == "pointer" {
        notes.append("'\(field.c)' is a pointer, which is valid only in the process that made it")
      }
    }
    if swift.contents < swift.size {
      notes.append(
        "MemoryLayout.size is \(swift.contents) in Swift, without the padding at the end: use stride, which is \(swift.size)"
      )
    }
    return notes
  }
}

/// A difference between two layouts of a struct, or a fact that makes the comparison useless.
struct LayoutDifference: Sendable, Encodable {
  /// The compiler whose layout differs.
  let compiler: String
  /// The field name in C; nil for the whole struct.
  let field: String?
  /// The difference, with advice.
  let text: String

  /// Compares another compiler's layout with the reference.
  static func between(
    _ reference: LayoutComparison.Column, _ other: LayoutComparison.Column, _ names: [String]
  ) -> [LayoutDifference] {
    var differences: [LayoutDifference] = []
    func add(_ field: String?, _ text: String) {
      differences.append(LayoutDifference(compiler: other.compiler, field: field, text: text))
    }
    /// The first field that shifts the offsets of later fields; `consequences` contains the shifted fields.
    var cause: String?
    var consequences: [String] = []
    var previousEnds = (0, 0)
    let fields = zip(names, zip(reference.layout.fields, other.layout.fields)).compactMap { name, pair in
      pair.0.flatMap { c in pair.1.map { (name: name, c: c, other: $0) } }
    }.sorted { $0.c.offset < $1.c.offset }
    for (name, c, field) in fields {
      if field.offset != c.offset {
        if cause != nil, previousEnds.0 != previousEnds.1 {
          consequences.append("'\(name)'")
        } else if field.size == c.size {
          let reason =
            field.alignment != c.alignment
            ? "its alignment is \(field.alignment), not \(c.alignment); order the fields by size, or pad explicitly"
            : "declare the fields in the same order, without attributes, and with the same padding"
          add(name, "its offset is \(field.offset), not \(c.offset): \(reason)")
        }
        cause = cause ?? name
      }
      previousEnds = (c.end, field.end)
      if field.size != c.size {
        add(name, "it has \(counted(field.size, "byte")), not \(c.size): \(advice(c, field, isSwift: other.isSwift))")
        cause = cause ?? name
      } else if c.kind != field.kind, !c.kind.isOpen, !field.kind.isOpen {
        add(
          name,
          "\(c.type) is \(c.kind.rawValue) and \(field.type) is \(field.kind.rawValue): the same bytes are other values"
        )
      }
    }
    if other.layout.alignment != reference.layout.alignment {
      add(nil, "the alignment is \(other.layout.alignment), not \(reference.layout.alignment)")
    }
    if other.layout.size != reference.layout.size {
      let what = "the size is \(other.layout.size), not \(reference.layout.size)"
      if cause == nil {
        add(nil, "\(what): the padding at the end differs; add fields up to the end")
      } else {
        consequences.append("the size")
      }
    }
    if let cause, !consequences.isEmpty {
      add(nil, "these follow from '\(cause)': \(consequences.joined(separator: ", "))")
    }
    return differences
  }

  /// Returns advice on how to give a field the same size as in C.
  private static func advice(_ c: StructLayout.Field, _ other: StructLayout.Field, isSwift: Bool) -> String {
    let isInteger = [.signed, .unsigned, .character, .boolean].contains(c.kind)
    let fixed = "\(c.kind == .unsigned ? "UInt" : "Int")\(c.size * 8)"
    if !isSwift {
      return isInteger || c.type == "pointer"
        ? "\(c.type) has a different width in this ABI; use a type of a fixed width, such as \(c.kind == .unsigned ? "uint64_t" : "int64_t")"
        : "a type in it has a different width in this ABI; use types of a fixed width"
    }
    switch other.type {
    case "Int", "UInt":
      return "\(other.type) has the width of a pointer; use \(isInteger ? fixed : "a type of a fixed width")"
    case "Bool": return "a Swift Bool has one byte; use \(fixed), and compare it with 0"
    case _ where isInteger && other.kind == .other && other.size < c.size:
      return
        "a Swift enumeration has only the bytes that its cases need; use \(fixed), and convert it with init(rawValue:)"
    case _ where isInteger: return "\(c.type) has \(counted(c.size, "byte")); use \(fixed)"
    default: return "declare it with the same elements, such as a tuple for an array"
    }
  }

  /// Returns a difference for bytes that were not compared.
  static func unlisted(_ column: LayoutComparison.Column) -> [LayoutDifference] {
    column.layout.unlisted.map { bytes in
      LayoutDifference(
        compiler: column.compiler, field: nil,
        text: "\(bytes.text) have no field in the file, and no alignment requires them: list all fields")
    }
  }

  /// Returns a difference for each atomic field that processes cannot access atomically.
  static func ofAtomics(_ column: LayoutComparison.Column, _ names: [String]) -> [LayoutDifference] {
    zip(names, column.layout.fields).compactMap { name, field in
      guard let field, field.isAtomic else { return nil }
      let reason =
        if !field.isLockFree {
          "it is not lock-free, so C protects it with a lock that only one process sees; use a smaller type"
        } else if field.offset % field.size != 0 {
          "its offset \(field.offset) is not a multiple of its size, so its accesses are not atomic; move it"
        } else { String?.none }
      return reason.map { LayoutDifference(compiler: column.compiler, field: name, text: $0) }
    }
  }
}

extension StructLayout.Kind {
  /// Whether fields of this type are not compared, either because the type depends on the ABI or because it is not a
  /// number.
  fileprivate var isOpen: Bool { self == .other || self == .character }
}

extension Range<Int> {
  fileprivate var text: String {
    count == 1 ? "the byte at \(lowerBound)" : "the bytes from \(lowerBound) to \(upperBound - 1)"
  }
}

// MARK: - Text

extension LayoutComparison {
  /// The formats of a comparison, with the names that `--format` accepts.
  public static let formats: [ReportFormat] = [.console, .json, .markdown]

  /// Returns the comparison in one of the ``formats``; nil for any other format.
  ///
  /// A value that differs from the first compiler's value has the marker `*`.
  public func text(_ format: ReportFormat) throws -> String? {
    switch format {
    case .console: structs.map(\.console).joined(separator: "\n")
    case .json: try json(self)
    case .markdown: markdown
    default: nil
    }
  }

  private var markdown: String {
    var page = MarkdownWriter()
    for entry in structs {
      page.heading(2, entry.name.asInlineText)
      page.table([""] + entry.columns.map(\.compiler.inMarkdownTable), entry.rows.map { $0.map(\.inMarkdownTable) })
      page.list((entry.differences.map(\.line) + entry.notes).map(\.inMarkdownTable))
    }
    return page.text
  }
}

extension LayoutComparison.Struct {
  fileprivate var rows: [[String]] {
    func row(_ name: String, _ value: (StructLayout) -> String?) -> [String] {
      let values = columns.map { value($0.layout) }
      return [name] + values.map { ($0 ?? "") + ($0 == nil || $0 == values[0] ? "" : " *") }
    }
    let whole = [row("size") { "\($0.size)" }, row("alignment") { "\($0.alignment)" }]
    return whole
      + fields.indices.map { index in
        let first = columns[0].layout.fields[index]
        let values = columns.map { column -> String in
          guard let field = column.layout.fields[index] else { return "" }
          let isSame = first.map { $0.offset == field.offset && $0.size == field.size } ?? true
          return
            "\(field.offset), \(counted(field.size, "byte")), \(field.isAtomic ? "atomic " : "")\(field.type)\(isSame ? "" : " *")"
        }
        return [fields[index]] + values
      }
  }

  fileprivate var console: String {
    var table = TextTable()
    table.add([.init("")] + columns.map { .init($0.compiler.cut(to: 32)) })
    for row in rows { table.add(row.map { .init($0) }) }
    let verdict = differences.isEmpty ? "the same layout" : counted(differences.count, "difference")
    let lines =
      [name] + table.lines() + [verdict] + differences.map { "  \($0.line)" }
      + notes.map { "note: \($0)" }
    return lines.map { $0.escapedForDisplay + "\n" }.joined()
  }
}

extension LayoutDifference {
  fileprivate var line: String { "\(compiler): \(field.map { "'\($0)': " } ?? "")\(text)" }
}
