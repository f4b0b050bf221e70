internal import Glibc
internal import IPC
internal import PeerProtocol
internal import SystemPackage

/// File locks: on byte ranges and on whole files.
let fileLockOperations: [Peer.Operation] = [
  .init("fcntl_lock", "handle cmd l_type l_start l_len timeout eintr") { peer, parameters in
    let file = try peer.lockable(parameters)
    let command = try parameters.recordCommand()
    let range = try parameters.range()
    let timeout = try parameters.timeout()
    let retryOnInterrupt = try parameters.retryOnInterrupt()
    guard timeout == .never || command.action == .wait else {
      throw Invalid("a timeout needs F_SETLKW or F_OFD_SETLKW")
    }
    switch (command.action, try parameters.lockMode()) {
    case (.query, nil): throw Invalid("F_GETLK asks for a lock: l_type is F_RDLCK or F_WRLCK")
    case (.query, let mode?):
      return describe(
        try RecordLock.conflict(
          on: file, with: mode, range: range, owner: command.owner, retryOnInterrupt: retryOnInterrupt))
    case (_, nil):
      try RecordLock.unlock(file, range: range, owner: command.owner, retryOnInterrupt: retryOnInterrupt)
    case (.wait, let mode?):
      try RecordLock.lock(
        file, mode, range: range, owner: command.owner, timeout: timeout, retryOnInterrupt: retryOnInterrupt)
    case (.attempt, let mode?):
      try RecordLock.lock(
        file, mode, range: range, owner: command.owner, timeout: .immediate, retryOnInterrupt: retryOnInterrupt)
    }
    return Fields()
  },

  .init("flock", "handle operation timeout eintr") { peer, parameters in
    let file = try peer.lockable(parameters)
    let operation = try parameters.flags("operation", of: operations)
    let timeout = try parameters.timeout()
    let retryOnInterrupt = try parameters.retryOnInterrupt()
    guard timeout == .never || operation & (LOCK_NB | LOCK_UN) == 0 else {
      throw Invalid("a timeout needs LOCK_SH or LOCK_EX")
    }
    switch operation & ~LOCK_NB {
    case LOCK_UN: try WholeFileLock.unlock(file, retryOnInterrupt: retryOnInterrupt)
    case LOCK_SH, LOCK_EX:
      try WholeFileLock.lock(
        file, operation & ~LOCK_NB == LOCK_SH ? .shared : .exclusive,
        timeout: operation & LOCK_NB != 0 ? .immediate : timeout, retryOnInterrupt: retryOnInterrupt)
    default: throw Failure(.invalidArgument)
    }
    return Fields()
  },
]

private let operations = FlagTable([
  "LOCK_SH": LOCK_SH, "LOCK_EX": LOCK_EX, "LOCK_UN": LOCK_UN, "LOCK_NB": LOCK_NB,
])

private enum RecordAction { case attempt, wait, query }

private func describe(_ conflict: RecordLock.Conflict?) -> Fields {
  var fields = Fields()
  guard let conflict else {
    fields.append("l_type", "F_UNLCK")
    return fields
  }
  fields.append("l_type", conflict.mode == .shared ? "F_RDLCK" : "F_WRLCK")
  fields.append("l_start", conflict.range.start)
  fields.append("l_len", conflict.range.count ?? 0)
  fields.append("l_pid", conflict.process?.rawValue ?? -1)
  return fields
}

extension Peer {
  fileprivate func lockable(_ parameters: Parameters) throws -> FileDescriptor {
    try handles.find(parameters.handle, as: (any DescriptorHandle).self, "descriptor").descriptor
  }
}

extension Parameters {
  fileprivate func recordCommand() throws -> (action: RecordAction, owner: RecordLock.Owner) {
    switch try text("cmd") {
    case "F_SETLK": (.attempt, .process)
    case "F_SETLKW": (.wait, .process)
    case "F_GETLK": (.query, .process)
    case "F_OFD_SETLK": (.attempt, .openFileDescription)
    case "F_OFD_SETLKW": (.wait, .openFileDescription)
    case "F_OFD_GETLK": (.query, .openFileDescription)
    case let other: throw Invalid("cmd=\(other): this command does not exist here")
    }
  }

  /// Returns the lock mode, or nil to unlock.
  fileprivate func lockMode() throws -> LockMode? {
    switch try text("l_type") {
    case "F_RDLCK": .shared
    case "F_WRLCK": .exclusive
    case "F_UNLCK": nil
    case let other: throw Invalid("l_type=\(other): this type does not exist here")
    }
  }

  /// Returns the range to lock; a length of 0 means that the range extends to the end of the file.
  fileprivate func range() throws -> FileRange {
    let count: Int64 = try integer("l_len", default: 0)
    return FileRange(start: try integer("l_start", default: 0), count: count == 0 ? nil : count)
  }
}
