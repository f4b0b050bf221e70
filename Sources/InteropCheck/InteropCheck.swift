import Foundation
import PackagePlugin

/// Builds a package's programs, and runs `ipc-interop check` in the package directory.
@main
struct InteropCheck: CommandPlugin {
  func performCommand(context: PluginContext, arguments: [String]) throws {
    var extractor = ArgumentExtractor(arguments)
    let configuration = extractor.extractOption(named: "configuration").last ?? "release"
    guard let kind = PackageManager.BuildConfiguration(rawValue: configuration) else {
      throw Failure("--configuration must be debug or release, not '\(configuration)'")
    }
    let command = try Self.command(context)
    let built = try packageManager.build(.all(includingTests: false), parameters: .init(configuration: kind))
    guard built.succeeded else { throw Failure("the package does not build:\n\(built.logText)") }

    let check = Process()
    check.executableURL = command
    check.arguments = ["check"] + extractor.remainingArguments
    check.currentDirectoryURL = context.package.directoryURL
    try check.run()
    check.waitUntilExit()
    // SwiftPM exits with status 1 if a plugin fails for any reason, so the message contains the command's status.
    guard check.terminationReason == .exit, check.terminationStatus == 0 else {
      throw Failure("ipc-interop check ended with \(check.terminationStatus)")
    }
  }

  /// Returns the path of the command, found through `IPC_INTEROP`, in `PATH`, or as the result of `make build` in a
  /// checkout that the package depends on.
  private static func command(_ context: PluginContext) throws -> URL {
    let environment = ProcessInfo.processInfo.environment
    let places =
      environment["IPC_INTEROP"].map { [$0] }
      ?? (environment["PATH"] ?? "").split(separator: ":").map { "\($0)/ipc-interop" }
      + context.package.dependencies.map { $0.package.directoryURL.appending(path: "build/bin/ipc-interop").path }
    if let place = places.first(where: FileManager.default.isExecutableFile(atPath:)) {
      return URL(fileURLWithPath: place)
    }
    throw Failure(
      "\(environment["IPC_INTEROP"] ?? "ipc-interop in PATH") does not exist; run 'make install' in a checkout of the suite"
    )
  }

  private struct Failure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
  }
}
