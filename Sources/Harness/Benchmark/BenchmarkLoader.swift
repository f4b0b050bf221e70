import Foundation
public import SystemPackage

/// Reads `fixtures/benchmarks/*.yaml`.
///
/// A benchmark has the same form as a two-role scenario. Its last requests are `bench_pong` and `bench_ping`, which
/// omit the number and length of the messages.
public enum BenchmarkLoader {
  /// The keys that are valid only in a benchmark.
  static let keys = ["sizes", "modes", "claims", "spins"]

  /// Loads the benchmarks from a checkout or an installed suite.
  public static func load(
    root: FilePath, registry: OperationRegistry
  ) throws(FixtureErrors) -> [BenchmarkDefinition] {
    let log = DiagnosticLog()
    let folder = "fixtures/benchmarks"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: root.appending(folder).string)) ?? []
    var found: [BenchmarkDefinition] = []
    for name in names.sorted() where name.hasSuffix(".yaml") {
      let file = "\(folder)/\(name)"
      if let source = FixtureFile(at: root.appending(file).string, as: file, log: log) {
        found += load(source, registry: registry, log: log)
      }
    }
    if found.isEmpty, log.count == 0 { log.add(whole: folder, "the folder has no benchmarks") }
    try log.check()
    return found
  }

  static func load(_ file: FixtureFile, registry: OperationRegistry, log: DiagnosticLog) -> [BenchmarkDefinition] {
    guard let document = FixtureDocument(file, log: log) else { return [] }
    let parser = ScenarioParser(document: document, registry: registry, isBenchmark: true)
    return document.root.nonEmptyList("benchmarks").flatMap { value in
      let scenarios = parser.parse(value)
      return zip(scenarios, rows(of: value)).compactMap { definition($0, $1, value) }
    }
  }

  private static func rows(of value: FixtureDocument.Value) -> [ParameterRow] {
    let table = value.map("a benchmark")?.first { $0.key.text == "with" }?.value
    return ParameterTable.rows(table)
  }

  private static func definition(
    _ scenario: Scenario, _ row: ParameterRow, _ value: FixtureDocument.Value
  ) -> BenchmarkDefinition? {
    let keys = Dictionary(
      (value.map("a benchmark") ?? []).map { ($0.key.text, $0.value) }, uniquingKeysWith: { first, _ in first })
    func measured(_ operation: String) -> BenchmarkDefinition.Measured? {
      for case .request(let role, let request, _) in scenario.steps.map(\.action) where request.operation == operation {
        return BenchmarkDefinition.Measured(role: role, request: request)
      }
      value.report("a benchmark must have a request \(operation)")
      return nil
    }
    guard let active = measured("bench_ping"), let passive = measured("bench_pong") else { return nil }
    let sizes = keys["sizes"]?.text("the sizes").map { row.filling($0, log: value.log) }
    let numbers = (sizes?.text ?? "0").split(separator: " ").map { Int($0) }
    if numbers.contains(nil) || numbers.isEmpty { value.report("the sizes are numbers separated by spaces") }
    let modes =
      keys["modes"]?.list("modes").compactMap { $0.choice("a mode", BenchmarkMode.self) } ?? BenchmarkMode.allCases
    return BenchmarkDefinition(
      setUp: scenario.with(steps: Array(scenario.steps.prefix { !$0.isMeasured })),
      tearDown: Array(scenario.steps.drop { !$0.isMeasured }.filter { !$0.isMeasured }), active: active,
      passive: passive,
      sizes: numbers.compactMap(\.self), modes: modes, claims: claims(keys["claims"]),
      spins: keys["spins"]?.boolean("'spins'") ?? false)
  }

  /// Parses `{one-byte: 5-10, bulk: 0.5-1}`, in µs and GB/s.
  private static func claims(_ value: FixtureDocument.Value?) -> BenchmarkDefinition.Claims {
    guard let keys = value?.map("the claims", keys: ["one-byte", "bulk"]) else { return .init() }
    func range(_ key: String) -> ClosedRange<Double>? {
      guard let source = keys[key]?.text("a claim") else { return nil }
      let numbers = source.text.split(separator: "-").compactMap { Double($0) }
      guard let first = numbers.first, let last = numbers.last, first <= last, numbers.count <= 2 else {
        value?.report("a claim is a number, or two numbers joined by '-'")
        return nil
      }
      return first...last
    }
    return BenchmarkDefinition.Claims(oneByte: range("one-byte"), bulk: range("bulk"))
  }
}

extension Step {
  fileprivate var isMeasured: Bool {
    if case .request(_, let request, _) = action { request.operation.hasPrefix("bench_") } else { false }
  }
}

extension Scenario {
  fileprivate func with(steps: [Step]) -> Scenario {
    Scenario(
      id: id, title: title, spec: spec, level: level, roles: roles, files: files, steps: steps,
      needs: needs, parameters: parameters, pairings: pairings, isNegativeControl: isNegativeControl,
      location: location)
  }
}
