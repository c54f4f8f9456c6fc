use super::*;
use async_graphql::Variables;

const TEXT: &str = "{ hello }";

fn automatic() -> Persisted {
    Persisted::Automatic(Automatic::new(1 << 20, Shared::new(None), 60))
}

fn trusted() -> Persisted {
    let listed = Listed { name: "abc".to_owned(), text: TEXT.to_owned(), operation: None };
    Persisted::Trusted(Trusted::new(vec![listed]))
}

fn sha(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn request(text: &str, named: Option<&str>) -> Request {
    let mut request = Request::new(text).variables(Variables::default());
    name(&mut request.extensions, named.map(str::to_owned));
    request
}

/// The text that is found, or the code of the error.
async fn find(persisted: &Persisted, text: &str, named: Option<&str>) -> Result<String, String> {
    let mut request = request(text, named);
    match persisted.find(&mut request).await {
        Ok(new) => {
            if let Some(hash) = new {
                persisted.keep(hash, &request.query).await;
            }
            Ok(request.query)
        }
        Err(error) => Err(serde_json::to_value(error.extensions).unwrap()["code"].as_str().unwrap().to_owned()),
    }
}

fn refused(code: &str) -> Result<String, String> {
    Err(code.to_owned())
}

#[tokio::test]
async fn a_hash_is_known_once_its_text_was_sent() {
    let persisted = automatic();
    let hash = sha(TEXT);
    assert_eq!(find(&persisted, "", Some(&hash)).await, refused("PERSISTED_QUERY_NOT_FOUND"));
    assert_eq!(find(&persisted, TEXT, Some(&sha("{ other }"))).await, refused("INVALID"));
    assert_eq!(find(&persisted, "", Some(&hash)).await, refused("PERSISTED_QUERY_NOT_FOUND"));
    assert_eq!(find(&persisted, TEXT, Some(&hash)).await, Ok(TEXT.to_owned()));
    for known in [hash.clone(), hash.to_uppercase(), format!("sha256:{hash}")] {
        assert_eq!(find(&persisted, "", Some(&known)).await, Ok(TEXT.to_owned()), "{known}");
    }
    for strange in ["", "x", "é", &"é".repeat(32), &"g".repeat(64), &hash[1..]] {
        assert_eq!(find(&persisted, "", Some(strange)).await, refused("PERSISTED_QUERY_NOT_FOUND"), "{strange}");
        assert_eq!(find(&persisted, TEXT, Some(strange)).await, refused("INVALID"), "{strange}");
    }
    assert_eq!(find(&persisted, TEXT, None).await, Ok(TEXT.to_owned()));
    assert_eq!(find(&persisted, "", None).await, refused("INVALID"));
}

#[tokio::test]
async fn where_it_is_off_texts_run_and_hashes_are_not_supported() {
    assert_eq!(find(&Persisted::Off, "", Some(&sha(TEXT))).await, refused("PERSISTED_QUERY_NOT_SUPPORTED"));
    assert_eq!(find(&Persisted::Off, TEXT, Some(&sha(TEXT))).await, Ok(TEXT.to_owned()));
    assert_eq!(find(&Persisted::Off, "", None).await, refused("INVALID"));
}

#[tokio::test]
async fn where_documents_are_listed_no_other_runs() {
    let persisted = trusted();
    for (text, name) in
        [("", Some("abc")), ("", Some("sha256:abc")), (TEXT, None), (TEXT, Some("abc")), (TEXT, Some("x"))]
    {
        assert_eq!(find(&persisted, text, name).await, Ok(TEXT.to_owned()), "{text} {name:?}");
    }
    for (text, name) in [("{ hello  }", None), ("{ other }", Some("abc")), ("", None)] {
        assert_eq!(find(&persisted, text, name).await, refused("FORBIDDEN"), "{text} {name:?}");
    }
    assert_eq!(find(&persisted, "", Some(&sha(TEXT))).await, refused("PERSISTED_QUERY_NOT_FOUND"));
}

#[tokio::test]
async fn what_names_no_document_well_is_refused() {
    for named in [
        value!(1),
        value!({}),
        value!({ "version": 2, "sha256Hash": "x" }),
        value!({ "version": "1", "sha256Hash": "x" }),
        value!({ "version": 1 }),
        value!({ "version": 1, "sha256Hash": 1 }),
    ] {
        let mut request = Request::new("");
        request.extensions.0.insert("persistedQuery".to_owned(), named.clone());
        assert!(is_named(&request.extensions));
        assert!(automatic().find(&mut request).await.is_err(), "{named}");
    }
    let mut request = Request::new(TEXT);
    request.extensions.0.insert("persistedQuery".to_owned(), Value::Null);
    assert!(!is_named(&request.extensions) && automatic().find(&mut request).await.is_ok());
}
