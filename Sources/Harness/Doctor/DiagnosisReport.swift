extension Diagnosis: FormattedDocument {
  /// The formats of a diagnosis, with the names that `--format` accepts.
  public static let formats: [ReportFormat] = [.console, .json]

  /// Returns the diagnosis in one of the ``formats``; nil for any other format.
  public func text(_ format: ReportFormat, style: Style = Style()) throws -> String? {
    switch format {
    case .console: console(style)
    case .json: try json(document)
    default: nil
    }
  }

  /// The maximum width in columns.
  ///
  /// It is small because users often copy the text into a message or an issue.
  private static let maximumWidth = 80

  func console(_ style: Style) -> String {
    let width = min(style.width, Self.maximumWidth)
    var lines = heading.flatMap { $0.escapedForDisplay.wrapped(to: width) } + [""]
    var table = TextTable()
    table.add([.init(""), .init("needs"), .init("cells", isNumber: true), .init("here")])
    for check in checks {
      table.add([
        .init(check.state.word, check.state.paint), .init(check.name),
        .init(check.cells == 0 ? "" : "\(check.cells)", isNumber: true),
        .init(check.found),
      ])
    }
    lines += table.lines(style, width: width)
    for check in checks where check.state == .lacking || style.verbose {
      lines += ["", style.painted(check.name.escapedForDisplay, .heading) + ": \(check.cost)"]
      lines += indented(check.meaning, width)
      if let remedy = check.remedy { lines += indented("To change it: \(remedy)", width) }
    }
    lines += ["", style.painted(verdict, obstacle == nil ? .good : .bad)]
    return lines.map { $0 + "\n" }.joined()
  }

  private func indented(_ text: String, _ width: Int) -> [String] {
    text.escapedForDisplay.wrapped(to: width - 2).map { "  " + $0 }
  }

  private var heading: [String] {
    [
      "Linux \(machine.kernel), \(machine.libc), \(machine.architecture), \(counted(RunConfiguration.processors, "processor")), "
        + counted(jobs, "job")
    ] + (isolation.map { ["Isolation: \($0)"] } ?? []) + (obstacle.map { ["Obstacle: \($0)"] } ?? [])
  }

  private var verdict: String {
    if obstacle != nil { return "The suite cannot run here." }
    return notRun == 0
      ? "All \(cells) cells can run here." : "\(cells - notRun) of \(cells) cells can run here; \(notRun) are not run."
  }
}

extension MachineCheck {
  /// The number of cells that need the feature, and whether they can run.
  fileprivate var cost: String {
    let need = cells == 0 ? "no cell depends on it" : "\(counted(cells, "cell")) \(cells == 1 ? "needs" : "need") it"
    return switch (state, kind) {
    case (.present, _): "\(need); it is here"
    case (.unknown, _): "\(need); it was not probed"
    case (.lacking, .limit): "\(counted(cells, "cell")) can fail (\(found))"
    case (.lacking, _) where cells == 0: "\(need) (\(found))"
    case (.lacking, _): "\(counted(cells, "cell")) are not run (\(found))"
    }
  }
}

extension MachineCheck.State {
  fileprivate var word: String {
    switch self {
    case .present: "ok"
    case .lacking: "lacking"
    case .unknown: "unknown"
    }
  }

  fileprivate var paint: Style.Paint {
    switch self {
    case .present: .good
    case .lacking: .doubtful
    case .unknown: .faint
    }
  }
}

extension Diagnosis {
  private struct Document: Encodable {
    let format = 1
    let exitStatus: ExitStatus
    let obstacle: String?
    let kernel: String
    let libc: String
    let architecture: String
    let processors: Int
    let jobs: Int
    let isolation: String?
    let cells: Int
    let notRun: Int
    let checks: [MachineCheck]
  }

  private var document: Document {
    Document(
      exitStatus: status, obstacle: obstacle, kernel: machine.kernel, libc: machine.libc,
      architecture: machine.architecture, processors: RunConfiguration.processors, jobs: jobs, isolation: isolation,
      cells: cells, notRun: notRun, checks: checks)
  }
}
