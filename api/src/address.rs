//! Whose request it is, by address: the peer's, or what a trusted proxy says.

use std::net::{IpAddr, Ipv4Addr};

use darkroom_platform::config::Networks;
use http::request::Parts;
use http::{Extensions, HeaderMap, HeaderName};

/// Where every proxy that is in use adds the address that it was asked from.
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Longest list that is read, bytes over all headers of the name.
const LONGEST: usize = 2048;

/// Most addresses in a list that is read.
const MOST: usize = 32;

/// The other end of the connection, put into each request where connections are served.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// The client's address. Requests that came by no connection, as tests make them, have the unspecified one.
pub(crate) fn of(parts: &Parts, trusted: &Networks) -> IpAddr {
    client(peer(&parts.extensions), &parts.headers, trusted)
}

/// Whether a request comes from a trusted proxy.
pub(crate) fn is_trusted(extensions: &Extensions, trusted: &Networks) -> bool {
    trusted.contains(peer(extensions))
}

fn peer(extensions: &Extensions) -> IpAddr {
    extensions.get::<Peer>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |Peer(address)| address.to_canonical())
}

/// Only what trusted proxies have added counts: it stands at the right end. A list that can't be read counts as none.
fn client(peer: IpAddr, headers: &HeaderMap, trusted: &Networks) -> IpAddr {
    if !trusted.contains(peer) || !headers.contains_key(FORWARDED_FOR) {
        return peer;
    }
    let Some(named) = read(headers) else { return peer };
    // If all are proxies of ours, the leftmost asked.
    named.iter().rev().find(|address| !trusted.contains(**address)).or(named.first()).copied().unwrap_or(peer)
}

/// The addresses in the order in which they were added (several headers are one list: RFC 9110, section 5.3).
fn read(headers: &HeaderMap) -> Option<Vec<IpAddr>> {
    let values = || headers.get_all(FORWARDED_FOR).iter();
    if values().map(http::HeaderValue::len).sum::<usize>() > LONGEST {
        return None;
    }
    let mut named = Vec::new();
    for value in values() {
        for text in value.to_str().ok()?.split(',') {
            if named.len() == MOST {
                return None;
            }
            named.push(text.trim().parse::<IpAddr>().ok()?.to_canonical());
        }
    }
    Some(named)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use darkroom_platform::{Config, Role};
    use http::HeaderValue;
    use proptest::prelude::*;

    fn trusted() -> Networks {
        let settings = [
            ("DARKROOM_SECRET", "0123456789abcdef0123456789abcdef"),
            ("DARKROOM_HTTP_TRUSTED_PROXIES", "10.0.0.0/8,2001:db8:f::/48"),
        ];
        let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Config::load_from(Role::Single, None, settings).unwrap().trusted_proxies().unwrap()
    }

    fn found(peer: &str, lists: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for list in lists {
            headers.append(FORWARDED_FOR, HeaderValue::from_str(list).unwrap());
        }
        client(peer.parse::<IpAddr>().unwrap().to_canonical(), &headers, &trusted()).to_string()
    }

    #[test]
    fn a_stranger_is_not_believed() {
        assert_eq!(found("192.0.2.1", &["198.51.100.7"]), "192.0.2.1");
        assert_eq!(found("::ffff:192.0.2.1", &["198.51.100.7"]), "192.0.2.1");
    }

    #[test]
    fn a_proxy_is_believed_from_the_right() {
        assert_eq!(found("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(found("10.0.0.1", &["198.51.100.7"]), "198.51.100.7");
        assert_eq!(found("::ffff:10.0.0.1", &["::ffff:198.51.100.7"]), "198.51.100.7");
        assert_eq!(found("10.0.0.1", &["203.0.113.9, 198.51.100.7, 10.3.0.1"]), "198.51.100.7");
        assert_eq!(found("10.0.0.1", &["203.0.113.9", "198.51.100.7,2001:db8:f::2"]), "198.51.100.7");
        assert_eq!(found("10.0.0.1", &["10.0.0.9, 10.0.0.2"]), "10.0.0.9");
    }

    #[test]
    fn what_cannot_be_read_counts_as_none() {
        let many = vec!["198.51.100.7"; MOST + 1].join(",");
        let long = format!("{}198.51.100.7", " ".repeat(LONGEST));
        for bad in ["", "unknown", "198.51.100.7:80", "198.51.100.7,", "198.51.100.7;10.0.0.1", &many, &long] {
            assert_eq!(found("10.0.0.1", &[bad]), "10.0.0.1", "{bad}");
        }
    }

    proptest! {
        #[test]
        fn whatever_a_client_writes_stands_left_of_what_the_proxy_adds(
            written in proptest::collection::vec(any::<u32>(), 0..20),
            client in any::<u32>(),
        ) {
            let address = Ipv4Addr::from_bits(client);
            prop_assume!(address.octets()[0] != 10);
            let mut list: Vec<String> = written.iter().map(|bits| Ipv4Addr::from_bits(*bits).to_string()).collect();
            list.push(address.to_string());
            prop_assert_eq!(found("10.0.0.1", &[&list.join(", ")]), address.to_string());
        }
    }
}
