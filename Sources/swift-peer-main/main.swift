import SwiftPeer

runPeer()
