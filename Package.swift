// swift-tools-version: 6.3
import PackageDescription

/// One list of settings for every Swift target.
let settings: [SwiftSetting] = [
  .strictMemorySafety(),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error, .when(configuration: .debug)),
]

let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")

// The library. A package that depends on it resolves swift-system alone.
let package = Package(
  name: "ipc-interop",
  products: [.library(name: "IPC", targets: ["IPC"])],
  dependencies: [.package(url: "https://github.com/apple/swift-system", from: "1.8.1")],
  targets: [
    .target(name: "CIPC", cSettings: [.define("_GNU_SOURCE")]),
    .target(name: "IPC", dependencies: ["CIPC", system], swiftSettings: settings),

    // Replaces malloc in the test program, so that allocations can be counted.
    .target(name: "AllocationCount", path: "Tests/AllocationCount"),
    .testTarget(name: "IPCTests", dependencies: ["AllocationCount", "CIPC", "IPC", system], swiftSettings: settings),
  ]
)

// The tools: the test runner, the Swift peer, the examples. The Makefile sets this variable.
if Context.environment["IPC_INTEROP_TOOLS"] != nil {
  let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

  /// A static executable starts in half a millisecond, and the test runner starts thousands of them.
  let staticExecutable = LinkerSetting.unsafeFlags(
    ["-static-executable", "-use-ld=lld"], .when(configuration: .release))

  /// The C functions that the mutants of `Sources/swift-peer-mutants` replace.
  let wrappedCalls = [
    "cipc_bind", "cipc_bind_path", "cipc_connect", "cipc_epoll_ctl", "cipc_ftok", "cipc_futex_wait",
    "cipc_futex_wait_any",
    "cipc_futex_wake", "cipc_mq_receive", "cipc_mq_send", "cipc_mq_timedreceive", "cipc_msgsnd",
    "cipc_peer_credentials", "cipc_pidfd_reap", "cipc_pipe2", "cipc_pipe_read", "cipc_pipe_write", "cipc_populate",
    "cipc_receive_ancillary", "cipc_internet_receive", "cipc_robust_begin", "cipc_semctl_array", "cipc_semctl_value",
    "cipc_semtimedop", "cipc_send_ancillary", "cipc_sigmask", "cipc_socket_read", "cipc_socket_write",
    "cipc_timerfd_read", "close", "ftruncate", "mkfifo", "mmap", "pthread_mutex_lock", "sem_post", "shutdown",
  ]

  let fuzzed: [Target.Dependency] = ["FuzzedC", "IPC", "Harness", "PeerProtocol", system]

  package.dependencies += [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
  ]
  package.products += [
    .executable(name: "ipc-interop", targets: ["ipc-interop"]),
    .executable(name: "swift-peer", targets: ["swift-peer"]),
    .executable(name: "swift-examples", targets: ["swift-examples"]),
  ]
  package.targets += [
    // Shared by the test runner and a peer
    .target(name: "PeerProtocol", swiftSettings: settings),

    // The implementation under test.
    .target(
      name: "SwiftPeer", dependencies: ["CIPC", "IPC", "PeerProtocol", system], path: "Sources/swift-peer",
      swiftSettings: settings),
    .executableTarget(
      name: "swift-peer", dependencies: ["SwiftPeer"], path: "Sources/swift-peer-main", swiftSettings: settings,
      linkerSettings: [staticExecutable]),
    .executableTarget(name: "swift-examples", dependencies: ["IPC", arguments, system], swiftSettings: settings),

    // The same peer with one defect that is switched on by an option.
    .systemLibrary(name: "CReal"),
    .executableTarget(
      name: "swift-peer-mutants", dependencies: ["CIPC", "CReal", "SwiftPeer"], swiftSettings: settings,
      linkerSettings: [
        staticExecutable, .unsafeFlags(wrappedCalls.flatMap { ["-Xlinker", "--wrap=\($0)"] }),
      ]),

    // The test runner. It never imports the library.
    .target(
      name: "Harness", dependencies: ["PeerProtocol", system, .product(name: "Yams", package: "Yams")],
      swiftSettings: settings),
    .executableTarget(name: "ipc-interop", dependencies: ["Harness", arguments, system], swiftSettings: settings),

    // The programs that `make cost` measures, and the reporter.
    .executableTarget(
      name: "swift-cost", dependencies: ["IPC", system], swiftSettings: settings,
      linkerSettings: [.unsafeFlags(["-static-stdlib"], .when(configuration: .release))]),
    .executableTarget(name: "cost-report", swiftSettings: settings),

    // Annotations for thread sanitizers in the test program, which contains all test targets.
    .target(name: "Sanitizers", path: "Tests/Sanitizers", cSettings: [.define("_GNU_SOURCE")]),
    .testTarget(name: "PeerProtocolTests", dependencies: ["PeerProtocol"], swiftSettings: settings),
    .testTarget(
      name: "HarnessTests", dependencies: ["Harness", "PeerProtocol", "Sanitizers", system],
      exclude: ["Reports/Snapshots"], swiftSettings: settings),

    // Code that takes bytes from an untrusted source. Every test run feeds it fixtures/corpus. Undefined behaviour in C
    // traps.
    .target(
      name: "FuzzedC", path: "Tests/Fuzz/C",
      cSettings: [
        .define("_GNU_SOURCE"), .headerSearchPath("../../../c-peers/include"),
        .unsafeFlags(["-fsanitize=undefined", "-fsanitize-trap=undefined"]),
      ]),
  ]
  // `make fuzz` sets this, and feeds the same targets by libFuzzer.
  package.targets.append(
    Context.environment["FUZZ"] == nil
      ? .testTarget(
        name: "FuzzTests", dependencies: fuzzed, path: "Tests/Fuzz", exclude: ["C", "main.swift"],
        swiftSettings: settings)
      : .executableTarget(
        name: "fuzz", dependencies: fuzzed, path: "Tests/Fuzz",
        exclude: ["C", "CHeaderTests.swift", "CorpusTests.swift"],
        swiftSettings: settings, linkerSettings: [.unsafeFlags(["-sanitize=fuzzer", "-use-ld=lld"])]))
}
