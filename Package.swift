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
  "FuzzedC", "IPC", "Interop", "PeerContract", .product(name: "SystemPackage", package: "swift-system"),
]
/// What is undefined in C traps, also where it does no harm today.
let fuzzedC: [CSetting] = [
  .define("_GNU_SOURCE"), .headerSearchPath("../../../c-peers/include"),
  .unsafeFlags(["-fsanitize=undefined", "-fsanitize-trap=undefined"]),
]

/// The calls that `Sources/swift-peer-faulty` makes wrongly when it is asked to.
let faultyCalls = [
  "cipc_bind", "cipc_connect", "cipc_epoll_ctl", "cipc_ftok", "cipc_futex_wait_any", "cipc_futex_wake",
  "cipc_mq_receive", "cipc_mq_send", "cipc_mq_timedreceive", "cipc_peer_credentials", "cipc_pidfd_reap", "cipc_pipe2",
  "cipc_populate", "cipc_receive_ancillary", "cipc_internet_receive", "cipc_robust_begin", "cipc_semctl_array",
  "cipc_semctl_value", "cipc_semtimedop", "cipc_send_ancillary", "cipc_sigmask", "cipc_socket_read",
  "cipc_socket_write", "cipc_timerfd_read", "cipc_write_now", "close", "ftruncate", "mkfifo", "mmap", "msgsnd",
  "pthread_mutex_lock", "pthread_sigmask", "read", "sem_post", "shutdown", "write",
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
    // The accused: the library, and the programs built on nothing but its public interface.
    .target(name: "CIPC", cSettings: [.define("_GNU_SOURCE")]),
    .target(
      name: "IPC",
      dependencies: ["CIPC", .product(name: "SystemPackage", package: "swift-system")],
      swiftSettings: house),
    .target(
      name: "SwiftPeer",
      dependencies: ["CIPC", "IPC", "PeerContract", .product(name: "SystemPackage", package: "swift-system")],
      path: "Sources/swift-peer",
      swiftSettings: house),
    .executableTarget(
      name: "swift-peer",
      dependencies: ["SwiftPeer"],
      path: "Sources/swift-peer-main",
      swiftSettings: house,
      // The harness starts thousands of these: a static executable is ready in half a millisecond.
      linkerSettings: [.unsafeFlags(["-static-executable", "-use-ld=lld"], .when(configuration: .release))]),

    // The same peer with faults to switch on, which stand in for these calls. It never ships: it is no product.
    .executableTarget(
      name: "swift-examples",
      dependencies: [
        "IPC",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: house),

    // What both sides of the wire agree on.
    .target(name: "PeerContract", swiftSettings: house),

    // The judge: it never imports the accused.
    .target(
      name: "Interop",
      dependencies: [
        "PeerContract",
        .product(name: "SystemPackage", package: "swift-system"),
        .product(name: "Yams", package: "Yams"),
      ],
      swiftSettings: house),
    .executableTarget(
      name: "ipc-interop",
      dependencies: [
        "Interop",
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
    .testTarget(name: "PeerContractTests", dependencies: ["PeerContract"], swiftSettings: house),
  ]
)

