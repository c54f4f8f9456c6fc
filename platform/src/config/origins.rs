//! Origins of pages, as operators and browsers write them.

use url::Url;

use super::ConfigError;

/// Stands for every origin.
const ALL: &str = "*";

/// Origins whose pages may use the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origins {
    /// All of them.
    All,
    /// These, as browsers write them (RFC 6454, section 6.2); none if it is empty.
    Listed(Vec<String>),
}

impl Origins {
    /// Each `scheme://host` with a port if it is not the usual one, or `*`.
    pub(super) fn parse(key: &str, texts: &[String]) -> Result<Self, ConfigError> {
        if texts.iter().any(|text| text == ALL) {
            return match texts {
                [_] => Ok(Self::All),
                _ => Err(ConfigError::new(key, "\"*\" stands for all origins; name no other beside it")),
            };
        }
        let read = |text: &String| {
            origin(text).ok_or_else(|| {
                ConfigError::new(key, format!("{text:?} is no origin; write it like https://app.example.org"))
            })
        };
        texts.iter().map(read).collect::<Result<_, _>>().map(Self::Listed)
    }

    /// Whether pages of this origin, as a browser's header `Origin` has it, are among them. A page without one (`null`) is
    /// only if all are.
    #[must_use]
    pub fn allow(&self, origin: &str) -> bool {
        match self {
            Self::All => true,
            Self::Listed(listed) => listed.iter().any(|allowed| allowed == origin),
        }
    }
}

/// The text as browsers would write it; none if it is more or less than an origin.
fn origin(text: &str) -> Option<String> {
    let url: Url = text.parse().ok()?;
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    let is_web = matches!(url.scheme(), "http" | "https") && url.password().is_none();
    (bare && is_web).then(|| url.origin().ascii_serialization())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    fn parse(texts: &[&str]) -> Result<Origins, ConfigError> {
        Origins::parse("http.cors_origins", &texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn origins_are_those_of_browsers() {
        let origins = parse(&["https://App.example.org:443/", "http://localhost:3000"]).unwrap();
        for allowed in ["https://app.example.org", "http://localhost:3000"] {
            assert!(origins.allow(allowed), "{allowed}");
        }
        for other in ["https://app.example.org.evil.test", "http://app.example.org", "http://localhost", "null", ""] {
            assert!(!origins.allow(other), "{other}");
        }
        assert!(!parse(&[]).unwrap().allow("https://app.example.org"));
        assert!(parse(&["*"]).unwrap().allow("null"));
    }

    #[test]
    fn what_is_no_origin_is_refused() {
        for bad in ["app.example.org", "https://", "https://a.test/path", "https://u:p@a.test", "ftp://a.test", "null"]
        {
            let error = parse(&[bad]).unwrap_err().to_string();
            assert!(error.contains("http.cors_origins") && error.contains("https://app.example.org"), "{error}");
        }
        assert!(parse(&["*", "https://a.test"]).is_err());
    }
}
