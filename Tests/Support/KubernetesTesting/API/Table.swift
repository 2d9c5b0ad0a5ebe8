internal import FoundationEssentials
internal import KubernetesModel

/// `metav1.Table`: the columns that kubectl prints.
enum Table {
    static func of(
        _ objects: [StoredObject], _ type: ResourceType, version: UInt64, continueToken: String = "", remaining: Int? = nil
    ) -> JSON {
        let page = ListPage(objects: objects, version: version, continueToken: continueToken, remaining: remaining)
        var definitions = [definition("Name", format: "name")]
        definitions += type.columns.map { definition($0.name) } + [definition("Age")]
        return [
            "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": page.metadata,
            "columnDefinitions": .array(definitions), "rows": .array(objects.map { row($0, type) }),
        ]
    }

    private static func definition(_ name: String, format: String = "") -> JSON {
        ["name": .string(name), "type": "string", "format": .string(format), "description": "", "priority": 0]
    }

    private static func row(_ object: StoredObject, _ type: ResourceType) -> JSON {
        let tree = object.tree
        let partial: JSON = [
            "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": tree["metadata"] ?? .emptyObject,
        ]
        let created = tree[["metadata", "creationTimestamp"]]?.string.flatMap { Timestamp($0) }
        let cells = [object.name] + type.columns.map { $0.text(tree) } + [created.map(age) ?? "<unknown>"]
        return ["cells": .array(cells.map { .string($0) }), "object": partial]
    }
}

extension Table {
    /// `5m`, as coarse as it may be.
    private static func age(_ created: Timestamp) -> String {
        let seconds = max(0, Int64(Date().timeIntervalSince1970) - created.seconds)
        switch seconds {
        case ..<120: return "\(seconds)s"
        case ..<7200: return "\(seconds / 60)m"
        case ..<172_800: return "\(seconds / 3600)h"
        default: return "\(seconds / 86400)d"
        }
    }
}

/// One column of a table: what of an object stands in it.
struct TableColumn: Sendable {
    let name: String
    let text: @Sendable (JSON) -> String

    private init(_ name: String, _ text: @escaping @Sendable (JSON) -> String) {
        self.name = name
        self.text = text
    }

    private init(_ name: String, _ path: String...) {
        self.init(name) { Self.shown($0[path]) }
    }

    private static func shown(_ value: JSON?) -> String {
        switch value {
        case .string(let text) where !text.isEmpty: text
        case .integer(let number): String(number)
        default: "<none>"
        }
    }

    private static func joined(_ texts: [String]) -> String { texts.isEmpty ? "<none>" : texts.joined(separator: ",") }

    static let serviceType = TableColumn("Type", "spec", "type")
    static let clusterIP = TableColumn("Cluster-IP", "spec", "clusterIP")
    static let externalIP = TableColumn("External-IP") { service in
        let ingress = (service[["status", "loadBalancer", "ingress"]]?.array ?? []).compactMap { ($0["ip"] ?? $0["hostname"])?.string }
        return joined(ingress + (service[["spec", "externalIPs"]]?.array ?? []).compactMap(\.string))
    }
    static let servicePorts = TableColumn("Port(s)") { service in
        joined(
            (service[["spec", "ports"]]?.array ?? []).map { port in
                shown(port["port"]) + (port["nodePort"].map { ":\(shown($0))" } ?? "") + "/" + shown(port["protocol"])
            })
    }
    static let podReady = TableColumn("Ready") { pod in
        let containers = pod[["spec", "containers"]]?.array?.count ?? 0
        let isReady = (pod[["status", "conditions"]]?.array ?? []).contains { $0["type"] == "Ready" && $0["status"] == "True" }
        return "\(isReady ? containers : 0)/\(containers)"
    }
    static let podStatus = TableColumn("Status") { pod in
        pod[["metadata", "deletionTimestamp"]] == nil ? shown(pod[["status", "phase"]]) : "Terminating"
    }
    static let podRestarts = TableColumn("Restarts") { _ in "0" }
    static let endpoints = TableColumn("Endpoints") { endpoints in
        joined(
            (endpoints["subsets"]?.array ?? []).flatMap { subset in
                (subset["addresses"]?.array ?? []).flatMap { address in
                    (subset["ports"]?.array ?? []).map { "\(shown(address["ip"])):\(shown($0["port"]))" }
                }
            })
    }
    static let nodeStatus = TableColumn("Status") { node in
        (node[["status", "conditions"]]?.array ?? []).contains { $0["type"] == "Ready" && $0["status"] == "True" }
            ? "Ready" : "NotReady"
    }
    static let phase = TableColumn("Status", "status", "phase")
    static let addressType = TableColumn("AddressType", "addressType")
    static let slicePorts = TableColumn("Ports") { joined(($0["ports"]?.array ?? []).map { shown($0["port"]) }) }
    static let sliceEndpoints = TableColumn("Endpoints") { slice in
        joined((slice["endpoints"]?.array ?? []).flatMap { ($0["addresses"]?.array ?? []).compactMap(\.string) })
    }
    static let cidrs = TableColumn("CIDRs") { joined(($0[["spec", "cidrs"]]?.array ?? []).compactMap(\.string)) }
    static let holder = TableColumn("Holder", "spec", "holderIdentity")
    static let eventType = TableColumn("Type", "type")
    static let eventReason = TableColumn("Reason", "reason")
    static let eventObject = TableColumn("Object") { event in
        let object = event["involvedObject"]
        return "\(shown(object?["kind"]).lowercased())/\(shown(object?["name"]))"
    }
    static let eventMessage = TableColumn("Message", "message")
}
