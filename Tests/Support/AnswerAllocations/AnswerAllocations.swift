import CAllocationCounting
import Glibc

/// Counts what answers cost in allocations and in references counted, and fails unless that is nothing.
///
///     answer-allocations [ANSWERS]
///
/// It means something in an optimised build only: others count references as they go. First it has each counter see what
/// it is there to see, once an answer, so that it cannot pass by not counting.
@main
struct AnswerAllocations {
    static func main() throws {
        let answers = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 200_000
        let questions = try TestQuestion.all
        var server = AnsweringServer()
        var room = [UInt8](repeating: 0, count: AnsweringServer.room)
        for question in questions { try server.check(question, into: &room) }
        let requests = QuestionList(questions)
        allocation_counting_begin()

        var failures: [String] = []
        for control in Control.allCases {
            let seen = counted { server.answer(requests, count: answers, into: &room) { control.perform() } }
            say("control: \(control.rawValue), \(answers) answers: \(seen.text)")
            if !control.wasSeen(seen, times: UInt64(answers)) { failures.append("\(control.rawValue) is not counted") }
        }
        for count in [answers, 2 * answers] {
            let seen = counted { server.answer(requests, count: count, into: &room) {} }
            say("\(count) answers: \(seen.text)")
            if !seen.isZero { failures.append("\(count) answers are not free") }
        }
        guard failures.isEmpty else {
            for failure in failures { say(failure) }
            exit(EXIT_FAILURE)
        }
        say("no answer allocates, retains or releases anything")
    }

    private static func counted(_ body: () -> Void) -> allocation_counts {
        let before = allocation_counting_now()
        body()
        let after = allocation_counting_now()
        return allocation_counts(
            allocations: after.allocations - before.allocations, objects: after.objects - before.objects,
            retains: after.retains - before.retains, releases: after.releases - before.releases)
    }

    private static func say(_ line: String) { print("answer-allocations: \(line)") }
}

struct CountingError: Error, CustomStringConvertible {
    let description: String
}

extension allocation_counts {
    var isZero: Bool { (allocations, objects, retains, releases) == (0, 0, 0, 0) }

    var text: String {
        "\(allocations) allocations, \(objects) objects, \(retains) retains, \(releases) releases"
    }
}
