import Glibc
import SystemPackage

/// A private directory for a test, removed with its contents at the end.
struct Scratch: ~Copyable {
  let path: FilePath

  init() throws(Errno) {
    let parent = unsafe getenv("TMPDIR").flatMap { unsafe String(validatingCString: $0) } ?? "/tmp"
    var template = Array("\(parent)/ipc-XXXXXX".utf8CString)
    let made = unsafe template.withUnsafeMutableBufferPointer { text in
      unsafe text.baseAddress.flatMap { unsafe mkdtemp($0) } != nil
    }
    guard made else { throw Errno(rawValue: errno) }
    path = FilePath(String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self))
  }

  deinit {
    guard let directory = unsafe opendir(path.string) else { return }
    while let entry = unsafe readdir(directory) {
      let name = unsafe withUnsafeBytes(of: entry.pointee.d_name) {
        unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      _ = unsafe Glibc.unlink("\(path.string)/\(name)")
    }
    _ = unsafe closedir(directory)
    _ = unsafe rmdir(path.string)
  }
}
