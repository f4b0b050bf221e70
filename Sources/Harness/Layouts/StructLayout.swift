/// The layout of a struct, as one compiler reports it.
struct StructLayout: Sendable, Encodable {
  /// The number of bytes between two elements of an array: `sizeof` in C, `stride` in Swift.
  let size: Int
  /// The number of bytes without trailing padding: `size` in Swift; in C, the same as ``size``.
  let contents: Int
  let alignment: Int
  /// The layouts of the fields, in file order; nil for a field that does not exist in the language.
  let fields: [Field?]

  /// The position and type of a field.
  struct Field: Sendable, Encodable {
    let offset: Int
    let size: Int
    let alignment: Int
    /// The name of the type, such as `int` or `Int32`; a description if the type has no name in C.
    let type: String
    let kind: Kind
    let isAtomic: Bool
    /// Whether every access to an object of this size is atomic without a lock.
    let isLockFree: Bool

    var end: Int { offset + size }
  }

  /// How the bytes of a field are interpreted.
  enum Kind: String, Sendable, Encodable {
    case signed, unsigned, boolean, floating, other
    /// A `char`, which is signed in some ABIs.
    case character
  }

  /// The byte ranges that no field occupies although alignment does not require the gap.
  var unlisted: [Range<Int>] { gaps.filter { !$0.isPadding }.map(\.bytes) }

  /// The byte ranges that no field occupies because of alignment.
  var padding: [Range<Int>] { gaps.filter(\.isPadding).map(\.bytes) }

  private var gaps: [(bytes: Range<Int>, isPadding: Bool)] {
    var gaps: [(bytes: Range<Int>, isPadding: Bool)] = []
    var end = 0
    func add(upTo start: Int, _ alignment: Int) {
      guard start > end else { return }
      gaps.append((end..<start, isPadding: start == (end + alignment - 1) / alignment * alignment))
    }
    for field in fields.compactMap({ $0 }).sorted(by: { $0.offset < $1.offset }) {
      add(upTo: field.offset, field.alignment)
      end = max(end, field.end)
    }
    add(upTo: size, alignment)
    return gaps
  }
}
