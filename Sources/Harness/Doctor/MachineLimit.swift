import Foundation

/// A kernel setting in `/proc/sys`.
enum KernelSetting {
  /// Returns the value of a setting such as `fs.mqueue.msg_max`.
  ///
  /// If the setting consists of several numbers, `field` selects one.
  static func value(of name: String, field: Int = 0) -> Int? {
    let path = "/proc/sys/" + name.replacing(".", with: "/")
    let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    let fields = text.split(whereSeparator: \.isWhitespace)
    return fields.indices.contains(field) ? Int(fields[field]) : nil
  }
}

/// A machine limit, and the value that the suite needs.
struct MachineLimit {
  let name: String
  /// The value on this machine; nil if it is unlimited or unknown.
  let value: Int?
  let minimum: Int
  /// A sentence that states the effect of the limit.
  let meaning: String
  let remedy: String
  /// The feature whose cells depend on the limit; nil if all cells depend on it.
  var feature: Feature?

  var isTooLow: Bool { value.map { $0 < minimum } ?? false }

  /// Returns the limits that apply to the runner itself.
  ///
  /// `roles` is the largest number of roles in a scenario. While the runner starts a cell, it holds both ends of three
  /// pipes for each role. A sandbox needs two more processes.
  static func ofRunner(jobs: Int, roles: Int) -> [MachineLimit] {
    let descriptors = jobs * (6 * roles + 4) + 16
    let processes = jobs * (roles + 2)
    var limits = [
      MachineLimit(
        name: "RLIMIT_NOFILE", value: softLimit(RLIMIT_NOFILE), minimum: descriptors,
        meaning: "The runner opens up to \(descriptors) descriptors for \(counted(jobs, "job")).",
        remedy: "ulimit -n \(descriptors), or fewer --jobs")
    ]
    // The limit does not apply to root.
    if geteuid() != 0 {
      limits.append(
        MachineLimit(
          name: "RLIMIT_NPROC", value: softLimit(__RLIMIT_NPROC), minimum: processes,
          meaning: "The cells of \(counted(jobs, "job")) have up to \(processes) processes.",
          remedy: "ulimit -u \(processes), or fewer --jobs"))
    }
    return limits
  }

  /// The host's limits, which apply to cells without a private IPC namespace.
  static var ofHost: [MachineLimit] {
    func limit(_ name: String, _ minimum: Int, _ feature: Feature, _ meaning: String) -> MachineLimit {
      MachineLimit(
        name: name, value: KernelSetting.value(of: name), minimum: minimum, meaning: meaning,
        remedy: "sudo sysctl \(name)=\(minimum)", feature: feature)
    }
    return [
      limit("fs.mqueue.msg_max", 10, .messageQueues, "Scenarios create queues of 10 messages."),
      limit("fs.mqueue.msgsize_max", 8192, .messageQueues, "Scenarios send POSIX messages of 8,192 bytes."),
      limit("kernel.msgmax", 8192, .systemVMessages, "Scenarios send System V messages of 8,192 bytes."),
      limit("kernel.msgmnb", 16384, .systemVMessages, "Scenarios fill System V queues of 16,384 bytes."),
      limit("kernel.sem", 300, .systemVSemaphores, "Scenarios create sets of 300 semaphores (SEMMSL)."),
    ]
  }

  private static func softLimit(_ resource: __rlimit_resource) -> Int? {
    var limit = rlimit()
    guard unsafe getrlimit(Int32(resource.rawValue), &limit) == 0 else { return nil }
    return limit.rlim_cur > UInt64(Int.max) ? nil : Int(limit.rlim_cur)
  }
}
