// swift-tools-version: 6.3
import PackageDescription

/// One list for every Swift target, strict from the first commit.
let house: [SwiftSetting] = [
  .strictMemorySafety(),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error, .when(configuration: .debug)),
]

let fuzzed: [Target.Dependency] = [
  "FuzzedC", "IPC", "Harness", "PeerProtocol", .product(name: "SystemPackage", package: "swift-system"),
]
/// What is undefined in C traps, also where it does no harm today.
let fuzzedC: [CSetting] = [
  .define("_GNU_SOURCE"), .headerSearchPath("../../../c-peers/include"),
  .unsafeFlags(["-fsanitize=undefined", "-fsanitize-trap=undefined"]),
]

/// The calls that `Sources/swift-peer-mutants` makes wrongly when it is asked to.
let wrappedCalls = [
  "cipc_epoll_ctl", "cipc_ftok", "cipc_futex_wait_any", "cipc_futex_wake", "cipc_internet_connect",
  "cipc_internet_receive", "cipc_mq_receive", "cipc_mq_send", "cipc_mq_timedreceive", "cipc_pidfd_reap", "cipc_pipe2",
  "cipc_populate", "cipc_robust_begin", "cipc_semctl_array", "cipc_semctl_value", "cipc_semtimedop", "cipc_sigmask",
  "cipc_socket_read", "cipc_socket_write", "cipc_timerfd_read", "cipc_unix_bind", "cipc_unix_peer", "cipc_unix_receive",
  "cipc_unix_send_enclosing", "cipc_write_now", "close", "ftruncate", "mkfifo", "mmap", "msgsnd", "pthread_mutex_lock",
  "pthread_sigmask", "read", "sem_post", "shutdown", "write",
]

let package = Package(
  name: "ipc-interop",
  products: [
    .library(name: "IPC", targets: ["IPC"]),
    .executable(name: "ipc-interop", targets: ["ipc-interop"]),
    .executable(name: "swift-peer", targets: ["swift-peer"]),
    .executable(name: "swift-examples", targets: ["swift-examples"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
  ],
  targets: [
    // The implementation under test: the library, and programs that use only its public interface.
    .target(name: "CIPC", cSettings: [.define("_GNU_SOURCE")]),
    .target(
      name: "IPC",
      dependencies: ["CIPC", .product(name: "SystemPackage", package: "swift-system")],
      swiftSettings: house),
    .target(
      name: "SwiftPeer",
      dependencies: ["CIPC", "IPC", "PeerProtocol", .product(name: "SystemPackage", package: "swift-system")],
      path: "Sources/swift-peer",
      swiftSettings: house),
    .executableTarget(
      name: "swift-peer",
      dependencies: ["SwiftPeer"],
      path: "Sources/swift-peer-main",
      swiftSettings: house,
      // The harness starts thousands of these: a static executable is ready in half a millisecond.
      linkerSettings: [.unsafeFlags(["-static-executable", "-use-ld=lld"], .when(configuration: .release))]),

    // The same peer with mutants to switch on, which stand in for these calls. It never ships: it is no product.
    .systemLibrary(name: "CReal"),
    .executableTarget(
      name: "swift-peer-mutants",
      dependencies: ["CIPC", "CReal", "SwiftPeer"],
      swiftSettings: house,
      linkerSettings: [
        .unsafeFlags(["-static-executable", "-use-ld=lld"], .when(configuration: .release)),
        .unsafeFlags(wrappedCalls.flatMap { ["-Xlinker", "--wrap=\($0)"] }),
      ]),
    .executableTarget(
      name: "swift-examples",
      dependencies: [
        "IPC",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: house),

    // What both sides of the protocol share.
    .target(name: "PeerProtocol", swiftSettings: house),

    // The test runner, which never imports the library.
    .target(
      name: "Harness",
      dependencies: [
        "PeerProtocol",
        .product(name: "SystemPackage", package: "swift-system"),
        .product(name: "Yams", package: "Yams"),
      ],
      swiftSettings: house),
    .executableTarget(
      name: "ipc-interop",
      dependencies: [
        "Harness",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: house),

    // Stands in for malloc in the test program, so that allocations can be counted.
    .target(name: "AllocationCount", path: "Tests/AllocationCount"),
    // And for what a sanitizer has to be shown in it: all test targets are one program.
    .target(name: "Sanitizers", path: "Tests/Sanitizers", cSettings: [.define("_GNU_SOURCE")]),
    .testTarget(
      name: "IPCTests",
      dependencies: ["AllocationCount", "IPC", .product(name: "SystemPackage", package: "swift-system")],
      swiftSettings: house),
    .testTarget(name: "PeerProtocolTests", dependencies: ["PeerProtocol"], swiftSettings: house),
    .testTarget(
      name: "HarnessTests",
      dependencies: [
        "Harness", "PeerProtocol", "Sanitizers", .product(name: "SystemPackage", package: "swift-system"),
      ],
      exclude: ["Reports/Snapshots"],
      swiftSettings: house),

    // What is given bytes that nobody vouches for: those of fixtures/corpus in every test run.
    .target(name: "FuzzedC", path: "Tests/Fuzz/C", cSettings: fuzzedC),
    .testTarget(
      name: "FuzzTests", dependencies: fuzzed, path: "Tests/Fuzz", exclude: ["C", "main.swift"],
      swiftSettings: house),
  ]
)

// `make fuzz` alone, which sets this: the same, as a program that libFuzzer feeds.
if Context.environment["FUZZ"] != nil {
  package.targets.removeAll { $0.name == "FuzzTests" }
  package.targets.append(
    .executableTarget(
      name: "fuzz", dependencies: fuzzed, path: "Tests/Fuzz",
      exclude: ["C", "CorpusTests.swift", "DeadlineTests.swift", "EmptyRecordTests.swift"],
      swiftSettings: house, linkerSettings: [.unsafeFlags(["-sanitize=fuzzer", "-use-ld=lld"])]))
}
