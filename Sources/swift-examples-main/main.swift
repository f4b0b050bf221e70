import SwiftExamples
import SwiftServices

let arguments = Array(CommandLine.arguments.dropFirst())
if !runService(arguments) { runExample(arguments) }
