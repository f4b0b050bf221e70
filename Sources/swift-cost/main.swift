// swift-cost NAME COUNT spans|arrays [PATH first|second]: runs one measurement, and prints the time for its rounds in
// ns. swift-cost list: prints the names, kinds and usual counts. The corresponding C measurements are in c-peers/cost.

internal import SystemPackage

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// The measurements, with one line per mechanism.
///
/// Each mechanism has its own file.
let costs: [[Cost]] = [
  pipeCosts,
  posixMQCosts,
  systemVMessageCosts,
  socketCosts,
  channelCosts,
  ringCosts,
  queueCosts,
  posixSemaphoreCosts,
  systemVSemaphoreCosts,
  sharedMutexCosts,
  signalCosts,
  eventFDCosts,
  memoryCosts,
]

let arguments = CommandLine.arguments
if arguments.dropFirst() == ["list"] {
  for cost in costs.joined() { print(cost.description) }
  exit(0)
}
guard arguments.count >= 4, let count = Int(arguments[2]) else {
  fail("usage: swift-cost NAME COUNT spans|arrays [PATH first|second]", status: 64)
}
guard let cost = costs.joined().first(where: { $0.name == arguments[1] }) else {
  fail("there is no measurement '\(arguments[1])'; 'swift-cost list' prints the names", status: 64)
}
let run = Run(
  count: count, usesArrays: arguments[3] == "arrays", path: arguments.count > 4 ? arguments[4] : nil,
  isFirst: arguments.count > 5 && arguments[5] == "first")
let clock = ContinuousClock()
let time = try clock.measure { try cost.run(run) }
print(time.components.seconds * 1_000_000_000 + time.components.attoseconds / 1_000_000_000)

/// Writes an error message, and exits.
@inline(never)
func fail(_ message: String, status: Int32 = 1) -> Never {
  _ = try? FileDescriptor.standardError.writeAll("swift-cost: \(message)\n".utf8)
  exit(status)
}
