internal import ArgumentParser
internal import Relay
internal import UserspaceDataplane

/// Options of `--proxy-mode userspace`.
struct UserspaceOptions: ParsableArguments {
    @Option(
        help: """
            How connections come to the relay: redirect (by netfilter, needs CAP_NET_ADMIN) or loopback (frontends are \
            bound where the node has their address, others at the loopback, as fairway get frontends shows; needs no \
            privilege).
            """)
    var userspaceBind = UserspaceSettings.Binding.redirect.rawValue

    @Option(parsing: .unconditional, help: "How long connections of an endpoint that is gone may go on, as 30s or 1h; 0: until they end.")
    var userspaceDrainTimeout = "0"

    @Option(parsing: .unconditional, help: "Connections in a row that an endpoint may refuse before it rests for 10 s; 0: it never rests.")
    var userspaceRestAfterFailures = 0

    /// A count that nobody means: past it the option is taken for a mistake.
    private static let failureLimit = 1000

    /// The options as values, or one line that says which is wrong.
    func configuration() throws(CommandFailure) -> UserspaceConfiguration {
        var configuration = UserspaceConfiguration()
        guard let binding = UserspaceSettings.Binding(rawValue: userspaceBind) else {
            let known = UserspaceSettings.Binding.allCases.map(\.rawValue).joined(separator: " or ")
            throw .usage("--userspace-bind \(userspaceBind): expected \(known)")
        }
        configuration.settings.binding = binding
        guard let seconds = DurationText.seconds(userspaceDrainTimeout) else {
            throw .usage("--userspace-drain-timeout \(userspaceDrainTimeout): expected whole seconds, 0 or more, as 30s, 1h or 0")
        }
        configuration.drainSeconds = seconds == 0 ? nil : seconds
        guard (0...Self.failureLimit).contains(userspaceRestAfterFailures) else {
            throw .usage("--userspace-rest-after-failures \(userspaceRestAfterFailures): expected 0 to \(Self.failureLimit)")
        }
        configuration.relay.restAfterFailures = userspaceRestAfterFailures
        return configuration
    }
}
