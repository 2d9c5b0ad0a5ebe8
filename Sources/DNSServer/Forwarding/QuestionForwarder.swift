package import DNSForwarder
package import DNSWire
package import NetworkTypes

/// Asks other servers.
package protocol QuestionForwarder: Sendable {
    /// What is known without asking; nil: nothing. Does not block.
    func cached(_ question: ForwardedQuestion) -> ForwardedAnswer?
    /// Asks for a client, which has its part of what can be asked at a time. `completion` is called once, from any thread, within a few seconds, also where nobody answers.
    func resolve(
        _ question: ForwardedQuestion, client: IPAddress?, completion: @escaping @Sendable (ForwardedAnswer) -> Void)
    /// The options are those of a query that this forwarder sent: an upstream leads back here.
    func isOwnQuery(_ options: [EDNSOption]) -> Bool
}

extension Forwarder: QuestionForwarder {}
