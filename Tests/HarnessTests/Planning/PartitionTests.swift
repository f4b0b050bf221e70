import Foundation
import Testing

@testable import Harness

@Suite("A partition") struct PartitionTests {
  @Test("is parsed", arguments: [("slice:1/1", 1, 1), ("slice:2/5", 2, 5), ("slice:10000/10000", 10_000, 10_000)])
  func parsed(text: String, number: Int, count: Int) {
    #expect(Partition(text) == Partition(number: number, of: count))
  }

  @Test(
    "is rejected",
    arguments: [
      "", "2/5", "slice:", "slice:0/5", "slice:6/5", "slice:1/0", "slice:1", "slice:1/2/3", "slice:-1/5", "slice:a/b",
      "hash:1/2", "slice:1/10001", "slice:1/99999999999999999999",
    ])
  func rejected(text: String) { #expect(Partition(text) == nil) }

  @Test(
    "is found in the variables of CI services",
    arguments: [
      (["TEST_SHARD_INDEX": "0", "TEST_TOTAL_SHARDS": "3"], 1), (["CI_NODE_INDEX": "2", "CI_NODE_TOTAL": "3"], 2),
      (["BUILDKITE_PARALLEL_JOB": "2", "BUILDKITE_PARALLEL_JOB_COUNT": "3"], 3),
      (["CIRCLE_NODE_INDEX": "1", "CIRCLE_NODE_TOTAL": "3"], 2),
    ])
  func services(environment: [String: String], number: Int) throws {
    #expect(try Partition(environment, services: CIPartition.all) == Partition(number: number, of: 3))
  }

  @Test("is the whole plan without these variables", arguments: [[:], ["CI_NODE_TOTAL": "1"]])
  func noService(environment: [String: String]) throws {
    #expect(try Partition(environment, services: CIPartition.all) == nil)
  }

  @Test(
    "is an error if the variables make no sense",
    arguments: [("3", "3"), ("-1", "3"), ("x", "3"), ("0", ""), ("9223372036854775807", "3")])
  func nonsense(index: String, count: String) {
    #expect(throws: RunError.self) {
      try Partition(["TEST_SHARD_INDEX": index, "TEST_TOTAL_SHARDS": count], services: [.bazel])
    }
  }
}

/// Tests of the parts of a plan, with simulated results instead of real runs.
@Suite("Parts of a plan") struct MergeTests {
  private let plan: Plan

  init() throws {
    let scenarios = try Checkout.fixtures.get().scenarios.filter { $0.mechanism == "fifo" }
    let peers = ["c", "swift"].map { PeerDescription(language: $0, peer: ["/bin/true"], programs: nil) }
    plan = Plan(scenarios: scenarios, peers: PeerList(peers))
  }

