import Foundation

/// Whether other users can access the files that peers execute and read.
enum FileAccess {
  /// Returns the reason why a user who owns none of the files cannot read them, with a remedy; nil if the user can read
  /// all files.
  static func obstacle(_ files: [String]) -> String? {
    for file in files {
      // The target of a symbolic link can be in a different directory, whose parents must be accessible as well.
      for path in [file, URL(fileURLWithPath: file).resolvingSymlinksInPath().path] {
        if let obstacle = obstacle(path) { return obstacle }
      }
    }
    return nil
  }

  private static func obstacle(_ file: String) -> String? {
    var path = ""
    for component in file.split(separator: "/") {
      path += "/\(component)"
      var status = stat()
      guard unsafe stat(path, &status) == 0 else { return nil }
      let isDirectory = status.st_mode & S_IFMT == S_IFDIR
      let needed: mode_t = path != file ? S_IXOTH : isDirectory ? S_IROTH | S_IXOTH : S_IROTH
      let letters = [(S_IROTH, "r"), (S_IXOTH, "x")].filter { needed & $0.0 != 0 }.map(\.1).joined()
      if status.st_mode & needed != needed {
        return "\(path) has mode \(String(status.st_mode & 0o7777, radix: 8)): chmod o+\(letters) \(path)"
      }
    }
    return nil
  }
}
