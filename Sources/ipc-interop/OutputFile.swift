import Foundation
import Interop
import SystemPackage

/// The file that a report or a list is written to: what is there is written into, as by a shell's `>`, be it a FIFO or a device.
///
/// Unless somebody else left it where everybody may leave something, such as `/tmp`: it may lead to a file that only this
/// user can write, or be one that its owner goes on to change.
enum OutputFile {
  static func open(_ path: FilePath) throws(RunError) -> FileDescriptor {
    var options: FileDescriptor.OpenOptions = [.create, .truncate, .closeOnExec]
    if let everybodys = sharedFolder(of: path) {
      switch status(path) {
      // Who leaves something there in this moment finds that the name is taken, or it is found out.
      case nil: options.insert(.exclusiveCreate)
      // Nobody else can put something in the place of what is this user's.
      case let file? where file.st_uid == geteuid() || file.st_uid == everybodys.st_uid: break
      case let file?:
        throw RunError(
          "\(path) cannot be written: it is user \(file.st_uid)'s, in a directory where everybody may leave something; choose another name, or remove it"
        )
      }
    }
    do {
      return try .open(path, .writeOnly, options: options, permissions: FilePermissions(rawValue: 0o666))
    } catch {
      throw RunError("\(path) cannot be written: \(error)")
    }
  }

  /// Writes a list to the file, or to standard output when there is none.
  static func write(_ list: String, to path: String?) throws(RunError) {
    let place = if let path { try open(FilePath(path)) } else { FileDescriptor.standardOutput }
    do { _ = try place.closeAfter { try place.writeAll(list.utf8) } } catch {
      throw RunError("the list could not be written: \(error)")
    }
  }

  /// The directory that the file is in, if everybody may make files there, and remove none but their own.
  private static func sharedFolder(of path: FilePath) -> stat? {
    let parent = path.removingLastComponent()
    var folder = stat()
    guard unsafe stat(parent.isEmpty ? "." : parent.string, &folder) == 0 else { return nil }
    return folder.st_mode & S_ISVTX != 0 && folder.st_mode & S_IWOTH != 0 ? folder : nil
  }

  /// Of the file itself, not of what it leads to.
  private static func status(_ path: FilePath) -> stat? {
    var status = stat()
    return unsafe lstat(path.string, &status) == 0 ? status : nil
  }
}
