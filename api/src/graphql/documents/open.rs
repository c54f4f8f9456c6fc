//! Documents as the settings want them; the list of trusted ones is read and validated before anything is served.

use anyhow::{Context, anyhow, bail};
use async_graphql::parser::parse_query;
use async_graphql::{EmptySubscription, Executor, Request, ServerError};
use darkroom_platform::Cache;
use darkroom_platform::config::{Config, DocumentsMode};
use darkroom_schema::{Mutation, Query, Subscription, admin};

use super::{Documents, Refused, validate};
use crate::graphql::check::{Check, Limits, Shape};
use crate::graphql::persisted::{Automatic, Listed, Persisted, Trusted, manifest};

impl Documents {
    /// By the settings. Texts that are known by their hash are shared in `shared`.
    ///
    /// # Errors
    /// The list of trusted documents can't be read, or one of them can't run: which, and why.
    pub(crate) async fn open(config: &Config, shared: Cache, validator: &impl Executor) -> anyhow::Result<Self> {
        let settings = &config.graphql;
        let limits = Limits {
            bytes: settings.document_max_bytes,
            cost: settings.complexity_max,
            introspection: settings.documents != DocumentsMode::Trusted,
            ..Limits::default()
        };
        let check = Check::new(Shape::of::<Query, Mutation, Subscription>(), limits);
        let memory = settings.document_memory_max_bytes;
        let persisted = match settings.documents {
            DocumentsMode::Off => Persisted::Off,
            DocumentsMode::Apq => Persisted::Automatic(Automatic::new(memory / 4, shared, settings.apq_ttl_seconds)),
            DocumentsMode::Trusted => {
                Persisted::Trusted(Trusted::new(trusted(&settings.documents_file, &check, validator).await?))
            }
        };
        Ok(Self::new(check, persisted, memory))
    }

    /// Those of operators: whatever passes the check, wherever apps are held to a list. Nothing is known by its hash.
    pub(crate) fn of_operators(config: &Config) -> Self {
        let settings = &config.graphql;
        let limits = Limits { bytes: settings.document_max_bytes, cost: settings.complexity_max, ..Limits::default() };
        let check = Check::new(Shape::of::<admin::Query, admin::Mutation, EmptySubscription>(), limits);
        Self::new(check, Persisted::Off, settings.document_memory_max_bytes / 16)
    }

    /// What clients may send, in a sentence for operators.
    pub(crate) fn in_force(&self) -> String {
        match &self.0.persisted {
            Persisted::Off => "documents run, hashes of them are not known".to_owned(),
            Persisted::Automatic(_) => "documents run, and hashes of documents that were sent before".to_owned(),
            Persisted::Trusted(trusted) => {
                format!("the {} documents of the list run, and nothing else", trusted.len())
            }
        }
    }
}

/// The listed documents, each of them good.
async fn trusted(file: &str, check: &Check, validator: &impl Executor) -> anyhow::Result<Vec<Listed>> {
    let listed = manifest::read(file).context("graphql.documents_file")?;
    for one in &listed {
        examine(one, check, validator).await.with_context(|| {
            let operation = one.operation.as_ref().map(|(name, _)| format!(" ({name})")).unwrap_or_default();
            format!("graphql.documents_file: {file}: the document {:?}{operation} can't run", one.name)
        })?;
    }
    Ok(listed)
}

/// Whether a listed document would be admitted, whatever its variables.
async fn examine(listed: &Listed, check: &Check, validator: &impl Executor) -> anyhow::Result<()> {
    let told = |error: ServerError| anyhow!("{}", error.message);
    check.text(&listed.text).map_err(told)?;
    let document = parse_query(&listed.text)?;
    let costs = check.document(&document).map_err(told)?;
    let operations: Vec<_> = document.operations.iter().collect();
    let [(name, operation)] = operations.as_slice() else {
        bail!("it holds {} operations and not one", operations.len())
    };
    if let Some((listed_name, kind)) = &listed.operation {
        let named = name.is_some_and(|name| name == listed_name);
        if !named || operation.node.ty.to_string() != *kind {
            bail!("it is not the {kind} {listed_name:?} that the list says");
        }
    }
    let request = Request::new("");
    check.cost(&costs, None, &request.variables).map_err(told)?;
    match validate(validator, &request, document).await {
        Ok(()) => Ok(()),
        Err(Refused(errors)) => {
            let messages: Vec<_> = errors.iter().map(|error| error.message.as_str()).collect();
            bail!("{}", messages.join("; "))
        }
    }
}
