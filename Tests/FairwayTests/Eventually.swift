import Testing

/// Asks again and again until the answer is as wanted; how long a change may take on a busy machine is the limit.
///
/// - Returns: the last answer, as wanted or not.
func lastAnswer<Value>(
    within limit: Duration, where isWanted: (Value) -> Bool, _ ask: () async throws -> Value
) async throws -> Value {
    let deadline = ContinuousClock.now + limit
    var answer = try await ask()
    while !isWanted(answer) && ContinuousClock.now < deadline {
        // Between two looks, so that looking is not what makes the machine busy.
        try await Task.sleep(for: .milliseconds(20))
        answer = try await ask()
    }
    return answer
}

/// Looks again and again until it is true.
func eventually(_ what: String, within limit: Duration = .seconds(20), _ isTrue: () async throws -> Bool) async throws {
    let holds = try await lastAnswer(within: limit, where: { $0 }, isTrue)
    try #require(holds, "not after \(limit): \(what)")
}
