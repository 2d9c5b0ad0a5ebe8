internal import FoundationEssentials

/// A kube-proxy that works in this network namespace: what it has in the kernel is in use.
enum RunningKubeProxy {
    /// Its process id, nil when there is none that can be seen from here.
    ///
    /// - Parameter processes: the folder that stands for /proc.
    static func find(processes: String = "/proc") -> Int32? {
        let files = FileManager.default
        guard let own = try? files.destinationOfSymbolicLink(atPath: "\(processes)/self/ns/net") else { return nil }
        let ids = ((try? files.contentsOfDirectory(atPath: processes)) ?? []).compactMap { Int32($0) }
        return ids.sorted().first { id in
            guard let name = try? String(contentsOfFile: "\(processes)/\(id)/comm", encoding: .utf8), name == "kube-proxy\n"
            else { return false }
            return (try? files.destinationOfSymbolicLink(atPath: "\(processes)/\(id)/ns/net")) == own
        }
    }
}
