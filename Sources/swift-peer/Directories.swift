internal import Glibc
internal import PeerProtocol
internal import SystemPackage

/// Directories and the names in them, which a ported program changes with the C functions.
let directoryOperations: [Peer.Operation] = [
  .init("mkdir", "path mode") { _, parameters in
    let mode = try parameters.permissions().rawValue
    return try check(unsafe mkdir(try parameters.text("path"), mode))
  },

  .init("rmdir", "path") { _, parameters in try check(unsafe rmdir(try parameters.text("path"))) },

  .init("rename", "oldpath newpath") { _, parameters in
    try check(unsafe rename(try parameters.text("oldpath"), try parameters.text("newpath")))
  },

  .init("link", "oldpath newpath") { _, parameters in
    try check(unsafe link(try parameters.text("oldpath"), try parameters.text("newpath")))
  },

  .init("symlink", "oldpath newpath") { _, parameters in
    try check(unsafe symlink(try parameters.text("oldpath"), try parameters.text("newpath")))
  },
]

/// Throws `errno` if the call failed.
private func check(_ result: Int32) throws -> Fields {
  guard result == 0 else { throw Failure(Errno(rawValue: errno)) }
  return Fields()
}
