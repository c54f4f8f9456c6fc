//! Which pages may open a WebSocket: browsers ask nobody before they do, so the server looks at `Origin`.

use darkroom_platform::config::Origins;
use http::header::{HOST, ORIGIN};
use http::uri::Authority;
use http::{HeaderMap, StatusCode, Uri};

use crate::refusal::Refusal;

/// Lets programs through (they send no `Origin`), pages of this very server (the host of the public URL, or the one that the
/// request was sent to), and those whose pages the settings name.
pub(crate) fn check(headers: &HeaderMap, public_url: &str, listed: &Origins) -> Result<(), Refusal> {
    let Some(origin) = headers.get(ORIGIN) else { return Ok(()) };
    let text = |value: &http::HeaderValue| value.to_str().ok().map(str::to_owned);
    let host = headers.get(HOST).and_then(text);
    if text(origin).is_some_and(|origin| listed.allow(&origin) || allows(&origin, host.as_deref(), public_url)) {
        return Ok(());
    }
    Err(Refusal::new(StatusCode::FORBIDDEN, "FORBIDDEN", "Pages of other origins may not connect."))
}

fn allows(origin: &str, host: Option<&str>, public_url: &str) -> bool {
    let Some((scheme, origin)) = place(origin) else { return false };
    let public = place(public_url).map(|(_, place)| place);
    let host = host.and_then(|host| host.parse::<Authority>().ok()).map(|host| normal(&scheme, &host));
    public.as_ref() == Some(&origin) || host.as_ref() == Some(&origin)
}

/// The scheme, and the host in lower case with its port.
fn place(url: &str) -> Option<(String, (String, u16))> {
    let uri: Uri = url.parse().ok()?;
    let scheme = uri.scheme_str()?.to_ascii_lowercase();
    let place = normal(&scheme, uri.authority()?);
    Some((scheme, place))
}

fn normal(scheme: &str, authority: &Authority) -> (String, u16) {
    let usual = if scheme == "https" { 443 } else { 80 };
    (authority.host().to_ascii_lowercase(), authority.port_u16().unwrap_or(usual))
}

#[cfg(test)]
mod tests {
    use super::allows;

    #[test]
    fn own_pages_and_no_others() {
        let public = "https://photos.example.com/app";
        let table = [
            ("https://photos.example.com", None, true),
            ("https://PHOTOS.example.com:443", None, true),
            ("https://photos.example.com:444", None, false),
            ("https://photos.example.com.evil.test", None, false),
            ("https://evil.test", Some("photos.example.com"), false),
            ("http://127.0.0.1:8000", Some("127.0.0.1:8000"), true),
            ("http://127.0.0.1:8001", Some("127.0.0.1:8000"), false),
            ("http://localhost", Some("localhost:80"), true),
            ("https://inner", Some("inner"), true),
            ("http://[::1]:8000", Some("[::1]:8000"), true),
            ("null", Some("null"), false),
            ("", Some(""), false),
            ("photos.example.com", Some("photos.example.com"), false),
        ];
        for (origin, host, expected) in table {
            assert_eq!(allows(origin, host, public), expected, "{origin} at {host:?}");
        }
    }
}
