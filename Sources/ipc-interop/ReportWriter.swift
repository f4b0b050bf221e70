import Foundation
import Harness
import Synchronization
import SystemPackage

/// Writes the selected report to standard output, or to a file; in that case, a console report goes to standard error.
final class ReportWriter: Sendable {
  private let state: Mutex<State>

  private struct State {
    var writers: [Writer]
    var timings: Timings?
    /// Progress lines for standard error; nil if a console report goes there or a terminal shows the progress.
    var progress: ProgressLines?
    var failure: (any Error)?
  }

  struct Writer {
    var report: any Report
    let handle: FileHandle
  }

  /// Opens the report file; `console` creates the command's console report.
  ///
  /// A scenario file in an annotation may be relative to the working directory, or to the suite's directory `root`.
  ///
  /// With `showsProgress`, a console report also goes to standard error if the report has a file.
  init(
    _ options: OutputOptions<RunReport>, verbose: Bool = false, timings: Bool = false, showsProgress: Bool = true,
    root: String? = nil, console: (Style) -> any Report = { ReportFormat.console.makeReport(style: $0) }
  ) throws {
    let environment = ProcessInfo.processInfo.environment
    let directories = [FileManager.default.currentDirectoryPath] + (root.map { [$0] } ?? [])
    let paths = WorkspacePaths(environment, directories: directories)
    var writers: [Writer] = []
    if let file = options.output {
      let descriptor = try OutputFile.open(FilePath(file))
      let handle = FileHandle(fileDescriptor: descriptor.rawValue, closeOnDealloc: true)
      writers.append(Writer(report: options.format.makeReport(style: Style(), paths: paths), handle: handle))
      if showsProgress { writers.append(Writer.console(on: .standardError, verbose: verbose, console)) }
    } else if options.format == .console {
      writers.append(Writer.console(on: .standardOutput, verbose: verbose, console))
    } else {
      writers.append(
        Writer(report: options.format.makeReport(style: Style(), paths: paths), handle: .standardOutput))
    }
    writers += try CIServiceFiles.writers(environment)
    let isShown = options.format == .console && (verbose || Style(of: STDOUT_FILENO).isTerminal)
    let needsProgress =
      showsProgress && options.output == nil && !isShown && !Self.areOneFile(STDOUT_FILENO, STDERR_FILENO)
    state = Mutex(
      State(
        writers: writers, timings: timings ? Timings() : nil, progress: needsProgress ? ProgressLines() : nil))
  }

  /// Whether two descriptors refer to the same file, in which the output to both would be interleaved.
  private static func areOneFile(_ first: Int32, _ second: Int32) -> Bool {
    var (one, other) = (stat(), stat())
    guard unsafe fstat(first, &one) == 0, unsafe fstat(second, &other) == 0 else { return false }
    return one.st_dev == other.st_dev && one.st_ino == other.st_ino
  }

  func receive(_ event: Event) {
    state.withLock { state in
      state.timings?.receive(event)
      if let line = state.progress?.receive(event) {
        try? FileHandle.standardError.write(contentsOf: Data(line.utf8))
      }
      for index in state.writers.indices.reversed() {
        do {
          let text = try state.writers[index].report.receive(event)
          let place = FileDescriptor(rawValue: state.writers[index].handle.fileDescriptor)
          if !text.isEmpty { try place.writeAll(text.utf8) }
        } catch {
          // The disk is full, or the reader has closed the output, as `head` does. Complete the other reports.
          state.failure = error
          state.writers.remove(at: index)
          Interruption.request()
        }
      }
    }
  }

  /// Throws an error if a report could not be written, so that the command fails.
  func finish() throws {
    let (timings, failure) = state.withLock { ($0.timings?.description, $0.failure) }
    if let timings { try? FileHandle.standardError.write(contentsOf: Data(timings.utf8)) }
    if let failure { throw RunError("the run ended, because its report could not be written: \(failure)") }
  }
}

extension ReportWriter.Writer {
  fileprivate static func console(
    on handle: FileHandle, verbose: Bool, _ makeReport: (Style) -> any Report
  ) -> Self {
    Self(report: makeReport(Style(of: handle.fileDescriptor, verbose: verbose)), handle: handle)
  }
}
