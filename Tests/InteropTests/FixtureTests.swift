import SystemPackage
import Testing

@testable import Interop

@Suite("The fixtures")
struct FixtureTests {
  /// The checkout that this file is part of.
  static let root = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()

  @Test("All load, without a mistake")
  func fixturesLoad() throws {
    let (scenarios, vocabulary) = try ScenarioLoader.load(root: Self.root)
    #expect(!scenarios.isEmpty)
    #expect(vocabulary["mq_receive"]?.sleeps == ["mq_timedreceive"])
  }
}
