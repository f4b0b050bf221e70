import IPC
import SystemPackage
import Testing

/// Tests for the advice in error messages.
@Suite struct AdviceTests {
  @Test(arguments: [
    (IPCError(.mqOpen, .invalidArgument, on: .name("jobs")), "such as '/jobs'"),
    (IPCError(.shmOpen, .invalidArgument, on: .name("jobs")), "such as '/jobs'"),
    (IPCError(.semOpen, .invalidArgument, on: .name("jobs")), "such as '/jobs'"),
    (IPCError(.mqOpen, .invalidArgument, on: .name("/jobs")), "msg_max"),
    (IPCError(.shmget, .invalidArgument, on: .key(7)), "no more than an existing segment has"),
    (IPCError(.semget, .invalidArgument, on: .key(7)), "no more than an existing set has"),
    (IPCError(.semop, .outOfRange, on: .key(7)), "SEM_UNDO"),
    (IPCError(.semop, .outOfRange, on: .key(7)), "Keep the value"),
    (IPCError(.fallocate, .noSpace, on: .name("/ring")), "--shm-size"),
    (IPCError(.waitpid, .noChildProcess, on: .process(7)), "SIGCHLD"),
    (IPCError(.waitid, .noChildProcess, on: .process(7)), "SIGCHLD"),
    (IPCError(.madvise, .badAddress, on: .name("/ring")), "/dev/shm is full"),
    (IPCError(.socket, .fileNameTooLong, on: .path("/a")), "107 bytes"),
  ])
  func `An error contains advice`(_ error: IPCError, _ advice: String) {
    #expect(error.description.contains(advice))
  }

  @Test func `A key is hexadecimal in every error`() {
    let calls: [IPCError.Call] = [.shmget, .semget, .msgget, .semop, .msgsnd]
    for call in calls {
      let error = IPCError(call, .permissionDenied, on: .key(-559_038_737))
      #expect(error.description.contains("key 0xdeadbeef: "))
    }
  }
}
