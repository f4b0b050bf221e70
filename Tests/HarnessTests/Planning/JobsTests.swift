import Foundation
import Testing

@testable import Harness

@Suite("The number of cells that run at a time") struct JobsTests {
  @Test("follows from the processors available to this process, as counted by nproc(1)") func processors() throws {
    let nproc = Process()
    let said = Foundation.Pipe()
    nproc.executableURL = URL(fileURLWithPath: "/usr/bin/nproc")
    nproc.environment = [:]  // nproc(1) uses OMP_NUM_THREADS
    nproc.standardOutput = said
    try nproc.run()
    let text = try said.fileHandleForReading.readToEnd() ?? Data()
    nproc.waitUntilExit()
    let count = try #require(Int(String(decoding: text, as: UTF8.self).split(separator: "\n").first ?? ""))
    #expect(RunConfiguration.processors == count)
    #expect(RunConfiguration.defaultJobs == min(4 * count, 32))
  }
}
