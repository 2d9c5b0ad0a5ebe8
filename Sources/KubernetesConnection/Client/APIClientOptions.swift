package import KubernetesWire

/// How an ``APIClient`` asks: limits and formats that are nothing of the cluster's.
package struct APIClientOptions: Sendable {
    /// Requests a second; 0 or less: no limit. Watches count once.
    package var requestsPerSecond: Double
    /// Requests that may go at once before ``requestsPerSecond`` holds.
    package var burst: Int
    /// `fairway/1.2.0 (linux/amd64)`.
    package var userAgent: String
    /// Of lists and watches. JSON is asked for as second choice, and alone once the server refused this (406, 415).
    package var format: WireFormat
    /// From the begin of a request to the head of its answer, and between two pieces of its body.
    ///
    /// The server itself ends requests that are no watches after 60 s.
    package var requestTimeout: Duration
    /// A watch on which nothing came for so long is ended: bookmarks come about once a minute, so that three of them
    /// were missed, and the server or the way to it is gone though nobody said so.
    package var watchSilenceLimit: Duration
    /// TCP, a proxy's answer and the TLS handshake together.
    package var connectTimeout: Duration

    package init(
        requestsPerSecond: Double = 5, burst: Int = 10, userAgent: String = APIClientOptions.userAgent(version: "0"),
        format: WireFormat = .protobuf, requestTimeout: Duration = .seconds(70), watchSilenceLimit: Duration = .seconds(200),
        connectTimeout: Duration = .seconds(10)
    ) {
        self.requestsPerSecond = requestsPerSecond
        self.burst = burst
        self.userAgent = userAgent
        self.format = format
        self.requestTimeout = requestTimeout
        self.watchSilenceLimit = watchSilenceLimit
        self.connectTimeout = connectTimeout
    }

    /// `fairway/VERSION (linux/amd64)`, as the API server's audit log shows it.
    package static func userAgent(version: String) -> String {
        #if arch(x86_64)
        let architecture = "amd64"
        #elseif arch(arm64)
        let architecture = "arm64"
        #else
        let architecture = "unknown"
        #endif
        return "fairway/\(version) (linux/\(architecture))"
    }

    /// The same options at another rate.
    package func at(requestsPerSecond: Double, burst: Int) -> APIClientOptions {
        var options = self
        options.requestsPerSecond = requestsPerSecond
        options.burst = burst
        return options
    }
}
