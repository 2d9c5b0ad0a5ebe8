/// What the API server fills in before an object is kept, as far as Fairway and kubectl look at it.
enum Defaults {
    static func apply(to tree: inout JSON, _ type: ResourceType) {
        switch type.kind {
        case "Service": service(&tree)
        case "Pod": pod(&tree)
        case "EndpointSlice": endpointSlice(&tree)
        case "Endpoints": endpoints(&tree)
        case "Namespace": namespace(&tree)
        case "Event": event(&tree)
        case "ServiceCIDR": if tree["status"] == nil { tree["status"] = .emptyObject }
        default: break
        }
    }

    private static func set(_ tree: inout JSON, _ path: String..., to value: JSON) {
        if tree[path] ?? .null == .null { tree[path] = value }
    }

    /// Changes every element of a list that is there.
    private static func each(_ tree: inout JSON, _ path: String..., change: (inout JSON) -> Void) {
        guard var elements = tree[path]?.array else { return }
        for index in elements.indices { change(&elements[index]) }
        tree[path] = .array(elements)
    }

    private static func service(_ tree: inout JSON) {
        set(&tree, "spec", "type", to: "ClusterIP")
        set(&tree, "spec", "sessionAffinity", to: "None")
        let type = tree[["spec", "type"]]?.string ?? ""
        each(&tree, "spec", "ports") { port in
            set(&port, "protocol", to: "TCP")
            if port["targetPort"] ?? .null == .null { port["targetPort"] = port["port"] }
        }
        if tree[["spec", "sessionAffinity"]]?.string == "ClientIP" {
            set(&tree, "spec", "sessionAffinityConfig", "clientIP", "timeoutSeconds", to: 10800)
        } else {
            tree[["spec", "sessionAffinityConfig"]] = nil
        }
        if type != "ExternalName" { set(&tree, "spec", "internalTrafficPolicy", to: "Cluster") }
        if type == "NodePort" || type == "LoadBalancer" { set(&tree, "spec", "externalTrafficPolicy", to: "Cluster") }
        if type == "LoadBalancer" { set(&tree, "spec", "allocateLoadBalancerNodePorts", to: true) }
        if tree["status"] == nil { tree["status"] = ["loadBalancer": [:]] }
    }

    private static func pod(_ tree: inout JSON) {
        set(&tree, "spec", "restartPolicy", to: "Always")
        set(&tree, "spec", "dnsPolicy", to: "ClusterFirst")
        set(&tree, "spec", "schedulerName", to: "default-scheduler")
        set(&tree, "spec", "terminationGracePeriodSeconds", to: 30)
        set(&tree, "spec", "securityContext", to: [:])
        each(&tree, "spec", "containers") { container in
            let image = container["image"]?.string ?? ""
            let hasTag = image.split(separator: "/").last?.contains(":") ?? false
            set(&container, "imagePullPolicy", to: hasTag && !image.hasSuffix(":latest") ? "IfNotPresent" : "Always")
            set(&container, "terminationMessagePath", to: "/dev/termination-log")
            set(&container, "terminationMessagePolicy", to: "File")
            set(&container, "resources", to: [:])
            each(&container, "ports") { set(&$0, "protocol", to: "TCP") }
        }
        set(&tree, "spec", "enableServiceLinks", to: true)
        set(&tree, "spec", "priority", to: 0)
        set(&tree, "spec", "preemptionPolicy", to: "PreemptLowerPriority")
        set(&tree, "status", "phase", to: "Pending")
    }

    /// Members that the API's types write whether they are set or not.
    private static func event(_ tree: inout JSON) {
        for key in ["eventTime", "firstTimestamp", "lastTimestamp"] { set(&tree, key, to: .null) }
        for key in ["reportingComponent", "reportingInstance"] { set(&tree, key, to: "") }
        set(&tree, "source", to: [:])
    }

    private static func endpointSlice(_ tree: inout JSON) {
        each(&tree, "ports") { port in
            set(&port, "name", to: "")
            set(&port, "protocol", to: "TCP")
        }
    }

    private static func endpoints(_ tree: inout JSON) {
        each(&tree, "subsets") { subset in each(&subset, "ports") { set(&$0, "protocol", to: "TCP") } }
    }

    private static func namespace(_ tree: inout JSON) {
        let name = tree[["metadata", "name"]] ?? ""
        tree[["metadata", "labels", "kubernetes.io/metadata.name"]] = name
        set(&tree, "spec", "finalizers", to: ["kubernetes"])
        set(&tree, "status", "phase", to: "Active")
    }
}
