import SwiftExamples

runExample(Array(CommandLine.arguments.dropFirst()))
