/// What connection tracking should be set to, as kube-proxy's flags of the same names have it. Zero
/// leaves a setting alone.
package struct ConntrackSettings: Sendable, Hashable {
    /// `--conntrack-max-per-core`: entries of nf_conntrack_max for each processor.
    package var maxPerCore = 32_768
    /// `--conntrack-min`: nf_conntrack_max is at least this, unless `maxPerCore` is zero.
    package var minimum = 131_072
    /// Seconds, as are the other timeouts.
    package var tcpEstablishedTimeout = 86_400
    package var tcpCloseWaitTimeout = 3_600
    /// Packets outside the window are not marked invalid.
    package var tcpBeLiberal = false
    package var udpTimeout = 0
    package var udpStreamTimeout = 0

    package init() {}
}

/// A setting of connection tracking.
package enum ConntrackSetting: String, Sendable, Hashable, CaseIterable {
    case max = "nf_conntrack_max"
    /// Buckets of the hash table, shared by all network namespaces.
    case hashSize = "hashsize"
    case tcpEstablishedTimeout = "nf_conntrack_tcp_timeout_established"
    case tcpCloseWaitTimeout = "nf_conntrack_tcp_timeout_close_wait"
    case tcpBeLiberal = "nf_conntrack_tcp_be_liberal"
    case udpTimeout = "nf_conntrack_udp_timeout"
    case udpStreamTimeout = "nf_conntrack_udp_timeout_stream"
}

/// A value to be written.
package struct ConntrackWrite: Sendable, Hashable {
    package let setting: ConntrackSetting
    package let value: Int

    package init(_ setting: ConntrackSetting, _ value: Int) {
        self.setting = setting
        self.value = value
    }
}

extension ConntrackSettings {
    /// Entries in a hash bucket on average when the table is full, as the kernel's own default has it.
    private static let entriesPerBucket = 4

    /// What is to be written, in this order, where the kernel has `current`. A setting that `current`
    /// lacks cannot be read, and is left alone.
    ///
    /// Table size and hash size only ever grow: kube-proxy takes an administrator's larger table back.
    /// Timeouts are written when they differ, as kube-proxy does.
    package func writes(processors: Int, current: [ConntrackSetting: Int]) -> [ConntrackWrite] {
        var writes: [ConntrackWrite] = []
        if maxPerCore > 0, let held = current[.max] {
            let (product, overflow) = maxPerCore.multipliedReportingOverflow(by: Swift.max(processors, 1))
            let wanted = Swift.max(overflow ? Int(Int32.max) : Swift.min(product, Int(Int32.max)), minimum, held)
            if wanted > held { writes.append(ConntrackWrite(.max, wanted)) }
            let buckets = wanted / Self.entriesPerBucket
            if let size = current[.hashSize], size < buckets { writes.append(ConntrackWrite(.hashSize, buckets)) }
        }
        let others: [(ConntrackSetting, Int)] = [
            (.tcpEstablishedTimeout, tcpEstablishedTimeout), (.tcpCloseWaitTimeout, tcpCloseWaitTimeout),
            (.tcpBeLiberal, tcpBeLiberal ? 1 : 0), (.udpTimeout, udpTimeout), (.udpStreamTimeout, udpStreamTimeout),
        ]
        for (setting, wanted) in others where wanted > 0 {
            if let held = current[setting], held != wanted { writes.append(ConntrackWrite(setting, wanted)) }
        }
        return writes
    }

    /// The settings these options say something about.
    var concerned: [ConntrackSetting] {
        ConntrackSetting.allCases.filter { setting in
            switch setting {
            case .max, .hashSize: maxPerCore > 0
            case .tcpEstablishedTimeout: tcpEstablishedTimeout > 0
            case .tcpCloseWaitTimeout: tcpCloseWaitTimeout > 0
            case .tcpBeLiberal: tcpBeLiberal
            case .udpTimeout: udpTimeout > 0
            case .udpStreamTimeout: udpStreamTimeout > 0
            }
        }
    }
}
