internal import ArgumentParser
internal import KubernetesModel

/// Which replica works, named as kube-controller-manager names the options.
struct LeaderElectionOptions: ParsableArguments {
    @Option(help: "Whether a Lease says which replica works: true or false. Without it, there must be one replica.")
    var leaderElect = true

    @Option(help: "How long after the last renewal another replica may take over.")
    var leaderElectLeaseDuration = "15s"

    @Option(help: "How long a leader tries to renew before it stops to work; less than the lease duration.")
    var leaderElectRenewDeadline = "10s"

    @Option(help: "How often it is tried; less than the renew deadline.")
    var leaderElectRetryPeriod = "2s"

    @Option(help: "The name of the Lease.")
    var leaderElectResourceName = "fairway-controller"

    @Option(help: "The namespace of the Lease.")
    var leaderElectResourceNamespace = "kube-system"

    /// The options as values.
    struct Settings: Sendable, Hashable {
        var lease: ObjectKey
        var leaseDuration: Duration
        var renewDeadline: Duration
        var retryPeriod: Duration
    }

    /// Nil: no election.
    func settings() throws(CommandFailure) -> Settings? {
        guard leaderElect else { return nil }
        let lease = try seconds(leaderElectLeaseDuration, "--leader-elect-lease-duration")
        let deadline = try seconds(leaderElectRenewDeadline, "--leader-elect-renew-deadline")
        let period = try seconds(leaderElectRetryPeriod, "--leader-elect-retry-period")
        guard lease > deadline else {
            throw .usage(
                "--leader-elect-lease-duration \(leaderElectLeaseDuration): must be longer than --leader-elect-renew-deadline \(leaderElectRenewDeadline)")
        }
        // client-go: the period is stretched by up to 1.2 at random.
        guard deadline > period * 6 / 5 else {
            throw .usage(
                "--leader-elect-renew-deadline \(leaderElectRenewDeadline): must be longer than 1.2 times --leader-elect-retry-period \(leaderElectRetryPeriod)")
        }
        guard !leaderElectResourceName.isEmpty, !leaderElectResourceNamespace.isEmpty else {
            throw .usage("--leader-elect-resource-name and --leader-elect-resource-namespace must not be empty")
        }
        return Settings(
            lease: ObjectKey(namespace: leaderElectResourceNamespace, name: leaderElectResourceName),
            leaseDuration: .seconds(lease), renewDeadline: .seconds(deadline), retryPeriod: .seconds(period))
    }

    /// A Lease holds whole seconds.
    private func seconds(_ text: String, _ flag: String) throws(CommandFailure) -> Int {
        guard let seconds = DurationText.seconds(text), seconds > 0 else {
            throw .usage("\(flag) \(text): expected whole seconds as a duration, such as 15s")
        }
        return seconds
    }
}
