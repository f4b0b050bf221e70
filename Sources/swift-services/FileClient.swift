internal import ArgumentParser

/// Reads and writes files mapped by a file server.
struct FileClient: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "file_client", abstract: "Reads and writes files mapped by a file server.",
    discussion: """
      Types: create path= size=, open path=, read file= offset= length= as=,
      write file= offset= text= or bytes=, grow file= size=, sync file=, unmap file=, status file=, statistics, list
      """)

  @OptionGroup var options: ClientOptions

  func run() throws { try options.run(at: "/tmp/file_server") }
}
