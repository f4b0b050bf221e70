import Foundation

/// The handling of descriptors 0, 1 and 2 that are closed at the start.
enum StandardStreams {
  /// Opens the descriptors that are closed, because a pipe could get their numbers.
  ///
  /// The report could then be written to a peer. The descriptors are opened in the wrong direction, so reading or
  /// writing still fails with EBADF.
  static func holdPlaces() {
    for number in 0...2 where fcntl(Int32(number), F_GETFD) == -1 {
      _ = unsafe open("/dev/null", number == 0 ? O_WRONLY : O_RDONLY)
    }
  }
}
