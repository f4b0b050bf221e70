// swift-tools-version:6.2
import PackageDescription

// A package with C and Swift programs; `make install-check` runs the plugin on it.
let package = Package(
  name: "interop-check-example",
  dependencies: [.package(name: "ipc-interop", path: "../..")],
  targets: [
    .executableTarget(name: "c_writer", path: "c_writer"),
    .executableTarget(name: "c_reader", path: "c_reader"),
    .executableTarget(name: "swift_reader", path: "swift_reader"),
  ]
)
