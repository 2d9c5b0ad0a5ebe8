internal import NetworkTypes

/// Rules on addresses that several kinds share.
enum AddressRule {
    /// Addresses that traffic can be sent to: endpoints, and external addresses of Services.
    static func routable(_ address: IPAddress) -> String? {
        if address.isUnspecified { return "may not be unspecified (0.0.0.0 or ::)" }
        if address.isLoopback { return "may not be in the loopback range (127.0.0.0/8, ::1/128)" }
        if address.isLinkLocal { return "may not be in the link-local range (169.254.0.0/16, fe80::/10)" }
        if address.isMulticast { return "may not be in the multicast range (224.0.0.0/4, ff00::/8)" }
        return nil
    }

    /// Adds a fault for each value whose family an earlier one has.
    static func onePerFamily(
        _ families: [IPFamily], _ faults: inout FaultList, _ path: @autoclosure () -> FieldPath,
        _ text: (Int) -> String
    ) {
        for (index, family) in families.enumerated() where families[..<index].contains(family) {
            faults.add(path().appending(index), Phrase.invalid(text(index), Phrase.onePerFamily))
        }
    }
}
