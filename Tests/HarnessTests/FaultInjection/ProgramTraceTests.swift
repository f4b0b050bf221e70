import Testing

@testable import Harness

@Suite("A program's calls, as reported by strace,")
struct ProgramTraceTests {
  private func faults(_ lines: [String]) throws -> [String] {
    let table = try ProgramFaultTable.load(root: Checkout.root)
    let start = #"execve("./server", ["./server"], 0x7ffd /* 5 vars */) = 0"#
    return ProgramTrace([start] + lines).injections(into: "server", table: table, fifos: []).map {
      "\($0.point.call).\($0.point.occurrence),\($0.fault.rawValue)"
    }
  }

  @Test("fail with ENOSPC only if they create an object")
  func creation() throws {
    #expect(
      try faults([
        "msgget(0x5a17, 000)                     = 3",
        "msgget(0x5a17, 0600)                    = 3",
        "msgget(0x5a18, IPC_CREAT|0600)          = 4",
        "msgget(0x5a17, 0600)                    = 3",
        "msgget(IPC_PRIVATE, 0600)               = 5",
        "semget(0x5a17, 0, 000)                  = 0",
        "semget(0x5a17, 2, IPC_CREAT|IPC_EXCL|0600) = 0",
        "shmget(0x5a17, 0, 0600)                 = 0",
        "shmget(0x5a17, 4096, IPC_CREAT|0600)    = 0",
        #"mq_open("jobs", O_RDWR)                  = 3"#,
        #"mq_open("jobs", O_RDWR|O_CREAT, 0600, NULL) = 4"#,
      ]) == [
        "msgget.3,ENOSPC", "msgget.5,ENOSPC", "semget.2,ENOSPC", "shmget.2,ENOSPC", "mq_open.1,EMFILE",
        "mq_open.2,EMFILE", "mq_open.2,ENOSPC",
      ])
  }

  @Test("do not fail if they open files of the system")
  func systemFiles() throws {
    func faults(opening path: String, fifos: Set<String> = []) throws -> Bool {
      let table = try ProgramFaultTable.load(root: Checkout.root)
      let trace = ProgramTrace([
        #"execve("./server", ["./server"], 0x7ffd /* 5 vars */) = 0"#,
        #"openat(AT_FDCWD, "\#(path)", O_RDWR) = 3<\#(path)>"#,
      ])
      return !trace.injections(into: "server", table: table, fifos: fifos).isEmpty
    }
    for path in ["/lib/a", "/lib64/a", "/usr/share/a", "/opt/program/a.so.1"] { #expect(try !faults(opening: path)) }
    for path in ["/library/a", "/libs/a", "/dev/shm/a.so", "/tmp/a.sock"] { #expect(try faults(opening: path)) }
    #expect(try faults(opening: "/usr/local/run/fifo", fifos: ["/usr/local/run/fifo"]))
  }
}
