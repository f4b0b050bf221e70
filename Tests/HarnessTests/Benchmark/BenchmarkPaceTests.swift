import Testing

@testable import Harness

@Suite("The pace of a benchmark run")
struct BenchmarkPaceTests {
  typealias Work = BenchmarkPace.Work

  /// Simulates benchmarks whose sessions and measurements take a little longer than planned, and returns the total
  /// time.
  private static func run(_ work: [Work], limit: Double, session: Double, excess: Double) -> (Double, [Double]) {
    var pace = BenchmarkPace(limit: limit, longest: 0.03, work: work)
    var elapsed = 0.0
    var budgets: [Double] = []
    for part in work {
      let budget = pace.budget(for: part, elapsed: elapsed)
      budgets.append(budget)
      elapsed += session * Double(part.sessions) + budget * excess * Double(part.measurements)
    }
    return (elapsed, budgets)
  }

  private static let work = (1...40).map { Work(sessions: 26, measurements: 26 * (1 + $0 % 15)) }

  @Test("gives each measurement its full time if the run has enough")
  func enough() {
    let (_, budgets) = Self.run(Self.work, limit: .infinity, session: 0.2, excess: 1)
    #expect(budgets.allSatisfy { $0 == 0.03 })
  }

  @Test("finishes a run on time, however long sessions take", arguments: [0.01, 0.1, 0.2], [1, 1.1])
  func limited(session: Double, excess: Double) {
    let (elapsed, budgets) = Self.run(Self.work, limit: 280, session: session, excess: excess)
    #expect(elapsed <= 280 * 1.02)
    #expect(elapsed >= 280 * 0.7 || budgets.allSatisfy { $0 == 0.03 })
  }

  @Test("never gives less than the shortest useful time")
  func shortest() {
    let (_, budgets) = Self.run(Self.work, limit: 1, session: 1, excess: 1)
    #expect(budgets.allSatisfy { $0 == BenchmarkPace.shortest })
  }

  @Test("respects a shorter time set by the user")
  func wanted() {
    var pace = BenchmarkPace(limit: .infinity, longest: 0.001, work: [Work(sessions: 1, measurements: 1)])
    #expect(pace.budget(for: Work(sessions: 1, measurements: 1), elapsed: 0) == 0.001)
  }
}
