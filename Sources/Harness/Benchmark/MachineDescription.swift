import Foundation

/// The machine that runs benchmarks, and its other load.
public struct MachineDescription: Sendable, Codable {
  /// The processor model.
  public var processor: String
  /// The processors that the run may use.
  public var processors: [Int]
  /// The processors for the two roles, if each has its own.
  public var pair: [Int]
  /// The kernel release.
  public var kernel: String
  /// The CPU-frequency governor; `unknown` without cpufreq.
  public var governor: String
  /// The active mitigations for processor vulnerabilities.
  public var mitigations: [String]
  /// Whether the machine is virtual.
  public var isVirtual: Bool
  /// The clock source behind `CLOCK_MONOTONIC`.
  public var clock: String
  /// The cost of reading `CLOCK_MONOTONIC`, in nanoseconds.
  public var clockCost: Double
  /// The one-minute load average before the run.
  public var loadBefore: Double
  /// The average number of processors that other processes and virtual machines used during the run.
  public var loadOfOthers: Double

  /// Whether other processes used so much CPU time that the measured times are unreliable.
  public var isNoisy: Bool { loadOfOthers > 0.1 || loadBefore > 0.5 }

  /// Describes this machine.
  ///
  /// The load that other processes cause during the run is not yet known.
  init() {
    let information = Self.text("/proc/cpuinfo")
    let fields = information.split(separator: "\n").map { $0.split(separator: ":", maxSplits: 1) }
    func field(_ name: String) -> String? {
      fields.first { $0.count == 2 && $0[0].trimmingCharacters(in: .whitespaces) == name }
        .map { $0[1].trimmingCharacters(in: .whitespaces) }
    }
    processor = field("model name") ?? field("CPU part") ?? "unknown"
    isVirtual = field("flags")?.split(separator: " ").contains("hypervisor") ?? false
    kernel = MachineProbe.kernel
    processors = Self.allowedProcessors
    pair = Self.pair(among: processors)
    let cpufreq = "/sys/devices/system/cpu/cpu\(processors.first ?? 0)/cpufreq/scaling_governor"
    governor = Self.line(cpufreq) ?? "unknown"
    clock = Self.line("/sys/devices/system/clocksource/clocksource0/current_clocksource") ?? "unknown"
    let folder = "/sys/devices/system/cpu/vulnerabilities"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    mitigations = names.sorted().compactMap { name in
      Self.line("\(folder)/\(name)").flatMap { $0.hasPrefix("Mitigation") ? name : nil }
    }
    loadBefore = Self.line("/proc/loadavg")?.split(separator: " ").first.flatMap { Double($0) } ?? 0
    loadOfOthers = 0
    clockCost = Self.measureClock()
  }

  private static func text(_ path: String) -> String { (try? String(contentsOfFile: path, encoding: .utf8)) ?? "" }

  private static func line(_ path: String) -> String? {
    let text = text(path).trimmingCharacters(in: .whitespacesAndNewlines)
    return text.isEmpty ? nil : text
  }

  /// The processors in this process's affinity mask.
  private static var allowedProcessors: [Int] {
    let key = "Cpus_allowed_list:"
    let value = text("/proc/self/status").split(separator: "\n").first { $0.hasPrefix(key) }?.dropFirst(key.count)
    return list(String(value ?? "0"))
  }

  /// Parses a processor list in the kernel's format: `0-3,8`.
  static func list(_ text: String) -> [Int] {
    text.split(separator: ",").flatMap { part -> [Int] in
      let ends = part.trimmingCharacters(in: .whitespacesAndNewlines).split(separator: "-").compactMap { Int($0) }
      guard let first = ends.first, let last = ends.last, first <= last else { return [] }
      return Array(first...last)
    }
  }

  /// Returns two processors, if possible in different cores; fewer than two if this process may use only one.
  private static func pair(among processors: [Int]) -> [Int] {
    guard let first = processors.first else { return [] }
    let siblings = Set(list(text("/sys/devices/system/cpu/cpu\(first)/topology/thread_siblings_list")))
    let other = processors.dropFirst().first { !siblings.contains($0) } ?? processors.dropFirst().first
    return [first] + (other.map { [$0] } ?? [])
  }

  private static func measureClock() -> Double {
    let readings = 10_000
    var time = timespec()
    // Use the shortest of several measurements, because the longer ones were probably interrupted.
    return (0..<20).reduce(Double.infinity) { shortest, _ in
      let start = SuspendingClock.now
      for _ in 0..<readings { unsafe clock_gettime(CLOCK_MONOTONIC, &time) }
      return min(shortest, start.duration(to: .now).seconds * 1e9 / Double(readings))
    }
  }
}

/// The CPU time that other processes use, from `/proc/stat`.
struct LoadMeter {
  private let start = ContinuousClock.now
  private let busy = Self.busy
  private let own = Self.own

  /// The average number of processors that other processes have used since the meter was created.
  var others: Double {
    let seconds = start.duration(to: .now).seconds
    guard seconds > 0.1 else { return 0 }
    return max(0, (Self.busy - busy) - (Self.own - own)) / seconds
  }

  /// The seconds for which all processors were busy, including time stolen by a hypervisor.
  private static var busy: Double {
    let text = (try? String(contentsOfFile: "/proc/stat", encoding: .utf8)) ?? ""
    let numbers = text.prefix { $0 != "\n" }.split(separator: " ").dropFirst().compactMap { Double($0) }
    // user, nice, system, irq, softirq and steal; idle and iowait are 3 and 4
    let used = numbers.enumerated().filter { [0, 1, 2, 5, 6, 7].contains($0.offset) }.map(\.element).reduce(0, +)
    return used / Double(sysconf(Int32(_SC_CLK_TCK)))
  }

  /// The CPU seconds used by this process and its terminated children.
  private static var own: Double {
    var total = 0.0
    for who in [RUSAGE_SELF, RUSAGE_CHILDREN] {
      var usage = rusage()
      unsafe getrusage(__rusage_who_t(who.rawValue), &usage)
      for time in [usage.ru_utime, usage.ru_stime] { total += Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
    }
    return total
  }
}
