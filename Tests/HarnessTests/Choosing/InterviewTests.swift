import Testing

@testable import Harness

@Suite("The questions about requirements")
struct InterviewTests {
  /// Answers the questions.
  ///
  /// Returns the questions without their lists of answers, and the requirements.
  private static func ask(_ answers: [String]) throws -> (questions: [String], requirements: Requirements) {
    var interview = Interview(try MechanismGuideTests.guide.get())
    var questions: [String] = []
    for answer in answers {
      questions.append(String(interview.question?.prefix { $0 != "?" } ?? ""))
      try interview.answer(answer)
    }
    #expect(interview.question == nil)
    return (questions, interview.requirements)
  }

  @Test("produce the requirements for a transfer")
  func transfer() throws {
    let (questions, requirements) = try Self.ask(["1", "1", "2", "1", "1, 2", "64K", "5000"])
    #expect(
      questions == [
        "What do the processes do", "Where do the processes run", "How are the processes started",
        "What is transferred",
        "What else is needed", "How many bytes has the largest message", "How many messages per second",
      ])
    #expect(
      requirements
        == Requirements(
          purpose: .transfer, needs: [.sameMachine, .unrelated, .boundaries, .bothWays, .priority], size: 65536,
          rate: 5000))
  }

  @Test("include only those that apply to the purpose")
  func lock() throws {
    let (questions, requirements) = try Self.ask(["3", "1", "", ""])
    #expect(
      questions == [
        "What do the processes do", "How are the processes started", "What else is needed",
        "How many messages per second",
      ])
    #expect(requirements == Requirements(purpose: .lock, needs: [.related]))
  }

  @Test("may be skipped, in which case a transfer is assumed")
  func open() throws {
    let (_, requirements) = try Self.ask(["", "", "", "", "", "", ""])
    #expect(requirements == Requirements(purpose: .transfer))
  }

  @Test("ask whether messages may be lost")
  func losses() throws {
    let guide = try MechanismGuideTests.guide.get()
    let others = Need.stated.filter {
      guide.needs(for: .transfer).contains($0)
        && ![.network, .sameMachine, .related, .unrelated, .boundaries, .byteStream, .lines].contains($0)
    }
    let (_, requirements) = try Self.ask(["1", "2", "", "", "\(others.count + 1)", "", ""])
    #expect(requirements == Requirements(purpose: .transfer, needs: [.network], lossAllowed: true))
  }

  @Test(
    "are repeated after a wrong answer",
    arguments: [
      (["6"], "'6' is not a number from 1 to 5"), (["x"], "'x' is not a number from 1 to 5"),
      (["1 2"], "this question has one answer; type one number"),
      (["1", "", "", "", "", "4T"], "'4T' is not a positive number such as 64, 4K or 1M"),
      (["1", "", "", "", "", "-1"], "'-1' is not a positive number such as 64, 4K or 1M"),
    ])
  func wrong(answers: [String], message: String) throws {
    var interview = Interview(try MechanismGuideTests.guide.get())
    for answer in answers.dropLast() { try interview.answer(answer) }
    let question = interview.question
    let error = #expect(throws: RequirementError.self) { try interview.answer(answers.last ?? "") }
    #expect(error?.description == message)
    #expect(interview.question == question)
  }
}
