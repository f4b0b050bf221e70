import Foundation
import SystemPackage
import Testing

@testable import Harness

@Suite("The benchmark loader") struct BenchmarkLoaderTests {
  @Test("reads every benchmark in the project, and each mechanism that sends messages has one") func project() throws {
    let (_, registry) = try Checkout.fixtures.get()
    let all = try BenchmarkLoader.load(root: Checkout.root, registry: registry)
    let mechanisms = Set(all.map(\.mechanism))
    for name in [
      "pipe", "fifo", "unix-socket", "tcp", "udp", "posix-mq", "sysv-msg", "posix-sem", "sysv-sem", "signal", "waiting",
      "ring", "shared-queue", "posix-shm", "sysv-shm", "mapped-file",
    ] {
      #expect(mechanisms.contains(name), "there is no benchmark of \(name)")
    }
  }

  @Test("separates the measured steps from the steps that open objects") func definition() throws {
    let definition = try SyntheticRounds.definition()
    #expect(definition.id == "pipe/pipe")
    #expect(definition.setUp.steps.count == 4)
    #expect(definition.active.role == "client")
    #expect(definition.active.request.operation == "bench_ping")
    #expect(definition.passive.role == "server")
    #expect(definition.sizes == [1, 64])
    #expect(definition.modes == BenchmarkMode.allCases)
  }

  @Test(
    "reports mistakes",
    arguments: [
      ("sizes: 1 64", "sizes: 1 x", "the sizes are numbers"),
      ("sizes: 1 64", "sizs: 1 64", "did you mean 'sizes'?"),
      ("claims: {one-byte: 5-10}", "claims: {one-byte: 10-5}", "a claim is a number"),
      ("bench_pong by=stream", "bench_send by=stream", "a benchmark must have a request bench_pong"),
      ("by=stream write=to read=from", "by=stream write=to raed=from", "did you mean 'read'?"),
    ])
  func mistakes(text: String, wrong: String, message: String) throws {
    let yaml = SyntheticRounds.pipe.replacing(text, with: wrong, maxReplacements: 1)
    #expect {
      try SyntheticRounds.definition(yaml)
    } throws: {
      "\($0)".contains(message)
    }
  }
}
