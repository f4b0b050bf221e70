import ArgumentParser

@main
struct IPCInterop: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ipc-interop",
    abstract: "Checks that Swift and C speak with each other over every Linux IPC mechanism.",
    discussion: """
      EXAMPLES
        ipc-interop run                               the whole matrix
        ipc-interop run posix-mq/priority             every cell with that in its name
        ipc-interop run --mechanism pipe --pairs c:swift
        ipc-interop run --format junit --output results.xml
        ipc-interop run --list                        what there is, without running it

      EXIT STATUS
        0 all as expected   1 failures   2 usage   3 environment broken   4 nothing selected   5 only leaks
        130 interrupted
      """,
    subcommands: [Run.self], defaultSubcommand: Run.self)
}
