import Foundation

/// The paths of scenario files in GitHub annotations: relative to the workspace, which contains the repository.
///
/// The repository may be in a subdirectory of the workspace, and the command may run in another directory.
public struct WorkspacePaths: Sendable {
  /// The workspace, without symbolic links; nil if paths stay as they are.
  private let workspace: String?
  /// The directories to which a path may be relative.
  private let directories: [String]

  /// Paths that stay as they are.
  public init() {
    workspace = nil
    directories = []
  }

  /// Creates paths relative to the directory that `GITHUB_WORKSPACE` names.
  ///
  /// A relative path in a report is relative to the first of `directories` that has the file.
  public init(_ environment: [String: String], directories: [String]) {
    workspace = environment["GITHUB_WORKSPACE"].flatMap { $0.isEmpty ? nil : Self.resolved($0) }
    self.directories = directories
  }

  /// Returns the path of a file relative to the workspace; the same path if the file is not in the workspace.
  func path(of file: String) -> String {
    guard let workspace else { return file }
    let candidates = file.hasPrefix("/") ? [file] : directories.map { "\($0)/\(file)" }
    guard let found = candidates.first(where: FileManager.default.fileExists(atPath:)) else { return file }
    let path = Self.resolved(found)
    let prefix = workspace.hasSuffix("/") ? workspace : "\(workspace)/"
    return path.hasPrefix(prefix) ? String(path.dropFirst(prefix.count)) : file
  }

  private static func resolved(_ path: String) -> String {
    URL(fileURLWithPath: path).standardizedFileURL.resolvingSymlinksInPath().path
  }
}
