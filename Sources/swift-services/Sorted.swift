/// Objects in sorted order.
@ServiceActor
struct Sorted<Element: AnyObject> {
  /// The elements in reverse order.
  ///
  /// Removing the first element in sorted order therefore does not move the others.
  private var reversed: [Element] = []
  private let precedes: @ServiceActor (Element, Element) -> Bool

  init(_ precedes: @escaping @ServiceActor (Element, Element) -> Bool) { self.precedes = precedes }

  var first: Element? { reversed.last }
  var isEmpty: Bool { reversed.isEmpty }
  var count: Int { reversed.count }

  mutating func insert(_ element: Element) { reversed.insert(element, at: position(of: element)) }

  mutating func remove(_ element: Element) {
    let index = position(of: element)
    precondition(reversed[index] === element)
    reversed.remove(at: index)
  }

  /// Returns the index in `reversed` at which the element is stored or would be inserted.
  private func position(of element: Element) -> Int {
    var (low, high) = (0, reversed.count)
    while low < high {
      let middle = (low + high) / 2
      if precedes(element, reversed[middle]) { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
