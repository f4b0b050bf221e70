// swift-cost NAME COUNT spans|arrays [PATH first|second]: runs one measurement, and prints how long its rounds took, in ns.
// The measurements in C are in c-peers/cost.

/// Each mechanism is a file and a line here.
let costs: [[Cost]] = [pipeCosts, channelCosts, ringCosts, queueCosts, memoryCosts]

let arguments = CommandLine.arguments
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