  @Test("contain every cell once, and keep control cells with the cells that need them", arguments: [1, 2, 3, 7, 1000])
  func complete(count: Int) throws {
    let parts = try (1...count).map { plan.part(try #require(Partition(number: $0, of: count))).plan }
    #expect(parts.flatMap(\.cells).count == plan.cells.count)
    #expect(Set(parts.flatMap(\.cells)) == Set(plan.cells))
    let withoutControl = parts.flatMap(\.groups).filter { $0.control != nil && !$0.cells.contains(where: \.isControl) }
    #expect(withoutControl.isEmpty)
  }

  @Test("merge into a run of the whole plan", arguments: [1, 2, 3, 7]) func merge(count: Int) throws {
    let merged = try SavedRun(merging: try parts(count).shuffled())
    #expect(merged.results.map(\.cell.id) == plan.cells.map(\.id))
    #expect(merged.run?.plan == plan.cells.map(\.id))
    #expect(merged.run?.cells == plan.cells.count)
    #expect(merged.run?.partition == nil)
    #expect(merged.summary.exitStatus == .asExpected)
    #expect(merged.summary.planned == plan.cells.count)
  }

  @Test("merge the peers of all parts, because a part lists only its own cells' peers") func peers() throws {
    var three = try parts(3)
    let first = try #require(three[0].run.run)
    var other = first
    other.implementations["C peer"] = "gcc-12.2.0"
    other.incompatibilities = [.init(id: "locks", works: .never, why: "Locks differ.", advice: "Use a socket.")]
    three[0].run = SavedRun(run: other, results: three[0].run.results, summary: three[0].run.summary)
    for parts in [three, three.reversed()] {
      let expected = first.implementations.merging(["C peer": "gcc-12.2.0"]) { first, _ in first }
      let merged = try #require(try SavedRun(merging: parts).run)
      #expect(merged.implementations == expected)
      #expect(merged.incompatibilities?.map(\.id) == ["locks"])
    }
  }

  @Test("are in the JSON report, so that merged files yield the whole run") func files() throws {
    let parts = try parts(3).map { part -> (file: String, run: SavedRun) in
      let file = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
      defer { try? FileManager.default.removeItem(at: file) }
      var report = ReportFormat.json.makeReport(style: Style())
      let text = try part.run.events.map { try report.receive($0) }.joined()
      try text.write(to: file, atomically: true, encoding: .utf8)
      return (part.file, try SavedRun(contentsOf: file.path))
    }
    #expect(try SavedRun(merging: parts).results.map(\.cell.id) == plan.cells.map(\.id))
  }

  @Test("do not merge if one is missing, duplicated, or from another plan or other peers") func refused() throws {
    let three = try parts(3)
    let whole = SavedRun(run: nil, results: [], summary: three[0].run.summary)
    let cases: [([(file: String, run: SavedRun)], String)] = [
      (Array(three.dropFirst()), "1 of 3 parts are missing: 1"), ([], "there are none"),
      (three + three.prefix(1), "part-1 and part-1 both have part 1"),
      (try Array(three.dropLast()) + parts(2).suffix(1), "part-2 and part-1 are parts of different plans"),
      (try Array(three.dropLast()) + parts(3, dropping: 1).suffix(1), "are parts of different plans"),
      (
        try Array(three.dropLast()) + parts(3, swift: "swift-7").suffix(1),
        "'swift' is swift-7 in part-3, but swift-6.3 in part-1"
      ),
      (three + [("whole", whole)], "whole has no part of a plan"),
    ]
    for (parts, reason) in cases {
      let error = #expect(throws: RunError.self) { try SavedRun(merging: parts) }
      #expect(error?.description.contains(reason) == true, "\(String(describing: error))")
    }
  }

  @Test("merge into a failure if a planned cell has no result, or a part was interrupted") func incomplete() throws {
    var parts = try parts(3)
    let second = parts[1].run
    parts[1].run = SavedRun(run: second.run, results: second.results.dropLast(), summary: second.summary)
    let merged = try SavedRun(merging: parts)
    #expect(merged.summary.exitStatus == .brokenEnvironment)
    #expect(merged.summary.problems.contains { $0.hasPrefix("1 of \(plan.cells.count) planned cells were not run") })
  }

  @Test("succeed if other parts run cells, and are a problem if no part does") func idle() throws {
    for missing in [nil, MissingCapability(language: "swift", name: "mkfifo")] {
      let outcome = missing.map { CellOutcome(missing: $0) } ?? CellOutcome(.notRun, "no mqueue")
      var parts = try parts(3)
      for index in parts.indices {
        let part = parts[index].run
        let results = part.results.map { result in
          CellResult(
            cell: result.cell, outcome: outcome, isExpected: true, expectation: nil, isolation: .private, rerun: "")
        }
        let summary = RunSummary(
          results, planned: results.map(\.cell.id), problems: [], rules: .init(allowsNoCells: true), seconds: 1,
          interrupted: false)
        #expect(summary.exitStatus == .asExpected && summary.problems == [])
        if index == 2 { #expect(try SavedRun(merging: parts).summary.exitStatus == .asExpected) }
        parts[index].run = SavedRun(run: part.run, results: results, summary: summary)
      }
      let merged = try SavedRun(merging: parts).summary
      #expect(merged.exitStatus == (missing == nil ? .brokenEnvironment : .nothingSelected))
      #expect(merged.problems.count == 1)
    }
  }

  @Test("do not merge if their number or count cannot exist", arguments: [(1, 0), (0, 3), (1, Int.max), (-1, -1)])
  func impossible(number: Int, count: Int) throws {
    var part = try parts(1)[0]
    var description = try #require(part.run.run)
    description.partition = PlanSlice(number: number, count: count, plan: "x")
    part.run = SavedRun(run: description, results: part.run.results, summary: part.run.summary)
    let error = #expect(throws: RunError.self) { try SavedRun(merging: [part]) }
    #expect(error?.status == .usage)
    #expect(error?.description.contains("has part \(number) of \(count), which cannot exist") == true)
  }

  private func parts(
    _ count: Int, dropping dropped: Int = 0, swift: String = "swift-6.3"
  ) throws -> [(file: String, run: SavedRun)] {
    let plan = Plan(groups: Array(plan.groups.dropLast(dropped)))
    return try (1...count).map { number in
      let (part, slice) = plan.part(try #require(Partition(number: number, of: count)))
      var description = RunDescription(
        cells: part.cells, jobs: 2, isolation: "private", implementations: ["c": "gcc", "swift": swift],
        kernel: "6.18")
      description.partition = slice
      let results = part.cells.map { cell in
        CellResult(
          cell: cell, outcome: .passed, isExpected: true, expectation: nil, isolation: .private, rerun: cell.id)
      }
      let summary = RunSummary(
        results, planned: part.cells.map(\.id), problems: [], rules: .init(allowsNoCells: true), seconds: 1,
        interrupted: false)
      return ("part-\(number)", SavedRun(run: description, results: results, summary: summary))
    }
  }
}
