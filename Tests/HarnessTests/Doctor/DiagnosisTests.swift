import Foundation
import Glibc
import SystemPackage
import Testing

@testable import Harness

/// Diagnoses of machines that lack a feature.
///
/// The machines are simulated with seccomp filters and limits on the sandbox init.
@Suite("The diagnosis of a machine", .serialized)
struct DiagnosisTests {
  private static let fixtures = Checkout.everything
  /// The diagnosis of this machine.
  private static let complete = Result { try diagnosis() }

  /// Returns the diagnosis for a machine on which `script` starts the sandbox init.
  private static func diagnosis(
    script: String = "exec \(Checkout.sandboxInit) \"$@\"", isolation: IsolationRule = .auto, jobs: Int = 2
  ) throws -> Diagnosis {
    let directory = FileManager.default.temporaryDirectory.appending(path: "doctor-\(UUID())")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: directory.path)
    let start = directory.appending(path: "sandbox-init").path
    try CommandRun.writeProgram("#!/bin/bash\n\(script)\n", to: start)
    let fixtures = try fixtures.get()
    var configuration = RunConfiguration(
      root: Checkout.root.string, sandboxInit: start, peers: fixtures.peers, registry: fixtures.registry)
    configuration.isolation = isolation
    configuration.jobs = jobs
    return Diagnosis(configuration, scenarios: fixtures.scenarios)
  }

  private static func without(_ calls: String) -> String {
    "exec \(Checkout.root.appending("build/bin/without").string) \(calls) -- \(Checkout.sandboxInit) \"$@\""
  }

  private func check(_ name: String, in diagnosis: Diagnosis) throws -> MachineCheck {
    try #require(diagnosis.checks.first { $0.name == name })
  }

  @Test("lists every feature, and counts the cells that a run would skip") func here() async throws {
    let diagnosis = try await onThread { try Self.complete.get() }
    #expect(diagnosis.status == .asExpected && diagnosis.obstacle == nil)
    #expect(Set(diagnosis.checks.map(\.name)).isSuperset(of: Feature.allCases.map(\.rawValue)))
    for check in diagnosis.checks { #expect((check.remedy != nil) == (check.state == .lacking)) }
    let lacking = diagnosis.checks.filter { $0.state == .lacking }
    #expect((diagnosis.notRun == 0) == lacking.allSatisfy { $0.cells == 0 || $0.kind == .limit })
    #expect(try check("c peer", in: diagnosis).found.hasPrefix("gcc"))
  }

  @Test(
    "reports a missing system call, the cells that require it, and the remedy",
    arguments: [
      ("futex_waitv", "ENOSYS", "use the version of Linux that it needs, or a later one"),
      ("--eperm futex_waitv", "EPERM", "docker run --security-opt seccomp=unconfined"),
    ])
  func missingCall(calls: String, errno: String, remedy: String) async throws {
    let (complete, diagnosis) = try await onThread {
      (try Self.complete.get(), try Self.diagnosis(script: Self.without(calls)))
    }
    let check = try check("futex_waitv", in: diagnosis)
    #expect(check.state == .lacking && check.found == errno && check.remedy == remedy)
    #expect(check.cells > 0 && diagnosis.notRun == complete.notRun + check.cells)
    #expect(diagnosis.status == .asExpected)
    let text = diagnosis.console(Style())
    #expect(text.contains("futex_waitv: \(counted(check.cells, "cell")) are not run (\(errno))"))
    #expect(text.contains("To change it: \(remedy)"))
  }

  @Test("advises root if the kernel denies access to other processes") func denied() {
    #expect(Feature.callCounts.remedy(errno: "EACCES") == "sudo ipc-interop")
    #expect(Feature.callCounts.remedy(errno: "ENOENT").contains("CONFIG_TASK_IO_ACCOUNTING"))
  }

  @Test("shows no number for what no cell depends on") func withoutCells() async throws {
    let diagnosis = try await onThread { try Self.complete.get() }
    #expect(try check("Landlock", in: diagnosis).cells == 0)
    let lines = diagnosis.console(Style()).split(separator: "\n")
    #expect(lines.contains { $0.contains(/Landlock +[a-z]/) })
  }

  @Test("shows the host's limits if cells share its namespaces") func container() async throws {
    let diagnosis = try await onThread { try Self.diagnosis(script: Self.without("container")) }
    let sandbox = try check("private-sandbox", in: diagnosis)
    #expect(sandbox.state == .lacking && sandbox.remedy?.contains("seccomp=unconfined") == true)
    let limit = try check("fs.mqueue.msg_max", in: diagnosis)
    let queues = try check("mq", in: diagnosis)
    #expect(limit.cells == queues.cells)
    #expect(diagnosis.notRun > sandbox.cells)
  }

  @Test("reports an obstacle if no cell can run") func obstacle() async throws {
    let refused = try await onThread { try Self.diagnosis(script: Self.without("unshare"), isolation: .required) }
    #expect(refused.status == .brokenEnvironment && refused.notRun == refused.cells)
    #expect(refused.obstacle?.contains("a private sandbox is not available") == true)
    #expect(try check("ipv6", in: refused).state == .unknown)
    let silent = try await onThread { try Self.diagnosis(script: "exit 1") }
    #expect(silent.status == .brokenEnvironment)
    #expect(silent.obstacle?.contains("the sandbox init ended during the command 'start'") == true)
    #expect(silent.console(Style()).hasSuffix("The suite cannot run here.\n"))
  }

  @Test("names a peer that was not built") func missingPeer() async throws {
    let diagnosis = try await onThread {
      let fixtures = try Self.fixtures.get()
      let peers = PeerList(
        fixtures.peers.peers.map {
          PeerDescription(language: $0.language, peer: ["/nonexistent/\($0.language)-peer"], programs: $0.programs)
        })
      let configuration = RunConfiguration(root: Checkout.root.string, peers: peers, registry: fixtures.registry)
      return Diagnosis(configuration, scenarios: fixtures.scenarios)
    }
    #expect(diagnosis.status == .brokenEnvironment)
    let check = try check("swift peer", in: diagnosis)
    #expect(check.state == .lacking && check.remedy == "make build" && check.cells > 0)
  }

  @Test("compares this process's limits with the needs of the jobs") func descriptors() async throws {
    let diagnosis = try await onThread { try Self.diagnosis(jobs: 256) }
    let check = try check("RLIMIT_NOFILE", in: diagnosis)
    let needed = try #require(MachineLimit.ofRunner(jobs: 256, roles: 6).first)
    #expect(needed.minimum > 256 * 6 * 3)
    #expect((check.state == .lacking) == (needed.value.map { $0 < needed.minimum } ?? false))
  }

  @Test("is a table of at most 80 columns") func width() async throws {
    let diagnosis = try await onThread { try Self.diagnosis(script: Self.without("--eperm futex_waitv mq_open")) }
    for columns in [60, 80, 200] {
      for isVerbose in [false, true] {
        let text = diagnosis.console(Style(width: columns, verbose: isVerbose))
        #expect(text.split(separator: "\n").allSatisfy { $0.count <= min(columns, 80) })
      }
    }
  }

  @Test("matches its schema") func schema() async throws {
    let schema = try JSONSchema("docs/doctor.schema.json")
    for script in ["exec \(Checkout.sandboxInit) \"$@\"", "exit 1"] {
      let text = try await onThread { try Self.diagnosis(script: script).text(.json) }
      #expect(try schema.problems(in: try #require(text)) == [])
    }
    #expect(try !schema.problems(in: #"{"format": 1}"#).isEmpty)
  }

  @Test(
    "is printed by the command, whose exit status reports whether cells can run",
    arguments: [
      (#"exec "$@""#, [String](), Int32(0), "cells can run here"),
      (#"exec unshare --user --map-root-user "$@""#, [], 0, "another-user: "),
      (#"exec setpriv --bounding-set=-sys_admin,-setuid "$@""#, ["--isolation", "none"], 0, "Isolation: shared"),
      ("exec \(Checkout.root)/build/bin/without unshare -- \"$@\"", ["--isolation", "required"], 3, "cannot run here"),
    ] as [(String, [String], Int32, String)])
  func command(shell: String, arguments: [String], status: Int32, text: String) async throws {
    // Only root has capabilities to drop.
    if shell.contains("setpriv"), geteuid() != 0 { return }
    let (lines, end) = try await onThread {
      let root = try CommandRun.checkout(cells: 2)
      defer { try? FileManager.default.removeItem(atPath: root.string) }
      try FileManager.default.copyItem(
        atPath: Checkout.root.appending("build/bin/swift-peer").string,
        toPath: root.appending("build/bin/swift-peer").string)
      let run = try CommandRun(root: root, shell: shell, command: ["doctor"], arguments)
      let end = try run.end()
      return (run.lines, end)
    }
    let output = lines.joined(separator: "\n")
    #expect(end == status, "\(output)")
    #expect(output.contains(text), "\(output)")
  }
}
