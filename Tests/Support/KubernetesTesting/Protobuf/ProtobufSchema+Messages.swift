extension ProtobufSchema {
    /// The messages of the API's kinds: fields with their numbers, as the `generated.proto` files of Kubernetes 1.36 have
    /// them. `*` repeats, `%` maps strings to it. Left out are volumes, probes and other parts of pods that nobody here reads.
    static let text = """
        ClientIPConfig: timeoutSeconds=1:int
        Condition: type=1:string status=2:string observedGeneration=3:int lastTransitionTime=4:time reason=5:string
            message=6:string
        Container: name=1:string image=2:string command=3:*string args=4:*string workingDir=5:string
            ports=6:*ContainerPort env=7:*EnvVar resources=8:ResourceRequirements volumeMounts=9:*VolumeMount
            terminationMessagePath=13:string imagePullPolicy=14:string stdin=16:bool stdinOnce=17:bool tty=18:bool
            terminationMessagePolicy=20:string restartPolicy=24:string
        ContainerImage: names=1:*string sizeBytes=2:int
        ContainerPort: name=1:string hostPort=2:int containerPort=3:int protocol=4:string hostIP=5:string
        ContainerState: waiting=1:ContainerStateWaiting running=2:ContainerStateRunning
            terminated=3:ContainerStateTerminated
        ContainerStateRunning: startedAt=1:time
        ContainerStateTerminated: exitCode=1:int signal=2:int reason=3:string message=4:string startedAt=5:time
            finishedAt=6:time containerID=7:string
        ContainerStateWaiting: reason=1:string message=2:string
        ContainerStatus: name=1:string state=2:ContainerState lastState=3:ContainerState ready=4:bool restartCount=5:int
            image=6:string imageID=7:string containerID=8:string started=9:bool allocatedResources=10:%quantity
            resources=11:ResourceRequirements allocatedResourcesStatus=14:*ResourceStatus stopSignal=15:string
        DaemonEndpoint: Port=1:int
        DeleteOptions: gracePeriodSeconds=1:int preconditions=2:Preconditions orphanDependents=3:bool
            propagationPolicy=4:string dryRun=5:*string ignoreStoreReadErrorWithClusterBreakingPotential=6:bool
        Endpoint: addresses=1:*string conditions=2:EndpointConditions hostname=3:string targetRef=4:ObjectReference
            deprecatedTopology=5:%string nodeName=6:string zone=7:string hints=8:EndpointHints
        EndpointAddress: ip=1:string targetRef=2:ObjectReference hostname=3:string nodeName=4:string
        EndpointConditions: ready=1:bool serving=2:bool terminating=3:bool
        EndpointHints: forZones=1:*ForZone forNodes=2:*ForNode
        EndpointPort: name=1:string port=2:int protocol=3:string appProtocol=4:string
        EndpointSlice: metadata=1:ObjectMeta endpoints=2:*Endpoint ports=3:*SlicePort addressType=4:string
        EndpointSubset: addresses=1:*EndpointAddress notReadyAddresses=2:*EndpointAddress ports=3:*EndpointPort
        Endpoints: metadata=1:ObjectMeta subsets=2:*EndpointSubset
        EnvVar: name=1:string value=2:string
        Event: metadata=1:ObjectMeta involvedObject=2:ObjectReference reason=3:string message=4:string
            source=5:EventSource firstTimestamp=6:time lastTimestamp=7:time count=8:int type=9:string
            eventTime=10:microtime series=11:EventSeries action=12:string related=13:ObjectReference
            reportingComponent=14:string reportingInstance=15:string
        Event.events: metadata=1:ObjectMeta eventTime=2:microtime series=3:EventSeries reportingController=4:string
            reportingInstance=5:string action=6:string reason=7:string regarding=8:ObjectReference
            related=9:ObjectReference note=10:string type=11:string deprecatedSource=12:EventSource
            deprecatedFirstTimestamp=13:time deprecatedLastTimestamp=14:time deprecatedCount=15:int
        EventSeries: count=1:int lastObservedTime=2:microtime
        EventSource: component=1:string host=2:string
        ForNode: name=1:string
        ForZone: name=1:string
        HostIP: ip=1:string
        Lease: metadata=1:ObjectMeta spec=2:LeaseSpec
        LeaseSpec: holderIdentity=1:string leaseDurationSeconds=2:int acquireTime=3:microtime renewTime=4:microtime
            leaseTransitions=5:int strategy=6:string preferredHolder=7:string
        ListMeta: selfLink=1:string resourceVersion=2:string continue=3:string remainingItemCount=4:int
        LoadBalancerIngress: ip=1:string hostname=2:string ipMode=3:string ports=4:*PortStatus
        LoadBalancerStatus: ingress=1:*LoadBalancerIngress
        LocalObjectReference: name=1:string
        Namespace: metadata=1:ObjectMeta spec=2:NamespaceSpec status=3:NamespaceStatus
        NamespaceCondition: type=1:string status=2:string lastTransitionTime=4:time reason=5:string message=6:string
        NamespaceSpec: finalizers=1:*string
        NamespaceStatus: phase=1:string conditions=2:*NamespaceCondition
        Node: metadata=1:ObjectMeta spec=2:NodeSpec status=3:NodeStatus
        NodeAddress: type=1:string address=2:string
        NodeCondition: type=1:string status=2:string lastHeartbeatTime=3:time lastTransitionTime=4:time reason=5:string
            message=6:string
        NodeDaemonEndpoints: kubeletEndpoint=1:DaemonEndpoint
        NodeSpec: podCIDR=1:string externalID=2:string providerID=3:string unschedulable=4:bool taints=5:*Taint
            podCIDRs=7:*string
        NodeStatus: capacity=1:%quantity allocatable=2:%quantity phase=3:string conditions=4:*NodeCondition
            addresses=5:*NodeAddress daemonEndpoints=6:NodeDaemonEndpoints nodeInfo=7:NodeSystemInfo
            images=8:*ContainerImage volumesInUse=9:*string declaredFeatures=14:*string
        NodeSystemInfo: machineID=1:string systemUUID=2:string bootID=3:string kernelVersion=4:string osImage=5:string
            containerRuntimeVersion=6:string kubeletVersion=7:string kubeProxyVersion=8:string operatingSystem=9:string
            architecture=10:string
        ObjectMeta: name=1:string generateName=2:string namespace=3:string selfLink=4:string uid=5:string
            resourceVersion=6:string generation=7:int creationTimestamp=8:time deletionTimestamp=9:time
            deletionGracePeriodSeconds=10:int labels=11:%string annotations=12:%string
            ownerReferences=13:*OwnerReference finalizers=14:*string
        ObjectReference: kind=1:string namespace=2:string name=3:string uid=4:string apiVersion=5:string
            resourceVersion=6:string fieldPath=7:string
        OwnerReference: kind=1:string name=3:string uid=4:string apiVersion=5:string controller=6:bool
            blockOwnerDeletion=7:bool
        Pod: metadata=1:ObjectMeta spec=2:PodSpec status=3:PodStatus
        PodCondition: type=1:string status=2:string lastProbeTime=3:time lastTransitionTime=4:time reason=5:string
            message=6:string observedGeneration=7:int
        PodIP: ip=1:string
        PodOS: name=1:string
        PodSpec: containers=2:*Container restartPolicy=3:string terminationGracePeriodSeconds=4:int
            activeDeadlineSeconds=5:int dnsPolicy=6:string nodeSelector=7:%string serviceAccountName=8:string
            serviceAccount=9:string nodeName=10:string hostNetwork=11:bool hostPID=12:bool hostIPC=13:bool
            imagePullSecrets=15:*LocalObjectReference hostname=16:string subdomain=17:string schedulerName=19:string
            initContainers=20:*Container automountServiceAccountToken=21:bool tolerations=22:*Toleration
            priorityClassName=24:string priority=25:int shareProcessNamespace=27:bool runtimeClassName=29:string
            enableServiceLinks=30:bool preemptionPolicy=31:string overhead=32:%quantity setHostnameAsFQDN=35:bool
            os=36:PodOS hostUsers=37:bool resources=40:ResourceRequirements hostnameOverride=41:string
        PodStatus: phase=1:string conditions=2:*PodCondition message=3:string reason=4:string hostIP=5:string
            podIP=6:string startTime=7:time containerStatuses=8:*ContainerStatus qosClass=9:string
            initContainerStatuses=10:*ContainerStatus nominatedNodeName=11:string podIPs=12:*PodIP
            ephemeralContainerStatuses=13:*ContainerStatus resize=14:string hostIPs=16:*HostIP observedGeneration=17:int
            allocatedResources=19:%quantity resources=20:ResourceRequirements
        PortStatus: port=1:int protocol=2:string error=3:string
        Preconditions: uid=1:string resourceVersion=2:string
        ResourceRequirements: limits=1:%quantity requests=2:%quantity
        ResourceStatus: name=1:string
        Service: metadata=1:ObjectMeta spec=2:ServiceSpec status=3:ServiceStatus
        ServiceCIDR: metadata=1:ObjectMeta spec=2:ServiceCIDRSpec status=3:ServiceCIDRStatus
        ServiceCIDRSpec: cidrs=1:*string
        ServiceCIDRStatus: conditions=1:*Condition
        ServicePort: name=1:string protocol=2:string port=3:int targetPort=4:intOrString nodePort=5:int
            appProtocol=6:string
        ServiceSpec: ports=1:*ServicePort selector=2:%string clusterIP=3:string type=4:string externalIPs=5:*string
            sessionAffinity=7:string loadBalancerIP=8:string loadBalancerSourceRanges=9:*string externalName=10:string
            externalTrafficPolicy=11:string healthCheckNodePort=12:int publishNotReadyAddresses=13:bool
            sessionAffinityConfig=14:SessionAffinityConfig ipFamilyPolicy=17:string clusterIPs=18:*string
            ipFamilies=19:*string allocateLoadBalancerNodePorts=20:bool loadBalancerClass=21:string
            internalTrafficPolicy=22:string trafficDistribution=23:string
        ServiceStatus: loadBalancer=1:LoadBalancerStatus conditions=2:*Condition
        SessionAffinityConfig: clientIP=1:ClientIPConfig
        SlicePort: name=1:string protocol=2:string port=3:int appProtocol=4:string
        Status: metadata=1:ListMeta status=2:string message=3:string reason=4:string details=5:StatusDetails code=6:int
        StatusCause: reason=1:string message=2:string field=3:string
        StatusDetails: name=1:string group=2:string kind=3:string causes=4:*StatusCause retryAfterSeconds=5:int
            uid=6:string
        Taint: key=1:string value=2:string effect=3:string timeAdded=4:time
        Toleration: key=1:string operator=2:string value=3:string effect=4:string tolerationSeconds=5:int
        VolumeMount: name=1:string readOnly=2:bool mountPath=3:string subPath=4:string mountPropagation=5:string
            subPathExpr=6:string recursiveReadOnly=7:string
        """
}
