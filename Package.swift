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
let fuzzedC: [CSetting] = [.define("_GNU_SOURCE"), .headerSearchPath("../../../c-peers/include")]

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
    .executableTarget(
      name: "swift-peer",
      dependencies: ["CIPC", "IPC", "PeerContract", .product(name: "SystemPackage", package: "swift-system")],
      swiftSettings: house,
      // The harness starts thousands of these: a static executable is ready in half a millisecond.
      linkerSettings: [.unsafeFlags(["-static-executable", "-use-ld=lld"], .when(configuration: .release))]),
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
    .testTarget(
      name: "IPCTests",
      dependencies: ["AllocationCount", "IPC", .product(name: "SystemPackage", package: "swift-system")],
      swiftSettings: house),
    .testTarget(name: "PeerContractTests", dependencies: ["PeerContract"], swiftSettings: house),
    .testTarget(
      name: "InteropTests",
      dependencies: ["Interop", "PeerContract", .product(name: "SystemPackage", package: "swift-system")],
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
      name: "fuzz", dependencies: fuzzed, path: "Tests/Fuzz", exclude: ["C", "CorpusTests.swift"],
      swiftSettings: house, linkerSettings: [.unsafeFlags(["-sanitize=fuzzer", "-use-ld=lld"])]))
}
