import Foundation
import SystemPackage
import Testing

@testable import Harness

@Suite("A recommendation")
struct RecommendationTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let requirements: Requirements
    /// The best mechanism with its additional mechanisms; nil if no mechanism is suitable.
    let best: String?
    /// Text that the reasons must contain.
    let why: String

    init(
      _ needs: Set<Need>, for purpose: Purpose = .transfer, lossAllowed: Bool = false, size: Int? = nil,
      rate: Int? = nil,
      best: String?, why: String
    ) {
      requirements = Requirements(
        purpose: purpose, needs: needs, lossAllowed: lossAllowed, size: size, rate: rate)
      self.best = best
      self.why = why
    }

    var testDescription: String {
      ([requirements.purpose?.rawValue ?? ""] + requirements.needs.map(\.rawValue).sorted()).joined(separator: " ")
    }
  }

  static let cases = [
    Case([.related, .byteStream], best: "pipe", why: "inherits"),
    Case([.unrelated, .byteStream], best: "fifo", why: "name"),
    Case([.unrelated, .lines], best: "fifo + buffered", why: "buffer"),
    Case([.unrelated, .boundaries], best: "posix-mq", why: "whole"),
    Case([.priority], best: "posix-mq", why: "highest priority"),
    Case([.priority, .boundaries, .manyReaders], best: "posix-mq", why: "exactly one"),
    Case([.selectByType], best: "sysv-msg", why: "msgrcv"),
    Case([.persistent, .boundaries], best: "posix-mq", why: "stay"),
    Case([.related, .bothWays], best: "unix-socket", why: "socketpair"),
    Case([.unrelated, .bothWays, .survivesDeath], best: "unix-socket", why: "EPIPE"),
    Case([.passDescriptors], best: "unix-socket + descriptor-passing", why: "SCM_RIGHTS"),
    Case([.identifySender, .boundaries], best: "unix-socket + credentials", why: "user of the other end"),
    Case([.untrusted, .unrelated, .bothWays], best: "unix-socket + credentials", why: "copies"),
    Case([.network, .byteStream], best: "tcp", why: "any two machines"),
    Case([.network, .boundaries], best: "tcp + channel", why: "preceded by its length"),
    Case([.network, .boundaries], lossAllowed: true, best: "udp", why: "whole"),
    Case([.network, .broadcast], lossAllowed: true, best: "udp", why: "multicast"),
    Case([.boundaries], rate: 2_000_000, best: "ring", why: "no system call"),
    Case([.byteStream], size: 1 << 20, best: "ring", why: "without the kernel"),
    Case([.manyReaders], rate: 2_000_000, best: "shared-queue", why: "no system call"),
    Case([.manyWriters, .manyReaders], size: 1 << 16, best: "shared-queue", why: "without the kernel"),
    Case([.broadcast], size: 100 << 20, best: "posix-shm", why: "same bytes"),
    Case([.eventLoop, .boundaries], size: 1 << 20, best: "unix-socket", why: "epoll"),
    Case([.passDescriptors, .network], best: nil, why: "Only Unix sockets can pass open descriptors."),
    Case([.unrelated], for: .share, best: "posix-shm", why: "name"),
    Case([.persistent, .manyWriters], for: .share, best: "posix-shm + shared-mutex", why: "exclude each other"),
    Case([.network], for: .share, best: nil, why: "same machine"),
    Case([.survivesDeath], for: .lock, best: "shared-mutex", why: "robust"),
    Case([.counting], for: .lock, best: "posix-sem", why: "may still enter"),
    Case([.counting, .survivesDeath], for: .lock, best: "sysv-sem", why: "SEM_UNDO"),
    Case([.severalAtOnce], for: .lock, best: "sysv-sem", why: "or none of them"),
    Case([.sharedLock], for: .lock, best: "file-lock", why: "Many readers"),
    Case([], for: .notify, best: "signal", why: ""),
    Case([.unrelated, .eventLoop], for: .notify, best: "signal", why: "SignalFD"),
    Case([.related, .eventLoop], for: .notify, best: "waiting", why: "inherits"),
    Case([.related, .broadcast], for: .notify, best: "shared-block", why: "all waiting processes"),
    Case([], for: .wait, best: "waiting", why: ""),
  ]

  @Test("is the expected mechanism, with the reason", arguments: cases)
  func best(of example: Case) throws {
    let recommendation = try MechanismGuideTests.guide.get().recommendation(for: example.requirements)
    let best = recommendation.choices.first
    #expect(best.map { ([$0.facts] + $0.additions).map(\.id).joined(separator: " + ") } == example.best)
    let reasons = best?.reasons.map(\.fitness.reason) ?? recommendation.excluded.flatMap(\.reasons)
    if !example.why.isEmpty { #expect(reasons.contains { $0.contains(example.why) }, "\(reasons)") }
  }

  @Test("lists every mechanism for the purpose as suitable, or as excluded with reasons", arguments: cases)
  func completeness(of example: Case) throws {
    let guide = try MechanismGuideTests.guide.get()
    let recommendation = try guide.recommendation(for: example.requirements)
    let named = recommendation.choices.map(\.facts.id) + recommendation.excluded.map(\.mechanism)
    let possible = guide.mechanisms.filter { $0.purposes.contains(example.requirements.purpose ?? .transfer) }
    #expect(named.sorted() == possible.map(\.id).sorted())
    #expect(recommendation.excluded.allSatisfy { !$0.reasons.isEmpty })
  }

  @Test("can be any mechanism, as the best one or as an addition to it")
  func everyMechanism() throws {
    let guide = try MechanismGuideTests.guide.get()
    var reached: Set<String> = []
    for purpose in Purpose.allCases {
      let needs = guide.needs(for: purpose).filter(Need.stated.contains)
      // All sets of at most three needs.
      for first in [nil] + needs.map(Optional.some) {
        for second in [nil] + needs.map(Optional.some) {
          for third in [nil] + needs.map(Optional.some) {
            for (size, rate, loss) in [(nil, nil, true), (1 << 20, 1_000_000, false)] as [(Int?, Int?, Bool)] {
              let stated = Set([first, second, third].compactMap(\.self))
              guard !Need.contradictions.contains(where: { stated.isSuperset(of: [$0.0, $0.1]) }) else { continue }
              let requirements = Requirements(
                purpose: purpose, needs: stated, lossAllowed: loss, size: size, rate: rate)
              guard let best = try guide.recommendation(for: requirements).choices.first else { continue }
              reached.formUnion(([best.facts] + best.additions).map(\.id))
            }
          }
        }
      }
    }
    // Only existing programs need System V shared memory. POSIX shared memory offers the same and more.
    let missing = guide.mechanisms.map(\.id).filter { !reached.contains($0) }
    #expect(missing == ["sysv-shm"])
    let ported = try guide.recommendation(for: Requirements(function: "shmget"))
    #expect(ported.choices.map(\.facts.id) == ["sysv-shm"])
  }

  @Test(
    "keeps the mechanisms of an existing program",
    arguments: [
      ("msgrcv", ["sysv-msg"]), ("semop", ["sysv-sem"]), ("recvmsg", ["descriptor-passing", "credentials"]),
      ("getline", ["buffered"]), ("ipc_ring_send", ["ring"]),
    ])
  func existing(function: String, mechanisms: [String]) throws {
    let guide = try MechanismGuideTests.guide.get()
    let recommendation = try guide.recommendation(for: Requirements(function: function))
    #expect(recommendation.choices.map(\.facts.id) == mechanisms)
  }

  @Test(
    "is refused for requirements that contradict each other",
    arguments: [
      (
        Requirements(needs: [.network, .sameMachine]),
        "--network and --same-machine exclude each other; leave out one of them"
      ),
      (Requirements(purpose: .lock, needs: [.priority]), "--priority is for the purposes transfer, not for lock"),
      (
        Requirements(function: "mq_recieve"), "no mechanism has the C function 'mq_recieve'; did you mean 'mq_receive'?"
      ),
    ])
  func contradictions(requirements: Requirements, message: String) throws {
    let guide = try MechanismGuideTests.guide.get()
    let error = #expect(throws: RequirementError.self) { try guide.recommendation(for: requirements) }
    #expect(error?.description == message)
  }

  @Test("excludes a mechanism whose largest message is too small, or that was too slow")
  func limits() throws {
    let guide = try MechanismGuideTests.guide.get()
    let costs = MechanismCosts(
      source: "bench.json",
      results: [MechanismCostsTests.result("unix-socket/seqpacket", .flood, 4096, time: 1250)])
    let recommendation = try guide.recommendation(
      for: Requirements(needs: [.boundaries], size: 10_000, rate: 500_000), costs: costs)
    func reasons(_ id: String) -> [String]? { recommendation.excluded.first { $0.mechanism == id }?.reasons }
    #expect(
      reasons("posix-mq") == [
        "A message of 10000 bytes is too large: the default of /proc/sys/fs/mqueue/msgsize_max is 8192 bytes."
      ])
    #expect(
      reasons("unix-socket") == ["It transferred 400000 messages per second here, not the required 500000."])
    #expect(recommendation.choices.first?.facts.id == "ring")
  }

  @Test("lists excluded mechanisms with the fewest reasons first, otherwise in the order of preference")
  func order() throws {
    let guide = try MechanismGuideTests.guide.get()
    let excluded = try guide.recommendation(for: Requirements(needs: [.network, .byteStream, .priority])).excluded
    let counts = excluded.map(\.reasons.count)
    #expect(counts == counts.sorted())
    #expect(Set(counts).count > 1)
    let preferred = guide.mechanisms.map(\.id)
    for count in Set(counts) {
      let places = excluded.filter { $0.reasons.count == count }.map { preferred.firstIndex(of: $0.mechanism) ?? -1 }
      #expect(places == places.sorted())
    }
  }

  @Test("matches the decision table in the documentation")
  func decisionTable() throws {
    let guide = try MechanismGuideTests.guide.get()
    let page = try String(contentsOfFile: Checkout.root.appending("docs/choosing.md").string, encoding: .utf8)
    let rows = page.split(separator: "\n").filter { $0.hasPrefix("|") && $0.contains("`choose --") }
    #expect(rows.count >= 20)
    for row in rows {
      let words = try #require(row.firstMatch(of: /`choose ([^`]*)`/)).1.split(separator: " ").map(String.init)
      var requirements = Requirements()
      for (option, value) in zip(words, words.dropFirst() + [""]) where option.hasPrefix("--") {
        switch option {
        case "--purpose": requirements.purpose = Purpose(rawValue: value)
        case "--size": requirements.size = try Interview.quantity(value)
        case "--rate": requirements.rate = try Interview.quantity(value)
        case "--loss-allowed": requirements.lossAllowed = true
        default: requirements.needs.insert(try #require(Need(rawValue: String(option.dropFirst(2)))))
        }
      }
      let best = try #require(try guide.recommendation(for: requirements).choices.first)
      for part in [best.facts] + best.additions {
        #expect(row.contains("IPC.docc/\(part.page).md"), "\(part.id) is not named in: \(row)")
      }
    }
  }
}
