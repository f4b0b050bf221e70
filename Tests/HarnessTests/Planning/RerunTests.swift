import Testing

@testable import Harness

@Suite("The command that reruns a cell") struct RerunTests {
  @Test("quotes every character of the cell's id for a shell") func quoted() {
    var configuration = RunConfiguration(
      root: "/", sandboxInit: "/bin/true", peers: PeerList([]), registry: OperationRegistry([]))
    let id = "x/y[c,text=it's; $(reboot)]"
    let quoted = #"'x/y[c,text=it'\''s; $(reboot)]'"#
    #expect(configuration.rerun(cell: id) == "ipc-interop run \(quoted)")
    configuration.checkedPeer = PeerDescription(language: "mine", peer: ["/bin/mine"], programs: nil)
    configuration.checkedCommand = "./mine"
    #expect(configuration.rerun(cell: id) == "ipc-interop check-peer --filter \(quoted) ./mine")
  }
}
