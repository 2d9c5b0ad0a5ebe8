internal import LinuxSystem
internal import NetworkTypes

/// Tells clients by ICMP that their datagrams cannot be delivered, as the frontend's own host would.
struct UDPClientErrors: ~Copyable {
    private enum Sender: ~Copyable {
        case unknown
        /// This process may not.
        case forbidden
        case open(ICMPErrorSocket)

        var isUnknown: Bool {
            switch self {
            case .unknown: true
            case .forbidden: false
            case .open: false
            }
        }

        func tell(_ problem: ICMPErrorSocket.Problem, _ flow: DatagramFlow) -> Bool {
            switch self {
            case .unknown: return false
            case .forbidden: return false
            case .open(let socket):
                do throws(Errno) {
                    try socket.tell(problem, to: flow)
                    return true
                } catch {
                    return false
                }
            }
        }
    }

    private var ipv4 = Sender.unknown
    private var ipv6 = Sender.unknown
    private var second: ContinuousClock.Instant?
    private var countInSecond = 0
    private let limit: Int
    private let statistics: UDPStatistics

    init(_ statistics: UDPStatistics, limit: Int = UDPLimits.errorsPerSecond) {
        self.statistics = statistics
        self.limit = limit
    }

    mutating func tell(_ problem: ICMPErrorSocket.Problem, to flow: DatagramFlow, now: ContinuousClock.Instant) {
        let isTold = isWithinLimit(now) && send(problem, flow)
        statistics.count(isTold ? .errorTold : .errorNotTold)
    }

    private mutating func isWithinLimit(_ now: ContinuousClock.Instant) -> Bool {
        if let second, now - second < .seconds(1) {
            countInSecond += 1
        } else {
            (second, countInSecond) = (now, 1)
        }
        return countInSecond <= limit
    }

    private mutating func send(_ problem: ICMPErrorSocket.Problem, _ flow: DatagramFlow) -> Bool {
        flow.family == .ipv4 ? Self.send(problem, flow, &ipv4) : Self.send(problem, flow, &ipv6)
    }

    private static func send(_ problem: ICMPErrorSocket.Problem, _ flow: DatagramFlow, _ sender: inout Sender) -> Bool {
        if sender.isUnknown {
            do throws(Errno) {
                sender = .open(try ICMPErrorSocket(flow.family))
            } catch {
                // Out of descriptors is for now only.
                if !UDPBackendError.isShortage(error) { sender = .forbidden }
                return false
            }
        }
        return sender.tell(problem, flow)
    }
}
