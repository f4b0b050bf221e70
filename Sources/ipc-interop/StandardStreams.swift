import Foundation

/// The handling of descriptors 0, 1 and 2 that are closed at the start.
enum StandardStreams {
  /// Opens those of the descriptors that are closed, so that no pipe gets their numbers.
  ///
  /// Otherwise, the report could be written to a peer. The descriptors are opened in the wrong direction, so that
  /// reading or writing still fails with EBADF.
  static func holdPlaces() {
    for number in 0...2 where fcntl(Int32(number), F_GETFD) == -1 {
      _ = unsafe open("/dev/null", number == 0 ? O_WRONLY : O_RDONLY)
    }
  }
}
