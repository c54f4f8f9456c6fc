//! From bytes to a GraphQL request: `Content-Type`, JSON bodies, query strings.

use async_graphql::{Name, Request, Value, Variables};
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, StatusCode, Uri};
use serde::Deserialize;
use std::collections::HashMap;

use crate::graphql::inbound::BodyError;
use crate::graphql::persisted;
use crate::refusal::Refusal;

/// How the body is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BodyForm {
    /// `application/json`.
    Json,
    /// `multipart/form-data`, its parts separated by this.
    Multipart {
        /// The boundary, at most 70 characters.
        boundary: String,
    },
}

impl BodyForm {
    /// Reads `Content-Type` and `Content-Encoding`; 415 for what is not taken.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Self, Refusal> {
        let encoding = headers.get(CONTENT_ENCODING).map(http::HeaderValue::as_bytes);
        if encoding.is_some_and(|encoding| !encoding.eq_ignore_ascii_case(b"identity")) {
            return Err(unsupported("Send the body without Content-Encoding."));
        }
        let declared = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let mut parts = declared.split(';').map(str::trim);
        let essence = parts.next().unwrap_or_default().to_ascii_lowercase();
        match essence.as_str() {
            "application/json" => {
                let charset = parts.filter_map(|parameter| parameter.split_once('=')).find_map(|(key, value)| {
                    key.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"'))
                });
                match charset {
                    Some(charset) if !charset.eq_ignore_ascii_case("utf-8") => Err(unsupported("Send JSON in UTF-8.")),
                    _ => Ok(Self::Json),
                }
            }
            "multipart/form-data" => match multer::parse_boundary(declared) {
                Ok(boundary) if (1..=70).contains(&boundary.len()) => Ok(Self::Multipart { boundary }),
                _ => Err(Refusal::bad_request("The Content-Type of a multipart body names its boundary.")),
            },
            "" => Err(unsupported("Say what the body is: Content-Type: application/json, or multipart/form-data.")),
            _ => Err(unsupported("Send application/json, or multipart/form-data for uploads.")),
        }
    }
}

fn unsupported(message: &'static str) -> Refusal {
    Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "INVALID", message)
}

impl From<BodyError> for Refusal {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge(limit) => Self::too_large("The request", limit),
            BodyError::Aborted => Self::bad_request("The body ended before its end."),
            BodyError::Idle | BodyError::Slow(_) => {
                Self::new(StatusCode::REQUEST_TIMEOUT, "INVALID", "The body did not come in time.")
            }
            BodyError::Busy => {
                tracing::error!("a body was read twice");
                Self::internal()
            }
        }
    }
}

/// A request as clients write it; `null` counts as left out.
#[derive(Deserialize)]
struct Wire {
    query: Option<String>,
    #[serde(rename = "operationName")]
    operation_name: Option<String>,
    variables: Option<Variables>,
    extensions: Option<HashMap<String, Value>>,
    #[serde(rename = "documentId")]
    document_id: Option<String>,
}

impl Wire {
    fn into_request(self) -> Result<Request, Refusal> {
        let mut extensions = async_graphql_extensions(self.extensions);
        persisted::name(&mut extensions, self.document_id);
        let query = self.query.filter(|query| !query.trim().is_empty()).unwrap_or_default();
        if query.is_empty() && !persisted::is_named(&extensions) {
            return Err(Refusal::bad_request("The request has no \"query\"."));
        }
        let mut request = Request::new(query).variables(self.variables.unwrap_or_default());
        // Some clients send an empty name for none.
        request.operation_name = self.operation_name.filter(|name| !name.is_empty());
        request.extensions = extensions;
        Ok(request)
    }
}

fn async_graphql_extensions(extensions: Option<HashMap<String, Value>>) -> async_graphql::Extensions {
    async_graphql::Extensions(extensions.unwrap_or_default())
}

/// Reads one operation from JSON.
pub(crate) fn from_json(bytes: &[u8]) -> Result<Request, Refusal> {
    match bytes.iter().find(|byte| !byte.is_ascii_whitespace()) {
        None => return Err(Refusal::bad_request("The body is empty: send {\"query\": …}.")),
        Some(b'[') => {
            return Err(Refusal::bad_request("Batches are not served: send one operation a request."));
        }
        Some(_) => {}
    }
    let wire: Wire = serde_json::from_slice(bytes).map_err(|error| {
        let what = if error.is_data() { "no GraphQL request" } else { "no JSON" };
        Refusal::bad_request(format!("The body is {what}: {error}."))
    })?;
    wire.into_request()
}

