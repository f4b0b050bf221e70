import Foundation

/// Handles standard descriptors (0, 1 and 2) that are closed when the program starts.
enum StandardStreams {
  /// Opens any standard descriptors that are closed, because a pipe could otherwise get their numbers.
  ///
  /// In that case, the report could be written to a peer. The descriptors are opened for the opposite direction, so
  /// that reading or writing still fails with EBADF.
  static func holdPlaces() {
    for number in 0...2 where fcntl(Int32(number), F_GETFD) == -1 {
      _ = unsafe open("/dev/null", number == 0 ? O_WRONLY : O_RDONLY)
    }
  }
}
