import Interop
import SystemPackage

/// Everything that a command reads before it begins. Whatever is wrong with it is told with file, line and column.
struct Fixtures {
  let root: Root
  let scenarios: [Scenario]
  let vocabulary: Vocabulary
  let peers: PeerList
  let expectations: Expectations
  let pitfalls: [PitfallGroup]

  /// Reads the fixtures below `root`, or below the directory where they are found, and more languages from `peers`.
  init(root given: String?, peers more: [String] = []) throws {
    guard let root = Root.find(given: given) else {
      let place = given ?? "any directory above this program or the working directory"
      throw RunError("there is no fixtures/scenarios in \(place): --root DIR says where it is", status: .usage)
    }
    self.root = root
    do {
      (scenarios, vocabulary) = try ScenarioLoader.load(root: FilePath(root.path))
      peers = try PeerList.load(files: [root.appending("fixtures/peers.yaml")] + more, root: root.path)
      expectations = try Expectations.load(root.appending("fixtures/expectations.yaml"))
      pitfalls = try PitfallLoader.load(root: FilePath(root.path), scenarios: scenarios)
    } catch {
      throw RunError("\(error)", status: .usage)
    }
  }

  var configuration: RunConfiguration {
    RunConfiguration(
      root: root.path, warden: root.appending("build/bin/warden"), peers: peers, vocabulary: vocabulary)
  }
}
