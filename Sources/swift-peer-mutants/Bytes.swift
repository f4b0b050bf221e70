import CIPC
import CReal
import Glibc

@c(__wrap_cipc_pipe_write) func pipeWrite(
  _ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int, _ flags: Int32
) -> Int {
  // The code passes the text's `count` as the length, which counts characters instead of bytes.
  if Mutant.writeLengthInCharacters.isOn {
    let text = unsafe String(decoding: UnsafeRawBufferPointer(start: bytes, count: count), as: UTF8.self)
    return unsafe __real_cipc_pipe_write(descriptor, bytes, text.count, flags)
  }
  // SIGPIPE is not suppressed. On macOS, F_SETNOSIGPIPE suppresses it for a descriptor; Linux has no such option.
  if Mutant.sigpipeNotSuppressed.isOn {
    return unsafe __real_cipc_pipe_write(descriptor, bytes, count, flags & ~Int32(CIPC_NOSIGNAL))
  }
  // `text.utf8` does not contain a C string's terminating NUL.
  if Mutant.textWithoutNUL.isOn, count > 1, let bytes = unsafe bytes,
    unsafe bytes.load(fromByteOffset: count - 1, as: UInt8.self) == 0
  {
    return unsafe __real_cipc_pipe_write(descriptor, bytes, count - 1, flags) == -1 ? -1 : count
  }
  // Each byte is written with a separate call.
  if Mutant.writtenOneByOne.isOn, count > 1, let bytes = unsafe bytes {
    for index in 0..<count where unsafe __real_cipc_pipe_write(descriptor, bytes + index, 1, flags) == -1 {
      return index > 0 ? index : -1
    }
    return count
  }
  // SIGPIPE is blocked during the write. It stays blocked, because an early return skips the code that restores the
  // mask.
  if Mutant.signalStaysBlocked.isOn {
    var before: UInt64 = 0
    _ = unsafe __real_cipc_sigmask(SIG_BLOCK, 1 << UInt64(SIGPIPE - 1), &before)
  }
  let result =
    unsafe writeFrame(descriptor, UnsafeRawBufferPointer(start: bytes, count: count))
    ?? writeRest(descriptor, bytes, count, flags)
  if result == -1 {
    let reason = errno
    leaveTraces(on: descriptor, after: reason)
    errno = reason
  }
  return result
}

/// Writes the rest of the bytes after a short write or, with a mutant, the same number of bytes from the beginning.
private func writeRest(
  _ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int, _ flags: Int32
) -> Int {
  let start = unsafe Mutant.restFromTheBeginning.isOn ? bytes.map { unsafe $0 - shortWrite } : bytes
  let result = unsafe __real_cipc_pipe_write(descriptor, start, count, flags)
  // With the mutant, the loop passes `data` again instead of `data.dropFirst(written)`.
  if result > 0 { unsafe shortWrite = result < count ? result : 0 }
  return result
}

/// The number of bytes written by the last short write.
nonisolated(unsafe) private var shortWrite = 0

/// After a failed write, leaves the process or the open file description in a changed state that depends on the mutant.
func leaveTraces(on descriptor: Int32, after reason: Int32) {
  var signals = sigset_t()
  _ = unsafe sigemptyset(&signals)
  _ = unsafe sigaddset(&signals, SIGPIPE)
  // Every pending SIGPIPE is consumed, even one that was pending before the call.
  if Mutant.everySigpipeRemoved.isOn, reason == EPIPE {
    var immediately = timespec()
    while unsafe sigtimedwait(&signals, nil, &immediately) != -1 {}
  }
  // The mask is restored only at the end of the function, which is not reached after an error.
  if Mutant.maskWithoutDefer.isOn, reason == EPIPE { _ = unsafe pthread_sigmask(SIG_BLOCK, &signals, nil) }
  // O_NONBLOCK is cleared only at the end of the function, which is not reached after an error.
  if Mutant.writerLeftNonBlocking.isOn, reason == EAGAIN { leaveNonBlocking(descriptor) }
}

/// Sets O_NONBLOCK, as ported code does for a call with a timeout, and does not clear it.
func leaveNonBlocking(_ descriptor: Int32) {
  let reason = errno
  _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
  errno = reason
}

@c(__wrap_cipc_pipe_read) func pipeRead(
  _ descriptor: Int32, _ room: UnsafeMutableRawPointer?, _ count: Int, _ flags: Int32
) -> Int {
  // A hang-up is treated as end of file, even if the pipe still contains bytes.
  if Mutant.hangUpAsEnd.isOn {
    var entry = pollfd(fd: descriptor, events: 0, revents: 0)
    if unsafe poll(&entry, 1, 0) == 1, entry.revents & Int16(POLLHUP) != 0 { return 0 }
  }
  // `for try await byte in handle.bytes` reads one byte at a time.
  let asked = Mutant.bytesOneByOne.isOn ? min(count, 1) : count
  var result = unsafe __real_cipc_pipe_read(descriptor, room, asked, flags)
  // The caller runs `while data.isEmpty { data = handle.availableData }`.
  while result == 0, count > 0, Mutant.endOfFileRetried.isOn {
    result = unsafe __real_cipc_pipe_read(descriptor, room, count, flags)
  }
  // `try?` hides that a read would block, and the code treats missing data as end of file.
  if result == -1, errno == EAGAIN, Mutant.nothingAsEndOfFile.isOn { return 0 }
  // `String(decoding:)` never fails: it replaces invalid UTF-8.
  if let room = unsafe room, result > 0, Mutant.bytesRepaired.isOn { return unsafe repair(room, result, count) }
  // `readLine()` strips the newline.
  if let room = unsafe room, result > 0, Mutant.newlineStripped.isOn,
    unsafe room.load(fromByteOffset: result - 1, as: UInt8.self) == 10
  {
    return result - 1
  }
  if Mutant.readerLeftNonBlocking.isOn, result == -1, errno == EAGAIN { leaveNonBlocking(descriptor) }
  // The code creates the buffer with `repeating:count:`, and returns the whole array, including the unused bytes.
  return Mutant.readFillsTheArray.isOn && result > 0 ? count : result
}

