internal import Dataplane
internal import Dispatch
internal import LinuxSystem
internal import Logging
internal import Netlink
internal import NetworkTypes
internal import NftablesDataplane
internal import UserspaceDataplane

/// The thread that watches Fairway's tables in the kernel, and has the runner compare what somebody
/// else may have changed.
final class TableWatchService: Sendable {
    let watch: TableWatch
    /// For the dataplane of the userspace mode.
    var commits: RedirectionCommits {
        RedirectionCommits(begins: { [watch] in watch.commitBegins(at: $0) }, ended: { [watch] in watch.commitEnded(at: $0) })
    }

    private let stop: NetlinkStop
    private let logger: Logger

    /// - Throws: `CommandFailure` when no more descriptors can be opened.
    init(
        tableName: String = TableLayout.tableName, runner: DataplaneRunner, metrics: DaemonMetrics, logger: Logger
    ) throws(CommandFailure) {
        do throws(Errno) {
            stop = try NetlinkStop()
        } catch {
            throw .failed("watch the kernel's tables: \(error)")
        }
        self.logger = logger
        watch = TableWatch(tableName: tableName, stop: stop) { demand in
            if let change = demand.change {
                metrics.foreignChange(change.family)
                if demand.compareAt != nil { logger.warning("\(change.text(tableName)); it is compared and put right") }
            } else if demand.compareAt != nil {
                logger.info("notifications about nf_tables were lost; everything is compared with the kernel")
            }
            if let time = demand.compareAt { runner.requestFull(demand.families, demand.reason, at: time) }
        }
    }

    /// Starts the thread in the network namespace of the calling one, and returns once nothing can
    /// happen unseen any more. Blocks.
    func start(ownPortID: UInt32) {
        let ready = DispatchSemaphore(value: 0)
        let (watch, logger) = (watch, logger)
        let consequence = "changes of others are put right by the periodic comparison only"
        do throws(Errno) {
            _ = try DedicatedThread(named: "watch") {
                do throws(DataplaneError) {
                    try watch.run(ownPortID: ownPortID) { ready.signal() }
                } catch {
                    logger.error("\(error); \(consequence)")
                }
                ready.signal()
            }
        } catch {
            logger.error("cannot start the watch's thread: \(error); \(consequence)")
            return
        }
        ready.wait()
    }

    func end() { stop.signal() }
}

extension ForeignChangeDetector.Change {
    /// Such as `table ip fairway was changed by nft (pid 17): chain services removed`.
    fileprivate func text(_ tableName: String) -> String {
        let maker = processName.isEmpty ? "a process that is not known" : "\(processName) (pid \(processID))"
        return "table \(NftablesFamily(family).text) \(tableName) was changed by \(maker): "
            + objects.joined(separator: ", ")
    }
}
