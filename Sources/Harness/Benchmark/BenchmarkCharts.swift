import FoundationEssentials

#if canImport(Glibc)
  import Glibc
#endif

/// A logarithmic axis that begins and ends at a power of ten.
struct LogarithmicAxis {
  let low: Int
  let high: Int
  let pixels: ClosedRange<Double>

  /// Creates an axis that contains all positive values.
  init(_ values: [Double], pixels: ClosedRange<Double>) {
    let logarithms = values.filter { $0 > 0 }.map(log10)
    low = Int((logarithms.min() ?? 0).rounded(.down))
    high = max(Int((logarithms.max() ?? 1).rounded(.up)), low + 1)
    self.pixels = pixels
  }

  func position(_ value: Double) -> Double {
    let fraction = (log10(max(value, 1e-9)) - Double(low)) / Double(high - low)
    return pixels.lowerBound + min(max(fraction, 0), 1) * (pixels.upperBound - pixels.lowerBound)
  }

  /// The powers of ten, with their positions.
  var ticks: [(value: Double, position: Double)] {
    (low...high).map { power in
      let value = pow(10, Double(power))
      return (value, position(value))
    }
  }
}

/// A chart of the median and the 99th percentile for small messages, with a row for each benchmark.
struct LatencyChart {
  struct Row {
    let name: String
    let bars: [(pairing: String, median: Double, tail: Double?)]
  }

  let rows: [Row]
  private static let colours = ["#4c78a8", "#e4572e", "#72b7b2", "#b279a2"]
  private static let left = 230.0
  private static let right = 830.0

  init(_ document: BenchmarkDocument, _ placement: BenchmarkPlacement) {
    let measured = document.results.filter { $0.mode == .pingPong && $0.placement == placement && $0.size <= 64 }
    var names: [String] = []
    for result in measured where !names.contains(result.benchmark) { names.append(result.benchmark) }
    let shown = measured.first.map { [$0.pairings.first, $0.pairings.last].compactMap { $0?.pairing } } ?? []
    rows = names.compactMap { name -> Row? in
      guard let result = measured.filter({ $0.benchmark == name }).max(by: { $0.size < $1.size }) else { return nil }
      let bars = Set(shown).sorted().compactMap { pairing in
        result[pairing].map { (pairing, $0.time.value, $0.percentiles?["p99"]) }
      }
      return Row(name: "\(name) \(BenchmarkHTML.size(result.size))", bars: bars)
    }.sorted { ($0.bars.first?.median ?? 0) < ($1.bars.first?.median ?? 0) }
  }

  func write(_ page: inout XMLWriter) {
    let values = rows.flatMap(\.bars).flatMap { [$0.median, $0.tail ?? $0.median] }
    let axis = LogarithmicAxis(values, pixels: Self.left...Self.right)
    let rowHeight = 34.0
    let bottom = 40 + rowHeight * Double(rows.count)
    let pairings = rows.first?.bars.map(\.pairing) ?? []
    page.chart(
      [
        ("viewBox", "0 0 860 \(Int(bottom) + 30)"), ("aria-label", "Latency of each benchmark, logarithmic"),
      ]
    ) { page in
      for (index, pairing) in pairings.enumerated() {
        let x = Self.left + Double(index) * 130
        page.rectangle(x, 4, 12, 12, Self.colours[index % 4])
        page.label(x + 17, 15, "\(pairing) p50")
      }
      page.label(Self.left + Double(pairings.count) * 130, 15, "thin line: to p99", isFaint: true)
      for tick in axis.ticks {
        page.line(tick.position, 28, tick.position, bottom, ("class", "grid"))
        page.label(tick.position, bottom + 18, BenchmarkText.time(tick.value), anchor: "middle", isFaint: true)
      }
      for (number, row) in rows.enumerated() {
        let top = 34 + rowHeight * Double(number)
        page.label(Self.left - 10, top + 16, row.name, anchor: "end")
        for (index, bar) in row.bars.enumerated() {
          let y = top + Double(index) * 13
          let end = axis.position(bar.median)
          page.rectangle(Self.left, y, max(end - Self.left, 1), 11, Self.colours[index % 4]) {
            "\(row.name) \(bar.pairing): p50 \(BenchmarkText.time(bar.median)), p99 \(bar.tail.map(BenchmarkText.time) ?? "-")"
          }
          if let tail = bar.tail {
            page.line(end, y + 5.5, axis.position(tail), y + 5.5, ("stroke", Self.colours[index % 4]))
          }
          if index == 0 {
            let x = max(end, bar.tail.map(axis.position) ?? end)
            page.label(x + 5, y + 10, BenchmarkText.time(bar.median), isFaint: true)
          }
        }
      }
    }
  }
}

/// A chart of each benchmark's throughput by message size.
struct ThroughputChart {
  struct Line {
    let name: String
    let points: [(size: Int, bytes: Double)]
  }

  let lines: [Line]
  private static let colours = [
    "#4c78a8", "#e4572e", "#54a24b", "#b279a2", "#9d755d", "#d4a72c", "#72b7b2", "#ff9da6", "#79706e", "#2f4b7c",
  ]
  private static let left = 80.0
  private static let right = 600.0

