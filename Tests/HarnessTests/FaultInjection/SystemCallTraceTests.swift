import SystemPackage
import Testing

@testable import Harness

@Suite("A peer's calls, as reported by strace,")
struct SystemCallTraceTests {
  private static let lines = [
    #"execve("build/bin/c-peer", ["build/bin/c-peer"], 0x7ffd /* 5 vars */) = 0"#,
    #"read(3</lib/libc.so.6>, "\177ELF"..., 832)     = 832"#,
    #"write(1<pipe:[7]>, "hello contract=1 languag"..., 1296) = 1296"#,
    #"read(0<pipe:[6]>, 0x7ffd, 65536)        = ? ERESTARTSYS (To be restarted if SA_RESTART is set)"#,
    #"--- SIGUSR1 {si_signo=SIGUSR1, si_code=SI_USER, si_pid=1, si_uid=0} ---"#,
    #"rt_sigreturn({mask=[]})                 = 0"#,
    #"read(0<pipe:[6]>, "read handle=r count=5\n", 65536) = 22"#,
    #"mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f00"#,
    #"fcntl(3<pipe:[9]>, F_GETFL)             = 0 (flags O_RDONLY)"#,
    #"read(3<pipe:[9]>, "hello", 5)           = 5"#,
    #"close(3<pipe:[9]>)                      = 0"#,
    #"write(1<pipe:[7]>, "ok return=5 buf=hello\n", 22) = 22"#,
    "a word of the peer's own = none",
    #"read(0<pipe:[6]>, "mq_send msg=a\n", 65536) = 14"#,
    #"mq_timedsend(4</q>, "a", 1, 0, NULL)    = -1 ENOSPC (No space left on device) (INJECTED)"#,
    #"write(1<pipe:[7]>, "error errno=ENOSPC call="..., 33) = ?"#,
    "+++ killed by SIGKILL +++",
  ]

  private func points() throws -> [InjectionPoint] {
    let registry = try Checkout.operations.get()
    let table = try SystemCallTable.load(root: Checkout.root, registry: registry)
    return SystemCallTrace(Self.lines).points(of: "peer", operations: ["read", "mq_send"], table: table)
  }

