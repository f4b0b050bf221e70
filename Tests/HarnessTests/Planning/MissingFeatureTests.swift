import Foundation
import Glibc
import SystemPackage
import Testing

@testable import Harness

/// Tests with machines that lack a feature.
///
/// The machines are simulated with seccomp filters, mounts and limits on the sandbox init.
@Suite("A machine that lacks a feature", .serialized)
struct MissingFeatureTests {
  /// Returns the features that the runner finds to be missing if `script` starts the sandbox init.
  private func missing(script: String, isolation: IsolationRule = .auto) async throws -> [Feature: String] {
    try await onThread { try Self.probe(script, isolation) }
  }

  private static func probe(_ script: String, _ isolation: IsolationRule = .auto) throws -> [Feature: String] {
    let directory = FileManager.default.temporaryDirectory.appending(path: "missing-\(UUID())")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    let start = directory.appending(path: "sandbox-init")
    try CommandRun.writeProgram("#!/bin/bash\n\(script)\n", to: start.path)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: directory.path)
    var configuration = RunConfiguration(
      root: Checkout.root.string, sandboxInit: start.path, peers: PeerList([]), registry: try Checkout.operations.get())
    configuration.isolation = isolation
    return try MachineProbe.capabilities(configuration).missing
  }

  /// The features that the machine lacks even without a filter.
  private static let unfiltered = Result { try probe("exec \(Checkout.sandboxInit) \"$@\"") }

  private static let without = Checkout.root.appending("build/bin/without").string

  @Test(
    "is found to lack a system call that the kernel or a filter rejects",
    arguments: [
      ("futex_waitv", [.futexWaitv], "ENOSYS"), ("epoll_pwait2", [.epollPwait2], "ENOSYS"),
      ("close_range", [.closeRange], "ENOSYS"),
      ("memfd_create", [.memfdCreate, .plainMemfd], "ENOSYS"),
      ("pidfd_open", [.pidfdOpen, .pidfdGetfd, .pidfdSendSignal], "ENOSYS"),
      ("pidfd_getfd", [.pidfdGetfd], "ENOSYS"), ("pidfd_send_signal", [.pidfdSendSignal], "ENOSYS"),
      ("get_robust_list", [.robustList], "ENOSYS"), ("mq_open", [.messageQueues], "ENOSYS"),
      ("shmget", [.systemVSharedMemory], "ENOSYS"), ("semget", [.systemVSemaphores], "ENOSYS"),
      ("msgget", [.systemVMessages], "ENOSYS"), ("eventfd2", [.eventFD], "ENOSYS"),
      ("inotify_init1", [.inotify], "ENOSYS"),
      ("timerfd_create", [.timerFD], "ENOSYS"), ("signalfd4", [.signalFD], "ENOSYS"),
      ("MSG_COPY", [.messageCopy], "ENOSYS"), ("SO_PEERPIDFD", [.peerPIDFD, .endedPIDFD], "ENOPROTOOPT"),
      ("--eperm futex_waitv", [.futexWaitv], "EPERM"), ("--eperm memfd_create", [.memfdCreate, .plainMemfd], "EPERM"),
      ("--eperm mq_open", [.messageQueues], "EPERM"), ("--eperm pidfd_getfd", [.pidfdGetfd], "EPERM"),
    ] as [(String, [Feature], String)])
  func systemCalls(call: String, features: [Feature], errno: String) async throws {
    let complete = try await onThread { try Self.unfiltered.get() }
    let lacking = try await missing(script: "exec \(Self.without) \(call) -- \(Checkout.sandboxInit) \"$@\"")
    #expect(Set(lacking.keys).subtracting(complete.keys) == Set(features))
    for feature in features { #expect(lacking[feature] == errno) }
  }

  @Test("is found to lack other users, if root does not have CAP_SETUID", .enabled(if: geteuid() == 0))
  func otherUsers() async throws {
    let lacking = try await missing(script: "exec \(Self.without) --eperm setresuid -- \(Checkout.sandboxInit) \"$@\"")
    #expect(lacking[.anotherUser] == "EPERM")
  }

  /// Each PID namespace has a separate setting, so the test does not change the setting of the machine.
  @Test(
    "is found to seal every memfd if vm.memfd_noexec is set",
    .enabled(if: FileManager.default.fileExists(atPath: "/proc/sys/vm/memfd_noexec")), arguments: [1, 2])
  func executableMemory(setting: Int) async throws {
    let namespace = "unshare --user --map-root-user --pid --fork --kill-child --mount-proc /bin/sh -c"
    let start = "echo \(setting) >/proc/sys/vm/memfd_noexec && exec \(Checkout.sandboxInit) \"$@\""
    let lacking = try await missing(script: "exec \(namespace) '\(start)' sh \"$@\"")
    #expect(lacking[.plainMemfd] == "EACCES")
    #expect(lacking[.memfdCreate] == nil)
  }

  /// A container engine's filter, for root and for another user.
  @Test(
    "is found to be a container, in which cells share namespaces",
    arguments: ["", "setpriv --reuid 54321 --clear-groups"])
  func container(user: String) async throws {
    guard user.isEmpty || geteuid() == 0 else { return }
    let lacking = try await missing(
      script: "exec \(user) \(Self.without) container -- \(Checkout.sandboxInit) \"$@\"")
    #expect(lacking[.pidfdGetfd] == "EPERM")
    #expect(lacking[.pidfdOpen] == nil && lacking[.futexWaitv] == nil && lacking[.memfdCreate] == nil)
    await #expect(throws: RunError.self) {
      try await missing(
        script: "exec \(user) \(Self.without) container -- \(Checkout.sandboxInit) \"$@\"", isolation: .required)
    }
  }

  @Test("is found to allow few descriptors") func descriptors() async throws {
    let lacking = try await missing(script: "ulimit -n 1024; exec \(Checkout.sandboxInit) \"$@\"")
    #expect(lacking[.highDescriptors] == "EMFILE")
  }

  @Test("is found to allow too little locked memory", arguments: [(8, "ENOMEM"), (0, "EPERM")])
  func lockedMemory(limit: Int, error: String) async throws {
    let lacking = try await missing(script: "ulimit -l \(limit); exec \(Checkout.sandboxInit) \"$@\"")
    #expect(lacking[.lockedMemory] == error)
  }

  @Test("is found to have too little shared memory", .enabled(if: geteuid() == 0)) func sharedMemory() async throws {
    let mount = "mount -t tmpfs -o size=1m none /dev/shm"
    let lacking = try await missing(
      script: "exec unshare --mount /bin/sh -c '\(mount) && exec \(Checkout.sandboxInit) \"$@\"' sh \"$@\"",
      isolation: .none)
    #expect(lacking[.sharedMemorySpace] == "ENOSPC")
  }

  @Test("is found to have an exhausted quota of pipes", .enabled(if: geteuid() == 0)) func pipes() async throws {
    // For each process substitution, bash keeps the read end of a pipe open. The quota is of a user, so no other test
    // program may have the same one.
    let pipes = "ulimit -n 4096; for i in {1..1100}; do exec {descriptor}< <(:); done"
    let user = "setpriv --reuid \(100_000 + getpid()) --regid 54321 --clear-groups"
    let lacking = try await missing(
      script: "exec \(user) /bin/bash -c '\(pipes); \(Checkout.sandboxInit) \"$@\"; exit $?' bash \"$@\"")
    #expect(lacking[.pipeCapacity] == "EPERM")
  }

  @Test("does not run the cells that require it, with a reason, but runs all others") func cells() async throws {
    let fixtures = try Checkout.fixtures.get()
    let capabilities = SandboxCapabilities(isolation: .private, missing: [.futexWaitv: "ENOSYS"])
    let configuration = RunConfiguration(root: "", peers: PeerList([]), registry: fixtures.registry)
    let unmet = fixtures.scenarios.filter {
      MachineProbe.unmetNeed(of: $0, configuration.context(capabilities)) != nil
    }
    #expect(Set(unmet.map(\.mechanism)).isSubset(of: ["shared-queue", "contract"]))
    #expect(unmet.contains { $0.id == "shared-queue/select-ready" })
    let scenario = try #require(unmet.first)
    #expect(
      MachineProbe.unmetNeed(of: scenario, configuration.context(capabilities))
        == "it requires futex_waitv(2) of Linux 5.16 (here ENOSYS)")
  }

  @Test(
    "is checked for features that only some values of a request require",
    arguments: [
      ("a: msgrcv msqid=1 msgsz=1 msgflg=IPC_NOWAIT|MSG_COPY", Feature.messageCopy),
      ("a: getsockopt handle=s optname=SO_PEERPIDFD", .peerPIDFD),
      ("a: fcntl handle=w cmd=F_SETPIPE_SZ arg=4096", .pipeCapacity),
      ("a: fcntl handle=w cmd=F_DUPFD_CLOEXEC arg=1024 duplicate=d", .highDescriptors),
      ("a: eventfd handle=e", .eventFD),
      ("a: mlock handle=m", .lockedMemory),
    ])
  func words(step: String, feature: Feature) throws {
    let loaded = try Checkout.scenarios(ShellPeers.scenario(steps: "    - \(step)"))
    #expect(try #require(loaded.scenarios.first).requirements(loaded.registry).contains(feature))
    let plain = try Checkout.scenarios(ShellPeers.scenario(steps: "    - a: pid"))
    #expect(try #require(plain.scenarios.first).requirements(plain.registry).isEmpty)
  }

  @Test("does not run cells that pass a descriptor if it lacks pidfd_getfd") func hand() throws {
    let steps = "    - a: pipe2 reader=r writer=w\n    - hand: {a.w: b.w}\n    - b: close handle=w"
    let loaded = try Checkout.scenarios(ShellPeers.scenario(steps: steps).replacing("[a]", with: "[a, b]"))
    #expect(
      try #require(loaded.scenarios.first).requirements(loaded.registry).isSuperset(of: [.pidfdOpen, .pidfdGetfd]))
  }
}