  init(_ document: BenchmarkDocument, _ placement: BenchmarkPlacement) {
    let measured = document.results.filter { $0.mode == .flood && $0.placement == placement && $0.size > 0 }
    var names: [String] = []
    for result in measured where !names.contains(result.benchmark) { names.append(result.benchmark) }
    lines = names.map { name in
      Line(
        name: name,
        points: measured.filter { $0.benchmark == name }.sorted { $0.size < $1.size }.compactMap { result in
          result[document.run.reference]?.bytesPerSecond.map { (result.size, $0) }
        })
    }.filter { !$0.points.isEmpty }
  }

  func write(_ page: inout XMLWriter) {
    let sizes = Set(lines.flatMap(\.points).map(\.size)).sorted()
    let (top, bottom) = (20.0, 380.0)
    let axis = LogarithmicAxis(lines.flatMap(\.points).map(\.bytes), pixels: 0...bottom - top)
    func x(_ size: Int) -> Double {
      let index = Double(sizes.firstIndex(of: size) ?? 0)
      return Self.left + index / Double(max(sizes.count - 1, 1)) * (Self.right - Self.left)
    }
    func y(_ bytes: Double) -> Double { bottom - axis.position(bytes) }
    let labels = Self.spread(lines.map { y($0.points.last?.bytes ?? 1) }, distance: 15, within: top...bottom)
    page.chart(
      [
        ("viewBox", "0 0 860 420"), ("aria-label", "Throughput by the size of the message, logarithmic"),
      ]
    ) { page in
      for tick in axis.ticks {
        page.line(Self.left, bottom - tick.position, Self.right, bottom - tick.position, ("class", "grid"))
        page.label(
          Self.left - 8, bottom - tick.position + 4, BenchmarkText.bytes(tick.value), anchor: "end", isFaint: true)
      }
      for size in sizes { page.label(x(size), bottom + 22, BenchmarkHTML.size(size), anchor: "middle", isFaint: true) }
      for (index, line) in lines.enumerated() {
        let colour = Self.colours[index % Self.colours.count]
        let points = line.points.map { "\(decimal(x($0.size), places: 1)),\(decimal(y($0.bytes), places: 1))" }
        page.element(
          "polyline",
          [("points", points.joined(separator: " ")), ("fill", "none"), ("stroke", colour), ("stroke-width", "2")])
        for point in line.points {
          page.circle(x(point.size), y(point.bytes), colour) {
            "\(line.name) \(BenchmarkHTML.size(point.size)): \(BenchmarkText.bytes(point.bytes))"
          }
        }
        if let last = line.points.last {
          page.line(x(last.size) + 4, y(last.bytes), Self.right + 24, labels[index], ("stroke", colour), width: 0.6)
        }
        page.label(Self.right + 28, labels[index] + 4, line.name)
      }
    }
  }

  /// Returns the positions in the same order, spaced so that labels do not overlap.
  static func spread(_ positions: [Double], distance: Double, within range: ClosedRange<Double>) -> [Double] {
    let order = positions.indices.sorted { positions[$0] < positions[$1] }
    var moved = positions
    var previous = range.lowerBound - distance
    for index in order {
      moved[index] = max(positions[index], previous + distance)
      previous = moved[index]
    }
    var next = range.upperBound + distance
    for index in order.reversed() where moved[index] > next - distance {
      moved[index] = next - distance
      next = moved[index]
    }
    return moved
  }
}

extension XMLWriter {
  /// Writes a chart that scrolls if the window is narrow.
  fileprivate mutating func chart(_ attributes: Attributes, content: (inout XMLWriter) -> Void) {
    element("div", [("class", "chart")]) {
      $0.element("svg", attributes + [("width", "860"), ("role", "img")], content: content)
    }
  }

  fileprivate mutating func rectangle(
    _ x: Double, _ y: Double, _ width: Double, _ height: Double, _ colour: String, title: (() -> String)? = nil
  ) {
    shape(
      "rect",
      [
        ("x", Self.number(x)), ("y", Self.number(y)), ("width", Self.number(width)), ("height", Self.number(height)),
        ("fill", colour),
      ], title)
  }

  fileprivate mutating func circle(_ x: Double, _ y: Double, _ colour: String, title: @escaping () -> String) {
    shape("circle", [("cx", Self.number(x)), ("cy", Self.number(y)), ("r", "3"), ("fill", colour)], title)
  }

  fileprivate mutating func line(
    _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ attribute: (String, String), width: Double = 1.2
  ) {
    element(
      "line",
      [
        ("x1", Self.number(x1)), ("y1", Self.number(y1)), ("x2", Self.number(x2)), ("y2", Self.number(y2)),
        (attribute.0, attribute.1), ("stroke-width", Self.number(width)),
      ])
  }

  fileprivate mutating func label(
    _ x: Double, _ y: Double, _ text: String, anchor: String = "start", isFaint: Bool = false
  ) {
    element(
      "text",
      [("x", Self.number(x)), ("y", Self.number(y)), ("text-anchor", anchor), ("class", isFaint ? "faint" : "label")],
      text: text)
  }

  /// Writes a shape with a title, shown by browsers as a tooltip.
  private mutating func shape(_ name: String, _ attributes: Attributes, _ title: (() -> String)?) {
    guard let title else { return element(name, attributes) }
    element(name, attributes) { $0.element("title", text: title()) }
  }

  private static func number(_ value: Double) -> String { decimal(value, places: 1) }
}
