//! How much people may ask for, and how often they may try.
//!
//! Whoever is refused is told when it is worth trying again, and nothing else.

use std::net::IpAddr;
use std::time::Duration;

use darkroom_platform::rates::{Ask, Policy, Verdict};
use sha2::{Digest, Sha256};

use crate::app::App;
use crate::error::{Error, Result};
use crate::session::{Origin, Viewer};

const MINUTE: Duration = Duration::from_secs(60);
const QUARTER: Duration = Duration::from_secs(15 * 60);
const HOUR: Duration = Duration::from_secs(3600);

/// What an operation has taken from the points of whoever asks, or could not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Charge {
    /// By which limit.
    pub policy: Policy,
    /// What came of it.
    pub verdict: Verdict,
}

/// Takes an operation's points: from those of the viewer's session, or of the address if nobody is signed in. None if there is no
/// such limit. Addresses that are exempt are told of it and have all of it left.
pub async fn charge(app: &App, viewer: Option<&Viewer>, address: IpAddr, points: u64) -> Option<Charge> {
    let rates = &app.config.rates;
    let (name, quota, subject) = match viewer {
        Some(viewer) => ("session", rates.session_points, viewer.session_id.as_u128()),
        None => ("address", rates.address_points, neighbourhood(address)),
    };
    if quota == 0 {
        return None;
    }
    let policy = Policy { name, quota, window: MINUTE };
    if app.exempt.contains(address) {
        return Some(Charge { policy, verdict: policy.unlimited() });
    }
    let verdict = app.rates.spend(app.clock.now(), &Ask { policy, subject, points: points.max(1) }).await;
    Some(Charge { policy, verdict })
}

/// An attempt to sign in that was counted.
#[must_use]
pub(crate) struct Attempt(Ask);

impl Attempt {
    /// Whoever knows the password has guessed nothing: only failures count by login.
    pub(crate) async fn succeeded(self, app: &App) {
        Box::pin(app.rates.give_back(app.clock.now(), &self.0)).await;
    }
}

/// Counts an attempt to sign in, before anything is looked up or hashed: the answer is the same whether the login exists.
pub(crate) async fn sign_in(app: &App, login: &str, origin: &Origin<'_>) -> Result<Attempt> {
    let rates = &app.config.rates;
    let by_login = Policy { name: "sign-in-login", quota: rates.sign_ins_per_login, window: QUARTER };
    let of_login = Ask { policy: by_login, subject: digest(&login.trim().to_lowercase()), points: 1 };
    let mut asks = vec![of_login];
    let by_address = Policy { name: "sign-in-address", quota: rates.sign_ins_per_address, window: QUARTER };
    asks.extend(of_address(app, by_address, origin));
    take(app, &asks).await?;
    Ok(Attempt(of_login))
}

/// Counts an attempt to sign up.
pub(crate) async fn sign_up(app: &App, origin: &Origin<'_>) -> Result<()> {
    let policy = Policy { name: "sign-up-address", quota: app.config.rates.sign_ups_per_address, window: HOUR };
    let ask: Vec<Ask> = of_address(app, policy, origin).into_iter().collect();
    take(app, &ask).await
}

/// Counts an upload.
pub(crate) async fn upload(app: &App, viewer: &Viewer) -> Result<()> {
    let policy = Policy { name: "upload", quota: app.config.rates.uploads_per_account, window: HOUR };
    take(app, &[Ask { policy, subject: viewer.id().as_u128(), points: 1 }]).await
}

async fn take(app: &App, asks: &[Ask]) -> Result<()> {
    // Boxed: it is below every sign-up, and the compiler follows futures in futures only so far.
    let verdicts = Box::pin(app.rates.take(app.clock.now(), asks)).await;
    match verdicts.iter().filter(|verdict| !verdict.allowed).map(|verdict| verdict.retry_after).max() {
        None => Ok(()),
        Some(retry_after) => Err(Error::RateLimited { retry_after }),
    }
}

fn of_address(app: &App, policy: Policy, origin: &Origin<'_>) -> Option<Ask> {
    let counted = origin.address.filter(|address| !app.exempt.contains(*address));
    counted.map(|address| Ask { policy, subject: neighbourhood(address), points: 1 })
}

/// Whose an address is: IPv4 by itself, IPv6 by its /64, which is what one household or one rented machine has (RFC 6177).
fn neighbourhood(address: IpAddr) -> u128 {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => address.to_bits() >> 64 << 64,
    }
}

/// Half of its SHA-256: what people type in is kept nowhere, and has a bounded length.
fn digest(login: &str) -> u128 {
    let hash = Sha256::digest(login.as_bytes());
    hash.iter().take(16).fold(0, |number, byte| number << 8 | u128::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> u128 {
        neighbourhood(text.parse().expect("an address"))
    }

    #[test]
    fn ipv6_counts_by_its_64_and_ipv4_by_itself() {
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff:ffff:ffff:ffff"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
        assert_eq!(of("192.0.2.1"), of("::ffff:192.0.2.1"));
    }

    #[test]
    fn logins_have_numbers_of_their_own() {
        assert_eq!(digest("ada"), digest("ada"));
        assert_ne!(digest("ada"), digest("ben"));
    }
}
