import CIPC
import CReal
import Glibc

@c(__wrap_unlink) func unlink(_ path: UnsafePointer<CChar>?) -> Int32 {
  isSkipped ? 0 : unsafe __real_unlink(path)
}

@c(__wrap_cipc_mq_unlink) func mqUnlink(_ name: UnsafePointer<CChar>?) -> Int32 {
  if isSkipped { return 0 }
  let result = unsafe __real_cipc_mq_unlink(name)
  // `try?` hides that there was nothing to remove.
  return Mutant.removalByTry.isOn ? 0 : result
}

@c(__wrap_cipc_ppoll) func ppoll(
  _ entries: UnsafeMutablePointer<cipc_pollfd>?, _ count: Int, _ nanoseconds: Int64
) -> Int32 {
  // `while !handle.isReady { usleep(1000) }`, which never sleeps until the event.
  if Mutant.polledInTurns.isOn, nanoseconds < 0 || nanoseconds > 1_000_000_000 {
    while true {
      let ready = unsafe __real_cipc_ppoll(entries, count, 1_000_000)
      if ready != 0 { return ready }
    }
  }
  let ready = unsafe __real_cipc_ppoll(entries, count, nanoseconds)
  if ready == 0 { unsafe hasTimedOut = true }
  // Only the requested events are imported into the option set.
  if Mutant.onlyAskedEvents.isOn, ready > 0, let entries = unsafe entries {
    for index in 0..<count { unsafe entries[index].revents &= entries[index].events }
  }
  return ready
}

/// Whether a wait of this program has ended without its event.
nonisolated(unsafe) var hasTimedOut = false

/// Whether nothing is removed any more: exit(3) runs neither `defer` nor `deinit`.
private var isSkipped: Bool { unsafe hasTimedOut && Mutant.exitSkipsDefer.isOn }

@c(__wrap_exit) func exitProgram(_ status: Int32) -> Never {
  // The error is printed, and the program ends with success.
  unsafe __real_exit(Mutant.errorExitsWithZero.isOn ? 0 : status)
}
