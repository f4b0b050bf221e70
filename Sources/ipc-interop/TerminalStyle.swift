import Foundation
import Harness

extension Style {
  /// Creates the style that the destination and the environment variables allow.
  init(of descriptor: Int32, verbose: Bool = false) {
    let environment = ProcessInfo.processInfo.environment
    let isTerminal = isatty(descriptor) == 1 && environment["TERM"] != "dumb"
    let allowsColour = environment["NO_COLOR", default: ""].isEmpty
    var size = winsize()
    let isMeasured = unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
    self.init(
      isTerminal: isTerminal, colour: isTerminal && allowsColour, width: isMeasured ? Int(size.ws_col) : 100,
      verbose: verbose)
  }
}
