import PeerProtocol
import Testing

@Suite("A histogram of latencies") struct LatencyHistogramTests {
  @Test(
    "has the buckets of the protocol",
    arguments: [
      (0, 0), (1, 1), (127, 127), (128, 128), (129, 128), (130, 129), (255, 191), (256, 192), (259, 192), (260, 193),
      (511, 255), (512, 256), (1_000_000, 954), (1_000_000_000, 1591), (UInt64(Int64.max), 3711), (.max, 3775),
    ] as [(UInt64, Int)])
  func bucket(value: UInt64, bucket: Int) {
    #expect(LatencyHistogram.bucket(of: value) == bucket)
    let (lowest, width) = LatencyHistogram.range(of: bucket)
    #expect(lowest <= value && value - lowest < width)
  }

  @Test("has buckets that follow each other without gaps") func isComplete() {
    for bucket in 0..<LatencyHistogram.bucketCount - 1 {
      let (lowest, width) = LatencyHistogram.range(of: bucket)
      #expect(LatencyHistogram.range(of: bucket + 1).lowest == lowest + width)
      #expect(width == 1 || Double(width) <= Double(lowest) / 64)
    }
  }

  @Test("is written and read in ascending order") func text() throws {
    var histogram = LatencyHistogram()
    for value: UInt64 in [300, 5, 5, 128, 129] { histogram.record(value) }
    #expect(histogram.description == "5:2,128:2,203:1")
    #expect(try LatencyHistogram(parsing: histogram.description) == histogram)
    #expect(try LatencyHistogram(parsing: "") == LatencyHistogram())
  }

  @Test(
    "rejects other texts",
    arguments: ["5", "5:", "5:0", "5:1,", "6:1,5:1", "5:1,5:1", "3776:1", "-1:1", "5:x", "1:18446744073709551615,2:1"])
  func malformed(text: String) {
    #expect(throws: ProtocolError.self) { try LatencyHistogram(parsing: text) }
  }

  @Test("has exact quantiles below 128 and interpolates above") func quantiles() throws {
    var histogram = LatencyHistogram()
    #expect(histogram.quantile(0.5) == nil)
    #expect(histogram.maximum == nil)
    for value: UInt64 in 1...100 { histogram.record(value) }
    #expect(histogram.quantile(0.5) == 50)
    #expect(histogram.quantile(0.99) == 99)
    #expect(histogram.quantile(0) == 1)
    #expect(histogram.quantile(1) == 100)
    #expect(histogram.maximum == 100)
    var coarse = try LatencyHistogram(parsing: "192:4")
    #expect(coarse.quantile(0.5) == 258)
    #expect(coarse.quantile(1) == 260)
    coarse.add(histogram)
    #expect(coarse.count == 104)
    #expect(coarse.maximum == 259)
  }
}
