//! Networks, as operators write them.

use std::net::IpAddr;

use ipnet::IpNet;

use super::ConfigError;

/// Stands for no network.
const NONE: &str = "none";

/// Addresses that are in one of some networks.
#[derive(Debug, Clone, Default)]
pub struct Networks(Vec<IpNet>);

impl Networks {
    /// Each `address/prefix` (RFC 4632, RFC 4291 section 2.3), or an address alone; the word `none` is no network, where an empty
    /// variable would leave the default.
    pub(super) fn parse(key: &str, texts: &[String]) -> Result<Self, ConfigError> {
        let read = |text: &String| {
            let network = text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
            network.ok_or_else(|| {
                ConfigError::new(key, format!("{text:?} is no network; write it like 10.0.0.0/8 or ::1"))
            })
        };
        let named = texts.iter().filter(|text| *text != NONE);
        named.map(read).collect::<Result<_, _>>().map(Self)
    }

    /// Whether the address, of which an IPv4-mapped one is IPv4, is in one of them.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    fn parse(texts: &[&str]) -> Result<Networks, ConfigError> {
        Networks::parse("rates.exempt", &texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn networks_addresses_and_none() {
        let networks = parse(&["10.0.0.0/8", "::1"]).unwrap();
        for (address, is_in) in
            [("10.9.8.7", true), ("::ffff:10.1.1.1", true), ("::1", true), ("11.0.0.1", false), ("::2", false)]
        {
            assert_eq!(networks.contains(address.parse().unwrap()), is_in, "{address}");
        }
        assert!(!parse(&["none"]).unwrap().contains("127.0.0.1".parse().unwrap()));
        for bad in ["10.0.0.0/33", "localhost", "10.0.0", ""] {
            let message = parse(&[bad]).unwrap_err().to_string();
            assert!(message.starts_with("rates.exempt: ") && message.contains("is no network"), "{message}");
        }
    }
}
