import Foundation

/// Descriptors 0, 1 and 2.
enum StandardStreams {
  /// Keeps the numbers of those that this process was started without. Its next pipe would have them otherwise, and what
  /// it reports would be said to a peer.
  ///
  /// They are opened the wrong way round: who uses one is told that it is not there, with EBADF as before.
  static func holdPlaces() {
    for number in 0...2 where fcntl(Int32(number), F_GETFD) == -1 {
      _ = unsafe open("/dev/null", number == 0 ? O_WRONLY : O_RDONLY)
    }
  }
}
