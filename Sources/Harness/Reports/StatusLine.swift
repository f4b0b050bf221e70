/// The last line on a terminal, which shows the progress until later output replaces it.
struct StatusLine {
  private var shown = ""

  /// Returns the text that replaces the current status with `lines`, followed by `status`; empty if nothing changes.
  mutating func update(_ status: String, below lines: [String] = []) -> String {
    guard !lines.isEmpty || status != shown else { return "" }
    defer { shown = status }
    return (shown.isEmpty ? "" : "\r\u{1B}[K") + lines.map { $0 + "\n" }.joined() + status
  }
}
