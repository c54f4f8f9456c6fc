//! The IDE that browsers get at `/`: GraphiQL on this server's own API.
//!
//! Pure data, made by `build.rs` from `web/`: one page, the files it loads under `/ide/`, and the policies to serve
//! them with. Usually everything is embedded and the page reaches no other host; a build without npm loads GraphiQL and
//! React from a CDN, at exact versions and with integrity hashes. The router decides when to send what.

include!(concat!(env!("OUT_DIR"), "/ide_assets.rs"));

/// The page's `Content-Security-Policy` as far as both forms agree; the two lists of hosts are open at the end.
macro_rules! content_security_policy {
    ($hosts:literal) => {
        concat!(
            "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; ",
            // Same-origin WebSockets are 'self' too. GraphiQL carries its fonts and icons as data URLs and positions
            // its pop-ups with style attributes, which is why styles, and only they, may be inline.
            "connect-src 'self'; img-src 'self' data:; font-src data:; ",
            "script-src 'self'",
            $hosts,
            "; style-src 'self' 'unsafe-inline'",
            $hosts
        )
    };
}

const EMBEDDED_PAGE: &str = include_str!(concat!(env!("OUT_DIR"), "/ide-embedded.html"));
const CDN_PAGE: &str = include_str!(concat!(env!("OUT_DIR"), "/ide-cdn.html"));
const EMBEDDED_POLICY: &str = content_security_policy!("");
const CDN_POLICY: &str = content_security_policy!(" https://cdn.jsdelivr.net");

/// The `Content-Security-Policy` header of [`page`]. Without a CDN it names no host but the server's own.
pub const CONTENT_SECURITY_POLICY: &str = if EMBEDDED { EMBEDDED_POLICY } else { CDN_POLICY };

/// The `Cache-Control` header of every [`Asset`]: names change with the bytes, so a copy is good for ever (one year).
pub const ASSET_CACHE_CONTROL: &str = "public, max-age=31536000, immutable";

/// The `Cache-Control` header of [`page`]: asked for anew each time, since it names the assets of this build.
pub const PAGE_CACHE_CONTROL: &str = "no-cache";

/// A file that the page loads (or the license of one), part of the binary.
#[derive(Debug, Clone, Copy)]
pub struct Asset {
    /// The file's name under `/ide/`; holds the package's version or a hash of the bytes.
    pub name: &'static str,
    /// The value of its `Content-Type` header.
    pub content_type: &'static str,
    /// The value of its `ETag` header: a strong validator with its quotes, 128 bits of the SHA-384 of the bytes.
    pub etag: &'static str,
    /// The file.
    pub bytes: &'static [u8],
}

/// The HTML page (`text/html; charset=utf-8`). Its links are relative: it works at `/`, and under any prefix that a
/// proxy puts in front of the whole server.
pub fn page() -> &'static str {
    if EMBEDDED { EMBEDDED_PAGE } else { CDN_PAGE }
}

/// The file served at `/ide/<name>`, exact names only; `None` is a 404.
pub fn asset(name: &str) -> Option<Asset> {
    ASSETS.iter().find(|asset| asset.name == name).copied()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    /// The page's `<script>` and stylesheet `<link>` tags, with the URL of each.
    fn loads(page: &str) -> Vec<(&str, &str)> {
        let tags =
            page.lines().map(str::trim).filter(|line| line.contains("stylesheet") || line.starts_with("<script"));
        tags.map(|tag| (tag, tag.split('"').find(|part| part.ends_with(".js") || part.ends_with(".css")).unwrap()))
            .collect()
    }

    #[test]
    fn every_file_that_the_page_loads_from_here_is_served() {
        let local: Vec<_> = loads(page()).into_iter().filter(|(_, url)| !url.contains("://")).collect();
        assert!(local.len() >= 3, "{local:?}");
        for (tag, url) in local {
            let found = asset(url.strip_prefix("ide/").unwrap()).expect(tag);
            assert!(!found.bytes.is_empty());
            let expected = if url.ends_with(".css") { "text/css" } else { "text/javascript" };
            assert!(found.content_type.starts_with(expected), "{tag}: {}", found.content_type);
        }
    }

    #[test]
    fn the_embedded_form_names_no_other_host() {
        let urls = loads(EMBEDDED_PAGE);
        assert_eq!(urls.len(), 7, "{urls:?}");
        assert!(urls.iter().all(|(_, url)| url.starts_with("ide/")), "{urls:?}");
        assert!(!EMBEDDED_POLICY.contains("://"));
    }

    #[test]
    fn the_cdn_form_pins_versions_and_bytes() {
        let urls = loads(CDN_PAGE);
        let foreign: Vec<_> = urls.iter().filter(|(_, url)| url.contains("://")).collect();
        assert_eq!(foreign.len(), 4, "{foreign:?}");
        for (tag, url) in foreign {
            let host = url.split('/').take(3).collect::<Vec<_>>().join("/");
            assert_eq!(CDN_POLICY.matches(&host).count(), 2, "scripts and styles of {host} are allowed");
            let version = url.split('@').nth(1).unwrap().split('/').next().unwrap();
            assert_eq!(version.split('.').filter(|part| part.parse::<u32>().is_ok()).count(), 3, "{version}");
            assert!(tag.contains(r#" integrity="sha384-"#) && tag.contains(r#" crossorigin="anonymous""#), "{tag}");
        }
    }

    #[test]
    fn names_and_validators_are_unique_and_names_exact() {
        for (index, asset) in ASSETS.iter().enumerate() {
            assert!(asset.etag.starts_with('"') && asset.etag.ends_with('"') && asset.etag.len() == 34);
            assert!(asset.name.bytes().any(|byte| byte.is_ascii_digit()), "{} is not versioned", asset.name);
            assert!(ASSETS[..index].iter().all(|other| other.name != asset.name));
            assert_eq!(super::asset(asset.name).unwrap().etag, asset.etag);
        }
        for name in ["", "/", "..", "ide.js", "../ide.html", "GRAPHIQL"] {
            assert!(asset(name).is_none(), "{name}");
        }
    }

    #[test]
    fn the_page_runs_no_inline_script() {
        for page in [EMBEDDED_PAGE, CDN_PAGE] {
            assert!(!page.contains("{{"), "a place holder is left");
            assert!(page.contains("<noscript>"));
            assert!(!page.contains(" onload=") && !page.contains("javascript:"));
            let scripts = page.lines().filter(|line| line.contains("<script"));
            assert!(scripts.into_iter().all(|line| line.contains(" src=\"") && line.ends_with("></script>")));
        }
    }
}
