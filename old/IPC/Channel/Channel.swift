/// Messages over a stream of bytes: each arrives as it was sent, whole, however the stream cuts it up on the way.
///
/// ```swift
/// let pipe = try Pipe()
/// var sender = Channel.Sender(pipe.writer)
/// var receiver = Channel.Receiver(pipe.reader)
///
/// guard try sender.send("Hello".utf8.span) == .sent else { return }
/// var message: [UInt8] = []  // used again for each
/// while try receiver.receive(&message) == .received { print(message) }
/// ```
///
/// A message is four bytes of length, little-endian, and then so many bytes: <doc:Channels> has it as C. It goes over any
/// ``ByteSource`` and ``ByteSink``: pipes, FIFOs, sockets, rings in shared memory. A ``Connection`` has both directions,
/// requests and replies.
///
/// What the other side says is not believed. A length above the limit is an error before anything is read or allocated
/// for it, and memory is taken only for bytes that have come.
///
/// | what happens | is told as | and then the channel |
/// |---|---|---|
/// | a message, perhaps of no bytes | ``ReceiveResult/received`` | is usable |
/// | the stream ends between messages | ``ReceiveResult/endOfStream`` | asks the stream again: a FIFO may have a new writer |
/// | patience or a signal ends the wait, perhaps within a message | a result, or `Errno.interrupted` | is usable; the next call goes on where this one ended |
/// | a length above the limit: a lie, or no channel at all | `.messageTooLong` | is broken, and says so again |
/// | the stream ends within a message | `.protocolError` | is broken, and says so again |
/// | the process at the other end of a ring dies | `EOWNERDEAD` | is broken, and says so again; another one may begin anew |
/// | a message above the limit is to be sent | `.messageTooLong` | is usable: nothing was sent |
/// | patience or a signal ends sending within a message | a result, or `Errno.interrupted` | is usable: sending the same message again goes on |
/// | another message is to be sent then | `.alreadyInProcess` | is usable, for the message that it is within |
/// | nobody reads | ``SendResult/nobodyReads`` | is broken, and says so again |
public enum Channel {
  /// The longest message unless another limit is given: 1 MiB.
  public static let defaultLimit: UInt32 = 1 << 20

  /// What came of sending.
  public enum SendResult: Hashable, Sendable {
    /// The stream has taken all of the message.
    case sent
    /// The other side reads no more. No signal is delivered.
    case nobodyReads
    /// There was no room, and no patience to wait. The same message, sent again, goes on where this ended.
    case wouldBlock
    /// There was no room until the deadline. The same message, sent again, goes on where this ended.
    case timedOut
  }

  /// What came of receiving.
  public enum ReceiveResult: Hashable, Sendable {
    /// A message.
    case received
    /// The other side has ended, and not within a message.
    case endOfStream
    /// No message was complete, and there was no patience to wait. The next call goes on where this ended.
    case wouldBlock
    /// No message was complete by the deadline. The next call goes on where this ended.
    case timedOut
  }
}
