import Foundation

/// What a peer did, as strace(1) tells it: its system calls, by the request that it was performing.
struct SystemCallTrace {
  /// The calls while each request was performed, the write of its answer the last of them.
  let requests: [[Call]]
  let killed: Bool

  struct Call {
    let name: String
    /// Which of the calls of this name since the peer was executed, from 1.
    let number: Int
    /// As strace prints it.
    let line: String
    /// The peer's conversation with its harness: a write of descriptor 1.
    let isAnswer: Bool
    var isInjected: Bool { line.hasSuffix("(INJECTED)") }
  }

  /// Reads the lines that strace wrote on standard error; what a peer wrote there itself is skipped.
  init(_ lines: [String]) {
    var requests: [[Call]] = []
    var counts: [Substring: Int] = [:]
    var killed = false
    for line in lines {
      if line.hasPrefix("+++ killed by SIGKILL") { killed = true }
      guard let parenthesis = line.firstIndex(of: "("), line.contains(" = ") else { continue }
      let name = line[..<parenthesis]
      guard !name.isEmpty, name.utf8.allSatisfy({ $0 == UInt8(ascii: "_") || Self.isWord($0) }) else { continue }
      counts[name, default: 0] += 1
      let arguments = line[line.index(after: parenthesis)...]
      if name == "read", Self.concerns(0, arguments) {
        // One that a signal interrupts is made again.
        if !line.contains(" = ?"), !line.contains(" = -1") { requests.append([]) }
      } else if !requests.isEmpty {
        requests[requests.count - 1].append(
          Call(
            name: String(name), number: counts[name, default: 0], line: line,
            isAnswer: name == "write" && Self.concerns(1, arguments)))
      }
    }
    self.requests = requests
    self.killed = killed
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  /// Whether the first argument is this descriptor, with or without the decoration that tells what it is.
  private static func concerns(_ descriptor: Int, _ arguments: Substring) -> Bool {
    arguments.hasPrefix("\(descriptor)<") || arguments.hasPrefix("\(descriptor),")
  }
}

extension SystemCallTrace {
  /// The calls of IPC that a role made, as points where faults can be put in.
  ///
  /// - Parameter operations: The operation of each request, in order.
  func points(of role: String, operations: [String], table: SystemCallTable) -> [FaultPoint] {
    zip(requestsInOneSlice, operations).enumerated().flatMap { index, pair -> [FaultPoint] in
      let (calls, operation) = pair
      var occurrences: [String: Int] = [:]
      return calls.indices.dropLast().compactMap { at in
        let (call, next) = (calls[at], calls[at + 1])
        guard table.holds(call.name, within: operation), !call.isAnswer, !call.isOfItsOwn else { return nil }
        occurrences[call.name, default: 0] += 1
        return FaultPoint(
          role: role, request: index, operation: operation, call: call.name,
          occurrence: occurrences[call.name, default: 0], number: call.number,
          next: .init(
            call: next.name, number: next.number,
            isPoint: table.holds(next.name, within: operation) && !next.isAnswer && !next.isOfItsOwn),
          isDivisible: call.isDivisible, isWaking: call.isWaking,
          isCommitted: calls[..<at].contains(where: \.isIrrevocable))
      }
    }
  }
}

extension SystemCallTrace.Call {
  /// Has had an effect that cannot be undone.
  fileprivate var isIrrevocable: Bool {
    (Self.transfers + [
      "bind", "connect", "accept4", "rt_sigtimedwait", "rt_sigqueueinfo", "msgsnd", "msgrcv", "mq_timedsend",
      "mq_timedreceive",
    ])
    .contains(name) && !isLook && (result.map { $0 >= 0 } ?? false)
  }

  /// What a descriptor is may stand behind its number.
  private var result: Int? {
    line.components(separatedBy: " = ").last.flatMap { Int($0.prefix { $0 == "-" || $0.isNumber }) }
  }

  private static let transfers = [
    "read", "write", "readv", "writev", "preadv2", "pwritev2", "pread64", "pwrite64", "sendto", "recvfrom", "sendmsg",
    "recvmsg",
  ]

  /// An allocator's mapping, or a word on which only threads of this process sleep: nothing that others see.
  fileprivate var isOfItsOwn: Bool {
    (name == "mmap" && line.contains("MAP_ANONYMOUS")) || (name == "futex" && line.contains("_PRIVATE"))
  }

  /// Reads what the kernel tells of a process, which comes whole, and as often as one asks.
  private var isLook: Bool { name == "read" && line.contains("</proc/") }

  /// Wakes who sleeps on a word, which cannot fail while the word is there.
  fileprivate var isWaking: Bool { name == "futex" && line.contains("FUTEX_WAKE") }

  /// A transfer of more than one byte, through something that keeps no boundaries between messages. What a descriptor is
  /// stands behind it: `4<pipe:[81]>`, `5<UNIX-STREAM:[...]>`, `3</dev/shm/x>`.
  fileprivate var isDivisible: Bool {
    guard Self.transfers.contains(name), !isLook, let open = line.firstIndex(of: "<") else { return false }
    let object = line[line.index(after: open)...]
    guard ["pipe:", "UNIX-STREAM:", "TCP:", "TCPv6:", "/"].contains(where: object.hasPrefix) else { return false }
    return result ?? 0 > 1
  }
}
