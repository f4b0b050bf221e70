import Testing

@testable import Harness

@Suite("A cell's names")
struct CellNamesTests {
  @Test("are unique for every cell, and the same in all its steps")
  func fresh() {
    var one = CellNames()
    var other = CellNames()
    for variable in ["mq", "mq-2", "shm", "fifo", "path-x", "key", "key-2"] {
      let name = one.value(of: variable, scratch: "/tmp")
      #expect(name != nil && name == one.value(of: variable, scratch: "/tmp"))
      #expect(name != other.value(of: variable, scratch: "/tmp"))
    }
    #expect(one.value(of: "msg", scratch: "/tmp") == nil)
  }

  @Test("begin with a token that is not a prefix of another token") func tokensOfOneLength() {
    #expect(Set((0..<1000).map { _ in CellNames().token.count }).count == 1)
  }

  @Test("include sixteen keys, after which there is no value")
  func keys() {
    var names = CellNames()
    let keys = (0..<16).map { names.value(of: "key-\($0)", scratch: "/tmp") }
    #expect(Set(keys).count == 16 && !keys.contains(nil))
    #expect(names.value(of: "key-16", scratch: "/tmp") == nil)
  }
}