/// Decodes the received bytes as UTF-8, replaces them with the encoded text, and returns the length of that text.
func repair(_ room: UnsafeMutableRawPointer, _ length: Int, _ size: Int) -> Int {
  let text = unsafe String(decoding: UnsafeRawBufferPointer(start: room, count: length), as: UTF8.self)
  let repaired = Array(text.utf8.prefix(size))
  unsafe repaired.withUnsafeBytes {
    unsafe UnsafeMutableRawBufferPointer(start: room, count: size).copyMemory(from: $0)
  }
  return repaired.count
}

@c(__wrap_close) func close(_ descriptor: Int32) -> Int32 {
  // A FileDescriptor is a plain value, so discarding it does not close the file.
  if Mutant.neverClosed.isOn { return 0 }
  // The parent stores the read end in a property, so the end stays open.
  if Mutant.readerKeptByParent.isOn, isReadingEnd(descriptor) { return 0 }
  // The write end of the child's standard input stays open, so the child does not see end of file.
  if Mutant.inputLeftOpen.isOn, unsafe hasSpawned { return 0 }
  var result = __real_close(descriptor)
  // The code uses `valueOrErrno(retryOnInterrupt: true)` for close, as for every other call.
  while result == -1, errno == EINTR, Mutant.closeRetried.isOn { result = __real_close(descriptor) }
  // The descriptor is closed explicitly, and `deinit` closes the same number again.
  return Mutant.closedByDeinitToo.isOn ? __real_close(descriptor) : result
}

private func isReadingEnd(_ descriptor: Int32) -> Bool {
  var status = stat()
  return unsafe fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO
    && fcntl(descriptor, F_GETFL) & O_ACCMODE == O_RDONLY
}

@c(__wrap_cipc_pipe2) func pipe2(_ ends: UnsafeMutablePointer<Int32>?, _ flags: Int32) -> Int32 {
  // The ends are not close-on-exec, as in Foundation. A child inherits both, so a reader never sees end of file.
  var flags = Mutant.foundationPipe.isOn ? flags & ~O_CLOEXEC : flags
  // The flag O_DIRECT is omitted, because Swift does not import it.
  if Mutant.directNotImported.isOn { flags &= ~Int32(CIPC_O_DIRECT) }
  return unsafe __real_cipc_pipe2(ends, flags)
}

@c(__wrap_mkfifo) func mkfifo(_ path: UnsafePointer<CChar>?, _ mode: mode_t) -> Int32 {
  // The code calls `try? FileManager.default.removeItem(atPath: path)` before it creates the FIFO.
  if Mutant.removedBeforeCreating.isOn { _ = unsafe __real_unlink(path) }
  // The mode is written as 600 instead of 0o600. In C, a leading zero suffices: 0600.
  let mode = Mutant.modeInDecimal.isOn ? mode_t(String(mode, radix: 8)) ?? mode : mode
  let result = unsafe withShortPath(path) { unsafe __real_mkfifo($0, mode) }
  // errno is read after a log statement, which has overwritten it.
  if result == -1, Mutant.errnoAfterLog.isOn { errno = ENOTTY }
  return result
}

/// Calls `body` with the path or, with a mutant, only with the part that fits in a 256-byte buffer.
private func withShortPath(_ path: UnsafePointer<CChar>?, _ body: (UnsafePointer<CChar>?) -> Int32) -> Int32 {
  guard Mutant.pathOfFixedSize.isOn, let path = unsafe path else { return unsafe body(path) }
  let length = unsafe min(255, strlen(path))
  let short: [CChar] = unsafe Array(UnsafeBufferPointer(start: path, count: length)) + [0]
  return unsafe short.withUnsafeBufferPointer { unsafe body($0.baseAddress) }
}

@c(__wrap_cipc_without_umask) func withoutUmask(
  _ mode: UInt32, _ call: (@convention(c) (UnsafeMutableRawPointer?) -> Int32)?, _ argument: UnsafeMutableRawPointer?
) -> Int32 {
  guard Mutant.umaskOfProcess.isOn || Mutant.signalsLeftBlocked.isOn, let call = unsafe call else {
    return unsafe __real_cipc_without_umask(mode, call, argument)
  }
  // All signals are blocked during the call. After an error, they stay blocked, because the code that restores the mask
  // is skipped.
  if Mutant.signalsLeftBlocked.isOn {
    var all = sigset_t()
    _ = unsafe sigfillset(&all)
    _ = unsafe pthread_sigmask(SIG_BLOCK, &all, nil)
    return unsafe __real_cipc_without_umask(mode, call, argument)
  }
  // The process's umask is changed and never restored.
  _ = umask(0)
  let result = unsafe call(argument)
  let reason = errno
  _ = umask(0o022)
  errno = reason
  return result
}