/// Reads one operation from a query string.
pub(crate) fn from_query(uri: &Uri) -> Result<Request, Refusal> {
    #[derive(Deserialize)]
    struct Parameters {
        query: Option<String>,
        #[serde(rename = "operationName")]
        operation_name: Option<String>,
        variables: Option<String>,
        extensions: Option<String>,
        #[serde(rename = "documentId")]
        document_id: Option<String>,
    }
    fn json<T: serde::de::DeserializeOwned>(name: &str, text: Option<String>) -> Result<Option<T>, Refusal> {
        let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
        serde_json::from_str(&text)
            .map_err(|error| Refusal::bad_request(format!("The parameter \"{name}\" is no JSON object: {error}.")))
    }
    let parameters = axum::extract::Query::<Parameters>::try_from_uri(uri);
    let axum::extract::Query(parameters) =
        parameters.map_err(|_| Refusal::bad_request("The query string can't be read."))?;
    let wire = Wire {
        query: parameters.query,
        operation_name: parameters.operation_name,
        variables: json("variables", parameters.variables)?,
        extensions: json("extensions", parameters.extensions)?,
        document_id: parameters.document_id.filter(|id| !id.is_empty()),
    };
    wire.into_request()
}

/// Puts `value` where `path` (`variables.input.files.0`) leads, in place of a `null`.
pub(crate) fn replace_null(variables: &mut Variables, path: &str, value: Value) -> Result<(), &'static str> {
    let mut steps = path.split('.');
    if steps.next() != Some("variables") {
        return Err("paths begin with \"variables.\"");
    }
    let first = steps.next().filter(|step| !step.is_empty()).ok_or("it names no variable")?;
    let mut place = variables.get_mut(&Name::new(first)).ok_or("no such variable is in operations")?;
    for step in steps {
        let next = match place {
            Value::Object(fields) => fields.get_mut(&Name::new(step)),
            Value::List(items) => step.parse::<usize>().ok().and_then(|index| items.get_mut(index)),
            _ => None,
        };
        place = next.ok_or("it leads nowhere in operations")?;
    }
    if *place != Value::Null {
        return Err("it leads to a value that is not null");
    }
    *place = value;
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn form(content_type: &str) -> Option<BodyForm> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_str(content_type).unwrap());
        BodyForm::of(&headers).ok()
    }

    #[test]
    fn content_types() {
        for json in ["application/json", "Application/JSON; charset=UTF-8", "application/json; charset=\"utf-8\""] {
            assert_eq!(form(json), Some(BodyForm::Json), "{json}");
        }
        let parts = BodyForm::Multipart { boundary: "x-y".into() };
        assert_eq!(form("multipart/form-data; boundary=x-y"), Some(parts));
        for other in [
            "",
            "text/plain",
            "application/x-www-form-urlencoded",
            "application/graphql",
            "application/json; charset=utf-16",
            "multipart/form-data",
            "multipart/mixed; boundary=x",
        ] {
            assert_eq!(form(other), None, "{other}");
        }
        assert!(BodyForm::of(&HeaderMap::new()).is_err());
    }

    #[test]
    fn nulls_count_as_left_out() {
        let text = br#" {"query": "{ a }", "operationName": null, "variables": null, "extensions": null, "id": 1}"#;
        let request = from_json(text).unwrap();
        assert_eq!(request.query, "{ a }");
        assert!(request.operation_name.is_none() && request.variables.is_empty());
    }

    #[test]
    fn what_is_no_request_is_refused() {
        let cases: [&[u8]; 10] = [
            b"",
            b"  ",
            b"{",
            b"[]",
            br#" [{"query":"{ a }"}]"#,
            b"1",
            b"{}",
            br#"{"query": 1}"#,
            br#"{"query": "{ a }", "variables": []}"#,
            br#"{"query": "{ a }", "variables": "{}"}"#,
        ];
        for case in cases {
            assert!(from_json(case).is_err(), "{}", String::from_utf8_lossy(case));
        }
    }

    #[test]
    fn query_strings() {
        let uri = |text: &str| text.parse::<Uri>().unwrap();
        let request = from_query(&uri("/graphql?query=%7Ba%7D&operationName=&variables=%7B%22x%22%3A1%7D")).unwrap();
        assert_eq!(request.query, "{a}");
        assert_eq!(request.variables.len(), 1);
        assert!(request.operation_name.is_none());
        for bad in
            ["/graphql", "/graphql?query=", "/graphql?query=%7Ba%7D&variables=%5B%5D", "/graphql?query=a&query=b"]
        {
            assert!(from_query(&uri(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn only_a_null_at_the_end_of_the_path_is_replaced() {
        let variables = || -> Variables {
            serde_json::from_str(r#"{"file": null, "input": {"files": [null, null], "name": "x"}}"#).unwrap()
        };
        for good in ["variables.file", "variables.input.files.1"] {
            let mut variables = variables();
            replace_null(&mut variables, good, "here".into()).unwrap();
            assert!(serde_json::to_string(&variables).unwrap().contains("here"), "{good}");
            assert!(replace_null(&mut variables, good, "again".into()).is_err());
        }
        for bad in [
            "",
            "file",
            "variables",
            "variables.",
            "variables.other",
            "variables.file.x",
            "variables.input",
            "variables.input.name",
            "variables.input.files.2",
            "variables.input.files.-1",
            "0.variables.file",
        ] {
            assert!(replace_null(&mut variables(), bad, "here".into()).is_err(), "{bad}");
        }
    }
}
