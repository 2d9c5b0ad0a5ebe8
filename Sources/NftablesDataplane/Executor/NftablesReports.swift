internal import Dataplane
internal import Netlink

extension SyncReport {
    mutating func count(_ operation: NftablesOperation) {
        switch operation {
        case .addElements(_, let elements): elementsAdded += elements.count
        case .deleteElements(_, let elements): elementsDeleted += elements.count
        case .addChain, .addRule, .deleteChain: rulesWritten += 1
        default: break
        }
    }

    mutating func add(_ other: SyncReport) {
        transactions += other.transactions
        elementsAdded += other.elementsAdded
        elementsDeleted += other.elementsDeleted
        rulesWritten += other.rulesWritten
    }
}

extension DataplaneError {
    init(_ error: NetlinkError, doing: String) {
        let code: Code =
            switch error.code {
            case .permission: .permission
            case .unsupported: .unsupported
            default: .refused
            }
        self.init(code, doing: doing, cause: error.description)
    }
}
