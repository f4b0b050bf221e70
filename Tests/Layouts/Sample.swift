/// The sample of `sample.h`.
struct Sample: BitwiseCopyable {
  var state: UInt32
  var sensor: Int32
  var time: Int64
  var value: Double
  var quality: UInt32
  var unit: (CChar, CChar, CChar, CChar, CChar, CChar, CChar, CChar)
}
