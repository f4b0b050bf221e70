import Foundation

extension RunConfiguration {
  /// How many cells run at a time unless somebody says so: two for each processor that this process may use, since a cell
  /// waits for a third of its time; and no more than a machine of many processors has namespaces for.
  public static var usualJobs: Int { min(2 * processors, 32) }

  /// As `sched_getaffinity(2)` counts them, by what `proc_pid_status(5)` tells of it: `taskset(1)` and containers leave
  /// fewer than the machine has. One where nobody says.
  static var processors: Int {
    let key = "Cpus_allowed:"
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let mask = status.split(separator: "\n").first { $0.hasPrefix(key) }?.dropFirst(key.count) ?? ""
    return max(1, mask.reduce(0) { $0 + ($1.hexDigitValue?.nonzeroBitCount ?? 0) })
  }
}
