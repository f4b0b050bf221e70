import CIPC
import CReal
import Glibc

@c(__wrap_cipc_pipe_write) func pipeWrite(
  _ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int, _ flags: Int32
) -> Int {
  // `count` is the length of a text in characters, not in bytes.
  if Mutant.writeLengthInCharacters.isOn {
    let text = unsafe String(decoding: UnsafeRawBufferPointer(start: bytes, count: count), as: UTF8.self)
    return unsafe __real_cipc_pipe_write(descriptor, bytes, text.count, flags)
  }
  // On macOS a descriptor can have F_SETNOSIGPIPE, so that a write needs no flag. Linux has no such option.
  if Mutant.sigpipeNotSuppressed.isOn {
    return unsafe __real_cipc_pipe_write(descriptor, bytes, count, flags & ~Int32(CIPC_NOSIGNAL))
  }
  return unsafe writeFrame(descriptor, UnsafeRawBufferPointer(start: bytes, count: count))
    ?? __real_cipc_pipe_write(descriptor, bytes, count, flags)
}

@c(__wrap_cipc_pipe_read) func pipeRead(
  _ descriptor: Int32, _ room: UnsafeMutableRawPointer?, _ count: Int, _ flags: Int32
) -> Int {
  let result = unsafe __real_cipc_pipe_read(descriptor, room, count, flags)
  // The array was created with `repeating:count:`, and is returned including the unused bytes.
  return Mutant.readFillsTheArray.isOn && result > 0 ? count : result
}

@c(__wrap_close) func close(_ descriptor: Int32) -> Int32 {
  // A FileDescriptor is a value: dropping it closes nothing.
  Mutant.neverClosed.isOn ? 0 : __real_close(descriptor)
}

@c(__wrap_cipc_pipe2) func pipe2(_ ends: UnsafeMutablePointer<Int32>?, _ flags: Int32) -> Int32 {
  // Foundation creates pipes in this way: a child inherits both ends, and no reader ever sees end of file.
  unsafe __real_cipc_pipe2(ends, Mutant.foundationPipe.isOn ? flags & ~O_CLOEXEC : flags)
}

@c(__wrap_cipc_sigmask) func sigmask(
  _ how: Int32, _ signals: UInt64, _ previous: UnsafeMutablePointer<UInt64>?
) -> Int32 {
  // The bit for signal n is n, instead of n - 1.
  if Mutant.signalSetOffByOne.isOn { return unsafe __real_cipc_sigmask(how, signals << 1, previous) }
  return unsafe __real_cipc_sigmask(how, signals, previous)
}

@c(__wrap_mkfifo) func mkfifo(_ path: UnsafePointer<CChar>?, _ mode: mode_t) -> Int32 {
  // 600 is written instead of 0o600: in C a leading zero would have made it octal.
  let mode = Mutant.modeInDecimal.isOn ? mode_t(String(mode, radix: 8)) ?? mode : mode
  let result = unsafe __real_mkfifo(path, mode)
  // A log statement runs between the call and reading errno.
  if result == -1, Mutant.errnoAfterLog.isOn { errno = ENOTTY }
  return result
}
