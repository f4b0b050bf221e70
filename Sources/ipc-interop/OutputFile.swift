import Foundation
import Harness
import SystemPackage

/// The file that a report or a list is written to.
///
/// An existing file, FIFO or device is opened for writing, as with `>` in a shell.
///
/// In a world-writable directory such as `/tmp`, a file that belongs to another user is rejected. It may be a link to a
/// file that only this user can write, or the other user may change its contents.
enum OutputFile {
  static func open(_ path: FilePath, appends: Bool = false) throws(RunError) -> FileDescriptor {
    var options: FileDescriptor.OpenOptions = [.create, appends ? .append : .truncate, .closeOnExec]
    if let shared = sharedFolder(of: path) {
      switch status(path) {
      // Fail if another user has created the file in the meantime.
      case nil: options.insert(.exclusiveCreate)
      // The sticky bit prevents other users from replacing this user's file.
      case let file? where file.st_uid == geteuid() || file.st_uid == shared.st_uid: break
      case let file?:
        throw RunError(
          "\(path) cannot be written: it belongs to user \(file.st_uid), in a directory that all users can write; choose another name"
        )
      }
    }
    do {
      return try .open(path, .writeOnly, options: options, permissions: FilePermissions(rawValue: 0o666))
    } catch {
      throw RunError("\(path) cannot be written: \(error)")
    }
  }

  /// Writes a list to the file, or to standard output if `path` is nil.
  static func write(_ list: String, to path: String?) throws(RunError) {
    let place = if let path { try open(FilePath(path)) } else { FileDescriptor.standardOutput }
    // `head` closes standard output when it has read enough. That is not an error.
    if path == nil { signal(SIGPIPE, SIG_IGN) }
    do { _ = try place.closeAfter { try place.writeAll(list.utf8) } } catch Errno.brokenPipe where path == nil {
      return
    } catch {
      throw RunError("the list could not be written: \(error)")
    }
  }

  /// Returns the status of the file's directory if all users can create files there, but each user can remove only
  /// their own.
  private static func sharedFolder(of path: FilePath) -> stat? {
    let parent = path.removingLastComponent()
    var folder = stat()
    guard unsafe stat(parent.isEmpty ? "." : parent.string, &folder) == 0 else { return nil }
    return folder.st_mode & S_ISVTX != 0 && folder.st_mode & S_IWOTH != 0 ? folder : nil
  }

  /// Returns the status of the file, without following a link.
  private static func status(_ path: FilePath) -> stat? {
    var status = stat()
    return unsafe lstat(path.string, &status) == 0 ? status : nil
  }
}
