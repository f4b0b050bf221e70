// swift-tools-version: 6.3
import PackageDescription

// `.ci/orders` copies this package to a directory beside modified library sources, in which each atomic operation can
// be made relaxed.
let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let settings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"), .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

let package = Package(
  name: "orders",
  dependencies: [.package(url: "https://github.com/apple/swift-system", from: "1.8.1")],
  targets: [
    .target(name: "CIPC", cSettings: [.define("_GNU_SOURCE")]),
    .target(name: "IPC", dependencies: ["CIPC", system], swiftSettings: settings),
    .executableTarget(name: "orders", dependencies: ["IPC"], path: "Sources/orders", swiftSettings: settings),
  ]
)
