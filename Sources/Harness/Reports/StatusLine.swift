/// The last line of a terminal, which shows progress and which later output replaces.
struct StatusLine {
  private var shown = ""

  /// Returns text that prints `lines` in place of the status, and `status` below them; empty if nothing changes.
  mutating func update(_ status: String, below lines: [String] = []) -> String {
    guard !lines.isEmpty || status != shown else { return "" }
    defer { shown = status }
    return (shown.isEmpty ? "" : "\r\u{1B}[K") + lines.map { $0 + "\n" }.joined() + status
  }
}
