import Foundation
import SystemPackage
import Testing

@testable import Harness

@Suite("The fixtures")
struct FixtureTests {
  @Test("All load without errors")
  func fixturesLoad() throws {
    let (scenarios, registry) = try Checkout.fixtures.get()
    #expect(!scenarios.isEmpty)
    #expect(registry["mq_receive"]?.sleeps == ["mq_timedreceive"])
  }

  @Test("Every operation of the protocol is requested by a scenario")
  func operationsAreUsed() throws {
    let (scenarios, registry) = try Checkout.fixtures.get()
    let requested = scenarios.flatMap(\.steps).compactMap { step in
      if case .request(_, let request, _) = step.action { request.operation } else { nil }
    }
    // Only the runner itself requests `adopt`.
    #expect(Set(registry.names).subtracting(requested) == ["adopt"])
  }

  @Test("The scenario in the documentation is valid")
  func documentedScenario() throws {
    let page = try String(contentsOfFile: Checkout.root.appending("docs/scenario-format.md").string, encoding: .utf8)
    let blocks = page.components(separatedBy: "```yaml\n").dropFirst().map { $0.components(separatedBy: "```")[0] }
    let operations = Checkout.root.appending("fixtures/operations.yaml").string
    let registry = FixtureFile(
      file: "operations.yaml", bytes: try Data(contentsOf: URL(fileURLWithPath: operations)))
    #expect(!blocks.isEmpty)
    for block in blocks {
      let source = FixtureFile(file: "pipe.yaml", bytes: Data(block.utf8))
      #expect(throws: Never.self) { try Checkout.load([source], operations: registry) }
    }
  }

  @Test("A deadline that must pass is short, and any other is an hour")
  func deadlines() throws {
    let folder = Checkout.root.appending("fixtures/scenarios").string
    let files = try FileManager.default.contentsOfDirectory(atPath: folder)
    for file in files.map({ "scenarios/\($0)" }) + ["examples.yaml"] {
      let text = try String(contentsOfFile: Checkout.root.appending("fixtures/\(file)").string, encoding: .utf8)
      // Requests to this service have timeouts in milliseconds.
      let unit = file == "scenarios/services-semaphore.yaml" ? 0.001 : 1
      for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
      where line.contains("timeout") {
        for deadline in line.matches(of: /timeout(?:=|: ?| )([0-9.]+)/) {
          let seconds = (Double(deadline.output.1) ?? .nan) * unit
          #expect(seconds < 0.2 || seconds == 3600, "\(file):\(index + 1): \(line)")
          // A role with a short deadline may wake before the runner has seen it asleep.
          let isSeenAsleep = line[deadline.range.upperBound...].contains("-> blocks")
          #expect(seconds == 3600 || !isSeenAsleep, "\(file):\(index + 1): \(line)")
        }
      }
    }
  }
}
