//! The address guard: which IP addresses a request may go to.
//!
//! An administrator types the endpoint's URL, and our process can reach things that the administrator cannot: its own
//! loopback interface, the private network, a cloud's metadata service. So only globally routed unicast addresses are allowed
//! (RFC 6890 and the IANA special-purpose registries say which are not), plus what the operator names.

use ipnet::IpNet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// IPv4 blocks that are not globally routed unicast: (first address, prefix length).
const SPECIAL_V4: [(Ipv4Addr, u8); 16] = [
    (Ipv4Addr::UNSPECIFIED, 8),            // this network, RFC 791
    (Ipv4Addr::new(10, 0, 0, 0), 8),       // private, RFC 1918
    (Ipv4Addr::new(100, 64, 0, 0), 10),    // carrier-grade NAT, RFC 6598
    (Ipv4Addr::new(127, 0, 0, 0), 8),      // loopback, RFC 1122
    (Ipv4Addr::new(168, 63, 129, 16), 32), // Azure's platform service
    (Ipv4Addr::new(169, 254, 0, 0), 16),   // link-local and metadata services, RFC 3927
    (Ipv4Addr::new(172, 16, 0, 0), 12),    // private, RFC 1918
    (Ipv4Addr::new(192, 0, 0, 0), 24),     // protocol assignments, RFC 6890
    (Ipv4Addr::new(192, 0, 2, 0), 24),     // documentation, RFC 5737
    (Ipv4Addr::new(192, 88, 99, 0), 24),   // 6to4 relays, RFC 7526
    (Ipv4Addr::new(192, 168, 0, 0), 16),   // private, RFC 1918
    (Ipv4Addr::new(198, 18, 0, 0), 15),    // benchmarks, RFC 2544
    (Ipv4Addr::new(198, 51, 100, 0), 24),  // documentation, RFC 5737
    (Ipv4Addr::new(203, 0, 113, 0), 24),   // documentation, RFC 5737
    (Ipv4Addr::new(224, 0, 0, 0), 4),      // multicast, RFC 5771
    (Ipv4Addr::new(240, 0, 0, 0), 4),      // reserved, RFC 1112, and broadcast, RFC 919
];

/// Blocks within `2000::/3` that are not globally routed unicast: (first address, prefix length).
const SPECIAL_V6: [(Ipv6Addr, u8); 4] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23), // protocol assignments, Teredo among them, RFC 2928, RFC 4380
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32), // documentation, RFC 3849
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16), // 6to4, which can name any IPv4 address, RFC 7526
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20), // documentation, RFC 9637
];

/// The prefix of IPv4 addresses behind a NAT64 (RFC 6052).
const NAT64: [u16; 6] = [0x64, 0xff9b, 0, 0, 0, 0];

/// Whether a request may go to `address`: it is globally routed unicast, or in one of the networks that the operator
/// allows. IPv4 addresses written as IPv6 (mapped or NAT64) are judged as what they are.
pub fn address_allowed(address: IpAddr, allowed_private: &[IpNet]) -> bool {
    let address = plain(address);
    is_global(address) || allowed_private.iter().any(|network| network.contains(&address))
}

/// The IPv4 address inside a mapped one (RFC 4291, 2.5.5.2) or a NAT64 one; any other address as it is.
pub(super) fn plain(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) if v6.segments()[..6] == NAT64 => {
            let [.., a, b, c, d] = v6.octets();
            IpAddr::V4(Ipv4Addr::new(a, b, c, d))
        }
        canonical => canonical,
    }
}

fn is_global(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            !SPECIAL_V4.iter().any(|(first, length)| same_prefix(v4.to_bits().into(), first.to_bits().into(), 32 - length))
        }
        // RFC 4291, 2.4 and the IANA registry: global unicast has only been handed out from 2000::/3.
        IpAddr::V6(v6) => {
            v6.segments()[0] & 0xe000 == 0x2000
                && !SPECIAL_V6.iter().any(|(first, length)| same_prefix(v6.to_bits(), first.to_bits(), 128 - length))
        }
    }
}

/// Whether two addresses are alike but for the lowest `host_bits`.
fn same_prefix(one: u128, other: u128, host_bits: u8) -> bool {
    (one ^ other) >> host_bits == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use url::{Host, Url};

    /// How a browser or our URL parser reads this host; `None` for a name.
    fn literal(host: &str) -> Option<IpAddr> {
        match Url::parse(&format!("https://{host}/")).unwrap().host().unwrap() {
            Host::Ipv4(v4) => Some(v4.into()),
            Host::Ipv6(v6) => Some(v6.into()),
            Host::Domain(_) => None,
        }
    }

    /// Every notation in which a forbidden address has been smuggled past a guard somewhere.
    const FORBIDDEN: [&str; 70] = [
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "127.255.255.254",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "017700000001",
        "0177.1",
        "127.0.0.1.",
        "127.0x0.0.01",
        "%31%32%37.0.0.1",
        "１２７.0.0.1",
        "127。0。0。1",
        "⑫⑦.0.0.1",
        "0.0.0.0",
        "0",
        "0x0",
        "0.1.2.3",
        "10.0.0.1",
        "10.255.255.255",
        "167772161",
        "012.0.0.1",
        "100.64.0.1",
        "100.127.255.255",
        "169.254.169.254",
        "2852039166",
        "0xa9fea9fe",
        "0251.0376.0251.0376",
        "169.254.0.1",
        "168.63.129.16",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.0.192",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.0.1",
        "192.168.257",
        "3232235521",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.7",
        "203.0.113.9",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "[::]",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::ffff:169.254.169.254]",
        "[::ffff:10.0.0.1]",
        "[::127.0.0.1]",
        "[64:ff9b::127.0.0.1]",
        "[64:ff9b::a9fe:a9fe]",
        "[64:ff9b:1::1]",
        "[100::1]",
        "[2001::1]",
        "[2001:db8::1]",
        "[2002:7f00:1::]",
        "[fc00::1]",
        "[fd00:ec2::254]",
        "[fe80::1]",
        "[fec0::1]",
        "[ff02::1]",
    ];

    const GLOBAL: [&str; 14] = [
        "1.1.1.1",
        "8.8.8.8",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.167.255.255",
        "198.17.255.255",
        "223.255.255.255",
        "[2606:4700::1111]",
        "[2a00:1450::1]",
        "[64:ff9b::8.8.8.8]",
    ];

    #[test]
    fn refuses_every_special_address_in_every_notation() {
        for host in FORBIDDEN {
            let address = literal(host).unwrap_or_else(|| panic!("{host} is an address"));
            assert!(!address_allowed(address, &[]), "{host} is {address}");
        }
    }

    #[test]
    fn allows_global_addresses_up_to_the_edges_of_the_special_blocks() {
        for host in GLOBAL {
            let address = literal(host).unwrap_or_else(|| panic!("{host} is an address"));
            assert!(address_allowed(address, &[]), "{host} is {address}");
        }
    }

    #[test]
    fn the_operators_networks_are_allowed_in_each_notation_and_nothing_beside_them() {
        let allowed: Vec<IpNet> = vec!["127.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        for host in ["127.0.0.1", "2130706433", "[::ffff:127.0.0.1]", "[64:ff9b::127.0.0.1]", "[fd00::1]", "8.8.8.8"] {
            assert!(address_allowed(literal(host).unwrap(), &allowed), "{host}");
        }
        for host in ["[::1]", "10.0.0.1", "169.254.169.254", "[::ffff:10.0.0.1]", "[fe80::1]", "[fc00::1]"] {
            assert!(!address_allowed(literal(host).unwrap(), &allowed), "{host}");
        }
    }
}
