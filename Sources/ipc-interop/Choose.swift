public import ArgumentParser
import Foundation
public import Harness

struct Choose: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Recommends mechanisms that meet a program's needs.",
    usage: "ipc-interop choose [<options>]",
    discussion: """
      Without needs, the command asks questions if standard input is a terminal. It prints the mechanisms that meet all \
      needs, best first, each with the reasons, pitfalls, C functions, Swift types, an example program and a \
      documentation page. Then it lists the excluded mechanisms with the reasons, nearest matches first.

      EXAMPLES
        ipc-interop choose                                    questions
        ipc-interop choose --related --byte-stream            a stream to a child
        ipc-interop choose --priority --many-readers
        ipc-interop choose --size 1M --rate 200K --costs bench.json
        ipc-interop choose --purpose lock --survives-death
        ipc-interop choose --existing msgrcv                  from a C program's call
        ipc-interop choose --network --boundaries --format json

      EXIT STATUS
        0 at least one mechanism   2 usage   4 no mechanism meets all needs
      """)

  @Option(help: "What the processes do (default: transfer).")
  var purpose: Purpose?

  @Flag var needs: [NeedFlag] = []

  @Flag(help: "Single messages may be lost.") var lossAllowed = false

  @Option(help: ArgumentHelp("The size of the largest message, such as 64, 4K or 1M.", valueName: "bytes"))
  var size: String?

  @Option(help: ArgumentHelp("The number of messages per second, such as 1000 or 1M.", valueName: "number"))
  var rate: String?

  @Option(help: ArgumentHelp("A C function that the existing program calls.", valueName: "function"))
  var existing: String?

  @Option(
    help: ArgumentHelp(
      "A JSON report of 'ipc-interop bench': adds what each mechanism costs, and excludes those slower than --rate.",
      valueName: "file"))
  var costs: String?

  @OptionGroup var suite: SuiteOptions
  @OptionGroup var output: OutputOptions<Recommendation>

  func run() throws {
    let fixtures = try suite.fixtures()
    let guide = try SuiteOptions.reporting { () throws(FixtureErrors) in try fixtures.guide() }
    let requirements: Requirements
    do throws(RequirementError) { requirements = isOpen ? try ask(guide) : try self.requirements() } catch {
      throw RunError("\(error)", status: .usage)
    }
    let costs = try costs.map(MechanismCosts.init(reading:))
    let recommendation: Recommendation
    do throws(RequirementError) { recommendation = try guide.recommendation(for: requirements, costs: costs) } catch {
      throw RunError("\(error)", status: .usage)
    }
    let style = output.output == nil ? Style(of: STDOUT_FILENO) : Style()
    try output.write(recommendation.text(output.format, style: style) ?? "")
    if !recommendation.hasChoice { throw ExitCode(Harness.ExitStatus.nothingSelected.rawValue) }
  }

  /// Whether no option states a need.
  private var isOpen: Bool {
    purpose == nil && needs.isEmpty && !lossAllowed && size == nil && rate == nil && existing == nil
  }

  private func requirements() throws(RequirementError) -> Requirements {
    Requirements(
      purpose: purpose, needs: Set(needs.map(\.need)), lossAllowed: lossAllowed, size: try size.map(Interview.quantity),
      rate: try rate.map(Interview.quantity), function: existing)
  }

  /// Asks the questions on the terminal.
  private func ask(_ guide: MechanismGuide) throws(RequirementError) -> Requirements {
    guard isatty(0) == 1 else {
      throw RequirementError(description: "state a need, such as --related; see ipc-interop choose --help")
    }
    var interview = Interview(guide)
    while let question = interview.question {
      FileHandle.standardError.write(Data(question.utf8))
      guard let line = readLine() else { throw RequirementError(description: "the answers ended") }
      do throws(RequirementError) { try interview.answer(line) } catch {
        FileHandle.standardError.write(Data("\(error)\n".utf8))
      }
    }
    return interview.requirements
  }
}

extension Purpose: ExpressibleByArgument {}

/// A flag for each need that can be stated.
struct NeedFlag: EnumerableFlag {
  let need: Need

  static let allCases = Need.stated.map(NeedFlag.init)

  static func name(for value: NeedFlag) -> NameSpecification { .customLong(value.need.rawValue) }

  static func help(for value: NeedFlag) -> ArgumentHelp? {
    ArgumentHelp("\(value.need.title.prefix(1).uppercased() + value.need.title.dropFirst()).")
  }
}
