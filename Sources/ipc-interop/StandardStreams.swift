import Foundation

/// Descriptors 0, 1 and 2.
enum StandardStreams {
  /// Reserves the numbers of those that this process was started without.
  ///
  /// Otherwise its next pipe would get them, and a report would be written to a peer.
  ///
  /// They are opened in the wrong direction, so that a use fails with EBADF as before.
  static func holdPlaces() {
    for number in 0...2 where fcntl(Int32(number), F_GETFD) == -1 {
      _ = unsafe open("/dev/null", number == 0 ? O_WRONLY : O_RDONLY)
    }
  }
}
