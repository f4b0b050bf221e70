import Foundation
import Harness
import SystemPackage

/// The files that CI services request through environment variables: a job summary, and the files for a Bazel test.
enum CIServiceFiles {
  /// The variables that contain a file path, and the format of the report to write to each file.
  private static let reports: [(variable: String, format: ReportFormat, appends: Bool)] = [
    ("GITHUB_STEP_SUMMARY", .markdown, true),
    ("XML_OUTPUT_FILE", .junit, false),
  ]

  /// Opens the files that the environment names, and returns a writer for each.
  static func writers(_ environment: [String: String]) throws -> [ReportWriter.Writer] {
    var writers: [ReportWriter.Writer] = []
    func add(_ path: FilePath, _ format: ReportFormat, appends: Bool) throws {
      let descriptor = try OutputFile.open(path, appends: appends)
      let handle = FileHandle(fileDescriptor: descriptor.rawValue, closeOnDealloc: true)
      writers.append(ReportWriter.Writer(report: format.makeReport(style: Style()), handle: handle))
    }
    for report in reports {
      guard let path = environment[report.variable], !path.isEmpty else { continue }
      try add(FilePath(path), report.format, appends: report.appends)
    }
    if let directory = environment["TEST_UNDECLARED_OUTPUTS_DIR"], !directory.isEmpty {
      try add(FilePath(directory).appending("report.json"), .json, appends: false)
      try add(FilePath(directory).appending("report.html"), .html, appends: false)
    }
    return writers
  }

  /// Creates the file that informs Bazel that a test supports sharding.
  static func confirmShards(_ environment: [String: String]) throws(RunError) {
    guard let path = environment["TEST_SHARD_STATUS_FILE"], !path.isEmpty else { return }
    let descriptor = try OutputFile.open(FilePath(path))
    do { try descriptor.close() } catch { throw RunError("\(path) cannot be written: \(error)") }
  }
}
