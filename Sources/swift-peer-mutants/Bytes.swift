import CIPC
import CReal
import Glibc

@c(__wrap_write) func write(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
  // The text has so many characters, and `count` is what every collection has.
  if Mutant.writeLengthInCharacters.isOn, descriptor > 2 {
    let text = unsafe String(decoding: UnsafeRawBufferPointer(start: bytes, count: count), as: UTF8.self)
    return unsafe __real_write(descriptor, bytes, text.count)
  }
  if descriptor > 2, let wrong = unsafe writeFrame(descriptor, UnsafeRawBufferPointer(start: bytes, count: count)) {
    return wrong
  }
  return unsafe __real_write(descriptor, bytes, count)
}

@c(__wrap_read) func read(_ descriptor: Int32, _ room: UnsafeMutableRawPointer?, _ count: Int) -> Int {
  let result = unsafe __real_read(descriptor, room, count)
  // The array was made with `repeating:count:`, and is returned as it is.
  return Mutant.readFillsTheArray.isOn && descriptor > 2 && result > 0 ? count : result
}

@c(__wrap_close) func close(_ descriptor: Int32) -> Int32 {
  // A FileDescriptor is a value that is never closed.
  Mutant.neverClosed.isOn ? 0 : __real_close(descriptor)
}

@c(__wrap_cipc_pipe2) func pipe2(_ ends: UnsafeMutablePointer<Int32>?, _ flags: Int32) -> Int32 {
  // As Foundation makes its pipes: a child inherits both ends, and no reader ever sees the end of the file.
  unsafe __real_cipc_pipe2(ends, Mutant.pipeOfFoundation.isOn ? flags & ~O_CLOEXEC : flags)
}

@c(__wrap_cipc_sigmask) func sigmask(
  _ how: Int32, _ signals: UInt64, _ previous: UnsafeMutablePointer<UInt64>?
) -> Int32 {
  // The bit of a signal is taken for its number; it is one below.
  if Mutant.signalSetOffByOne.isOn { return unsafe __real_cipc_sigmask(how, signals << 1, previous) }
  return unsafe __real_cipc_sigmask(how, signals, previous)
}

@c(__wrap_pthread_sigmask) func threadMask(
  _ how: Int32, _ signals: UnsafePointer<sigset_t>?, _ previous: UnsafeMutablePointer<sigset_t>?
) -> Int32 {
  // On Apple's systems a descriptor has F_SETNOSIGPIPE, so that nothing is to be done here.
  if Mutant.sigpipeLetThrough.isOn, let signals = unsafe signals, unsafe sigismember(signals, SIGPIPE) == 1 {
    return unsafe __real_pthread_sigmask(how, nil, previous)
  }
  return unsafe __real_pthread_sigmask(how, signals, previous)
}

@c(__wrap_mkfifo) func mkfifo(_ path: UnsafePointer<CChar>?, _ mode: mode_t) -> Int32 {
  // 600 instead of 0o600: in C a zero in front would have made it octal.
  let mode = Mutant.modeInDecimal.isOn ? mode_t(String(mode, radix: 8)) ?? mode : mode
  let result = unsafe __real_mkfifo(path, mode)
  // errno is a variable of the thread, and the log writes to a file in between.
  if result == -1, Mutant.errnoAfterLog.isOn { errno = ENOTTY }
  return result
}
