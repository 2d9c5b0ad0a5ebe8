extension ConfigurationDocument {
    /// Everything that is wrong with the values themselves, in the order of the file.
    ///
    /// Those of a FairwayConfiguration are checked where the flags are: they say the same.
    package func validate() throws(ConfigurationFaults) {
        guard schema.kind == ConfigurationSchema.kubeProxy.kind else { return }
        let faults = KubeProxyValidation(self).faults
        if !faults.isEmpty { throw ConfigurationFaults(faults) }
    }
}
