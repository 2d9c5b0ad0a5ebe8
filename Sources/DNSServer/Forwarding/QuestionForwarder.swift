package import DNSForwarder

/// Asks other servers.
package protocol QuestionForwarder: Sendable {
    /// What is known without asking; nil: nothing. Does not block.
    func cached(_ question: ForwardedQuestion) -> ForwardedAnswer?
    /// Asks. `completion` is called once, from any thread, within a few seconds, also where nobody answers.
    func resolve(_ question: ForwardedQuestion, completion: @escaping @Sendable (ForwardedAnswer) -> Void)
}