  @Test("belong to the request that was performed; an interrupted read is not a request")
  func requests() {
    let trace = SystemCallTrace(Self.lines)
    #expect(
      trace.requests.map { $0.map(\.name) } == [
        ["mmap", "fcntl", "read", "close", "write"], ["mq_timedsend", "write"],
      ])
    #expect(trace.killed)
    #expect(trace.requests[1][0].isInjected)
    #expect(!trace.requests[0][2].isInjected)
  }

  private func injection(_ fault: InjectedFault, request: Int = 1, number: Int = 1) -> Injection {
    let next = InjectionPoint.Next(call: "write", number: 3, isPoint: false)
    return Injection(
      fault: fault,
      point: InjectionPoint(
        role: "peer", request: request, operation: "mq_send", call: "mq_timedsend", occurrence: 1, numberInRequest: 1,
        number: number, next: next, isDivisible: false, isWaking: false, isCommitted: false))
  }

  @Test("show whether a fault hit its call, hit another one, or was not injected") func misses() {
    let hit = injection(.noSpace)
    #expect(hit.hits(Self.lines))
    #expect(!hit.isMiss(.failed, callNeverCame: false, Self.lines))
    // Another call got the fault, which may have had any consequence for the peer.
    let other = injection(.noSpace, number: 2)
    #expect(!other.hits(Self.lines))
    #expect([Verdict.failed, .crashed, .timedOut].allSatisfy { other.isMiss($0, callNeverCame: false, Self.lines) })
    #expect(!other.isMiss(.broken, callNeverCame: false, Self.lines), "the sandbox was lost")
    // Without a fault, only a call that never came excuses the peer.
    let untouched = Self.lines.filter { !$0.contains("INJECTED") && !$0.contains("killed") }
    for fault in [InjectedFault.noSpace, .killedBefore, .killedAfter, .short] {
      let injection = injection(fault)
      for verdict in [Verdict.failed, .crashed, .timedOut, .leaked, .broken] {
        #expect(!injection.isMiss(verdict, callNeverCame: false, untouched), "\(fault) \(verdict)")
      }
      #expect(injection.isMiss(.broken, callNeverCame: true, untouched))
    }
    #expect(injection(.killedBefore, request: 0).isMiss(.crashed, callNeverCame: false, Self.lines))
  }

  @Test("are a problem if no fault of a run hit its call") func allMissed() {
    func result(_ outcome: CellOutcome, injected: Bool = true) -> CellResult {
      let cell = Cell(
        id: "x", scenario: "x", mechanism: "fifo", title: "", spec: "", level: .must, pairing: [], parameters: [:],
        location: SourceLocation(file: "x", line: 1, column: 1), injection: injected ? injection(.noSpace).cell : nil)
      return CellResult(
        cell: cell, outcome: outcome, isExpected: true, expectation: nil, isolation: .private, rerun: "")
    }
    let missed = result(CellOutcome(missing: .init(language: "mine", name: InjectionRunner.sameCalls)))
    let plain = result(.passed, injected: false)
    #expect(InjectionRunner.problems([missed, missed, plain]).count == 1)
    #expect(InjectionRunner.problems([missed, result(.passed)]).isEmpty)
    #expect(InjectionRunner.problems([plain]).isEmpty)
  }

  @Test("belong to one request, even if the peer reads it in several parts")
  func parts() {
    let bytes = ["p", "i", "d", #"\n"#].map { #"read(0<pipe:[6]>, "\#($0)", 1) = 1"# }
    let lines = [
      "getpid() = 7", #"write(1<pipe:[7]>, "ok pid=7\n", 9) = 9"#, #"read(0<pipe:[6]>, "pid\n", 65536) = 4"#,
      "getppid() = 1", #"writev(1<pipe:[7]>, [{iov_base="ok\n", iov_len=3}], 1) = 3"#,
    ]
    let trace = SystemCallTrace(bytes + lines + bytes)
    #expect(trace.requests.map { $0.map(\.name) } == [["getpid", "write"], ["getppid", "writev"], []])
  }

  @Test("include writes to standard error, whose text appears within strace's line")
  func diagnostics() {
    let lines = [
      #"write(2<pipe:[8]>, "starting\n", 9starting"#, ") = 9", #"write(2, "no line end", 11no line end) = 11"#,
      #"write(1<pipe:[8]>, "from a shell\n", 13from a shell"#, ") = 13", "write(something else", "writer(2) is here",
    ]
    #expect(SystemCallTrace.calls(in: lines).calls.map(\.number) == [1, 2, 3])
  }

  @Test("are counted from the start of the tracer, as in strace, and from the start of the request")
  func numbers() throws {
    let read = try #require(try points().first { $0.call == "read" })
    #expect(read.numberInRequest == 1)
    // The earlier reads are one by the dynamic loader, the interrupted read, and the read of the request.
    #expect(read.number == 4)
    #expect(read.occurrence == 1)
  }

  @Test("are injection points if they are IPC, but not if they allocate memory or write the response")
  func calls() throws {
    #expect(try points().map(\.call) == ["fcntl", "read", "close", "mq_timedsend"])
    #expect(try points().map(\.next.call) == ["read", "close", "write", "write"])
    #expect(try points().map(\.next.isPoint) == [true, true, false, false])
  }

  @Test("are injection points, except where a C library makes a descriptor close-on-exec a second time")
  func closeOnExec() throws {
    let table = try SystemCallTable.load(root: Checkout.root, registry: try Checkout.operations.get())
    let lines = [
      #"read(0<pipe:[6]>, "open handle=f", 65536) = 13"#,
      #"openat(AT_FDCWD, "/f", O_RDONLY|O_CLOEXEC) = 5</f>"#, "fcntl(5</f>, F_SETFD, FD_CLOEXEC) = 0",
      "fcntl(5</f>, F_SETFD, FD_CLOEXEC) = 0", #"openat(AT_FDCWD, "/f", O_RDONLY) = 6</f>"#,
      "fcntl(6</f>, F_SETFD, FD_CLOEXEC) = 0", #"openat(AT_FDCWD, "/f", O_RDONLY|O_CLOEXEC) = 7</f>"#,
      "fcntl(6</f>, F_SETFD, FD_CLOEXEC) = 0", #"write(1<pipe:[7]>, "ok\n", 3) = 3"#,
    ]
    let points = SystemCallTrace(lines).points(of: "peer", operations: ["open"], table: table)
    #expect(points.map(\.call) == ["openat", "fcntl", "openat", "fcntl", "openat", "fcntl"])
    #expect(points.map(\.occurrence) == [1, 1, 2, 2, 3, 3])
    #expect(points.map(\.next.isPoint) == [false, true, true, true, true, false])
  }

  @Test("can be short on byte streams, and are committed after an irrevocable call")
  func kinds() throws {
    #expect(try points().map(\.isDivisible) == [false, true, false, false])
    #expect(try points().map(\.isCommitted) == [false, false, true, false])
  }

  private static let slices = [
    #"read(0<pipe:[6]>, "ring_read handle=r count=5\n", 65536) = 27"#,
    "futex(0x7fa0, FUTEX_WAKE_PRIVATE, 2147483647) = 0",
    "futex(0x7f90, FUTEX_WAIT, 1, {tv_sec=0, tv_nsec=50000000}) = -1 ETIMEDOUT (Connection timed out)",
    "pidfd_open(7, 0)                        = 3",
    "futex(0x7f90, FUTEX_WAIT, 1, {tv_sec=0, tv_nsec=50000000}) = -1 ETIMEDOUT (Connection timed out)",
    "pidfd_open(7, 0)                        = 3",
    "futex(0x7f90, FUTEX_WAIT, 1, {tv_sec=0, tv_nsec=50000000}) = 0",
    "futex(0x7f50, FUTEX_WAKE, 1)            = 0",
    #"write(1<pipe:[7]>, "ok return=5 buf=hello\n", 22) = 22"#,
    #"read(0<pipe:[6]>, "ring_read handle=r count=5 timeout=0\n", 65536) = 37"#,
    "futex(0x7f90, FUTEX_WAIT, 1, {tv_sec=0, tv_nsec=1}) = -1 ETIMEDOUT (Connection timed out)",
    "pidfd_open(7, 0)                        = 3",
    #"read(4</proc/7/stat>, "7 (c-peer) S", 1024) = 12"#,
    "ppoll([{fd=3, events=POLLIN}], 1, {tv_sec=0, tv_nsec=0}, NULL, 8) = 0 (Timeout)",
    #"write(1<pipe:[7]>, "error errno=ETIMEDOUT", 21) = 21"#,
  ]

  @Test("are reduced to one slice, and numbered accordingly, if a wait sleeps in slices")
  func waitsInSlices() throws {
    let registry = try Checkout.operations.get()
    let table = try SystemCallTable.load(root: Checkout.root, registry: registry)
    let points = SystemCallTrace(Self.slices)
      .points(of: "consumer", operations: ["ring_read", "ring_read"], table: table)
    #expect(points.map(\.call) == ["futex", "futex", "futex", "pidfd_open", "read", "ppoll"])
    // One of the futex calls is private to the process, so it is not an injection point.
    #expect(points.map(\.number) == [2, 3, 4, 1, 3, 1])
    #expect(points.map(\.isWaking) == [false, true, false, false, false, false])
    // A read from /proc is never short, and repeating it has no side effects.
    #expect(points.allSatisfy { !$0.isDivisible && !$0.isCommitted })
    #expect(points[0].faults(table) == [.killedBefore, .interrupted, .wouldBlock])
    // A call that only wakes threads cannot fail.
    #expect(points[1].faults(table) == [.killedBefore, .killedAfter])
  }

  @Test("are committed after an accept, even if its descriptor is printed with a description")
  func accepted() throws {
    let registry = try Checkout.operations.get()
    let table = try SystemCallTable.load(root: Checkout.root, registry: registry)
    let trace = SystemCallTrace([
      #"read(0<pipe:[6]>, "accept4 connection=c timeout=1\n", 65536) = 30"#,
      #"accept4(3<TCPv6:[[::1]:5]>, 0x7ffc0d5231b4, [110], SOCK_CLOEXEC) = -1 EAGAIN (Resource temporarily unavailable)"#,
      #"setsockopt(3<TCPv6:[[::1]:5]>, SOL_SOCKET, SO_RCVTIMEO_OLD, "", 16) = 0"#,
      #"accept4(3<TCPv6:[[::1]:5]>, {sa_family=AF_INET6}, [110 => 28], SOCK_CLOEXEC) = 4<TCPv6:[[::1]:5->[::1]:6]>"#,
      #"setsockopt(3<TCPv6:[[::1]:5]>, SOL_SOCKET, SO_RCVTIMEO_OLD, "", 16) = 0"#,
      #"write(1<pipe:[7]>, "ok fd=4\n", 8) = 8"#,
    ])
    #expect(
      trace.points(of: "server", operations: ["accept4"], table: table).map(\.isCommitted)
        == [false, false, false, true])
  }

  @Test("get only the faults that the kernel could cause")
  func faults() throws {
    let registry = try Checkout.operations.get()
    let table = try SystemCallTable.load(root: Checkout.root, registry: registry)
    let points = try points()
    // Killing the peer after this call is the same as killing it before the next call. The table allows no fault for
    // `close` in `read`.
    #expect(
      points[1].faults(table) == [.killedBefore, .interrupted, .wouldBlock, .noMemory, .noDescriptor, .noSpace, .short])
    #expect(points[2].faults(table) == [.killedBefore, .killedAfter])
  }
}
