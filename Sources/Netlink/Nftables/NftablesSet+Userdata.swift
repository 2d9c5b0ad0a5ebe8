import CNetfilter

extension NftablesSet {
    /// The kernel's set flags (`enum nft_set_flags`).
    var kernelFlags: UInt32 {
        var value: UInt32 = 0
        if flags.contains(.interval) { value |= NFT_SET_INTERVAL.rawValue }
        if isConcatenatedInterval { value |= NFT_SET_CONCAT.rawValue }
        if flags.contains(.timeout) { value |= NFT_SET_TIMEOUT.rawValue }
        if flags.contains(.dynamic) { value |= NFT_SET_EVAL.rawValue }
        if data != nil { value |= NFT_SET_MAP.rawValue }
        return value
    }

    /// What nft writes for the same set, byte for byte: without it `nft list` stops at an assertion.
    var userdata: Userdata {
        var userdata = Userdata()
        userdata.put(Int(NFTNL_UDATA_SET_KEYBYTEORDER.rawValue), NftablesField.byteOrder(of: key).rawValue)
        var dataTypeof: Userdata?
        switch data {
        case .fields(let fields):
            userdata.put(Int(NFTNL_UDATA_SET_DATABYTEORDER.rawValue), NftablesField.byteOrder(of: fields).rawValue)
            dataTypeof = NftablesField.typeof(fields)
        case .verdict:
            userdata.put(Int(NFTNL_UDATA_SET_DATABYTEORDER.rawValue), NftByteOrder.none.rawValue)
            dataTypeof = NftablesField.typeofVerdict
        case nil: break
        }
        userdata.put(Int(NFTNL_UDATA_SET_KEY_TYPEOF.rawValue), nested: NftablesField.typeof(key))
        if let dataTypeof {
            userdata.put(Int(NFTNL_UDATA_SET_DATA_TYPEOF.rawValue), nested: dataTypeof)
            userdata.put(Int(NFTNL_UDATA_SET_DATA_INTERVAL.rawValue), 0)
        }
        if let comment { userdata.put(Int(NFTNL_UDATA_SET_COMMENT.rawValue), comment: comment) }
        return userdata
    }
}
