internal import KubernetesModel
internal import NetworkTypes

extension MessageReader {
    func pod(_ message: CorePod) throws(FieldError) -> Pod {
        var pod = Pod(metadata: try metadata(message.metadata, of: .pod))
        if message.hasSpec { try inside("spec") { () throws(FieldError) in try read(message.spec, into: &pod) } }
        if message.hasStatus { try inside("status") { () throws(FieldError) in try read(message.status, into: &pod) } }
        return pod
    }

    private func read(_ message: CorePodSpec, into pod: inout Pod) throws(FieldError) {
        pod.nodeName = strings.intern(message.nodeName)
        pod.hostname = message.hostname
        pod.subdomain = strings.intern(message.subdomain)
        pod.hostNetwork = message.hostNetwork
        for (index, container) in message.containers.enumerated() {
            do { pod.containerPorts += try containerPorts(container) } catch {
                throw error.under("containers", index: index)
            }
        }
        for (index, container) in message.initContainers.enumerated() {
            // All are read, as decoding from JSON does; those of a sidecar count.
            do {
                let ports = try containerPorts(container)
                if container.restartPolicy == "Always" { pod.containerPorts += ports }
            } catch {
                throw error.under("initContainers", index: index)
            }
        }
    }

    private func containerPorts(_ message: CoreContainer) throws(FieldError) -> [ContainerPort] {
        try items(message.ports, "ports") { (port) throws(FieldError) in
            ContainerPort(
                name: port.name, containerPort: try requiredPort(port.containerPort, "containerPort"),
                protocol: try transportProtocol(port.protocol))
        }
    }

    private func read(_ message: CorePodStatus, into pod: inout Pod) throws(FieldError) {
        pod.phase = try choice(message.phase, "phase") ?? .pending
        pod.podIPs = try items(message.podIps, "podIPs") { (ip) throws(FieldError) in try address(ip.ip, "ip") }
            .compactMap(\.self)
        if let first = try address(message.podIp, "podIP"), pod.podIPs.first != first {
            pod.podIPs.removeAll { $0 == first }
            pod.podIPs.insert(first, at: 0)
        }
        if let ready = message.conditions.first(where: { $0.type == "Ready" }) {
            pod.isReady = ready.status == "True"
            pod.readyTransitionTime = ready.hasLastTransitionTime ? Timestamp(ready.lastTransitionTime) : nil
        }
    }
}

extension CorePod {
    /// The ports of every container are written as those of one.
    init(_ pod: Pod) {
        metadata = MetaObjectMeta(pod.metadata)
        spec = CorePodSpec(pod)
        status.phase = pod.phase.rawValue
        status.podIp = pod.podIPs.first?.description ?? ""
        status.podIps = pod.podIPs.map { ip in
            var message = CorePodIP()
            message.ip = ip.description
            return message
        }
        if pod.isReady || pod.readyTransitionTime != nil {
            status.conditions = [CoreCondition(isReady: pod.isReady, since: pod.readyTransitionTime)]
        }
    }
}

extension CorePodSpec {
    init(_ pod: Pod) {
        nodeName = pod.nodeName
        hostname = pod.hostname
        subdomain = pod.subdomain
        hostNetwork = pod.hostNetwork
        guard !pod.containerPorts.isEmpty else { return }
        var container = CoreContainer()
        container.ports = pod.containerPorts.map { port in
            var message = CoreContainerPort()
            message.name = port.name
            message.containerPort = Int32(port.containerPort.rawValue)
            message.protocol = port.protocol.kubernetesName
            return message
        }
        containers = [container]
    }
}

extension CoreCondition {
    /// The Ready condition of a Pod or a Node.
    init(isReady: Bool, since time: Timestamp? = nil) {
        type = "Ready"
        status = isReady ? "True" : "False"
        if let time { lastTransitionTime = MetaTime(time) }
    }
}
