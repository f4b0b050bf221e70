// swift-cost NAME COUNT spans|arrays [PATH first|second]: runs one measurement, and prints the time for its rounds in
// ns. swift-cost list: prints the names, kinds and usual counts. The corresponding C measurements are in c-peers/cost.

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
  fatalError("usage: swift-cost NAME COUNT spans|arrays [PATH first|second]")
}
guard let cost = costs.joined().first(where: { $0.name == arguments[1] }) else {
  fatalError("there is no measurement '\(arguments[1])'")
}
let run = Run(
  count: count, usesArrays: arguments[3] == "arrays", path: arguments.count > 4 ? arguments[4] : nil,
  isFirst: arguments.count > 5 && arguments[5] == "first")
let clock = ContinuousClock()
let time = try clock.measure { try cost.run(run) }
print(time.components.seconds * 1_000_000_000 + time.components.attoseconds / 1_000_000_000)
